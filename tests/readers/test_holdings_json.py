from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import (
    BetaNeutralError,
    ChangedFormat,
    DuplicateTicker,
    EmptyFund,
    MissingValue,
    UnreadableFile,
)
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.readers.holdings_json import parse_holdings


def origin(retrieval: Retrieval = Retrieval.FILE) -> Provenance:
    return Provenance(source="test", location="holdings.json", retrieval=retrieval, as_of=None, rows=0)


def row(ticker: Any = "NVDA", **changes: Any) -> dict[str, Any]:
    return {"ticker": ticker, "active": True, "shares": 10.0, "price": 5.0, "value": 50.0, **changes}


def answer(*rows: object, **changes: Any) -> bytes:
    return json.dumps({"fund": "quant", "end": "2025-11-18", "holdings": rows, **changes}).encode()


def test_weights_are_value_over_total_value() -> None:
    content = answer(row("NVDA"), row("brk b", shares=30.0, value=150.0))
    holdings = parse_holdings(content, origin())
    assert holdings.tickers == ("NVDA", "BRK.B")
    assert holdings.weights.tolist() == [0.25, 0.75]
    assert holdings.nav == 200.0
    assert holdings.warnings == ()
    assert holdings.provenance.as_of == date(2025, 11, 18)
    assert (holdings.provenance.rows, holdings.provenance.sha256) == (2, digest(content))


def test_positions_that_were_sold_are_left_out() -> None:
    sold = row("META", active=False, value=None, price=None)
    assert parse_holdings(answer(row(), sold), origin()).tickers == ("NVDA",)


def test_short_positions_have_negative_weights() -> None:
    holdings = parse_holdings(
        answer(row(value=150.0, shares=30.0), row("TSM", shares=-10.0, value=-50.0)), origin()
    )
    assert holdings.weights.tolist() == [1.5, -0.5]


def test_alpha_and_beta_may_be_nan_as_the_api_writes_them() -> None:
    content = answer(row(alpha=float("nan"), beta=float("nan")))
    assert b"NaN" in content
    assert parse_holdings(content, origin()).tickers == ("NVDA",)


def test_a_value_other_than_shares_times_price_gives_a_warning() -> None:
    holdings = parse_holdings(answer(row(), row("SHEL LN", value=66.0)), origin())
    assert holdings.warnings == (
        "Holdings of quant: value is not shares times price for SHEL LN; weights are by value.",
    )


