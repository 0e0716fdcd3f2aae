"""Settle columns by a table's own numbers, where its headers do not say what they are or say it wrongly.

Weights are proportional to market values, or add to 100 %; each fund of a file with several adds to 100 %;
a market value over the net assets is the weight. Such facts settle what is the weight, in which unit, and
which column names the fund. Headers are believed only where the numbers say nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import listing
from betaneutral_xl.model.printed import cell_text, clean, is_percentage, number
from betaneutral_xl.readers.columns import MAX_HEADER_CELLS, Column, header_key, read_header
from betaneutral_xl.readers.holdings_table import HoldingsTable, holding_rows
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

Numbers = list[float | None]

SAMPLE = 200
"""Rows on which a column is tested."""
MIN_NUMBERS = 0.8
"""Fraction of the rows that have a number in a column of numbers."""
WHOLE = (0.98, 1.02)
"""Sum of the weights of a whole fund, by which alone a column under an unknown header is taken as weights."""
NEAR_WHOLE = (0.9, 1.1)
"""Sum of the weights of each fund in a file with several."""
SCALES = (1.0, 100.0)
"""Fractions and percent."""
UNITS = (1.0, 100.0, 10_000.0)
"""Fractions, percent and basis points, where net assets prove the unit."""
RTOL = 0.01
"""Relative deviation of a weight from its market value's share: rounding, and values of another hour."""
UNIT_RTOL = 0.02
"""Relative deviation of a sum of weights from that of the market values over net assets."""
MAX_PERCENT_SUM = 500.0
"""Sum of the weights of a fund in percent; a larger sum is one of values."""
MAX_HEADER_ROWS = 60
"""Rows of a sheet that are tested as a header without a known column of values."""


def unknown_columns(table: HoldingsTable) -> list[int]:
    """Return the indices of the columns whose header is not known, or blank."""
    known = {i for indices in table.header.indices.values() for i in indices}
    return [i for i in range(min(len(table.header.texts), MAX_HEADER_CELLS)) if i not in known]


def numbers_of(table: HoldingsTable, rows: Sequence[Row], index: int) -> Numbers:
    """Return the numbers of a column, None where a cell has none."""
    return [
        number(row[index], decimal_comma=table.decimal_comma) if index < len(row) and row[index] else None
        for row in rows
    ]


def unread_numbers(table: HoldingsTable) -> list[str]:
    """Return the headers of the columns of numbers that are not understood."""
    return [
        header_text(table, i) for i in unknown_columns(table) if header_text(table, i) and _numeric(table, i)
    ]


def header_text(table: HoldingsTable, index: int) -> str:
    """Return the header of a column, empty if it has none."""
    return clean(table.header.texts[index]) if index < len(table.header.texts) else ""


def _numeric(table: HoldingsTable, index: int) -> bool:
    found = numbers_of(table, table.rows[:SAMPLE], index)
    return sum(value is not None for value in found) >= max(1.0, MIN_NUMBERS * len(found))


# ------------------------------------------------------------------ the weight


def with_weight_column(table: HoldingsTable) -> HoldingsTable:
    """Return the table with the column of weights that its numbers prove, and a warning if headers do not.

    A column is proven by proportion to the market values or, where there are none, by adding to 100 %.
    Headers decide between columns of which none or several are proven.
    """
    known = [i for i in table.header.indices.get(Column.WEIGHT, ()) if _numeric(table, i)]
    table = _with_value_column(table, known[:1])
    values = _market_values(table)
    if known and values is None:
        return _preferring(
            replace(table, warnings=(*table.warnings, *_other_weights(table, known))), Column.WEIGHT, known[0]
        )
    if known and values is not None and _fits(table, known[0], values):
        return _preferring(table, Column.WEIGHT, known[0])
    fitting = [i for i in (*known, *unknown_columns(table)) if _proves_weight(table, i, values)]
    if not fitting:
        return table
    index = fitting[0]
    if known and index != known[0]:
        what = (
            f'The weights are read from "{header_text(table, index)}", not from '
            f'"{header_text(table, known[0])}", which is not in proportion to the market values.'
        )
    elif known:
        return _preferring(table, Column.WEIGHT, index)
    else:
        why = "are in proportion to the market values" if values is not None else "add to 100%"
        what = f'The column "{header_text(table, index)}" is read as weights: its numbers {why}.'
    return replace(_preferring(table, Column.WEIGHT, index), warnings=(*table.warnings, what))


