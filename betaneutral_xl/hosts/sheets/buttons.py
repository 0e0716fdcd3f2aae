"""The buttons, independent of the host: read the settings, compute, write a proposal, keep the old one.

A host passes a ``Workbook`` and shows the ``Outcome``. Nothing is written before everything is
computed; each block is written at once.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.errors import BetaNeutralError, HostError, Infeasible, InputError, listing
from betaneutral_xl.hosts.sheets import cells, order_list, proposal
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.open_workbook import Workbook
from betaneutral_xl.hosts.sheets.task import Task
from betaneutral_xl.job import views
from betaneutral_xl.model.provenance import now
from betaneutral_xl.system.saving import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.hosts.sheets.session import Session

__all__ = ["BUTTONS", "Button", "Outcome", "Workbook", "enter", "press"]

REPORTED_GAP = 0.05
"""A button's message names an ETF if more than this weight has no risk data."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a button: a message for the user, and the error if it failed."""

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
    """Run a button; never raise.

    Parameters
    ----------
    name
        A key of ``BUTTONS``.
    book
        The workbook.
    session
        The state of the process.

    Returns
    -------
    Outcome
        On an error its message, which is also entered in the sheet Log; nothing else is changed.

    """
    button = BUTTONS[name]
    try:
        with book.suspended():
            return Outcome(button.run(book, session))
    except BetaNeutralError as error:
        outcome = Outcome(str(error).removeprefix(cells.PREFIX), error)
    except Exception as error:  # noqa: BLE001 - a button ends with a message, whatever happens
        session.write_log(button.label, traceback.format_exc())
        line = f"{type(error).__name__}: a defect of this program. The traceback is in {session.log.name}."
        outcome = Outcome(line, HostError(line))
    finally:
        book.say("")
    try:
        enter(book, button.label, "failed", outcome.message)
    except Exception:  # noqa: BLE001 - the message must reach the user, with or without the entry
        session.write_log(button.label, traceback.format_exc())
    return outcome


# ---------------------------------------------------------------- the buttons


def rebalance(book: Workbook, session: Session) -> str:
    """Compute a proposal and write it; the former one is kept on the sheet Previous."""
    task = Task.of(book, session)
    result = solved(book, task)
    book.say("Writing the proposal ...")
    share_orders = proposal.ShareOrders.of(task, result)
    rows = proposal.block(task, result, share_orders)
    old = proposal.on_sheet(book, Sheet.PROPOSAL)
    # In this order, so that no proposal is lost if a sheet cannot be written to.
    book.replace(Sheet.PROPOSAL, PROPOSAL.headline, rows)
    if old:
        book.replace(Sheet.PREVIOUS, PROPOSAL.headline, old)
    message = " ".join(filter(None, (summary(result), share_orders.reason)))
    measures = (
        "; ".join(map(proposal.format_beta, result.before.beta.values())),
        "; ".join(map(proposal.format_beta, result.after.beta.values())),
        result.turnover,
        result.traded_names,
    )
    enter(book, "Rebalance", "done", message, measures)
    return message


def restore(book: Workbook, _: Session) -> str:
    """Swap the proposal with the previous one."""
    old = proposal.on_sheet(book, Sheet.PREVIOUS)
    if not old:
        msg = "There is no previous proposal to restore. Rebalance keeps the previous one."
        raise InputError(msg)
    current = proposal.on_sheet(book, Sheet.PROPOSAL)
    book.replace(Sheet.PROPOSAL, PROPOSAL.headline, old)
    book.replace(Sheet.PREVIOUS, PROPOSAL.headline, current)
    message = f"Restored: {old[0][0]}. Restore again to swap back."
    enter(book, "Restore", "done", message)
    return message


def report(book: Workbook, session: Session) -> str:
    """Write the report workbook beside this one."""
    from betaneutral_xl.report import build_workbook
    from betaneutral_xl.report.assembly import assemble

    task = Task.of(book, session)
    book.say("Solving ...")
    outcome = task.answer()
    path = _new_file(book, "report", "xlsx")
    book.say(f"Writing {path.name} ...")
    quotes = None if outcome.infeasible else task.quotes(outcome.inputs.holdings)
    assembled = assemble(outcome, task.terms, quotes, command="Report button", written_at=now())
    save(path, build_workbook(assembled.contents))
    if outcome.infeasible is not None:
        msg = f"{outcome.infeasible} {file_and_folder(path)} says why, and proposes nothing."
        raise Infeasible(msg, tickers=outcome.infeasible.tickers, reachable=outcome.reachable)
    notes = "".join(f" {note}" for note in assembled.notes)
    message = f"Report: {file_and_folder(path)}.{_difference_to_proposal(book, outcome.result)}{notes}"
    enter(book, "Report", "done", message)
    return message