REFUSED: list[tuple[str, bytes, type[BetaNeutralError], str]] = [
    (
        "a price that is NaN",
        answer(row(price=float("nan"))),
        MissingValue,
        "Holdings of quant have nan as the price of NVDA. Correct it, or remove the position.",
    ),
    (
        "a negative price",
        answer(row(price=-5.0)),
        MissingValue,
        "Holdings of quant have no positive price for NVDA (first: -5). "
        "Correct the price, or remove the position.",
    ),
    (
        "a price of zero",
        answer(row(), row("TSM", price=0)),
        MissingValue,
        "Holdings of quant have no positive price for TSM (first: 0). "
        "Correct the price, or remove the position.",
    ),
    (
        "an infinite number of shares",
        answer(row(shares=float("inf"))),
        MissingValue,
        "Holdings of quant have inf as the shares of NVDA. Correct it, or remove the position.",
    ),
    (
        "a value that is null",
        answer(row(value=None)),
        MissingValue,
        "Holdings of quant have no value for NVDA. Fill it in, or remove the position.",
    ),
    (
        "a position without shares",
        answer({"ticker": "NVDA", "active": True, "price": 5.0, "value": 50.0}),
        MissingValue,
        "Holdings of quant have no shares for NVDA. Fill it in, or remove the position.",
    ),
    (
        "a total that is not positive",
        answer(row(), row("TSM", shares=-10.0, value=-50.0)),
        MissingValue,
        "Holdings of quant are worth 0.00 in total, so weights are undefined. "
        "Check the shares, prices and values; add a row CASH with its value, or state the net asset value "
        "(--nav).",
    ),
    (
        "no positions",
        answer(),
        EmptyFund,
        "Fund quant has no positions on 2025-11-18. Choose a trading day that is already loaded.",
    ),
    (
        "only positions that were sold",
        answer(row(active=False)),
        EmptyFund,
        "Fund quant has no positions on 2025-11-18 (1 were sold before its end). "
        "Choose a trading day that is already loaded.",
    ),
    (
        "one company in two spellings",
        answer(row("BRK B"), row("BRK/B US")),
        DuplicateTicker,
        "Holdings of quant list BRK.B more than once. "
        "Merge the rows if they are one company; give the exchange if they are not.",
    ),
    (
        "JSON that is cut off",
        answer(row())[:-30],
        UnreadableFile,
        "holdings.json is cut off: line 1, column 104. Check that it is the right file.",
    ),
    (
        "a web page",
        b"\xef\xbb\xbf\n<!DOCTYPE html><html></html>",
        UnreadableFile,
        "holdings.json is a web page, not JSON. Check that it is the right file.",
    ),
    (
        "nothing",
        b" \n",
        UnreadableFile,
        "holdings.json is empty, not JSON. Check that it is the right file.",
    ),
    (
        "a spreadsheet",
        b"PK\x03\x04\x14\x00\xff",
        UnreadableFile,
        "holdings.json is not UTF-8 text (byte 6). Check that it is the right file.",
    ),
    (
        "CSV",
        b"ticker,weight\nNVDA,1\n",
        UnreadableFile,
        "holdings.json is not JSON: line 1, column 1. Check that it is the right file.",
    ),
    (
        "a list",
        b"[1, 2]",
        UnreadableFile,
        "holdings.json is a JSON list, not an object. Check that it is the right file.",
    ),
    (
        "another answer of the API",
        b'{"tickers": ["NVDA"]}',
        UnreadableFile,
        "holdings.json has no fund with a list of holdings. It has 'tickers'.",
    ),
    (
        "deep nesting",
        b'{"fund":' + b"[" * 100_000,
        UnreadableFile,
        "holdings.json has a number of thousands of digits, or is nested too deeply. "
        "Check that it is the right file.",
    ),
    (
        "a number of many digits",
        answer(row()).replace(b"50.0", b"9" * 400),
        UnreadableFile,
        "holdings.json has a value of hundreds of digits. Check that it is the right file.",
    ),
    (
        "text for a number",
        answer(row(price="5.0")),
        UnreadableFile,
        "holdings.json has '5.0' as the price of NVDA. Check that it is the right file.",
    ),
    (
        "true for a number",
        answer(row(shares=True)),
        UnreadableFile,
        "holdings.json has True as the shares of NVDA. Check that it is the right file.",
    ),
    (
        "a row without an active flag",
        answer({"ticker": "NVDA", "shares": 1.0, "price": 1.0, "value": 1.0}),
        UnreadableFile,
        "holdings.json has no ticker with an active flag in row 1 of the holdings. "
        "Check that it is the right file.",
    ),
    (
        "a row that is no object",
        answer(row(), "NVDA"),
        UnreadableFile,
        "holdings.json has no ticker with an active flag in row 2 of the holdings. "
        "Check that it is the right file.",
    ),
    (
        "a last day that is no day",
        answer(row(), end="yesterday"),
        UnreadableFile,
        "holdings.json gives its last day as 'yesterday', not as a date. Check that it is the right file.",
    ),
]


@pytest.mark.parametrize(
    ("content", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_each_bad_input_gives_its_message(content: bytes, kind: type[BetaNeutralError], message: str) -> None:
    with pytest.raises(kind) as caught:
        parse_holdings(content, origin())
    assert str(caught.value) == message
    assert type(caught.value) is kind


def test_an_answer_of_the_network_is_not_called_a_file() -> None:
    with pytest.raises(ChangedFormat, match=r"^holdings\.json: the answer is cut off: .* Try again later\.$"):
        parse_holdings(answer(row())[:-1], origin(Retrieval.LIVE))


def error_line(content: bytes) -> str:
    try:
        parse_holdings(content, origin())
    except BetaNeutralError as error:
        return str(error)
    return ""


@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["fund", "holdings", "ticker", "active", "shares", "price", "value", "end"]
                    ),
                    inner,
                )
            ),
            max_leaves=20,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_bytes_raise_only_the_packages_errors(content: bytes) -> None:
    assert "\n" not in error_line(content)
