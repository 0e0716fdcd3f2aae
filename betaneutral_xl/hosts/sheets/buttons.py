"""The buttons, independent of the host: each is a function from what was read to what is to be written.

``press`` has no access to a workbook: a host reads the button's ``plan`` before, and makes the ``changes``
of its ``Outcome`` after. ``steps`` holds the order of the three for every host.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from betaneutral_xl.errors import BetaNeutralError, HostError, Infeasible, InputError, Unwritable, listing
from betaneutral_xl.hosts.sheets import cells, daily_block, order_list, proposal
from betaneutral_xl.hosts.sheets import proposal_block as written
from betaneutral_xl.hosts.sheets.layout import FILLS, PROPOSAL, TODAY, Sheet
from betaneutral_xl.hosts.sheets.open_workbook import (
    Append,
    Area,
    Change,
    Plan,
    Recalculate,
    Replace,
    Sheets,
    Show,
    Workbook,
)
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.hosts.sheets.task import TASK, Task
from betaneutral_xl.job import views
from betaneutral_xl.job.daily.records import staged as staged_records
from betaneutral_xl.job.time_budget import network_budget
from betaneutral_xl.model.provenance import now
from betaneutral_xl.system.saving import Staged, to_json

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance

REPORTED_GAP = 0.05
"""A button's message names an ETF if more than this weight has no risk data."""

PRESS_SECONDS = 90.0
"""Seconds for which a button may wait for the network in all: a spreadsheet program waits with it."""

Say = Callable[[str], None]
"""Shows a progress text."""

Step = Plan | tuple[Change, ...]
"""What a host is to do: read a plan, or make changes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a button.

    Attributes
    ----------
    message
        For the user.
    error
        If it failed; the changes are then an entry in the sheet Log.
    changes, files
        What is to be written, all of it or nothing: into the workbook, and files by their paths.
    kept
        Likewise, files of the user's records, which no host offers to open.
    data
        What a host with a pane shows, as plain values; None for a button that has only a message.

    """

    message: str
    error: BetaNeutralError | None = None
    changes: tuple[Change, ...] = ()
    files: Mapping[Path, bytes] = field(default_factory=dict, repr=False)
    kept: Mapping[Path, bytes] = field(default_factory=dict, repr=False)
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """One button of the ribbon and of the toolbar; its caption is its name unless it has one of its own."""

    name: str
    help: str
    plan: Plan
    run: Callable[[Sheets, Session, Say], Outcome]
    caption: str = ""

    @property
    def label(self) -> str:
        """What it is called."""
        return self.caption or self.name.capitalize()


def _quiet(_: str) -> None:
    """Show no progress."""


def press(name: str, sheets: Sheets, session: Session, say: Say = _quiet) -> Outcome:
    """Compute the outcome of a button or a view from what its plan has read; write nothing, never raise.

    That of an error has its message, and an entry for the sheet Log as the only change; a view has no change.
    """
    button = named(name)
    try:
        with network_budget(PRESS_SECONDS):
            return button.run(sheets, session, say)
    except BetaNeutralError as error:
        outcome = failed(button.label, error)
    except Exception as error:  # noqa: BLE001 - a button ends with a message, whatever happens
        outcome = failed(button.label, defect(button.label, error, session))
    return replace(outcome, changes=()) if name in VIEWS else outcome


def named(name: str) -> Button:
    """Return the button or the view of a name; raise ``KeyError`` if there is none."""
    return VIEWS[name] if name in VIEWS else BUTTONS[name]


def steps(
    name: str,
    session: Session,
    say: Say = _quiet,
    *,
    also: Plan = Plan(),  # noqa: B008 - it is immutable
    amend: Callable[[Outcome, Sheets], Outcome] = lambda outcome, _: outcome,
) -> Generator[Step, Any, Outcome]:
    """Yield what a host is to do for a button, and return its outcome.

    A plan is answered with the ``Sheets``, changes with None; an error of the host is thrown in. Of a view,
    which has no changes, there is the plan alone. Files are
    written beside their places before the changes are made, and renamed after: both exist, or neither.
    ``amend`` may add to the outcome by what was read, for which a host reads ``also``.
    """
    button = named(name)
    try:
        sheets = yield button.plan + also
        outcome = amend(press(name, sheets, session, say), sheets)
    except Exception as error:  # noqa: BLE001 - a button ends with a message, whatever happens
        return unwritten(button.label, error, session)
    try:
        files = Staged(outcome.files)
        kept = staged_records(outcome.kept, session.settings.records)
    except Unwritable as error:
        outcome, files, kept = failed(button.label, error), Staged({}), Staged({})
    with files, kept:
        try:
            if outcome.changes:
                yield outcome.changes
        except Exception as error:  # noqa: BLE001 - likewise
            if outcome.error is None:
                return unwritten(button.label, error, session)
        try:
            kept.commit()
            files.commit()
        except Unwritable as error:
            return Outcome(str(error), error)
    return outcome


