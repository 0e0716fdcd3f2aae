"""A portfolio that is edited in any order, as a file or a range, is read as it is or refused in one line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.job import tables
from betaneutral_xl.readers.holdings_files import parse_holdings_file

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Holdings

PRICES = {"AAPL": 250.0, "MSFT": 400.0, "NVDA": 180.0, "BRK.B": 500.0, "BRK B": 500.0}

TICKERS = st.sampled_from(sorted(PRICES))

HEADERS = {
    "ticker": ("ticker", "Ticker", "SYMBOL", " Symbol ", "Ticker Symbol"),
    "weight": ("weight", "Weight", "WEIGHTING", "Portfolio Weight", "Gewichtung"),
    "percent": ("Weight (%)", "weight %", "% of Net Assets"),
    "shares": ("shares", "Quantity", "Qty", "Stück"),
    "price": ("price", "Last Price", "Kurs", "Closing Price"),
    "name": ("name", "Company", "Description"),
}
"""Spellings of each column's header."""

UNITS = ("fraction", "percent", "signs", "shares")

BLANKS, TOTALS, CASH = (None, ""), ("Total", "TOTAL", "Grand Total"), ("CASH", "Cash & Other", "USD")


def canonical(ticker: str) -> str:
    return ticker.replace(" ", ".")


class HoldingsStates(RuleBasedStateMachine):
    """Lots of a portfolio in thousandths of net assets, beside a table of them."""

    def __init__(self) -> None:
        """Begin with a portfolio of two names."""
        super().__init__()
        self.rows: list[tuple[str, int]] = [("AAPL", 600), ("MSFT", 400)]
        self.unit = "fraction"
        self.columns = ["ticker", "weight", "name"]
        self.spelling = 0
        self.blanks: list[int] = []
        self.total = self.delimiter = self.title = ""
        self.cash: tuple[str, int] | None = None

    @rule(ticker=TICKERS, weight=st.sampled_from([-200, 0, 1, 50, 125, 300, 700]))
    def add(self, ticker: str, weight: int) -> None:
        """Add a lot."""
        self.rows.append((ticker, weight))

    @rule(at=st.integers(0, 9))
    def remove(self, at: int) -> None:
        """Remove a lot."""
        if len(self.rows) > 1:
            self.rows.pop(at % len(self.rows))

    @rule(data=st.data())
    def reorder(self, data: st.DataObject) -> None:
        """Sort rows and columns in another way."""
        self.rows = data.draw(st.permutations(self.rows))
        self.columns = data.draw(st.permutations(self.columns))

    @rule(unit=st.sampled_from(UNITS))
    def change_unit(self, unit: str) -> None:
        """Write weights as fractions, in percent by the header or by signs, or as shares and prices."""
        self.unit = unit
        new = ["shares", "price"] if unit == "shares" else ["percent" if unit == "percent" else "weight"]
        self.columns = [one for one in self.columns if one in {"ticker", "name"}] + new

    @rule(spelling=st.integers(0, 4))
    def spell(self, spelling: int) -> None:
        """Spell the headers in another way."""
        self.spelling = spelling

    @rule(blanks=st.lists(st.integers(0, 8), max_size=3))
    def space(self, blanks: list[int]) -> None:
        """Put blank rows somewhere."""
        self.blanks = blanks

    @rule(total=st.sampled_from(["", *TOTALS]), title=st.sampled_from(["", "My portfolio"]))
    def frame(self, total: str, title: str) -> None:
        """Add or remove a title above and a total below."""
        self.total, self.title = total, title

    @rule(cash=st.none() | st.tuples(st.sampled_from(CASH), st.sampled_from([0, 100, 250])))
    def hold_cash(self, cash: tuple[str, int] | None) -> None:
        """Add or remove a row of cash."""
        self.cash = cash

    def table(self) -> list[list[Any]]:
        """Return the table's rows, as typed in cells."""
        header = [HEADERS[one][self.spelling % len(HEADERS[one])] for one in self.columns]
        lots = [self.row(ticker, weight) for ticker, weight in self.rows]
        if self.cash and self.unit != "shares":
            lots.append(self.row(*self.cash))
        for at in sorted(self.blanks, reverse=True):
            lots.insert(at % (len(lots) + 1), [None] * len(self.columns))
        if self.total and self.unit != "shares":
            lots.append(self.row(self.total, sum(weight for _, weight in [*self.rows, *self.printed_cash()])))
        above = [[self.title, *[None] * (len(self.columns) - 1)]] if self.title else []
        return [*above, header, *lots]

    def printed_cash(self) -> list[tuple[str, int]]:
        return [self.cash] if self.cash else []

    def row(self, ticker: str, weight: int) -> list[Any]:
        """Return a row of cells."""
        written = {
            "ticker": ticker,
            "name": f"Company of {ticker}" if ticker in PRICES else None,
            "weight": f"{weight / 10}%" if self.unit == "signs" else weight / 1000,
            "percent": weight / 10,
            "shares": float(weight),
            "price": PRICES.get(ticker, 1.0),
        }
        return [written[one] for one in self.columns]

    def expected(self) -> dict[str, float]:
        """Return the weights that the table has."""
        found: dict[str, float] = {}
        for ticker, weight in self.rows:
            size = weight * PRICES[ticker] if self.unit == "shares" else weight / 1000
            found[canonical(ticker)] = found.get(canonical(ticker), 0.0) + size
        scale = sum(found.values()) if self.unit == "shares" else 1.0
        return {ticker: size / scale for ticker, size in found.items()} if scale else {}

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to refuse: each name once, all long, about as much as net assets."""
        names = [canonical(ticker) for ticker, _ in self.rows]
        sizes = [weight for _, weight in [*self.rows, *self.printed_cash()]]
        return len(set(names)) == len(names) and min(sizes) > 0 and 900 <= sum(sizes) <= 1100

    @invariant()
    def is_read_as_it_is_or_refused(self) -> None:
        """Require that file and range have the model's weights, or one line says why not."""
        table = self.table()
        stream = io.StringIO()
        csv.writer(stream).writerows(table)
        for read in (
            lambda: parse_holdings_file(stream.getvalue().encode(), "mine.csv"),
            lambda: tables.holdings(cells.read(table, "Holdings")),
        ):
            answer = answered(read)
            if isinstance(answer, str):
                assert answer.isprintable()
                assert not self.is_plain, (answer, table)
                continue
            weights = dict(zip(answer.tickers, answer.weights.tolist(), strict=True))
            wanted = {ticker: size for ticker, size in self.expected().items() if size or ticker in weights}
            assert weights == pytest.approx(wanted, abs=1e-12), (table, answer.warnings)


def answered(read: Callable[[], Holdings]) -> Holdings | str:
    try:
        return read()
    except InputError as error:
        return str(error)


HoldingsStates.TestCase.settings = settings(max_examples=60, stateful_step_count=12, derandomize=True)
TestHoldingsStates = HoldingsStates.TestCase
