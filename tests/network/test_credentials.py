from __future__ import annotations

import sys
from types import ModuleType

import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.network.credentials import find_token
from betaneutral_xl.system.settings import Settings


class KeyringError(Exception):
    """As the keyring's own."""


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str | Exception]:
    """Put a keyring of our own in the place of the operating system's, and return what it keeps."""
    kept: dict[tuple[str, str], str | Exception] = {}

    def get_password(service: str, user: str) -> str | None:
        password = kept.get((service, user))
        if isinstance(password, Exception):
            raise password
        return password

    module, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    vars(module)["get_password"] = get_password
    vars(errors)["KeyringError"] = KeyringError
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return kept


def test_the_environment_comes_first(keyring: dict[tuple[str, str], str | Exception]) -> None:
    keyring["betaneutral-xl", "silverfund"] = "kept"
    assert find_token(Settings.from_environment({"BETANEUTRAL_TOKEN": "given"})) == "given"


def test_the_keyring_comes_second(keyring: dict[tuple[str, str], str | Exception]) -> None:
    assert find_token(Settings()) == ""
    keyring["betaneutral-xl", "silverfund"] = "kept\n"
    assert find_token(Settings()) == "kept"


def test_a_keyring_that_is_locked_is_no_token(keyring: dict[tuple[str, str], str | Exception]) -> None:
    keyring["betaneutral-xl", "silverfund"] = KeyringError("locked")
    assert find_token(Settings()) == ""


def test_no_keyring_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert find_token(Settings()) == ""


@pytest.mark.parametrize("text", ["abc", " abc\n", "Bearer abc"])
def test_a_token_may_be_pasted_with_what_stands_around_it(text: str) -> None:
    assert find_token(Settings(token=text)) == "abc"


@pytest.mark.parametrize("text", ["a bc", "abc\r\nX-Other: 1", "ab\x00c", "äbc", "a" * 9000])
def test_what_cannot_be_a_token_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InputError) as caught:
        find_token(Settings(token=text))
    assert str(caught.value) == (
        "The token for the risk model has blanks or characters that no token has. Set BETANEUTRAL_TOKEN, "
        "or keep the token in the keyring (python -m keyring set betaneutral-xl silverfund)."
    )