def run_button(
    name: str,
    book: Workbook,
    session: Session,
    also: Plan = Plan(),  # noqa: B008 - it is immutable
    amend: Callable[[Outcome, Sheets], Outcome] = lambda outcome, _: outcome,
) -> Outcome:
    """Read a workbook, press a button, and write what it changes; never raise."""
    work = steps(name, session, book.say, also=also, amend=amend)
    step = next(work)
    try:
        while True:
            try:
                answer = _carry_out(book, step)
            except Exception as error:  # noqa: BLE001 - ``steps`` makes it a message
                step = work.throw(error)
            else:
                step = work.send(answer)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    finally:
        book.say("")


def _carry_out(book: Workbook, step: Step) -> Sheets | None:
    if isinstance(step, Plan):
        return book.read(step)
    book.apply(step)
    return None


def failed(label: str, error: BetaNeutralError, files: Mapping[Path, bytes] | None = None) -> Outcome:
    """Return the outcome of a button that failed: a message, and its entry in the sheet Log."""
    message = str(error).removeprefix(cells.PREFIX)
    return Outcome(message, error, (log_entry(label, "failed", message),), files or {})


def unwritten(label: str, error: Exception, session: Session) -> Outcome:
    """Return the outcome of a button whose host could not read or write: nothing is changed, nor logged."""
    known = error if isinstance(error, BetaNeutralError) else defect(label, error, session)
    return replace(failed(label, known), changes=())


def defect(label: str, error: Exception, session: Session) -> HostError:
    """Log the traceback of an unexpected error, and return what the user is told of it."""
    session.write_log(label, "".join(traceback.format_exception(error)))
    kind = type(error).__name__
    return HostError(f"{kind}: a defect of this program. The traceback is in {session.log.name}.")


# ---------------------------------------------------------------- the buttons


def rebalance(sheets: Sheets, session: Session, say: Say) -> Outcome:
    """Compute a proposal; the former one is kept on the sheet Previous."""
    task = Task.of(sheets, session, say)
    say("Solving ...")
    result = task.solve()
    share_orders = written.ShareOrders.of(task, result)
    rows = written.block(task, result, share_orders)
    old = proposal.on_sheet(sheets, Sheet.PROPOSAL)
    changes: list[Change] = [Replace(Sheet.PROPOSAL, PROPOSAL.headline, rows)]
    if old:
        changes.append(Replace(Sheet.PREVIOUS, PROPOSAL.headline, old))
    message = "\n".join(filter(None, (summary(result), share_orders.reason, *named_warnings(result))))
    measures = (
        "; ".join(map(written.format_beta, result.before.beta.values())),
        "; ".join(map(written.format_beta, result.after.beta.values())),
        result.turnover,
        result.traded_names,
    )
    entry = log_entry("Rebalance", "done", message, measures)
    return Outcome(message, changes=(*changes, entry, Show(Sheet.PROPOSAL)))


def restore(sheets: Sheets, _: Session, __: Say) -> Outcome:
    """Swap the proposal with the previous one."""
    old = proposal.on_sheet(sheets, Sheet.PREVIOUS)
    if not old:
        msg = "There is no previous proposal to restore. Rebalance keeps the previous one."
        raise InputError(msg)
    message = f"Restored: {old[0][0]}. Restore again to swap back."
    return Outcome(
        message,
        changes=(
            Replace(Sheet.PROPOSAL, PROPOSAL.headline, old),
            Replace(Sheet.PREVIOUS, PROPOSAL.headline, proposal.on_sheet(sheets, Sheet.PROPOSAL)),
            log_entry("Restore", "done", message),
            Show(Sheet.PROPOSAL),
        ),
    )


def report(sheets: Sheets, session: Session, say: Say) -> Outcome:
    """Make the report workbook, to be written beside this one."""
    from betaneutral_xl.report import build_workbook
    from betaneutral_xl.report.assembly import assemble

    task = Task.of(sheets, session, say)
    say("Solving ...")
    outcome = task.answer()
    path = _new_file(sheets, "report", "xlsx")
    say(f"Making {path.name} ...")
    quotes = None if outcome.infeasible else task.quotes(outcome.inputs.holdings)
    assembled = assemble(
        outcome, task.terms, quotes, command="Report button", written_at=now(), settings=session.settings
    )
    files = {path: build_workbook(assembled.contents)}
    if outcome.infeasible is not None:
        msg = f"{outcome.infeasible} {file_and_folder(path)} says why, and proposes nothing."
        error = Infeasible(msg, tickers=outcome.infeasible.tickers, reachable=outcome.reachable)
        return failed("Report", error, files)
    notes = "".join(f" {note}" for note in assembled.notes)
    message = f"Report: {file_and_folder(path)}.{_difference_to_proposal(sheets, outcome.result)}{notes}"
    return Outcome(message, changes=(log_entry("Report", "done", message),), files=files)


