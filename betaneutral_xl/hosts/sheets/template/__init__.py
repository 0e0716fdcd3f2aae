"""The template workbook, written to the positions of ``layout``.

Every formula is written with its value for the embedded sample, so that readers which do not
calculate (previews, phones, pandas) show numbers, not zeros. LibreOffice without the extension
recalculates array formulas in any case, and shows #NAME?.
"""

from __future__ import annotations

import io
from datetime import datetime

from betaneutral_xl import __version__
from betaneutral_xl.hosts.sheets.answering import Part
from betaneutral_xl.hosts.sheets.cells import Grid
from betaneutral_xl.hosts.sheets.functions import BY_NAME
from betaneutral_xl.hosts.sheets.layout import LIMIT_ROWS
from betaneutral_xl.hosts.sheets.self_test import tables
from betaneutral_xl.hosts.sheets.session import Rows, Session
from betaneutral_xl.hosts.sheets.template import (
    hidden,
    mandate_sheet,
    neutral_sheet,
    orders,
    proposal_sheet,
    self_test_sheets,
    settings_sheet,
    start_sheet,
    table_sheets,
    today_sheet,
)
from betaneutral_xl.hosts.sheets.template.canvas import Template
from betaneutral_xl.hosts.sheets.template.hidden import BUILT_WITH
from betaneutral_xl.job.options import SAMPLE

__all__ = ["BUILT_WITH", "build", "differences"]

CREATED = datetime(2025, 11, 18)  # noqa: DTZ001 - a fixed day, so that the same sources give the same bytes
"""The template's date of creation: the sample's date."""

CALCULATED_BY = 191029
"""The calculation engine of Excel 2019 and newer: a file of an older one is calculated anew when opened."""


def build(
    session: Session, *, vba: bytes | None = None, xlwings: str | None = None, self_test: bool = False
) -> bytes:
    """Return the template as an .xlsx, with the formulas' values for the sample.

    With a macro project, made for a version of xlwings, it is an .xlsm without its ribbon, with the buttons
    and the sheets that only Excel needs. One for a self-test begins with the sheets that compare functions
    and buttons with known answers.
    """
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties(
        {
            "title": "Beta Neutral",
            "subject": "Make a portfolio beta-neutral to ETFs",
            "author": "betaneutral_xl",
            "created": CREATED,
        }
    )
    book.set_size(2400, 1500)
    book.set_calc_mode("auto", CALCULATED_BY)
    # The template's formulas have their values, and a reader may have no Python; the self-test has none.
    book.calc_on_load = self_test
    versions = {"betaneutral_xl": __version__, **({"xlwings": xlwings} if xlwings else {})}
    canvas = Template(book, versions, vba is not None)
    results = sample_results(session)
    sheets = self_test_sheets.self_test_sheets(canvas, tables(session)) if self_test else []
    sheets += [
        start_sheet.start(canvas, results),
        settings_sheet.settings(canvas),
        table_sheets.holdings(canvas, results),
        table_sheets.etf(canvas, results),
        table_sheets.covariance(canvas, results),
        neutral_sheet.neutral(canvas, results),
        orders.orders(canvas, results),
        proposal_sheet.proposal(canvas),
        today_sheet.today(canvas),
        mandate_sheet.mandate(canvas),
        proposal_sheet.log(canvas),
        proposal_sheet.previous(canvas),
    ]
    if vba is not None:
        sheets += [hidden.xlwings(canvas), hidden.intellisense(canvas)]
        book.add_vba_project(io.BytesIO(vba), is_stream=True)
        book.set_vba_name("ThisWorkbook")
        for number, sheet in enumerate(sheets, start=1):
            sheet.set_vba_name(f"Sheet{number}")
    sheets[0].activate()
    book.close()
    return stream.getvalue()


def differences(about: Grid, xlwings: str) -> str:
    """Return the versions on a sheet xlwings.conf that are not the installed ones, in words; "" if none."""
    built = {str(row[0]): str(row[1]) for row in about.rows if about.width > 1 and row[1] is not None}
    different = [
        f"{what} {then}, but {installed} is installed"
        for what, installed in (("betaneutral_xl", __version__), ("xlwings", xlwings))
        if (then := built.get(BUILT_WITH[what], "an unknown version")) != installed
    ]
    return f"built with {'; with '.join(different)}" if different else ""


def sample_results(session: Session) -> dict[str, Rows]:
    """Return the result of each formula of the template for the sample."""

    def answer(name: str, *values: object) -> Rows:
        return session.answer(BY_NAME[name], *values)

    holdings, etf = answer("FETCH_HOLDINGS", SAMPLE), answer("LOAD_ETF", SAMPLE)
    limits = [(row.name, None, row.default) for row in LIMIT_ROWS]
    risk = answer("COVARIANCE", answer("BN_NAMES", holdings, etf), SAMPLE, None, "TRUE")
    problem = (holdings, etf, risk, 0.0, "hedge", limits)
    weights = answer("BETA_NEUTRAL", *problem)
    prices = answer("BN_PRICES", holdings, etf, SAMPLE)
    return {
        "holdings": holdings,
        "etf": etf,
        "risk": risk,
        "matrix": answer("BN_MATRIX", risk),
        "weights": weights,
        "exposure": answer("BN_EXPOSURE", *problem),
        "prices": prices,
        "orders": answer("BN_ORDERS", weights, prices),
        "version": answer("BN_VERSION"),
        **{f"answer {part}": answer("BN_ANSWER", *problem, str(part)) for part in Part},
    }
