"""The sheet Weights: the aligned table by formulas, as printed by the command line."""

from __future__ import annotations

from collections.abc import Callable

from openpyxl.utils import get_column_letter

from betaneutral_xl.engine.result import Method
from betaneutral_xl.model.positions import CASH
from betaneutral_xl.report import style
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas, Formula, lookup_key
from betaneutral_xl.report.checked_tables import FIRST_ROW, Column, looked_up, place
from betaneutral_xl.report.contents import Contents

WEIGHT = 2
"""The column of the current weights; ETF weights and betas follow, then new weight and trade."""


def write(book: Book, canvas: Canvas, contents: Contents) -> None:
    """Write one row per ticker with the weights of all alternatives, and the cash line below."""
    result = contents.result
    k, names = len(result.etf_names), contents.weight_headings
    new_weight = WEIGHT + 2 * k + 1
    old, new = get_column_letter(WEIGHT), get_column_letter(new_weight)
    columns = [
        Column(names[0], list(result.tickers), style.LABEL, name="ticker"),
        Column(
            names[1],
            result.weights.tolist(),
            style.calculated(style.PERCENT),
            lambda row, i: _or_zero("held_weight", _key(contents, row, i), "held_ticker"),
            "weight",
        ),
        *(_etf_weight(contents, e, names[WEIGHT + e - 1]) for e in contents.etfs),
        *(_beta(contents, e, names[WEIGHT + k + e - 1]) for e in contents.etfs),
        _new_weight(contents, names[new_weight - 1]),
        Column(
            names[new_weight],
            result.trades.tolist(),
            style.calculated(style.SIGNED_PERCENT),
            f"{new}{{row}}-{old}{{row}}",
            "trade",
        ),
        *(
            Column(name, one.new_weights.tolist(), style.from_python(style.PERCENT), name=f"alternative_{j}")
            for j, (name, one) in enumerate(contents.weighted_alternatives, start=1)
        ),
    ]
    place(book, canvas, "tblWeights", columns, printed_below=1)
    _cash(canvas, contents, FIRST_ROW + len(result.tickers), new_weight)


def _key(contents: Contents, row: int, i: int) -> str:
    return lookup_key(f"$A{row}", contents.result.tickers[i])


def _or_zero(source: str, key: str, labels: str) -> str:
    """Return the formula of a weight by lookup; 0 if the name is not in the source."""
    return f"_xlfn.IFNA(INDEX({source},MATCH({key},{labels},0)),0)"


def _etf_weight(contents: Contents, e: int, heading: str) -> Column:
    return Column(
        heading,
        contents.result.aligned.etf_weights[:, e - 1].tolist(),
        style.calculated(style.PERCENT),
        lambda row, i: _or_zero("etf_weight", f'"{e} "&{_key(contents, row, i)}', "etf_key"),
        f"etf_weight_{e}",
    )


def _beta(contents: Contents, e: int, heading: str) -> Column:
    covered = contents.result.aligned.covered.tolist()
    beta = looked_up(f"name_beta_{e}", contents.result.tickers, "beta_ticker")
    return Column(
        heading,
        contents.result.predicted_beta[:, e - 1].tolist(),
        style.calculated(style.NUMBER),
        lambda row, i: beta(row, i) if covered[i] else None,
        f"beta_{e}",
    )


def _new_weight(contents: Contents, heading: str) -> Column:
    """Return the new weights: formulas if the method has a closed form, otherwise values."""
    formula = _by_method(contents)
    return Column(
        heading,
        contents.result.new_weights.tolist(),
        style.calculated(style.PERCENT) if formula else style.from_python(style.PERCENT),
        formula,
        "new_weight",
    )


def _by_method(contents: Contents) -> Callable[[int, int], str] | None:
    result = contents.result
    covered = result.aligned.covered.tolist()
    beta = get_column_letter(WEIGHT + len(result.etf_names) + 1)
    old = get_column_letter(WEIGHT)
    plain = not (contents.has_own_rows or contents.has_scaled_units)
    ratio = "hedge_ratio" if plain else "basket_ratio"
    market = result.aligned.market if result.market_ratio else None
    if market is not None and contents.has_own_rows:
        return None  # the names that are sold have the ETFs' market betas too
    unit = result.aligned.expand(result.aligned.market_unit, 0.0).tolist()

    def hedged(row: int, i: int) -> str:
        sold = (f"-{get_column_letter(WEIGHT + e)}{row}*{ratio}_{e}" for e in contents.etfs)
        beside = f"-market_ratio*{unit[i]!r}" if market is not None and unit[i] else ""
        return f"{old}{row}{''.join(sold)}{beside}" if covered[i] else f"{old}{row}"

    def scaled(row: int, i: int) -> str:
        return f"{old}{row}*{beta}{row}" if covered[i] else f"{old}{row}"

    return {Method.HEDGE: hedged, Method.SCALED: scaled}.get(result.method)


def _cash(canvas: Canvas, contents: Contents, row: int, new_weight: int) -> None:
    result = contents.result
    canvas.put(row, 1, CASH, style.LABEL)
    canvas.paint(row, range(2, new_weight + 2), style.CELL)
    percent, signed = style.calculated(style.PERCENT), style.calculated(style.SIGNED_PERCENT)
    for e in contents.etfs:
        canvas.put(row, WEIGHT + len(contents.etfs) + e, 0.0, style.calculated(style.NUMBER))
    canvas.put(row, WEIGHT, Formula("cash_before", result.before.cash), percent)
    canvas.put(row, new_weight, Formula("cash_after", result.after.cash), percent)
    change = Formula("cash_after-cash_before", result.after.cash - result.before.cash)
    canvas.put(row, new_weight + 1, change, signed)
