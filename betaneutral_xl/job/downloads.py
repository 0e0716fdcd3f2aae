"""Files that the package fetches for itself, and takes only with the content that is known."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from betaneutral_xl.errors import ChangedFormat

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings


def fetch_known(url: str, integrity: str, settings: Settings) -> bytes:
    """Return the bytes at an https address, if their SHA-512 (base64, as npm's registry has it) is known.

    Raises
    ------
    SourceError
        If it cannot be fetched, or is something else.

    """
    from betaneutral_xl.network.download import fetch_file

    host = urlsplit(url).hostname or ""
    content = fetch_file(url, replace(settings, etf_hosts=frozenset({host})))
    require_known(content, integrity, host)
    return content


def require_known(content: bytes, integrity: str, where: str) -> None:
    """Raise ``ChangedFormat`` if a content has another SHA-512 hash than expected."""
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != integrity:
        msg = f"{where} has another file than the one this version knows. It is not used."
        raise ChangedFormat(msg)