def _difference_to_proposal(sheets: Sheets, result: Rebalance) -> str:
    """Return a note for the message if the report differs from the proposal on the sheet, else ""."""
    rows = proposal.on_sheet(sheets, Sheet.PROPOSAL)
    if not rows:
        return ""
    try:
        difference = proposal.difference(proposal.Proposed.of(rows), result)
    except InputError as error:
        return f" It is for the current settings; the proposal cannot be compared: {error}"
    if not difference:
        return ""
    return f" It is for the current settings; the proposal on the sheet differs in {difference}."


def orders(sheets: Sheets, session: Session, say: Say) -> Outcome:
    """Make the orders of the proposal on the sheet, as a CSV file for the trading desk."""
    proposed = _proposed(sheets, "make orders for")
    task = Task.of(sheets, session, say)
    say("Making orders ...")
    result = order_list.verified(task, proposed)
    made, quotes = order_list.orders_of(task, result)
    violations = order_list.violated_limits(task, result)
    path = _new_file(sheets, "orders", "csv")
    content = order_list.as_csv(proposed, made, quotes, violations).encode("utf-8-sig")
    summed_up = order_list.summary(proposed, made, file_and_folder(path), violations)
    message = f"{summed_up} {written.after_orders(made)}"
    return Outcome(message, changes=(log_entry("Orders", "done", message),), files={path: content})


def _proposed(sheets: Sheets, what: str) -> proposal.Proposed:
    """Return the proposal on the sheet; ``what`` is to be done with it."""
    rows = proposal.on_sheet(sheets, Sheet.PROPOSAL)
    if not rows:
        msg = f"There is no proposal to {what}. Press Rebalance first."
        raise InputError(msg)
    return proposal.Proposed.of(rows)


def _new_file(sheets: Sheets, what: str, ending: str) -> Path:
    return sheets.new_file(what, f"{now():%Y-%m-%d %H%M%S}", ending)


def file_and_folder(path: Path) -> str:
    """Return the name of a file and of its folder, which is not the workbook's if that is in the cloud."""
    return f"{path.name}, in the folder {path.resolve().parent.name}"


def accept(sheets: Sheets, session: Session, say: Say) -> Outcome:
    """Keep the proposal on the sheet as what was decided, with its orders and the snapshot of its inputs."""
    proposed = _proposed(sheets, "accept")
    task = Task.of(sheets, session, say)
    say("Keeping the proposal ...")
    message, kept = daily_block.accepting(task, proposed)
    return Outcome(message, changes=(log_entry("Accept", "done", message),), kept=kept)


def today(sheets: Sheets, session: Session, say: Say) -> Outcome:
    """Compare the inputs with the accepted proposal, and write what became of it."""
    task = Task.of(sheets, session, say)
    say("Comparing with the accepted proposal ...")
    day = daily_block.Day.of(sheets, task)
    betas = "; ".join(written.format_beta(one.forecast.beta) for one in day.found.betas)
    entry = log_entry("Today", str(day.found.verdict), day.message, (betas, None, None, None))
    return Outcome(
        day.message,
        changes=(Replace(Sheet.TODAY, TODAY.headline, day.rows()), entry, Show(Sheet.TODAY)),
        kept=day.kept,
    )


def refresh(_: Sheets, session: Session, __: Say) -> Outcome:
    """Clear all results, so that the formulas fetch again."""
    session.refresh()
    message = "All data are fetched and computed again."
    return Outcome(message, changes=(Recalculate(), log_entry("Refresh", "done", message)))


def check(_: Sheets, session: Session, __: Say) -> Outcome:
    """Return the version that answers, and whether the cache can be written and the web API responds."""
    from betaneutral_xl import __version__

    return Outcome(f"betaneutral_xl {__version__} answers. {installation(session)}")


def installation(session: Session) -> str:
    """Return whether the cache can be written, all packages be used, and the web API responds."""
    from betaneutral_xl.job.health import api_status, cache_status, package_status

    return f"{cache_status(session.settings)} {package_status()} {api_status(session.settings)}"


MAX_LOG_LINES = 20
"""Lines of the log that its button shows, the last ones."""


def show_log(_: Sheets, session: Session, __: Say) -> Outcome:
    """Return the end of the log of defects."""
    if not session.log.exists():
        return Outcome("The log is empty: no defect of a function or button was recorded.")
    lines = session.log.read_text(encoding="utf-8").splitlines()
    return Outcome("\n".join([f"{session.log} ends with:", "", *lines[-MAX_LOG_LINES:]]))


