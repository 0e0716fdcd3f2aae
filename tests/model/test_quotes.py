from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from betaneutral_xl.errors import MissingValue
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.model.quotes import Quote, Quotes
from betaneutral_xl.model.returns import Prices

NAN = float("nan")
DAYS = [date(2025, 11, day) for day in (10, 11, 17, 18, 19)]
CLOSES = Prices.from_matrix(
    ["A", "B", "C", "D"],
    DAYS,
    [
        [1.0, 10.0, 5.0, NAN],
        [2.0, 11.0, 6.0, NAN],
        [3.0, NAN, NAN, NAN],
        [4.0, 13.0, NAN, NAN],
        [5.0, 14.0, 9.0, 7.0],
    ],
)


def test_the_last_close_up_to_the_day_is_used_and_later_ones_are_not() -> None:
    quotes = Quotes.last_closes(CLOSES, date(2025, 11, 17))
    assert quotes.prices == {"A": 3.0, "B": 11.0, "C": 6.0}
    assert quotes.usable["B"].as_of == date(2025, 11, 11)
    assert Quotes.last_closes(CLOSES).prices == {"A": 5.0, "B": 14.0, "C": 9.0, "D": 7.0}
    assert Quotes.last_closes(CLOSES, date(2025, 11, 1)).prices == {}


def test_a_price_of_a_week_ago_is_stale_and_reported_with_its_day() -> None:
    quotes = Quotes.last_closes(CLOSES, date(2025, 11, 18))
    assert quotes.prices == {"A": 4.0, "B": 13.0}
    assert quotes.stale["C"] == Quote(6.0, date(2025, 11, 11), "memory")
    with pytest.raises(MissingValue, match=r"No price for 2 of 3 trades: C \(the last is of 2025-11-11\), D"):
        quotes.require(["A", "C", "D"])
    quotes.require(["A", "B"])


def test_typed_prices_override_the_holdings_and_those_override_a_file() -> None:
    held = Quotes.of_holdings(Holdings.from_positions(["A", "B"], [1.0, 1.0], [40.0, 41.0]))
    typed = Quotes.from_mapping({"A": 50.0, "C": 51.0}, "typed")
    together = typed.with_fallback(held).with_fallback(Quotes.last_closes(CLOSES, date(2025, 11, 18)))
    assert together.prices == {"A": 50.0, "B": 41.0, "C": 51.0}
    assert not together.stale
    assert (
        together.sentence("ABC")
        == "Prices: 2 of typed (of an unknown day), 1 of holdings (of an unknown day)."
    )


def test_holdings_in_weights_have_no_prices() -> None:
    assert Quotes.of_holdings(Holdings.from_weights({"A": 1.0})).prices == {}
    assert Quotes().sentence(["A"]) == "Prices: none."


@pytest.mark.parametrize("price", [0.0, -1.0, np.inf, NAN])
def test_an_invalid_price_is_refused(price: float) -> None:
    with pytest.raises(MissingValue, match="The price of A is not a positive number"):
        Quotes.from_mapping({"A": price}, "typed")


def test_every_used_source_is_listed_with_its_latest_day() -> None:
    file = Quotes.last_closes(CLOSES, date(2025, 11, 18))
    held = Quotes.of_holdings(Holdings.from_positions(["A"], [1.0], [40.0]))
    both = held.with_fallback(file)
    assert [(one.as_of, one.rows) for one in file.sources()] == [(date(2025, 11, 18), 2)]
    assert [(one.as_of, one.rows) for one in both.sources()] == [(None, 1), (date(2025, 11, 18), 1)]
    typed = Quotes.from_mapping({"A": 1.0, "B": 2.0}, "typed").with_fallback(both)
    assert [(one.note, one.rows) for one in typed.sources()] == [("typed", 2)]
    assert typed.select(["B", "Z"]).prices == {"B": 2.0}


@pytest.mark.parametrize(
    ("read", "retrieval", "age"),
    [
        (20, Retrieval.FILE, ""),
        (26, Retrieval.FILE, ", 7 days old: load newer ones"),
        (30, Retrieval.SAMPLE, ""),
    ],
)
def test_a_whole_file_of_old_prices_is_named_with_its_age(read: int, retrieval: Retrieval, age: str) -> None:
    """Each is fresh beside the file's own last day, by which the others are stale."""
    read_at = datetime(2025, 11, read, tzinfo=UTC)
    origin = replace(CLOSES.provenance, location="closes.csv", retrieval=retrieval, fetched_at=read_at)
    quotes = Quotes.last_closes(replace(CLOSES, provenance=origin))
    assert quotes.sentence(["A"]) == f"Prices: 1 of closes.csv (2025-11-19{age})."


def test_a_last_price_far_from_the_one_before_is_doubtful() -> None:
    wrong = Prices.from_matrix(["A", "B"], DAYS[:3], [[1.0, 10.0], [1.1, 10.5], [0.011, 10.2]])
    (line,) = Quotes.last_closes(wrong).doubtful(["A", "B"])
    assert line == (
        "Prices of orders that may be wrong: A 0.011 on 2025-11-17, -99% from 1.1 on 2025-11-11. Check them, "
        "and their currency."
    )
    assert line.severity is Severity.CHANGES
    assert Quotes.last_closes(wrong).doubtful(["B"]) == ()


@pytest.mark.parametrize(
    ("price", "day", "doubtful"),
    [
        (4.5, date(2025, 11, 18), False),
        (4.7, date(2025, 11, 18), True),
        (4.7, date(2025, 11, 1), False),
        (40.0, None, True),
        (0.4, date(2025, 11, 18), True),
    ],
)
def test_prices_of_two_sources_that_do_not_agree_are_doubtful(
    price: float,
    day: date | None,
    doubtful: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    file = Quotes.last_closes(CLOSES, date(2025, 11, 18))
    own = Quotes.from_mapping({"A": price}, "holdings", day)
    lines = own.with_fallback(file).doubtful(["A"])
    assert bool(lines) is doubtful
    if doubtful:
        assert f"A {price:g} in holdings" in lines[0]
        assert f"but 4 in {file.usable['A'].source} on 2025-11-18" in lines[0]