def _difference_to_proposal(book: Workbook, result: Rebalance) -> str:
    """Return a note for the message if the report differs from the proposal on the sheet, else ""."""
    rows = proposal.on_sheet(book, Sheet.PROPOSAL)
    if not rows:
        return ""
    try:
        difference = proposal.difference(proposal.Proposed.of(rows), result)
    except InputError as error:
        return f" It is for the current settings; the proposal cannot be compared: {error}"
    if not difference:
        return ""
    return f" It is for the current settings; the proposal on the sheet differs in {difference}."


def orders(book: Workbook, session: Session) -> str:
    """Write the whole-share orders of the proposal on the sheet as a CSV file for the trading desk."""
    rows = proposal.on_sheet(book, Sheet.PROPOSAL)
    if not rows:
        msg = "There is no proposal to make orders for. Press Rebalance first."
        raise InputError(msg)
    proposed = proposal.Proposed.of(rows)
    task = Task.of(book, session)
    book.say("Making orders ...")
    result = order_list.verified(task, proposed)
    made, quotes = order_list.orders_of(task, result)
    violations = order_list.violated_limits(task, result)
    path = _new_file(book, "orders", "csv")
    save(path, order_list.as_csv(proposed, made, quotes, violations).encode("utf-8-sig"))
    written = order_list.summary(proposed, made, file_and_folder(path), violations)
    message = f"{written} {proposal.after_orders(made)}"
    enter(book, "Orders", "done", message)
    return message


def _new_file(book: Workbook, what: str, ending: str) -> Path:
    """Return an unused path in the workbook's folder: its name, the kind of file, the time."""
    stem = f"{book.stem} {what} {now():%Y-%m-%d %H%M%S}"
    paths = (book.folder / f"{stem}{again}.{ending}" for again in ("", *(f" ({i})" for i in range(2, 100))))
    return next(path for path in paths if not path.exists())


def file_and_folder(path: Path) -> str:
    """Return the name of a file and of its folder, which is not the workbook's if that is in the cloud."""
    return f"{path.name}, in the folder {path.resolve().parent.name}"


def refresh(book: Workbook, session: Session) -> str:
    """Clear all results, so that the formulas fetch again."""
    session.refresh()
    book.recalculate()
    message = "All data are fetched and computed again."
    enter(book, "Refresh", "done", message)
    return message


# ---------------------------------------------------------------- shared


def solved(book: Workbook, task: Task) -> Rebalance:
    """Return the rebalance of a task, and show the progress."""
    book.say("Solving ...")
    return task.solve()


def summary(result: Rebalance) -> str:
    """Return a rebalance in one line: beta before and after with its interval, turnover, trades, gaps."""
    betas = ", ".join(
        f"beta to {name} {views.beta_text(result.before_forecast[name], 2, '+/-')} -> "
        f"{views.beta_text(result.after_forecast[name], 2, '+/-')}"
        for name in result.etf_names
    )
    traded = _counted(result.traded_names, "trade")
    coverage = result.coverage
    missing = [(name, gap.weight) for name, gap in coverage.etfs.items() if gap.weight > REPORTED_GAP]
    if coverage.held:
        gross = float(np.abs(result.weights[~result.aligned.covered]).sum())
        missing.insert(0, (f"the holdings ({listing(coverage.held.tickers)})", gross))
    warned = "".join(f"; {weight:.1%} of {what} without risk data" for what, weight in missing)
    warned += f"; {_counted(len(result.warnings), 'warning')}" if result.warnings else ""
    line = f"{betas}; turnover {result.turnover:.1%}, {traded}{warned}."
    return f"{line[0].upper()}{line[1:]}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def enter(
    book: Workbook,
    action: str,
    result: str,
    message: str,
    measures: tuple[str, str, float, int] | tuple[None, None, None, None] = (None, None, None, None),
) -> None:
    """Append a line to the sheet Log; ``measures`` are beta before and after, turnover, trades."""
    at = f"{now():%Y-%m-%d %H:%M:%S} UTC"
    book.append(Sheet.LOG, cells.rectangle([[at, action, result, *measures, message]]))


BUTTONS: dict[str, Button] = {
    button.name: button
    for button in (
        Button(
            name="rebalance",
            label="Rebalance",
            help="Compute new weights for the settings and write them as a proposal; the previous is kept.",
            run=rebalance,
        ),
        Button(name="restore", label="Restore", help="Swap the proposal with the previous one.", run=restore),
        Button(
            name="orders",
            label="Orders",
            help="Write the proposal's whole-share orders as a CSV file into the workbook's folder.",
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
            help="Fetch and compute all data again.",
            run=refresh,
        ),
    )
}
"""The buttons that work on the workbook; a host adds its own for display only."""
