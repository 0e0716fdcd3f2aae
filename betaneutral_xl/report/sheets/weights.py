"""The sheet Weights: the aligned table, as the command line prints it, by formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl.utils import get_column_letter

from betaneutral_xl.rebalance import CASH, Method
from betaneutral_xl.report import style
from betaneutral_xl.report.cells import Formula, lookup_key
from betaneutral_xl.report.tables import FIRST_ROW, Column, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from betaneutral_xl.report.book import Book
    from betaneutral_xl.report.cells import Canvas
    from betaneutral_xl.report.contents import Contents

WEIGHT = 2
"""The column of the original weights; the ETFs' weights and betas follow, then new weight and trade."""


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write a row a ticker, and the cash line below the table."""
    result = contents.result
    k = len(result.etf_names)
    tickers, names = result.tickers, result.columns
    covered = result.aligned.covered.tolist()
    new_weight = WEIGHT + 2 * k + 1

    def found(source: str, key: str, labels: str) -> str:
        return f"_xlfn.IFNA(INDEX({source},MATCH({key},{labels},0)),0)"

    def key(row: int, i: int) -> str:
        return lookup_key(f"$A{row}", tickers[i])

    columns = [
        Column(heading=names[0], values=list(tickers), look=style.LABEL, name="ticker"),
        Column(
            heading=names[1],
            values=result.weights.tolist(),
            look=style.calculated(style.PERCENT),
            formula=lambda row, i: found("held_weight", key(row, i), "held_ticker"),
            name="weight",
        ),
    ]
    for e in contents.etfs:
        columns.append(
            Column(
                heading=names[WEIGHT + e - 1],
                values=result.aligned.etf_weights[:, e - 1].tolist(),
                look=style.calculated(style.PERCENT),
                formula=lambda row, i, e=e: found("etf_weight", f'"{e} "&{key(row, i)}', "etf_key"),
                name=f"etf_weight_{e}",
            )
        )
    for e in contents.etfs:
        columns.append(
            Column(
                heading=names[WEIGHT + k + e - 1],
                values=result.predicted_beta[:, e - 1].tolist(),
                look=style.calculated(style.NUMBER),
                formula=lambda row, i, e=e: (
                    f"INDEX(name_beta_{e},MATCH({key(row, i)},beta_ticker,0))" if covered[i] else None
                ),
                name=f"beta_{e}",
            )
        )
    columns += [
        Column(
            heading=names[new_weight - 1],
            values=result.new_weights.tolist(),
            look=style.calculated(style.PERCENT),
            formula=_new_weight(contents),
            name="new_weight",
        ),
        Column(
            heading=names[new_weight],
            values=result.trades.tolist(),
            look=style.calculated(style.SIGNED_PERCENT),
            formula=lambda row, _: f"{get_column_letter(new_weight)}{row}-B{row}",
            name="trade",
        ),
    ]
    if columns[-2].formula is None:
        columns[-2] = _solved(columns[-2])
    weighed = [way for way in contents.ways if way.result is not None]
    columns += [
        Column(
            heading=way.name,
            values=result_of_way.new_weights.tolist(),
            look=style.from_python(style.PERCENT),
            name=f"way_{j}",
        )
        for j, (way, result_of_way) in enumerate(zip(weighed, contents.weighed_ways, strict=True), start=1)
    ]
    place(book, canvas, "tblWeights", columns, printed_below=1)
    _cash(canvas, contents, FIRST_ROW + len(tickers), new_weight)


def _new_weight(contents: Contents) -> Callable[[int, int], str] | None:
    """Return the formula of the new weights, where the method has one."""
    result = contents.result
    covered = result.aligned.covered.tolist()
    k = len(result.etf_names)

    def hedged(row: int, i: int) -> str:
        sold = (f"-{get_column_letter(WEIGHT + e)}{row}*hedge_ratio_{e}" for e in contents.etfs)
        return f"B{row}{''.join(sold)}" if covered[i] else f"B{row}"

    def scaled(row: int, i: int) -> str:
        return f"B{row}*{get_column_letter(WEIGHT + k + 1)}{row}" if covered[i] else f"B{row}"

    return {Method.HEDGE: hedged, Method.SCALED: scaled}.get(result.method)


def _solved(column: Column) -> Column:
    """Return a column of values that a solver found, marked as such."""
    return Column(
        heading=column.heading,
        values=column.values,
        look=style.from_python(style.PERCENT),
        name=column.name,
    )


def _cash(canvas: Canvas, contents: Contents, row: int, new_weight: int) -> None:
    result = contents.result
    canvas.put(row, 1, CASH, style.LABEL)
    canvas.paint(row, range(2, new_weight + 2), style.CELL)
    percent = style.calculated(style.PERCENT)
    old, new = get_column_letter(WEIGHT), get_column_letter(new_weight)
    for e in contents.etfs:
        canvas.put(row, WEIGHT + len(contents.etfs) + e, 0.0, style.calculated(style.NUMBER))
    canvas.put(row, WEIGHT, Formula("cash_before", result.before.cash), percent)
    canvas.put(row, new_weight, Formula("cash_after", result.after.cash), percent)
    change = result.after.cash - result.before.cash
    canvas.put(row, new_weight + 1, Formula(f"{new}{row}-{old}{row}", change), style.calculated(style.SIGNED_PERCENT))
