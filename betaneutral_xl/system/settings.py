"""Settings of an installation, read from environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_cache_path, user_data_path, user_downloads_path

from betaneutral_xl.errors import InputError
from betaneutral_xl.system.words import yes_or_no

PREFIX = "BETANEUTRAL_"

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts of this machine, to which plain http is allowed."""

_PLAIN_URL = re.compile(
    r"(?i:https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?"
)
"""An address that every URL parser reads alike: no user, no escape, no query."""

API_URL = "https://prod-api.silverfund.byu.edu"
"""The Silver Fund's web API."""

FLEX_URL = "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService"
"""Interactive Brokers' Flex Web Service."""


def default_cache() -> Path:
    """Return the folder of cached answers unless another one is set."""
    return user_cache_path("betaneutral-xl", appauthor=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Addresses, folders and time-outs.

    Attributes
    ----------
    api_url
        Base address of the fund's web API (``BETANEUTRAL_API_URL``).
    token
        Bearer token for the risk model (``BETANEUTRAL_TOKEN``); not in the repr.
    flex_url
        Base address of Interactive Brokers' Flex Web Service (``BETANEUTRAL_FLEX_URL``).
    flex_token
        Its token (``BETANEUTRAL_FLEX_TOKEN``); not in the repr.
    cache
        Folder of cached answers (``BETANEUTRAL_CACHE``).
    cache_matrices
        Whether the numbers of a large covariance file are kept in that folder as well, so that they are
        parsed once (``BETANEUTRAL_CACHE_MATRICES``: yes or no).
    downloads
        Folders searched for issuers' files, first match first (``BETANEUTRAL_DOWNLOADS``,
        separated like PATH).
    etf_hosts
        Hosts from which an issuer's file may be fetched over https (``BETANEUTRAL_ETF_HOSTS``,
        separated by commas); none by default.
    connect_timeout, read_timeout, total_timeout
        Seconds to connect, between two reads of an answer, and for a request with all of its
        retries (``BETANEUTRAL_TIMEOUT`` sets the last).
    cell_wait
        Seconds for which a cell of Excel, and Excel with it, waits for an answer before it says that it
        waits (``BETANEUTRAL_CELL_WAIT``).
    retries, backoff
        How often a transient failure is retried, and the seconds before the first retry, doubled
        before each further one.
    refresh
        Whether to request what the cache already holds.
    allow_stale
        Whether an expired answer may be used while the network is down
        (``BETANEUTRAL_ALLOW_STALE``: yes or no); a warning gives its age.
    mandate
        The mandate of runs that name none (``BETANEUTRAL_MANDATE``), a file; empty for none.
    records
        Folder of accepted proposals, of the daily record, and of ETFs' files by day
        (``BETANEUTRAL_RECORDS``).
    keep_etfs
        Whether the file of an ETF is kept with each load, to show what changed since
        (``BETANEUTRAL_KEEP_ETFS``: yes or no).
    network_paths
        Whether a cell may name a file on another machine, by its UNC path
        (``BETANEUTRAL_NETWORK_PATHS``: yes or no).

    """

    api_url: str = API_URL
    token: str = field(default="", repr=False)
    flex_url: str = FLEX_URL
    flex_token: str = field(default="", repr=False)
    cache: Path = field(default_factory=default_cache)
    cache_matrices: bool = True
    downloads: tuple[Path, ...] = field(default_factory=lambda: (user_downloads_path(),))
    etf_hosts: frozenset[str] = frozenset()
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    total_timeout: float = 60.0
    cell_wait: float = 3.0
    retries: int = 3
    backoff: float = 0.5
    refresh: bool = False
    allow_stale: bool = False
    network_paths: bool = False
    mandate: str = ""
    records: Path = field(default_factory=lambda: user_data_path("betaneutral-xl", appauthor=False))
    keep_etfs: bool = True

    def __post_init__(self) -> None:
        """Validate that the token is sent over TLS, or to this machine only."""
        object.__setattr__(self, "api_url", _checked_url(self.api_url, "The API's", "API_URL", API_URL))
        flex_url = _checked_url(self.flex_url, "The Flex Web Service's", "FLEX_URL", FLEX_URL)
        object.__setattr__(self, "flex_url", flex_url)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings from environment variables; those not set keep their defaults.

        Raises
        ------
        InputError
            If a value cannot be used.

        """
        texts = {name: environ[PREFIX + name].strip() for name in _READERS if environ.get(PREFIX + name)}
        fields: dict[str, object] = {}
        for name, text in texts.items():
            attribute, read = _READERS[name]
            try:
                fields[attribute] = read(text)
            except ValueError as error:
                msg = f"The environment variable {PREFIX}{name} is {text!r}: {error}."
                raise InputError(msg) from None
        return cls(**fields)  # type: ignore[arg-type] # the readers return each field's type


def _checked_url(text: str, whose: str, name: str, usual: str) -> str:
    try:
        parts = urlsplit(text)
        safe = (
            _PLAIN_URL.fullmatch(text) is not None
            and parts.port != 0
            and (parts.scheme == "https" or parts.hostname in LOOPBACK)
        )
    except ValueError:  # an invalid port, an unclosed bracket
        safe = False
    if not safe:
        shown = "..." if "@" in text else repr(text[:80])  # the text before an @ may be a password
        msg = (
            f"{whose} address ({PREFIX}{name}) is {shown}. Give an https address such as {usual}; "
            "http only on this machine, and no user, password or query."
        )
        raise InputError(msg)
    return text.rstrip("/")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 3600.0:  # noqa: PLR2004 - an hour
        msg = "give between 0 and 3600 seconds"
        raise ValueError(msg)
    return seconds


_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "API_URL": ("api_url", str),
    "TOKEN": ("token", str),
    "FLEX_URL": ("flex_url", str),
    "FLEX_TOKEN": ("flex_token", str),
    "CACHE": ("cache", Path),
    "CACHE_MATRICES": ("cache_matrices", yes_or_no),
    "DOWNLOADS": ("downloads", lambda text: tuple(Path(part) for part in text.split(os.pathsep) if part)),
    "ETF_HOSTS": (
        "etf_hosts",
        lambda text: frozenset(h.strip().lower() for h in text.split(",") if h.strip()),
    ),
    "TIMEOUT": ("total_timeout", _seconds),
    "CELL_WAIT": ("cell_wait", _seconds),
    "ALLOW_STALE": ("allow_stale", yes_or_no),
    "NETWORK_PATHS": ("network_paths", yes_or_no),
    "MANDATE": ("mandate", str),
    "RECORDS": ("records", Path),
    "KEEP_ETFS": ("keep_etfs", yes_or_no),
}
