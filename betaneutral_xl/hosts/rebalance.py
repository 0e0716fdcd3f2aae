"""What the buttons do, in any host: read the settings, compute, write a proposal, keep the old one.

A host gives a ``Workbook`` and shows the ``Outcome``. Nothing is written before everything is
computed; each block is written in one go.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from betaneutral_xl import api, summary
from betaneutral_xl.constraints import TRADED
from betaneutral_xl.errors import BetaNeutralError, FailedCell, HostError, InputError
from betaneutral_xl.hosts import cells, worksheet
from betaneutral_xl.hosts.functions import BY_NAME
from betaneutral_xl.hosts.layout import (
    FIRST_ROW,
    LIMITS,
    MATRIX_ROW,
    PROPOSAL,
    SETTINGS,
    Inputs,
    Sheet,
)
from betaneutral_xl.provenance import now
from betaneutral_xl.saving import save, to_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from betaneutral_xl.hosts.cells import Grid
    from betaneutral_xl.hosts.session import Rows, Session
    from betaneutral_xl.rebalance import Rebalance


class Workbook(Protocol):
    """What the buttons need of a host. Rows and columns count from 1."""

    @property
    def folder(self) -> Path:
        """The folder in which files for the user are put."""
        ...

    @property
    def stem(self) -> str:
        """The workbook's name without its extension."""
        ...

    def named(self, name: str) -> object:
        """Return the values of a named range; ``NamedRangeMissing`` if there is none."""
        ...

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last that is used."""
        ...

    def replace(self, sheet: str, row: int, rows: Rows) -> None:
        """Write rows from the first column of a row on, and clear the contents of everything below."""
        ...

    def append(self, sheet: str, row: Rows) -> None:
        """Write rows under the last that is used."""
        ...

    def recalculate(self) -> None:
        """Calculate every formula anew, also where nothing it depends on has changed."""
        ...

    def say(self, text: str) -> None:
        """Show in the status bar what is being done."""
        ...

    def undisturbed(self) -> AbstractContextManager[None]:
        """Stop calculation and drawing meanwhile; restore their state whatever happens."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a button has to tell: one message; whether it is an error; the error itself, for scripts."""

    message: str
    error: BetaNeutralError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One button of the ribbon and of the toolbar."""

    name: str
    label: str
    help: str
    run: Callable[[Workbook, Session], str]


def press(name: str, book: Workbook, session: Session) -> Outcome:
    """Do what a button does; never raise.

    Returns
    -------
    Outcome
        Errors included: they are entered in the sheet Log too, and nothing else is changed.

    """
    button = BUTTONS[name]
    try:
        with book.undisturbed():
            return Outcome(button.run(book, session))
    except BetaNeutralError as error:
        outcome = Outcome(str(error).removeprefix(cells.PREFIX), error)
    except Exception as error:  # noqa: BLE001 - a button ends with a message, whatever happens
        session.write_log(button.label, traceback.format_exc())
        line = f"{type(error).__name__}: a defect of this program. The trace is in {session.log.name}."
        outcome = Outcome(line, HostError(line))
    finally:
        book.say("")
    try:
        _enter(book, button.label, "failed", outcome.message)
    except Exception:  # noqa: BLE001 - the message must reach the user, with or without the entry
        session.write_log(button.label, traceback.format_exc())
    return outcome


# ---------------------------------------------------------------- the buttons


def rebalance(book: Workbook, session: Session) -> str:
    """Compute a proposal, keep the one before, write the new one."""
    result = solved(book, session)
    book.say("Writing the proposal ...")
    rows = proposal(result, _nav(book, result))
    old = _proposal_on(book, Sheet.REBALANCE)
    if old:
        book.replace(Sheet.PREVIOUS, PROPOSAL.headline, old)
    book.replace(Sheet.REBALANCE, PROPOSAL.headline, rows)
    message = told(result)
    measures = (
        "; ".join(f"{beta:.4f}" for beta in result.before.beta.values()),
        "; ".join(f"{beta:.4f}" for beta in result.after.beta.values()),
        result.turnover,
        sum(map(_is_traded, result.trades.tolist())),
    )
    _enter(book, "Rebalance", "done", message, measures)
    return message


def restore(book: Workbook, _: Session) -> str:
    """Swap the proposal with the one before it."""
    old = _proposal_on(book, Sheet.PREVIOUS)
    if not old:
        msg = "There is no earlier proposal to restore. Rebalance keeps one."
        raise InputError(msg)
    current = _proposal_on(book, Sheet.REBALANCE)
    book.replace(Sheet.PREVIOUS, PROPOSAL.headline, current)
    book.replace(Sheet.REBALANCE, PROPOSAL.headline, old)
    message = f"Restored: {old[0][0]}. Restore again to swap back."
    _enter(book, "Restore", "done", message)
    return message


def report(book: Workbook, session: Session) -> str:
    """Write the report workbook beside this one."""
    from betaneutral_xl.report import write_report  # noqa: PLC0415 - openpyxl, only for a report

    result = solved(book, session)
    path = book.folder / f"{book.stem} report {now():%Y-%m-%d %H%M%S}.xlsx"
    book.say(f"Writing {path.name} ...")
    write_report(result, path, command="Report button")
    message = f"Report: {path.name}, in the workbook's folder."
    _enter(book, "Report", "done", message)
    return message


def orders(book: Workbook, _: Session) -> str:
    """Write the trades of the proposal as a file for the desk."""
    table = _proposal_on(book, Sheet.REBALANCE)[PROPOSAL.table - PROPOSAL.headline :]
    if not table:
        msg = "There is no proposal to make orders of. Press Rebalance first."
        raise InputError(msg)
    path = book.folder / f"{book.stem} orders {now():%Y-%m-%d %H%M%S}.csv"
    head = [str(cell) for cell in table[0] if cell is not None]
    trade = head.index("trade")
    traded = [row[: len(head)] for row in table[1:] if _is_traded(row[trade])]
    save(path, to_csv(head, traded).encode("utf-8-sig"))
    message = f"Orders: {len(traded)} trades in {path.name}, in the workbook's folder."
    _enter(book, "Orders", "done", message)
    return message


def _is_traded(trade: object) -> bool:
    return isinstance(trade, float) and abs(trade) > TRADED


def refresh(book: Workbook, session: Session) -> str:
    """Forget every answer, so that the formulas fetch again."""
    session.refresh()
    book.recalculate()
    message = "Everything is fetched and computed anew."
    _enter(book, "Refresh", "done", message)
    return message


# ---------------------------------------------------------------- what they share


def solved(book: Workbook, session: Session) -> Rebalance:
    """Return the rebalance that the settings and the sheets describe."""
    given = {
        one.name: cells.read(book.named(one.range_name), one.label)
        for group in SETTINGS.values()
        for one in group
    }
    inputs = api.choice(Inputs, cells.text(given["inputs"]) or Inputs.FETCH, "kind of inputs")
    parts = _fetched(book, session, given) if inputs is Inputs.FETCH else _from_sheets(book)
    limits = cells.read(book.named(LIMITS), "limits")
    problem = (*parts, given["target"], given["method"], limits)
    book.say("Solving ...")
    return worksheet.solve(session, *problem)


def _fetched(book: Workbook, session: Session, given: dict[str, Grid]) -> tuple[Grid, Grid, Grid]:
    """Fetch what the settings name, through the same functions as the sheets' formulas."""
    book.say("Fetching holdings ...")
    holdings = session.answer(BY_NAME["FETCH_HOLDINGS"], given["fund"].rows, given["as_of"].rows)
    names = [row[0] for row in holdings[1:]]
    etfs: list[Rows] = []
    for setting in (given[f"etf_{place}"] for place in (1, 2, 3)):
        if not setting.blank:
            book.say(f"Loading ETF {cells.text(setting)} ...")
            etfs.append(session.answer(BY_NAME["LOAD_ETF"], setting.rows))
            names += [row[0] for row in etfs[-1][1:]]
    if not etfs:
        msg = "No ETF is set. Fill in the sheet Settings."
        raise InputError(msg)
    book.say(f"Fetching the risk of {len(names)} names ...")
    tickers = [[name] for name in names if name not in {None, "CASH"}]
    handle = session.answer(BY_NAME["COVARIANCE"], tickers, given["risk"].rows, None, True)  # noqa: FBT003 - a cell's value
    return (
        cells.read(holdings, "holdings"),
        cells.read(beside(etfs), "etf"),
        cells.read(handle, "covariance"),
    )


