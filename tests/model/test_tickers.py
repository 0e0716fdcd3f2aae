from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.tickers import LONGEST, normalise


@pytest.mark.parametrize(
    "spelling",
    ["BRK B", "BRK.B", "BRK/B US", "BRK-B", "BRK/B", "BRK B US", "brk.b", " BRK B ", "BRKB", "BRK\u00a0B"],
)
def test_all_spellings_of_berkshire_are_normalised_alike(spelling: str) -> None:
    assert normalise(spelling) == "BRK.B"


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("NVDA US", "NVDA"),
        ("NVDA US Equity", "NVDA"),
        ("DKNG UW", "DKNG"),
        ("T UN", "T"),
        ("MSFT ", "MSFT"),
        ("TRUE", "TRUE"),
        ("NA", "NA"),
        ("005930 KS", "005930 KS"),
        ("2330 TT", "2330 TT"),
        ("GIB/A CN", "GIB.A CN"),
        ("NOVO B", "NOVO.B"),
        ("ASML NA", "ASML NA"),
        ("EUR AU", "EUR AU"),
        ("PE&OLES*", "PE&OLES*"),
        ("BTC-USD", "BTC-USD"),
    ],
)
def test_a_us_listing_loses_its_exchange_and_a_foreign_one_keeps_it(spelling: str, canonical: str) -> None:
    assert normalise(spelling) == canonical


@pytest.mark.parametrize("text", ["", "   ", "\u00a0", "X" * (LONGEST + 1), "A\x00B"])
def test_an_invalid_ticker_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        normalise(text)


@given(st.from_regex(r"[A-Za-z0-9]{1,6}([ ./-][A-Za-z]{1,2})?( US| UN| TT)?", fullmatch=True))
def test_normalising_is_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
