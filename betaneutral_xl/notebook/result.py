"""A result that shows, draws, explains and saves itself."""

from __future__ import annotations

import copyreg
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from betaneutral_xl.engine.result import Rebalance
from betaneutral_xl.errors import InputError
from betaneutral_xl.job import explanation, run, views
from betaneutral_xl.job.answer import AnswerPage, answer_page
from betaneutral_xl.job.answer.lines import shown
from betaneutral_xl.job.request import OrderTerms
from betaneutral_xl.model.provenance import now
from betaneutral_xl.notebook import html
from betaneutral_xl.notebook.orders import OrderList, quotes_for
from betaneutral_xl.system.saving import save
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from betaneutral_xl.job.request import Request
    from betaneutral_xl.job.run import Inputs
    from betaneutral_xl.report.contents import Contents

    Prices: TypeAlias = Mapping[str, float] | pd.Series[float] | pd.DataFrame | Path | str | None


def _read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


copyreg.pickle(MappingProxyType, lambda values: (_read_only, (dict(values),)))
"""Results have read-only mappings, which Python does not pickle by itself."""

FORMATS = (".xlsx", ".html", ".pdf")
"""Endings of a report's file."""

SHOWN_TRADES = 10
"""Rows of the table of trades in a notebook."""


class Explanation(str):
    """A text of paragraphs, a line each; its ``repr`` is the text itself, and a notebook shows paragraphs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html.block(*map(html.paragraph, self.splitlines()))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Result(Rebalance):
    """New weights, with what they were computed from.

    Attributes
    ----------
    request
        What was required.
    inputs
        The portfolio, the ETFs and the risk model.

    """

    request: Request
    inputs: Inputs

    @classmethod
    def of(cls, found: Rebalance, request: Request, inputs: Inputs) -> Result:
        """Return an engine's result with its request and inputs."""
        values = {one.name: getattr(found, one.name) for one in fields(found)}
        return cls(**values, request=request, inputs=inputs)

    def __repr__(self) -> str:
        betas = ", ".join(
            f"beta to {name} {views.beta_text(self.before_forecast[name], 2)} -> {views.beta_text(one, 2)}"
            for name, one in self.after_forecast.items()
        )
        return (
            f"<Result: {views.headline(self)}; {betas}; turnover {self.turnover:.1%}, "
            f"{self.traded_names} trades>"
        )

    @cached_property
    def answer(self) -> AnswerPage:
        """The first page of the answer as data: verdict, limits, losses, variance, trades, warnings."""
        return answer_page(run.Outcome(self.request, self.inputs, self))

    def _repr_html_(self) -> str:
        page = self.answer
        lines = [(line.label, *line.texts()) for line in views.lines(self)]
        limits = [(one.label, f"{one.text}", str(one.light)) for one in page.limits]
        return html.block(
            html.title(page.headline),
            html.paragraph(page.verdict),
            html.paragraph(page.advice),
            html.table(("", "Before", "After"), [*lines, *_losses(page)]),
            html.table(("Limit", "May be", "Is"), limits, texts=2) if limits else "",
            html.notes([page.uncertainty]),
            *(html.notes([f"{group.heading}: {line}" for line in group.lines]) for group in page.notices),
            self._trades_html(),
        )

    def _trades_html(self) -> str:
        rows = sorted(self.rows()[:-1], key=lambda row: -abs(float(row[-1])))[:SHOWN_TRADES]
        shown = ((str(row[0]), *(f"{float(row[at]):.2%}" for at in (1, -2, -1))) for row in rows)
        more = self.traded_names - len(rows)
        beside = [f"{more} more trades are in .table."] if more > 0 else []
        return html.table(("Ticker", "Weight", "New weight", "Trade"), shown) + html.notes(beside)

    def explain(self) -> Explanation:
        """Return what was asked, what changes, where the beta comes from and how sure it is, in sentences."""
        return Explanation("\n".join(explanation.paragraphs(self.answer, self)))

    def plot(self, what: str | None = None, ax: Any = None) -> Any:
        """Draw the betas with their intervals, the largest trades and where the beta comes from.

        Parameters
        ----------
        what
            ``betas``, ``trades`` or ``contributions``; by default all three side by side.
        ax
            Matplotlib axes to draw one of them into; by default new ones.

        Returns
        -------
        Axes, or array of Axes
            Matplotlib's, as of pandas; ``.figure`` saves them.

        Raises
        ------
        InputError
            If there is no such picture.
        MissingPackage
            If matplotlib is not installed.

        """
        from betaneutral_xl.notebook.figure import draw

        return draw(self, what, ax)

    def orders(
        self,
        prices: Prices = None,
        *,
        nav: float | str | None = None,
        min_notional: float | str | None = None,
        lot: float | str | None = None,
        trade: str | None = None,
    ) -> OrderList:
        """Return the trades in shares, rounded so that the beta is kept.

        Parameters
        ----------
        prices
            Ticker to price in base currency; or a file of daily prices, of which the last closes up to the
            day of the holdings count; ``demo`` for the sample's. They override the holdings' own prices.
        nav
            Net asset value, base currency; by default that of the holdings.
        min_notional
            Trades of less value are left out, base currency.
        lot
            Shares in a lot; ``fractional``, or a fraction such as 0.001, for fractions of a share.
        trade
            ``names``, or for a hedge ``etfs`` or ``etfs_any_coverage``.

        Raises
        ------
        MissingValue
            If there is no net asset value, or what is traded has no price.
        InputError
            If a price or a term cannot be used.

        """
        quotes = quotes_for(self.aligned.holdings, prices)
        terms = {"order_nav": nav, "min_notional": min_notional, "lot": lot, "trade": trade}
        return OrderList(run.orders(self, quotes, OrderTerms.parse(terms)), quotes)

    def report(
        self,
        path: Path | str,
        prices: Prices = None,
        *,
        stamp: datetime | None = None,
    ) -> Path:
        """Write the report: a workbook of live formulas, a web page or a PDF, as the file's ending says.

        Parameters
        ----------
        path
            A file that ends in ``.xlsx``, ``.html`` or ``.pdf`` (which needs LibreOffice).
        prices
            Prices for its orders, as of ``orders``; by default the holdings' own.
        stamp
            The time that it shows, UTC; by default now.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError
            If the ending is none of these, or the file cannot be written.

        """
        file = Path(path)
        if file.suffix.lower() not in FORMATS:
            msg = f"The report {file.name} must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}."
            raise InputError(msg)
        save(file, _content(file.suffix.lower(), self._contents(prices, stamp)))
        return file

    def _contents(self, prices: Any, stamp: datetime | None) -> Contents:
        from betaneutral_xl.report.assembly import assemble

        quotes = None if prices is None else quotes_for(self.aligned.holdings, prices)
        outcome = run.Outcome(self.request, self.inputs, self)
        return assemble(
            outcome,
            OrderTerms(),
            quotes,
            command="in Python",
            written_at=stamp or now(),
            settings=Settings.from_environment(),
        ).contents

    def to_excel(self, path: Path | str) -> Path:
        """Write weights and measures as a plain workbook of values, for work of your own.

        ``report`` writes the workbook with formulas, checks and provenance.

        Parameters
        ----------
        path
            A file that ends in ``.xlsx``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError
            If the ending is another, or the file cannot be written.

        """
        from betaneutral_xl.notebook.workbook import build

        file = Path(path)
        if file.suffix.lower() != ".xlsx":
            msg = f"The workbook {file.name} must end in .xlsx."
            raise InputError(msg)
        save(file, build(self))
        return file


def _losses(page: AnswerPage) -> list[tuple[str, str, str]]:
    """Return the expected moves if an ETF falls, as rows of the table of measures."""
    pairs = zip(page.losses_before, page.losses_after, strict=True)
    return [
        (
            f"if {before.etf} falls {-before.move:.0%}",
            shown(before.expected, views.Kind.PERCENT),
            shown(after.expected, views.Kind.PERCENT),
        )
        for before, after in pairs
    ]


def _content(suffix: str, contents: Contents) -> bytes:
    from betaneutral_xl import report

    if suffix == ".html":
        return report.build_html(contents)
    workbook = report.build_workbook(contents)
    return workbook if suffix == ".xlsx" else report.build_pdf(workbook)