def _from_sheets(book: Workbook) -> tuple[Grid, Grid, Grid]:
    matrix = cells.read(book.below(Sheet.COVARIANCE, MATRIX_ROW), "the sheet Covariance")
    holdings = cells.read(book.below(Sheet.HOLDINGS, FIRST_ROW), "the sheet Holdings")
    etf = cells.read(book.below(Sheet.ETF, FIRST_ROW), "the sheet ETF")
    for grid in (holdings, etf):
        if grid.blank:
            msg = f"There is nothing on {grid.what} from row {FIRST_ROW} on. Fill it in, or fetch it."
            raise FailedCell(msg)
    return holdings, etf, matrix


def beside(tables: list[Rows]) -> Rows:
    """Put tables side by side, with a blank column between."""
    height = max(len(table) for table in tables)
    joined: list[list[Any]] = [[] for _ in range(height)]
    for table in tables:
        blank = [None] * (len(table[0]) + 1)
        for i in range(height):
            joined[i] += [*table[i], None] if i < len(table) else blank
    return tuple(tuple(row) for row in joined)


def _nav(book: Workbook, result: Rebalance) -> float | None:
    """Return the net asset value: as set, else as the holdings say."""
    given = cells.number(cells.read(book.named("setting_nav"), "net asset value"))
    return result.aligned.holdings.nav if given is None else given


