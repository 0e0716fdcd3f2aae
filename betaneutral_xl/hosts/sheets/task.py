"""The task of a workbook: its settings, its limits, and the three inputs, fetched or from its sheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import FailedCell, InputError, NamedRangeMissing
from betaneutral_xl.hosts.sheets import answering, cells, ranges, trading, worksheet
from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import (
    FIRST_ROW,
    LIMITS,
    MANDATE_RULES,
    MANDATE_USED,
    MATRIX_ROW,
    OWN_COLUMN,
    OWN_PRICES,
    RULE,
    SETTINGS,
    Inputs,
    Sheet,
)
from betaneutral_xl.hosts.sheets.open_workbook import Area, Plan, Sheets
from betaneutral_xl.hosts.sheets.session import Rows, Session
from betaneutral_xl.job import run
from betaneutral_xl.job.request import OrderTerms, Request
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.quotes import Quotes
from betaneutral_xl.model.values import choice

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.mandate import Mandate


ORDER_TERMS = ("nav", "min_notional", "lot", "trade")
"""The settings for orders, in the argument order of ``BN_ORDERS``."""

_FETCHING = ("setting_inputs", str(Inputs.FETCH))
"""The setting with which the sheets of the inputs are not needed."""

_INPUTS = ((Sheet.HOLDINGS, FIRST_ROW), (Sheet.ETF, FIRST_ROW), (Sheet.COVARIANCE, MATRIX_ROW))

TASK = Plan(
    names=(
        *(one.range_name for group in SETTINGS.values() for one in group),
        *(LIMITS, OWN_PRICES, MANDATE_USED, MANDATE_RULES),
    ),
    areas=tuple(Area(sheet, row, _FETCHING) for sheet, row in (*_INPUTS, (Sheet.ORDERS, FIRST_ROW))),
)
"""What a task is read from."""


@dataclass(frozen=True, slots=True)
class Task:
    """The settings, by their names, and the inputs of a workbook, as arguments of worksheet functions.

    ``sheet_prices`` are those on the sheet Orders, where the inputs are the sheets'.
    """

    session: Session
    settings: Mapping[str, Grid]
    holdings: Grid
    etf: Grid
    covariance: Grid
    limits: Grid
    own_prices: Grid
    sheet_prices: Grid

    @classmethod
    def of(cls, sheets: Sheets, session: Session, say: Callable[[str], None]) -> Task:
        """Return the task of what was read by ``TASK``; fetch its inputs where the settings require it."""
        settings = {
            one.name: cells.read(sheets.named(one.range_name), one.label)
            for group in SETTINGS.values()
            for one in group
        }
        inputs = choice(Inputs, cells.text(settings["inputs"]) or Inputs.FETCH, "kind of inputs")
        fetching = inputs is Inputs.FETCH
        limits = in_force(sheets)
        beside = worksheet.named_tickers(session, limits, settings["target"])
        holdings, etf, covariance = (
            _fetched(session, settings, beside, say) if fetching else _from_sheets(sheets)
        )
        return cls(
            session=session,
            settings=settings,
            holdings=holdings,
            etf=etf,
            covariance=covariance,
            limits=limits,
            own_prices=cells.read(sheets.named(OWN_PRICES), "your own prices"),
            sheet_prices=cells.Grid("prices") if fetching else _prices_on_sheet(sheets),
        )

    @property
    def _problem(self) -> tuple[Grid, ...]:
        """The arguments of BETA_NEUTRAL."""
        settings = self.settings
        return self.holdings, self.etf, self.covariance, settings["target"], settings["method"], self.limits

    @property
    def inputs(self) -> run.Inputs:
        """The values of the three inputs, and the market's where it is a file."""
        target = self.settings["target"]
        return worksheet.inputs(self.session, self.holdings, self.etf, self.covariance, self.limits, target)

    def request(self, inputs: run.Inputs) -> Request:
        """Return what is required of the answer."""
        return worksheet.request(
            self.session, inputs, self.settings["target"], self.limits, self.settings["method"]
        )

    def solve(self) -> Rebalance:
        """Return the weights that are required; computed once for the buttons and the cells."""
        return worksheet.solve(self.session, *self._problem)

    def answer(self) -> run.Outcome:
        """Return the weights that are required, or why nothing keeps all limits."""
        return answering.outcome(self.session, *self._problem)

    def hedged(self) -> Rebalance:
        """Return the portfolio hedged to beta 0, whatever is required: to put other weights in."""
        inputs = self.inputs
        return run.hedge(self.request(inputs), inputs)

    @property
    def stored(self) -> dict[str, Any]:
        """What is required as a snapshot keeps it."""
        settings = self.settings
        return worksheet.stored_options(self.session, settings["target"], self.limits, settings["method"])

    @property
    def terms(self) -> OrderTerms:
        """How weights become orders."""
        return trading.order_terms([self.settings[name] for name in ORDER_TERMS], self.mandate)

    @property
    def mandate(self) -> Mandate | None:
        """The standing rules that the limits name, if they do."""
        return worksheet.mandate(self.session, self.limits)

    def quotes(self, holdings: Holdings) -> Quotes:
        """Return the prices there are: the user's own, then those of sheet or file, and of holdings."""
        if self.sheet_prices.blank:
            return trading.quotes(self.session, holdings, self.settings["prices"], self.own_prices)
        on_sheets = ranges.quotes(self.own_prices).with_fallback(ranges.quotes(self.sheet_prices))
        return on_sheets.with_fallback(Quotes.of_holdings(holdings))

    def orders(self, result: Rebalance) -> tuple[Orders, Quotes]:
        """Return the orders that a result takes, and the prices there are."""
        quotes = self.quotes(result.aligned.holdings)
        return run.orders(result, quotes, self.terms), quotes

    def net_asset_value(self, result: Rebalance) -> float | None:
        """Return the net asset value: as set, else as the holdings state it."""
        own = OrderTerms.parse({"order_nav": cells.number(self.settings["nav"])}).nav
        return own or result.aligned.holdings.nav


