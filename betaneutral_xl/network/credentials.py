"""The token for the risk model: from the environment, else from the operating system's keyring."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings

SERVICE, USER = "betaneutral-xl", "silverfund"
"""The keyring's entry for the token."""

HOW_TO_SET = (
    f"Set BETANEUTRAL_TOKEN, or store the token in the keyring (python -m keyring set {SERVICE} {USER})."
)

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


def find_token(settings: Settings) -> str:
    """Return the token, empty where there is none; use it in a request's header only.

    Raises
    ------
    InputError
        If the value cannot be a token; the message does not show it.

    """
    token = (settings.token or _from_keyring()).strip().removeprefix("Bearer ").strip()
    if token and not _TOKEN.fullmatch(token):
        msg = f"The token for the risk model contains blanks or invalid characters. {HOW_TO_SET}"
        raise InputError(msg)
    return token


def _from_keyring() -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        return ""
    try:
        return keyring.get_password(SERVICE, USER) or ""
    except KeyringError:  # none on this machine, or locked: no token
        return ""
