"""Whether the cache folder can be written, the solvers be used and the web API responds, a sentence each."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import SourceError, Unwritable
from betaneutral_xl.network.credentials import find_token
from betaneutral_xl.network.silverfund import SilverFund
from betaneutral_xl.system import optional
from betaneutral_xl.system.saving import make_folder
from betaneutral_xl.system.settings import API_URL

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings

QUICK = 3.0
"""Time-out of the check of the web API, in seconds."""


def cache_status(settings: Settings) -> str:
    """Return whether a file can be written to the cache folder, as a sentence."""
    try:
        make_folder(settings.cache)
        with tempfile.TemporaryFile(dir=settings.cache) as file:
            file.write(b"x")
    except (Unwritable, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return f"The cache folder cannot be written: {reason}"
    return "The cache folder can be written."


def package_status() -> str:
    """Return whether all packages that have a substitute can be used, and what is different, as sentences."""
    return optional.status()


def api_status(settings: Settings) -> str:
    """Return the status of the web API, as a sentence; it is contacted only if it is configured."""
    token = find_token(settings)
    if not token and settings.api_url == API_URL:
        return "The token for the risk model is not set, so the web API was not contacted."
    configured = f"The token for the risk model {'is' if token else 'is not'} set."
    soon = replace(settings, connect_timeout=QUICK, read_timeout=QUICK, total_timeout=QUICK, retries=0)
    try:
        with SilverFund(soon) as api:
            api.health()
    except SourceError as error:
        return f"{configured} The web API does not respond: {error}"
    return f"{configured} The web API responds."