def in_force(sheets: Sheets) -> Grid:
    """Return the limits of Settings, and below them the rules of the sheet Mandate that are in use.

    The same rows as the formulas of that sheet make, so that cells and buttons share their results. A
    workbook of an older template has no such sheet.
    """
    limits = [_three(row) for row in _rows_of(sheets.named(LIMITS))]
    rules: list[list[Any]] = []
    if isinstance(sheets.names[MANDATE_USED], NamedRangeMissing):
        return cells.read(limits, "limits")
    used = cells.flag(cells.read(sheets.named(MANDATE_USED), "Mandate in use"))
    if used:
        rules = [_three(row) for row in _rows_of(sheets.named(MANDATE_RULES))]
    return cells.read(
        [*limits, *([f"{RULE}{name}", *rest] if name else [name, *rest] for name, *rest in rules)], "limits"
    )


def _rows_of(values: object) -> Sequence[Sequence[Any]]:
    rows = values if isinstance(values, (list, tuple)) else [[values]]
    return [row if isinstance(row, (list, tuple)) else [row] for row in rows]


def _three(row: Sequence[Any]) -> list[Any]:
    """Return name, for which and value of a row; blanks where it has no value, as a heading has none."""
    name, which, value = (*row, None, None, None)[:3]
    return [None, None, None] if value is None or value == "" else [name, which, value]


def _fetched(
    session: Session, settings: Mapping[str, Grid], beside_them: Sequence[str], say: Callable[[str], None]
) -> tuple[Grid, Grid, Grid]:
    """Fetch the inputs of the settings, with the same functions as the sheets' formulas."""
    say("Fetching holdings ...")
    holdings = session.answer(BY_NAME["FETCH_HOLDINGS"], settings["fund"].rows, settings["as_of"].rows)
    names = [*(row[0] for row in holdings[1:]), *beside_them]
    etfs: list[Rows] = []
    for setting in (settings[f"etf_{place}"] for place in (1, 2, 3)):
        if not setting.blank:
            say(f"Loading ETF {cells.text(setting)} ...")
            etfs.append(session.answer(BY_NAME["LOAD_ETF"], setting.rows))
            names += [row[0] for row in etfs[-1][1:]]
            etf = session.origin(cells.read(etfs[-1], "etf"))
            if isinstance(etf, Etf) and etf.own_ticker:
                names.append(etf.own_ticker)
    if not etfs:
        msg = "No ETF is set. Enter one on the sheet Settings."
        raise InputError(msg)
    say(f"Fetching the risk of {len(names)} names ...")
    tickers = [[name] for name in names if name not in {None, "CASH"}]
    method, options = _risk_arguments(settings)
    handle = session.answer(BY_NAME["COVARIANCE"], tickers, method, options, True)  # noqa: FBT003 - a cell's value
    return (
        cells.read(holdings, "holdings"),
        cells.read(beside(etfs), "etf"),
        cells.read(handle, "covariance"),
    )


def _risk_arguments(given: Mapping[str, Grid]) -> tuple[Any, Any]:
    """Return method and options of COVARIANCE, as the formula of the sheet Covariance gives them."""
    if given["risk_prices"].blank:
        return given["risk"].rows, None
    options = [f"prices={cells.text(given['risk_prices'])}"]
    window, day = cells.number(given["window"]), cells.day(given["as_of"])
    options += [f"window={window:g}"] * (window is not None) + [f"as_of={day}"] * (day is not None)
    return given["estimator"].rows, "; ".join(options)


def _from_sheets(sheets: Sheets) -> tuple[Grid, Grid, Grid]:
    holdings, etf, matrix = (_on_sheet(sheets, sheet, row) for sheet, row in _INPUTS)
    for grid, (sheet, row) in zip((holdings, etf, matrix), _INPUTS, strict=True):
        if grid.blank:
            msg = f"The sheet {sheet} is blank from row {row} on. Fill it in, or set Inputs from to fetch."
            raise FailedCell(msg)
    return holdings, etf, matrix


def _on_sheet(sheets: Sheets, sheet: Sheet, row: int) -> Grid:
    return cells.read_sheet(sheets.below(sheet, row), sheet, row)


def _prices_on_sheet(sheets: Sheets) -> Grid:
    grid = _on_sheet(sheets, Sheet.ORDERS, FIRST_ROW)
    return grid.columns(0, max(OWN_COLUMN - grid.left, 0))


def beside(tables: list[Rows]) -> Rows:
    """Join tables side by side, with a blank column between them."""
    height = max(len(table) for table in tables)
    joined: list[list[Any]] = [[] for _ in range(height)]
    for table in tables:
        blank = [None] * (len(table[0]) + 1)
        for i in range(height):
            joined[i] += [*table[i], None] if i < len(table) else blank
    return tuple(tuple(row) for row in joined)
