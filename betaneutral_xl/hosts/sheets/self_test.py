"""What the self-test workbook asks each worksheet function and each button, and the known answers.

Every question is about the embedded sample. ``known`` are figures that were computed once and are part of the
source; the whole tables come from the session that builds the workbook. So a row shows whether this machine
computes what others do, and whether the spreadsheet program shows what the functions return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from betaneutral_xl import __version__
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import PROPOSAL, Sheet
from betaneutral_xl.hosts.sheets.session import Rows, Session
from betaneutral_xl.job.options import SAMPLE

TOLERANCE = 1e-9
"""Difference of numbers, relative to 1 + their size, within which they count as equal."""

VARIES = "*"
"""An expected cell that differs from run to run: any content is as expected."""

LIMITS: Rows = (("long_only", True), ("upper", 0.08))
"""The limits of BN_FEASIBLE: long only with at most 8 % a name, which beta 0 does not allow."""


@dataclass(frozen=True, slots=True)
class TableOf:
    """An argument that is the table of another function, or the limits under ``LIMITS``."""

    function: str


LIMITS_TABLE = TableOf("limits")

Argument = TableOf | str | float | bool | None


@dataclass(frozen=True, slots=True)
class Case:
    """A call of a function, and one figure of its result.

    Attributes
    ----------
    arguments
        In order.
    figure
        What the figure is, in words.
    place
        Its row and column in the result, from 0.
    known
        Its value.
    varying_columns, varying_rows
        Columns below their headers, and rows right of their names, whose cells differ from run to run.
    fails_first
        A call that fails before this one is made, for what the function says of it.

    """

    arguments: tuple[Argument, ...]
    figure: str
    place: tuple[int, int]
    known: str | float
    varying_columns: tuple[str, ...] = ()
    varying_rows: tuple[str, ...] = ()
    fails_first: tuple[str, str] | None = None


_HOLDINGS, _ETF, _RISK = TableOf("FETCH_HOLDINGS"), TableOf("LOAD_ETF"), TableOf("COVARIANCE")
_PROBLEM = (_HOLDINGS, _ETF, _RISK)

CASES: Mapping[str, Case] = MappingProxyType(
    {
        "FETCH_HOLDINGS": Case((SAMPLE,), "weight of MSFT", (1, 4), 0.08999056903762281),
        "LOAD_ETF": Case((SAMPLE,), "weight of TSM in JHAI", (1, 2), 0.1458),
        "BN_NAMES": Case((_HOLDINGS, _ETF), "last ticker", (74, 0), "WDAY"),
        "COVARIANCE": Case(
            (TableOf("BN_NAMES"), SAMPLE, None, True), "handle", (0, 0), "cov#cc3f4f0a4b69 [73x73]"
        ),
        "BN_MATRIX": Case((_RISK,), "variance of AAPL", (1, 1), 0.08186089976),
        "BETA_NEUTRAL": Case(_PROBLEM, "new weight of NVDA", (53, 4), 0.00994742096245109),
        "BN_EXPOSURE": Case(_PROBLEM, "beta to JHAI before", (1, 1), 0.5222519166842091),
        "BN_BETAS": Case(_PROBLEM, "beta of NVDA", (1, 3), 1.278305111089278),
        "BN_FEASIBLE": Case((*_PROBLEM, 0.0, LIMITS_TABLE), "lowest beta", (1, 2), 0.05478094573676795),
        "BN_COMPARE": Case(_PROBLEM, "volatility, hedged by the ETF", (2, 4), 0.15322616899131208),
        "BN_PRICES": Case((_HOLDINGS, _ETF, SAMPLE), "price of JHAI", (75, 1), 26.2356),
        "BN_ORDERS": Case(
            (TableOf("BETA_NEUTRAL"), TableOf("BN_PRICES")), "shares of TSM to sell short", (1, 2), 2766.0
        ),
        "BN_ANSWER": Case((*_PROBLEM, 0.0, "hedge"), "tracking error", (18, 2), 0.13836588093014152),
        "BN_STATUS": Case(
            (TableOf("BETA_NEUTRAL"),),
            "source of the holdings",
            (1, 1),
            "embedded sample",
            varying_columns=("fetched_at", "age_days"),
        ),
        "BN_LAST_ERROR": Case(
            (),
            "function that failed",
            (1, 1),
            "BN_MATRIX",
            varying_rows=("at",),
            fails_first=("BN_MATRIX", "no handle"),
        ),
        "BN_VERSION": Case((), "version", (0, 0), f"betaneutral_xl {__version__}"),
    }
)
"""The cases by function, each after those whose tables it takes."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a button leaves in the workbook.

    Attributes
    ----------
    figure
        What is looked at, in words.
    known
        Its value after the button.
    cell
        The address of it; None for the beginning of the button's message in the sheet Log.

    """

    figure: str
    known: str | float
    cell: str | None = None


_TABLE = PROPOSAL.table + 1

EFFECTS: Mapping[str, tuple[Effect, ...]] = MappingProxyType(
    {
        "rebalance": (
            Effect("largest trade", "TSM", f"{Sheet.PROPOSAL}!$A${_TABLE}"),
            Effect("its size", -0.07627398225711433, f"{Sheet.PROPOSAL}!$C${_TABLE}"),
            Effect("volatility after", 0.15322616899131208, f"{Sheet.PROPOSAL}!$C${PROPOSAL.measures + 2}"),
        ),
        "restore": (Effect("message", "Restored: quant_paper to JHAI"),),
        "orders": (Effect("message", "Orders: 45 in "),),
        "report": (Effect("message", "Report: "),),
        "refresh": (Effect("message", "All data are fetched"),),
    }
)
"""The effects by button; Restore needs a second Rebalance before it."""

SEEN = {
    "check": f"betaneutral_xl {__version__} answers, and what it says of the network",
    "log": "the log is empty, or its last lines",
}
"""What buttons show that write nothing into the workbook."""

LEFT_OUT = {
    "accept": "not tested here: it would keep the sample's proposal as decided for the fund",
    "today": "not tested here: it compares with what Accept has kept",
}
"""Why buttons are not to be pressed."""

ORDER = ("rebalance", "rebalance", "restore", "orders", "report", "refresh", "check", "log")
"""In which order to press them."""


def tables(session: Session) -> dict[str, Rows]:
    """Return the whole result of each case by function, with ``VARIES`` where it varies, and the limits."""
    found: dict[str, Rows] = {LIMITS_TABLE.function: LIMITS}
    for name, case in CASES.items():
        if case.fails_first is not None:
            function, argument = case.fails_first
            session.call(BY_NAME[function], argument)
        given = [found[one.function] if isinstance(one, TableOf) else one for one in case.arguments]
        found[name] = _masked(session.answer(BY_NAME[name], *given), case)
    return found


def _masked(rows: Rows, case: Case) -> Rows:
    """Replace the cells that differ from run to run."""
    head = rows[0]
    return tuple(
        tuple(
            VARIES if (i and head[j] in case.varying_columns) or (j and row[0] in case.varying_rows) else cell
            for j, cell in enumerate(row)
        )
        for i, row in enumerate(rows)
    )
