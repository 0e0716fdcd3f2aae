"""An ETF's file at an https address, fetched by the same transport as the fund's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.errors import InputError, Refused
from betaneutral_xl.job.inputs import load_etf
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.network import download
from betaneutral_xl.network.transport import Reply
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.network.transport import Request

SETTINGS = Settings(etf_hosts=frozenset({"issuer.example.org"}))
URL = "https://issuer.example.org/files/AIQ_20251118.csv?session=abc"


@pytest.fixture
def replies(monkeypatch: pytest.MonkeyPatch) -> dict[str, Reply]:
    """Replace the transport by one that answers from this mapping of addresses."""
    answers: dict[str, Reply] = {}

    class Answering:
        def __init__(self, settings: Settings) -> None:
            pass

        def send(self, request: Request) -> Reply:
            assert request.token == ""
            return answers[request.url]

        def close(self) -> None:
            pass

    monkeypatch.setattr(download, "Transport", Answering)
    return answers


def test_a_file_on_an_allowed_host_is_read(replies: dict[str, Reply]) -> None:
    replies[URL] = Reply(200, "text/csv", b"ticker,weight\nNVDA,60%\nMSFT,40%\n")
    etf = load_etf(URL, settings=SETTINGS)
    assert etf.tickers == ("NVDA", "MSFT")
    assert etf.provenance.retrieval is Retrieval.LIVE
    assert "abc" not in etf.provenance.location


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404, "text/html", b"<html>"), "answers 404 instead of sending the file"),
        (Reply(302, "", b"", redirect="other.org"), "redirects to other.org instead of sending the file"),
    ],
)
def test_an_answer_that_is_not_the_file_is_an_error(
    reply: Reply, words: str, replies: dict[str, Reply]
) -> None:
    replies[URL] = reply
    with pytest.raises(Refused, match=f"^issuer.example.org {words}"):
        load_etf(URL, settings=SETTINGS)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.org/AIQ.csv",
        "http://issuer.example.org/AIQ.csv",
        "https://issuer.example.org:8443/AIQ.csv",
        "https://issuer.example.org.evil.com/AIQ.csv",
        "https://issuer.example.org@evil.com/AIQ.csv",
    ],
)
def test_other_addresses_are_not_requested(url: str, replies: dict[str, Reply]) -> None:
    with pytest.raises(InputError):
        load_etf(url, settings=SETTINGS)


def test_a_password_in_an_address_is_not_shown(replies: dict[str, Reply]) -> None:
    with pytest.raises(InputError) as caught:
        load_etf("https://ann:secret@issuer.example.org/AIQ.csv", settings=SETTINGS)
    assert "secret" not in str(caught.value)
