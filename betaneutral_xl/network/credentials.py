"""The token for the risk model: from the environment, else from the operating system's keyring."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings

SERVICE, USER = "betaneutral-xl", "silverfund"
"""Under which the keyring keeps the token."""

HOW_TO_SET = (
    f"Set BETANEUTRAL_TOKEN, or keep the token in the keyring (python -m keyring set {SERVICE} {USER})."
)

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


def find_token(settings: Settings) -> str:
    """Return the token, empty where there is none; it is for a request's header and nothing else.

    Raises
    ------
    InputError
        If what is set cannot be a token (the value is not shown).

    """
    token = (settings.token or _from_keyring()).strip().removeprefix("Bearer ").strip()
    if token and not _TOKEN.fullmatch(token):
        msg = f"The token for the risk model has blanks or characters that no token has. {HOW_TO_SET}"
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
    except KeyringError:  # no keyring on this machine, or it is locked: the same as no token
        return ""