def answer(sheets: Sheets, session: Session, say: Say) -> Outcome:
    """Compute the answer page of the settings, and write nothing."""
    from betaneutral_xl.job.answer import full_page, record

    task = Task.of(sheets, session, say)
    say("Solving ...")
    found = task.answer()
    say("Comparing the alternatives ...")
    page = record(full_page(found, nav=None if found.infeasible else task.net_asset_value(found.result)))
    return Outcome(str(page["verdict"]), data=json.loads(to_json(page)))


# ---------------------------------------------------------------- shared


def summary(result: Rebalance) -> str:
    """Return a rebalance in one line: beta before and after with its interval, turnover, trades, gaps."""
    betas = ", ".join(
        f"beta to {name} {views.beta_text(result.before_forecast[name], 2, '+/-')} -> "
        f"{views.beta_text(result.after_forecast[name], 2, '+/-')}"
        for name in result.etf_names
    )
    traded = written.counted(result.traded_names, "trade")
    coverage = result.coverage
    missing = [(name, gap.weight) for name, gap in coverage.etfs.items() if gap.weight > REPORTED_GAP]
    if coverage.held:
        gross = float(np.abs(result.weights[~result.aligned.covered]).sum())
        missing.insert(0, (f"the holdings ({listing(coverage.held.tickers)})", gross))
    warned = "".join(f"; {weight:.1%} of {what} without risk data" for what, weight in missing)
    warned += f"; {written.counted(len(result.warnings), 'warning')}" if result.warnings else ""
    line = f"{betas}; turnover {result.turnover:.1%}, {traded}{warned}."
    return f"{line[0].upper()}{line[1:]}"


NAMED = 3
"""Number of warnings that a message names."""

SHORT = 160
"""Largest number of characters of a warning in a message."""


def named_warnings(result: Rebalance) -> tuple[str, ...]:
    """Return the worst warnings as lines of a message, and where the others are."""
    lines = tuple(f"- {_short(one)}" for one in written.by_severity(result.warnings)[:NAMED])
    others = len(result.warnings) - NAMED
    return (*lines, f"- and {others} more, on the sheet {Sheet.PROPOSAL}.") if others > 0 else lines


def _short(warning: str) -> str:
    """Return a warning without what is after its last whole word that fits."""
    return warning if len(warning) <= SHORT else f"{warning[:SHORT].rsplit(' ', 1)[0]} ..."


def log_entry(
    action: str,
    result: str,
    message: str,
    measures: tuple[str | None, str | None, float | None, int | None] = (None, None, None, None),
) -> Append:
    """Return a line for the sheet Log; ``measures`` are beta before and after, turnover, trades."""
    at = f"{now():%Y-%m-%d %H:%M:%S} UTC"
    line = " ".join(message.split())
    return Append(Sheet.LOG, cells.rectangle([[at, action, result, *measures, line]], cells.MAX_WRITTEN))


_SHOWN = Plan(areas=(Area(Sheet.PROPOSAL, PROPOSAL.headline),))
_BEFORE = Plan(areas=(Area(Sheet.PREVIOUS, PROPOSAL.headline),))

BUTTONS: dict[str, Button] = {
    button.name: button
    for button in (
        Button(
            "rebalance",
            "Compute new weights for the settings and write them as a proposal; the previous is kept.",
            TASK + _SHOWN,
            rebalance,
        ),
        Button("restore", "Swap the proposal with the previous one.", _SHOWN + _BEFORE, restore),
        Button(
            "orders",
            "Write the proposal's orders as a CSV file into the workbook's folder.",
            TASK + _SHOWN,
            orders,
        ),
        Button("report", "Write the report workbook into the workbook's folder.", TASK + _SHOWN, report),
        Button(
            "accept",
            "Keep the proposal as what was decided, with its orders and inputs; Today compares with it.",
            TASK + _SHOWN,
            accept,
        ),
        Button(
            "today",
            "See whether the accepted hedge is still good, what moved the beta, and what trading costs.",
            TASK + Plan(names=(FILLS,)),
            today,
        ),
        Button("refresh", "Fetch and compute all data again.", Plan(), refresh),
        Button(
            "check",
            "Compare the versions that are installed; test the cache and the network.",
            Plan(),
            check,
            "Check installation",
        ),
        Button("log", "Show the tracebacks of defects of this program.", Plan(), show_log, "Open log"),
    )
}
"""The buttons of every host; a host adds those that only move in the workbook or show its help."""

VIEWS: dict[str, Button] = {
    "answer": Button("answer", "Show the answer for the settings, and write nothing.", TASK, answer),
}
"""What a host with a pane shows: pressed as buttons are, with ``data`` as the outcome and no change."""