def proposal(result: Rebalance, nav: float | None = None) -> Rows:
    """Return everything that the sheet Rebalance shows, from its headline down, as one block."""
    holdings = result.aligned.holdings
    made = f"{now():%Y-%m-%d %H:%M} UTC"
    block: dict[int, list[Any]] = {
        PROPOSAL.headline: [summary.headline(result)],
        PROPOSAL.headline + 1: [f"Holdings as of {holdings.as_of or 'an unknown day'}; computed {made}"],
    }
    for i, row in enumerate(worksheet.exposure_rows(result)):
        block[PROPOSAL.measures + i] = list(row)
    room = PROPOSAL.table - PROPOSAL.warnings - 2
    shares, said = _shares(result, nav)
    if len(said) > room:
        said = (*said[: room - 1], f"and {len(said) - room + 1} more: see the report")
    right = [
        ["from", "source", "as of", "how"],
        *([one.location, one.source, str(one.as_of or ""), str(one.retrieval)] for one in result.sources),
    ]
    for start, rows in ((PROPOSAL.sources, right), (PROPOSAL.warnings, [[line] for line in said])):
        for i, row in enumerate(rows):
            line = block.setdefault(start + i, [])
            line += [None] * (PROPOSAL.beside - 1 - len(line)) + row
    block[PROPOSAL.table] = [*result.columns, "trade_value", "shares"]
    for i, weights in enumerate(result.rows(), start=1):
        value = None if nav is None else float(weights[-1]) * nav
        block[PROPOSAL.table + i] = [*weights, value, shares.get(str(weights[0]))]
    return cells.rectangle(block.get(row, []) for row in range(PROPOSAL.headline, max(block) + 1))


def _shares(result: Rebalance, nav: float | None) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return whole shares to trade by ticker, and everything that is to be said beside the table."""
    try:
        made = worksheet.whole_shares(result, {}, nav)
    except BetaNeutralError as error:
        return {}, (*result.warnings, f"No whole shares: {error}")
    rounding = ", ".join(f"{beta:.4f} to {name}" for name, beta in made.beta.items())
    shares = {order.ticker: float(order.signed_shares) for order in made.orders}
    return shares, (*result.warnings, f"In whole shares the beta is {rounding}, the cash {made.cash:,.0f}.")


def told(result: Rebalance) -> str:
    """Say in one line what a rebalance changes: beta before and after with its error, turnover, trades."""
    betas = ", ".join(
        f"beta to {name} {_with_error(result.before.beta[name], result.before.beta_error[name])} -> "
        f"{_with_error(result.after.beta[name], result.after.beta_error[name])}"
        for name in result.etf_names
    )
    traded = sum(map(_is_traded, result.trades.tolist()))
    warned = f"; {len(result.warnings)} warnings" if result.warnings else ""
    line = f"{betas}; turnover {result.turnover:.1%}, {traded} trades{warned}."
    return f"{line[0].upper()}{line[1:]}"


def _with_error(beta: float, error: float) -> str:
    shown = f"{beta:.2f}".replace("-0.00", "0.00")
    return shown if error != error else f"{shown} +/- {error:.2f}"  # noqa: PLR0124 - unknown


def _proposal_on(book: Workbook, sheet: Sheet) -> Rows:
    """Return the block of the proposal on a sheet; nothing if there is none."""
    grid = cells.read(book.below(sheet, PROPOSAL.headline), sheet)
    block = cells.rectangle((*[()] * (grid.top - 1), *grid.rows))
    return block if len(block) > PROPOSAL.table - PROPOSAL.headline else ()


def _enter(
    book: Workbook,
    action: str,
    result: str,
    message: str,
    measures: tuple[str, str, float, int] | tuple[None, None, None, None] = (None, None, None, None),
) -> None:
    """Enter a line in the sheet Log; ``measures`` are beta before and after, turnover, trades."""
    at = f"{now():%Y-%m-%d %H:%M:%S} UTC"
    book.append(Sheet.LOG, cells.rectangle([[at, action, result, *measures, message]]))


BUTTONS: dict[str, Button] = {
    button.name: button
    for button in (
        Button(
            name="rebalance",
            label="Rebalance",
            help="Compute new weights as set, and write them as a proposal; the one before is kept.",
            run=rebalance,
        ),
        Button(
            name="restore", label="Restore", help="Swap the proposal with the one before it.", run=restore
        ),
        Button(
            name="orders",
            label="Orders",
            help="Write the proposal's trades as a CSV file into the workbook's folder.",
            run=orders,
        ),
        Button(
            name="report",
            label="Report",
            help="Write the report workbook into the workbook's folder.",
            run=report,
        ),
        Button(
            name="refresh",
            label="Refresh",
            help="Forget what was fetched and computed, and ask again.",
            run=refresh,
        ),
    )
}
"""The buttons that work on the workbook; a host adds those that only show something."""
