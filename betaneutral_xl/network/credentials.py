"""Tokens: from the environment, else from the operating system's keyring."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from betaneutral_xl.system.settings import Settings

SERVICE, USER, FLEX_USER = "betaneutral-xl", "silverfund", "ibkr-flex"
"""The keyring's entries: the token for the risk model, and that of Interactive Brokers' Flex Web Service."""

HOW_TO_SET = (
    f"Set BETANEUTRAL_TOKEN, or store the token in the keyring (python -m keyring set {SERVICE} {USER})."
)

HOW_TO_SET_FLEX = (
    "Set BETANEUTRAL_FLEX_TOKEN, or store the token in the keyring "
    f"(python -m keyring set {SERVICE} {FLEX_USER})."
)

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_FLEX_TOKEN = re.compile(r"[0-9A-Za-z]{1,128}")


def find_token(settings: Settings) -> str:
    """Return the token for the risk model, empty where there is none; use it in a request's header only.

    Raises ``InputError`` if the value cannot be a token; the message does not show it.
    """
    token = (settings.token or _from_keyring()).strip().removeprefix("Bearer ").strip()
    if token and not _TOKEN.fullmatch(token):
        msg = f"The token for the risk model contains blanks or invalid characters. {HOW_TO_SET}"
        raise InputError(msg)
    return token


def find_flex_token(settings: Settings) -> str:
    """Return the token of the Flex Web Service.

    Raises ``InputError`` if there is none, or the value cannot be one; the message does not show it.
    """
    token = (settings.flex_token or _from_keyring(FLEX_USER)).strip()
    if not token:
        msg = f"The Flex Web Service requires a token, and none is set. {HOW_TO_SET_FLEX}"
        raise InputError(msg)
    if not _FLEX_TOKEN.fullmatch(token):
        msg = f"The token of the Flex Web Service contains invalid characters. {HOW_TO_SET_FLEX}"
        raise InputError(msg)
    return token


def _from_keyring(user: str = USER) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        return ""
    try:
        return keyring.get_password(SERVICE, user) or ""
    except KeyringError:  # none on this machine, or locked: no token
        return ""
