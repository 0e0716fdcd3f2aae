from __future__ import annotations

import sys
from types import ModuleType

import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.network.credentials import find_token
from betaneutral_xl.system.settings import Settings


class KeyringError(Exception):
    """Stands in for keyring's own."""


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str | Exception]:
    """Replace the operating system's keyring; return the contents."""
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
    assert find_token(Settings.from_environment({"BETANEUTRAL_TOKEN": "set"})) == "set"


def test_the_keyring_comes_second(keyring: dict[tuple[str, str], str | Exception]) -> None:
    assert find_token(Settings()) == ""
    keyring["betaneutral-xl", "silverfund"] = "kept\n"
    assert find_token(Settings()) == "kept"


def test_a_locked_keyring_counts_as_no_token(keyring: dict[tuple[str, str], str | Exception]) -> None:
    keyring["betaneutral-xl", "silverfund"] = KeyringError("locked")
    assert find_token(Settings()) == ""


def test_an_absent_keyring_counts_as_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert find_token(Settings()) == ""


@pytest.mark.parametrize("text", ["abc", " abc\n", "Bearer abc"])
def test_blanks_and_the_prefix_bearer_are_removed_from_a_token(text: str) -> None:
    assert find_token(Settings(token=text)) == "abc"


@pytest.mark.parametrize("text", ["a bc", "abc\r\nX-Other: 1", "ab\x00c", "äbc", "a" * 9000])
def test_an_invalid_token_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InputError) as caught:
        find_token(Settings(token=text))
    assert str(caught.value) == (
        "The token for the risk model contains blanks or invalid characters. Set BETANEUTRAL_TOKEN, "
        "or store the token in the keyring (python -m keyring set betaneutral-xl silverfund)."
    )