def _other_weights(table: HoldingsTable, known: Sequence[int]) -> tuple[str, ...]:
    """Return a warning about other columns that are a whole fund's weights, of another fund perhaps."""
    first = numbers_of(table, table.rows, known[0])
    others = [
        header_text(table, i)
        for i in known[1:]
        if (numbers := numbers_of(table, table.rows, i)) != first and _is_whole(numbers, WHOLE)
    ]
    if not others:
        return ()
    which = f'"{header_text(table, known[0])}", not from {listing(others)}'
    return (f"The weights are read from {which}: remove the column that is not meant.",)


def _with_value_column(table: HoldingsTable, weight: Sequence[int]) -> HoldingsTable:
    """Prefer, among several columns of market values, one to which the weights are in proportion."""
    candidates = table.header.indices.get(Column.MARKET_VALUE, ())
    if len(candidates) < 2 or not weight:  # noqa: PLR2004 - nothing to choose from
        return table
    rows = table.rows[:SAMPLE]
    fitting = (i for i in candidates if _fits(table, weight[0], numbers_of(table, rows, i)))
    return _preferring(table, Column.MARKET_VALUE, next(fitting, candidates[0]))


def _preferring(table: HoldingsTable, column: Column, index: int) -> HoldingsTable:
    known = table.header.indices.get(column, ())
    if known[:1] == (index,):
        return table
    return replace(table, header=table.header.prefer(column, index))


def _market_values(table: HoldingsTable) -> Numbers | None:
    """Return the market values of the sampled rows, None if fewer than two have one."""
    index = table.header.indices.get(Column.MARKET_VALUE, (None,))[0]
    if index is None:
        return None
    values = numbers_of(table, table.rows[:SAMPLE], index)
    return values if sum(bool(value) for value in values) > 1 else None


def _proves_weight(table: HoldingsTable, index: int, values: Numbers | None) -> bool:
    whole = math.fsum(abs(value or 0.0) for value in numbers_of(table, table.rows, index))
    if not _numeric(table, index) or not 0.0 < whole <= MAX_PERCENT_SUM:
        return False
    if values is not None:
        return _fits(table, index, values)
    return _is_whole(numbers_of(table, table.rows, index), WHOLE)


