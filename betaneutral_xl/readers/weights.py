"""Convert the weight column of a table to decimals; its unit is decided once for the whole column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.model.printed import is_percentage
from betaneutral_xl.readers.columns import Column, header_key
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.holdings_table import HoldingsTable

NEAR_ONE = (0.5, 1.5)
"""Sum of fractions."""
AT_ONE = (0.9, 1.1)
"""Sum of fractions under a header that says percent."""
ONE_RTOL = 0.02
"""By how much fractions that add to 1 may miss it, from rounding."""
MIN_PERCENT_SUM = 5.0
"""A column whose absolute values sum to more is in percent: no fund has five times its net assets."""

IN_BASIS_POINTS = Pattern(r"\b(?:bps?|basis points?)\b")

FROM_SIGNS = "in percent (signs in the cells)"
FROM_SUM = "in percent (their sum)"
IN_HEADER = "in percent (header)"
"""Descriptions of a percent column, by its evidence: percent signs in the cells, only the sum, the header."""


UNIT_WORDS = {1.0: "fractions", 100.0: "in percent", 10_000.0: "in basis points"}
FROM_HEADER = f"weights are {IN_HEADER}"
COMPUTED = "weights are market values over their sum"


def decimal_weights(
    table: HoldingsTable, file_name: str, unit: float | None = None
) -> tuple[list[float], str]:
    """Return the weights as decimals of net assets, NaN if missing, and a note on their unit.

    The unit is decided once for the whole column: by ``unit``, by which weights are divided, where net
    assets prove it, else by percent signs in its cells, else by its header unless the sum contradicts it,
    else by the sum. Without a weight column, weights are market values over their sum. Raises ``InputError``
    if the column is neither fractions nor percent.
    """
    header = table.header
    indices = header.indices.get(Column.WEIGHT)
    printed_weights = [table.number(row, Column.WEIGHT) for row in table.rows] if indices else []
    known = [weight for weight in printed_weights if weight is not None]
    if any(known) and unit is not None:
        note = f"weights are {UNIT_WORDS.get(unit, 'scaled')} (market values over net assets)"
        return [math.nan if w is None else w / unit for w in printed_weights], note
    if any(known) and IN_BASIS_POINTS.search(header_key(header.texts[indices[0]]) if indices else ""):
        return [
            math.nan if w is None else w / 10_000.0 for w in printed_weights
        ], "weights are in basis points"
    if any(known):
        texts = [header.cell(row, Column.WEIGHT) for row in table.rows]
        _refuse_mixed(table, file_name, texts, printed_weights)
        percent, why = _is_in_percent(texts, known, header.texts[indices[0]] if indices else "")
        unit = 100.0 if percent else 1.0
        if why is FROM_SUM and math.fsum(map(abs, known)) / unit > MIN_PERCENT_SUM:
            largest = max(known, key=abs)
            msg = (
                f"{file_name} has weights up to {largest:,.10g}, {math.fsum(known):,.10g} in all: "
                "neither fractions nor percent. Name a column of values market_value, or add percent signs."
            )
            raise InputError(msg)
        if why is FROM_SUM and abs(math.fsum(known) - 1.0) <= ONE_RTOL:
            gross = math.fsum(map(abs, known))
            msg = (
                f"{file_name} has weights that add to 1, and to {gross:,.4g} without their signs: fractions "
                "of that gross exposure, or percent. Add percent signs, or give shares and prices."
            )
            raise InputError(msg)
        return [math.nan if w is None else w / unit for w in printed_weights], f"weights are {why}"
    values = [table.number(row, Column.MARKET_VALUE) for row in table.rows]
    total = math.fsum(value for value in values if value is not None)
    if not total > 0.0:
        msg = (
            f"{file_name} has {len(table.rows)} rows but no weight and no market value other than zero. "
            "Download the latest holdings, or name the column of weights Weight."
        )
        raise UnreadableFile(msg)
    return [math.nan if v is None else v / total for v in values], COMPUTED


def _refuse_mixed(
    table: HoldingsTable, file_name: str, texts: Sequence[str], weights: Sequence[float | None]
) -> None:
    """Raise for a column in which some weights have a percent sign and others, not zero, have none."""
    signed = next((i for i, text in enumerate(texts) if is_percentage(text)), None)
    plain = next(
        (i for i, (t, w) in enumerate(zip(texts, weights, strict=True)) if w and not is_percentage(t)), None
    )
    if signed is None or plain is None:
        return
    first, second = (
        f"{table.where(table.rows[i], Column.WEIGHT)} is {texts[i]!r:.60}" for i in (signed, plain)
    )
    msg = f"{file_name} has weights with and without a percent sign: {first}, {second}. Write all alike."
    raise InputError(msg)


def _is_in_percent(texts: Sequence[str], known: Sequence[float], header: str) -> tuple[bool, str]:
    if sum(map(is_percentage, texts)) * 2 > len(known):
        return True, FROM_SIGNS
    net, gross = math.fsum(known), math.fsum(map(abs, known))
    adds_to_one = NEAR_ONE[0] <= net <= NEAR_ONE[1] and gross < MIN_PERCENT_SUM
    key = header_key(header)
    if "%" in key or "percent" in key or "pct" in key:
        if AT_ONE[0] <= net <= AT_ONE[1] and gross < MIN_PERCENT_SUM:
            return False, "fractions (they add to about 1, though the header says percent)"
        return True, IN_HEADER
    if adds_to_one or gross < MIN_PERCENT_SUM:
        return False, "fractions (their sum)"
    return True, FROM_SUM
