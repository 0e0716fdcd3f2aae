from __future__ import annotations

import os
from pathlib import Path

import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.system.settings import API_URL, Settings


def test_unset_variables_keep_their_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings().api_url == API_URL


def test_settings_are_read_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "BETANEUTRAL_API_URL": " https://api.example.org/v1/ ",
            "BETANEUTRAL_TOKEN": "abc",
            "BETANEUTRAL_CACHE": "kept",
            "BETANEUTRAL_DOWNLOADS": os.pathsep.join(["one", "two"]),
            "BETANEUTRAL_ETF_HOSTS": "Example.org, other.org",
            "BETANEUTRAL_TIMEOUT": "5",
            "BETANEUTRAL_ALLOW_STALE": "yes",
            "OTHER": "ignored",
        }
    )
    assert settings.api_url == "https://api.example.org/v1"
    assert settings.token == "abc"  # noqa: S105 - a token for a test
    assert settings.cache == Path("kept")
    assert settings.downloads == (Path("one"), Path("two"))
    assert settings.etf_hosts == {"example.org", "other.org"}
    assert settings.total_timeout == 5.0
    assert settings.allow_stale is True


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.org",
        "https://api.example.org:8443/v1",
        "HTTPS://api.example.org",
        "http://localhost",
        "http://localhost:8000",
        "http://LOCALHOST:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
    ],
)
def test_https_is_accepted_and_plain_http_on_this_machine(url: str) -> None:
    assert Settings(api_url=url + "/").api_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.org",
        "http://api.example.org",
        "http://localhost.evil.com",
        "http://127.0.0.1.evil.com",
        "http://127.0.0.1:80.evil.com",
        "http://[::1].evil.com",
        "http://[::1",
        "http://[::ffff:8.8.8.8]",
        "http://localhost@evil.com",
        "http://localhost:80@evil.com",
        "http://evil.com#localhost",
        "http://evil.com?http://localhost",
        "http://evil.com\\@localhost",
        "http://localhost\\.evil.com",
        "http://localhost%2eevil.com",
        "http://localhost evil.com",
        "http://localhost\nevil.com",
        "http://lócalhost",
        "http://localhost:0",
        "http://localhost:99999",
        "http://2130706433",
        "https://user:password@api.example.org",
        "https://api.example.org?token=abc",
        "ftp://localhost",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_no_other_address_is_accepted(url: str) -> None:
    with pytest.raises(InputError, match="Give an https address"):
        Settings(api_url=url)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(InputError) as caught:
        Settings.from_environment({"BETANEUTRAL_API_URL": "https://ann:secret@example.org"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "TIMEOUT",
            "0",
            "The environment variable BETANEUTRAL_TIMEOUT is '0': give between 0 and 3600 seconds.",
        ),
        (
            "TIMEOUT",
            "soon",
            "The environment variable BETANEUTRAL_TIMEOUT is 'soon': give between 0 and 3600 seconds.",
        ),
        (
            "ALLOW_STALE",
            "maybe",
            "The environment variable BETANEUTRAL_ALLOW_STALE is 'maybe': give yes or no.",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Settings.from_environment({f"BETANEUTRAL_{name}": text})
    assert str(caught.value) == message


def test_the_token_is_not_shown() -> None:
    assert "abc-secret" not in repr(Settings(token="abc-secret"))  # noqa: S106 - a token for a test
