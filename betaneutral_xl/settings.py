"""What differs from one installation to the next, read from the environment in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path, user_downloads_path

from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "BETANEUTRAL_"

API_URL = "https://prod-api.silverfund.byu.edu"
"""The Silver Fund's web API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where to look, and how long to wait.

    Attributes
    ----------
    api_url
        Base address of the fund's web API (``BETANEUTRAL_API_URL``).
    token
        Bearer token for the risk model (``BETANEUTRAL_TOKEN``); never shown.
    cache
        Folder of cached answers (``BETANEUTRAL_CACHE``).
    downloads
        Folders searched for issuers' files, first match first (``BETANEUTRAL_DOWNLOADS``,
        separated like PATH).
    etf_hosts
        Hosts from which an issuer's file may be fetched over https (``BETANEUTRAL_ETF_HOSTS``,
        separated by commas); none by default.
    connect_timeout, read_timeout, total_timeout
        Seconds to a connection, between two pieces of an answer, and for a whole answer
        (``BETANEUTRAL_TIMEOUT`` sets the last).

    """

    api_url: str = API_URL
    token: str = field(default="", repr=False)
    cache: Path = field(default_factory=lambda: user_cache_path("betaneutral-xl", appauthor=False))
    downloads: tuple[Path, ...] = field(default_factory=lambda: (user_downloads_path(),))
    etf_hosts: frozenset[str] = frozenset()
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    total_timeout: float = 60.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; what is not set keeps its default.

        Raises
        ------
        InputError
            If a value cannot be used.

        """
        given = {name: environ[PREFIX + name].strip() for name in _READERS if environ.get(PREFIX + name)}
        fields: dict[str, object] = {}
        for name, text in given.items():
            attribute, read = _READERS[name]
            try:
                fields[attribute] = read(text)
            except ValueError as error:
                msg = f"The environment variable {PREFIX}{name} is {text!r}: {error}."
                raise InputError(msg) from None
        return cls(**fields)  # type: ignore[arg-type] # the readers give each field its type


def _url(text: str) -> str:
    local = text.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
    if not (text.startswith("https://") or local):
        msg = "give an https address (http only on this machine)"
        raise ValueError(msg)
    return text.rstrip("/")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 < seconds <= 3600.0:  # noqa: PLR2004 - an hour
        msg = "give between 0 and 3600 seconds"
        raise ValueError(msg)
    return seconds


_READERS = {
    "API_URL": ("api_url", _url),
    "TOKEN": ("token", str),
    "CACHE": ("cache", Path),
    "DOWNLOADS": ("downloads", lambda text: tuple(Path(part) for part in text.split(os.pathsep) if part)),
    "ETF_HOSTS": (
        "etf_hosts",
        lambda text: frozenset(h.strip().lower() for h in text.split(",") if h.strip()),
    ),
    "TIMEOUT": ("total_timeout", _seconds),
}