def _fits(table: HoldingsTable, index: int, values: Numbers) -> bool:
    """Whether the numbers of a column are in proportion to the market values, but for a tenth of them."""
    rows = table.rows[:SAMPLE]
    pairs = [
        (weight, value, _rounding(row[index]))
        for row, weight, value in zip(rows, numbers_of(table, rows, index), values, strict=True)
        if weight is not None and value
    ]
    ratios = sorted(weight / value for weight, value, _ in pairs)
    if len(ratios) < 2 or not ratios[len(ratios) // 2]:  # noqa: PLR2004 - one pair proves nothing
        return False
    ratio = ratios[len(ratios) // 2]
    off = sum(
        abs(weight - ratio * value) > rounding + RTOL * abs(ratio * value)
        for weight, value, rounding in pairs
    )
    return off <= len(pairs) // 10


def _rounding(text: str) -> float:
    """Return half a unit of the last printed digit."""
    digits = re.search(r"[.,](\d+)\D*$", text)
    return 0.5 * 10.0 ** -len(digits[1]) if digits else 0.5


def _is_whole(numbers: Sequence[float | None], bounds: tuple[float, float]) -> bool:
    total = math.fsum(value for value in numbers if value is not None)
    return any(bounds[0] <= total / scale <= bounds[1] for scale in SCALES)


# ------------------------------------------------------------------ the unit

NET_ASSETS = Pattern(
    r"(?:total |fund )?net assets(?: usd| eur| value)?|tna|nettovermögen|fondsvermögen|actif net"
)
NAV_PER_SHARE = Pattern(r"nav(?: ?per share| share)?|nav unit|net asset value(?: per share)?")
SHARES_OUTSTANDING = Pattern(r"shares outstanding|outstanding shares|units outstanding")
STATED = Pattern(
    r"(?:total |fund )?net assets[^\d(]{0,40}([\d.,]*\d)\s*(thousand|million|mio|mn|m|billion|bn|b)?\b",
    re.IGNORECASE,
)
FACTORS = {
    "thousand": 1e3,
    "million": 1e6,
    "mio": 1e6,
    "mn": 1e6,
    "m": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "b": 1e9,
}


def proven_unit(table: HoldingsTable) -> float | None:
    """Return by which a weight is divided to be a decimal of net assets, None if no net assets prove it.

    Proven is 1, 100 or 10,000 if the market values over the net assets of the file (a column, net asset value
    per share times shares outstanding, or a line before the table) are the weights.
    """
    candidates = list(_net_assets(table))
    if not candidates or not {Column.WEIGHT, Column.MARKET_VALUE} <= table.header.indices.keys():
        return None
    pairs = [
        (weight, value)
        for row in table.rows
        if (weight := table.number(row, Column.WEIGHT)) is not None
        and (value := table.number(row, Column.MARKET_VALUE)) is not None
    ]
    weights, values = (math.fsum(abs(pair[k]) for pair in pairs) for k in (0, 1))
    for assets in candidates:
        for unit in UNITS:
            if values and abs(weights * assets / values / unit - 1.0) <= UNIT_RTOL:
                return unit
    return None


def _net_assets(table: HoldingsTable) -> Iterator[float]:
    """Yield the net assets that the file may state, in its currency."""
    keys = {i: header_key(text) for i, text in enumerate(table.header.texts[:MAX_HEADER_CELLS])}
    constants = {
        i: value
        for i, key in keys.items()
        if (NET_ASSETS.fullmatch(key) or NAV_PER_SHARE.fullmatch(key) or SHARES_OUTSTANDING.fullmatch(key))
        and (value := _constant(table, i))
    }
    yield from (value for i, value in constants.items() if not SHARES_OUTSTANDING.fullmatch(keys[i]))
    shares = [value for i, value in constants.items() if SHARES_OUTSTANDING.fullmatch(keys[i])]
    prices = [value for i, value in constants.items() if NAV_PER_SHARE.fullmatch(keys[i])]
    yield from (share * price for share in shares for price in prices)
    lines = [" ".join(map(clean, row)) for row in table.before[:MAX_HEADER_ROWS]]
    for line in (*lines, *table.source.notes[:MAX_HEADER_ROWS]):
        stated = STATED.search(line[:SAMPLE])
        amount = number(stated[1], decimal_comma=table.decimal_comma) if stated else None
        if stated and amount:
            yield amount * FACTORS.get((stated[2] or "").lower(), 1.0)


def _constant(table: HoldingsTable, index: int) -> float | None:
    """Return the only number other than zero in a column, None if there are several or none."""
    found = {value for value in numbers_of(table, table.rows, index) if value}
    return found.pop() if len(found) == 1 else None


# ------------------------------------------------------------------ the fund


def fund_columns(table: HoldingsTable) -> list[list[str]]:
    """Return the funds of the rows by each column under an unknown header that names them.

    Each of its values has rows that add to 100 %, by the column of weights or by any other one; a sector
    or a country does not. The columns after the first group the rows as it does.
    """
    rows = table.rows
    texts = {i: labels for i in unknown_columns(table) if (labels := _labels(rows, i))}
    if not texts:
        return []
    weights = table.header.indices.get(Column.WEIGHT, ())[:1] or tuple(unknown_columns(table))
    columns = [found for i in weights if any(map(bool, found := numbers_of(table, rows, i)))]
    for i, labels in texts.items():
        if any(each_is_whole(labels, numbers) for numbers in columns):
            return [labels, *(other for j, other in texts.items() if j != i and _same_groups(labels, other))]
    return []


def _labels(rows: Sequence[Row], index: int) -> list[str]:
    """Return the texts of a column that may name funds, a blank one as that above; empty if it cannot."""
    labels: list[str] = []
    for row in rows:
        text = cell_text(row[index]) if index < len(row) else ""
        if not text and not labels:
            return []
        labels.append(text or labels[-1])
    return labels if 1 < len(set(labels)) < len(labels) else []


def each_is_whole(labels: Sequence[str], numbers: Numbers) -> bool:
    """Whether the numbers of each label add to about 1, or each to about 100."""
    groups: dict[str, list[float]] = {}
    for label, value in zip(labels, numbers, strict=True):
        groups.setdefault(label, []).append(value or 0.0)
    return any(
        all(NEAR_WHOLE[0] <= math.fsum(group) / scale <= NEAR_WHOLE[1] for group in groups.values())
        for scale in SCALES
    )


def _same_groups(labels: Sequence[str], others: Sequence[str]) -> bool:
    pairs = set(zip(labels, others, strict=True))
    return len(pairs) == len(set(labels)) == len(set(others))


# ------------------------------------------------------------------ tables whose header names no value


def table_by_numbers(sheets: Sequence[TextSheet], file_name: str) -> HoldingsTable | None:
    """Return the first table whose header names holdings but no weight or value, if its numbers show one.

    A column is one of weights if it adds to 100 %, and one of values if it is shares times price.
    """
    for sheet in sheets:
        for index, row in enumerate(sheet.rows[:MAX_HEADER_ROWS]):
            header = read_header(row, index, frozenset(Column))
            if header is None or {Column.WEIGHT, Column.MARKET_VALUE} & header.indices.keys():
                continue
            known = {i for indices in header.indices.values() for i in indices}
            for i in set(range(len(header.texts))) - known:
                for column, why in (
                    (Column.WEIGHT, "add to 100%"),
                    (Column.MARKET_VALUE, "are shares x price"),
                ):
                    candidate = replace(header, indices={**header.indices, column: (i,)})
                    table = holding_rows(sheet, candidate, file_name)
                    if len(table.rows) > 1 and _is_shown(table, column, i):
                        what = f'The column "{header_text(table, i)}" is read as {column}: its numbers {why}.'
                        return replace(table, warnings=(*table.warnings, what))
    return None


def _is_shown(table: HoldingsTable, column: Column, index: int) -> bool:
    """Whether the numbers of a table show that a column is its weight or its market value."""
    numbers = numbers_of(table, table.rows, index)
    if column is Column.WEIGHT:
        texts = [row[index] for row in table.rows if index < len(row)]
        # A count or a rank that happens to add to 100 has neither decimals nor signs.
        printed = any(is_percentage(one) or re.search(r"[.,]\d", one) for one in texts)
        return printed and _numeric(table, index) and _is_whole(numbers, WHOLE)
    products = [
        shares * price
        if (shares := table.number(row, Column.SHARES)) and (price := table.number(row, Column.PRICE))
        else None
        for row in table.rows
    ]
    known = [(value, product) for value, product in zip(numbers, products, strict=True) if value and product]
    off = sum(abs(value - product) > RTOL * abs(product) for value, product in known)
    return len(known) > 1 and len(known) >= MIN_NUMBERS * len(numbers) and off <= len(known) // 10
