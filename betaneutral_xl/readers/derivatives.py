"""Exposures of the swaps, futures and options in an ETF's file.

The market value of a derivative is not its exposure. A leveraged fund holds shares for a part of its
assets and swaps for the rest of its exposure; an inverse fund holds cash and swaps. The exposure of a
derivative is its notional value over the net assets, if the file prints one. Else it is the printed
weight, if that weight can only be notional: the other rows already sum to 100 %, offsetting cash is
listed, or it equals shares times the price of the underlying. Any other small weight is profit or loss;
the exposure is then the leverage in the fund's name ("3x") less the exposure of the other rows, or
unknown. A warning reports either.

Swaps and futures on equities are assumed to move with the fund's basket. Options, whose delta no file
prints, and contracts on currencies, rates, bonds, commodities and volatility are not counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from betaneutral_xl.errors import listing
from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.model.printed import cell_text, is_percentage
from betaneutral_xl.model.tickers import CURRENCIES
from betaneutral_xl.readers.asset_classes import MAX_NAME_LENGTH
from betaneutral_xl.readers.columns import Column
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Constituent
    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.tabular.sheets import Row


class Kind(StrEnum):
    """The kind of a derivative; only ``DERIVATIVE`` (swaps and futures on equities) scales the basket."""

    DERIVATIVE = "derivative"
    OPTION = "option"
    CURRENCY = "currency contract"
    OTHER_MARKET = "contract on rates, bonds, commodities or volatility"
    FINANCING = "financing leg of a swap"


EXCLUDED_BECAUSE = {
    Kind.OPTION: "no delta is in the file",
    Kind.CURRENCY: "it moves with currencies",
    Kind.OTHER_MARKET: "it does not move as equities do",
    Kind.FINANCING: "it pays for the other leg",
}
"""The reason why a kind is not counted in the exposure."""

OPTION = Pattern(
    r"\b(?:calls?|puts?|options?|swaptions?|warrants?)\b|\b[0-9a-z/]{1,6} *\d{6}[cp]\d{8}\b"
    r"|\d{1,2}/\d{1,2}/\d{2,4} [cp]\b|\b[cp]\d{2,5}(?:\.\d+)?$|\d{6} [cp] [\d.]+"
)
_CODES = "|".join(sorted(CURRENCIES)).lower()
CURRENCY = Pattern(
    r"\b(?:forwards?|fwd|fx|currenc(?:y|ies)|curncy|foreign exchange)\b|\b(?:purchased|bought)\b.*\bsold\b"
    rf"|\bsold\b.*\b(?:purchased|bought)\b|\b(?:{_CODES}) ?/ ?(?:{_CODES})\b"
)
OTHER_MARKET = Pattern(
    r"\b(?:interest rates?|credit default|cds|inflation|treasur(?:y|ies)|t-?notes?|t-?bonds?|\d+ ?yr|bunds?"
    r"|gilts?|bonds?|vix|volatility|crude|wti|brent|natural gas|gold|silver|copper|platinum|corn|wheat"
    r"|soybeans?|bitcoin|ether(?:eum)?|eurodollars?|3 month sofr)\b"
)
MINERS = Pattern(r"\b(?:miners?|mining|producers?|explorers?|equit(?:y|ies))\b")
"""Words that make a metal's name that of an equity index: a swap on gold miners."""

SEC_KINDS = {
    "DFE": Kind.CURRENCY,
    "DIR": Kind.OTHER_MARKET,
    "DCR": Kind.OTHER_MARKET,
    "DCO": Kind.OTHER_MARKET,
}
"""Derivatives that are not on equities, by the asset category of the SEC's Form N-PORT."""

LEG = Pattern(r"\b(?:recv|rcv|receive|payb|pay)\b")
PAR = frozenset({1.0, 100.0})
"""Prices of the financing leg of a swap."""

LARGE_WEIGHT = 0.25
"""A weight of this size is not a swap's profit or loss, which is settled earlier."""

CASH_RANGE = (-0.05, 1.05)
"""Cash weights outside this range offset notional weights."""

RTOL = 0.01
"""Relative difference allowed between shares times price and the market value: rounding of the price."""

LEVERAGE_TOLERANCE = 0.25
"""Relative difference allowed between the leverage in a fund's name and the exposure of its file."""


def with_exposures(table: HoldingsTable, rows: Sequence[Constituent], title: str) -> list[Constituent]:
    """Return the rows with the derivative exposures that the file or the fund's name (``title``) gives."""
    if not any(row.asset_class is AssetClass.DERIVATIVE for row in rows):
        return list(rows)
    return _exposures_from_name(table, _exposures_from_file(table, rows), title)


def _exposures_from_file(table: HoldingsTable, rows: Sequence[Constituent]) -> list[Constituent]:
    """Return the rows with the exposures that the file gives."""
    assets = net_assets(table, rows)
    notional_weights = _weights_are_notional(rows)
    found = []
    for row, cells in zip(rows, table.rows, strict=True):
        if row.asset_class is not AssetClass.DERIVATIVE:
            found.append(row)
            continue
        exposure = _printed_exposure(table, cells, assets)
        if exposure is None and (notional_weights or _weight_is_notional(table, cells, row)):
            exposure = row.weight
        counted = kind_of(table, cells, row) is Kind.DERIVATIVE and exposure is not None
        found.append(replace(row, exposure=exposure, moves_as_basket=counted))
    return found


def _exposures_from_name(table: HoldingsTable, rows: Sequence[Constituent], title: str) -> list[Constituent]:
    """Divide the exposure missing to the leverage in the fund's name among swaps and futures without one."""
    unknown = [
        row.asset_class is AssetClass.DERIVATIVE
        and row.exposure is None
        and kind_of(table, cells, row) is Kind.DERIVATIVE
        for row, cells in zip(rows, table.rows, strict=True)
    ]
    leverage = stated_leverage(title)
    if leverage is None or not any(unknown):
        return list(rows)
    each = (leverage - _total_exposure(rows)) / sum(unknown)
    return [
        replace(row, exposure=each, moves_as_basket=True) if is_unknown else row
        for row, is_unknown in zip(rows, unknown, strict=True)
    ]


def _total_exposure(rows: Sequence[Constituent]) -> float:
    """Return the exposure of equities, funds, and swaps and futures that move with the basket."""
    equities = total_weight(row for row in rows if row.asset_class in {AssetClass.EQUITY, AssetClass.FUND})
    return equities + math.fsum(row.exposure or 0.0 for row in rows if row.moves_as_basket)


def kind_of(table: HoldingsTable, cells: Row, row: Constituent) -> Kind:
    """Return the kind of a derivative, by its name, its ticker and the issuer's asset class."""
    texts = (row.name, row.printed_ticker, table.header.cell(cells, Column.ASSET_CLASS))
    text = " ".join(one[:MAX_NAME_LENGTH] for one in texts).lower()
    by_code = SEC_KINDS.get(cell_text(texts[2]))
    if by_code is not None:
        return by_code
    if OPTION.search(text) or cell_text(table.header.cell(cells, Column.STRIKE)):
        return Kind.OPTION
    if LEG.search(text) and table.number(cells, Column.PRICE) in PAR:
        return Kind.FINANCING
    if OTHER_MARKET.search(text) and not MINERS.search(text):
        return Kind.OTHER_MARKET
    if CURRENCY.search(text):
        return Kind.CURRENCY
    return Kind.DERIVATIVE


def net_assets(table: HoldingsTable, rows: Sequence[Constituent]) -> float | None:
    """Return the fund's net assets in its currency, from the rows with a weight and a value."""
    for column in (Column.MARKET_VALUE, Column.NOTIONAL):
        value = weight = 0.0
        for row, cells in zip(rows, table.rows, strict=True):
            number = table.number(cells, column)
            if row.asset_class is not AssetClass.DERIVATIVE and number and number * row.weight > 0:
                value += abs(number)
                weight += abs(row.weight)
        if weight > 0.0:
            return value / weight
    return None


def _printed_exposure(table: HoldingsTable, cells: Row, assets: float | None) -> float | None:
    """Return the exposure that a row prints, as a fraction of net assets; negative if short."""
    sign = -1.0 if (table.number(cells, Column.SHARES) or 0.0) < 0.0 else 1.0
    share = table.number(cells, Column.EXPOSURE)
    if share:
        percent = is_percentage(table.header.cell(cells, Column.EXPOSURE)) or _exposures_in_percent(table)
        share /= 100.0 if percent else 1.0
    else:
        notional = table.number(cells, Column.NOTIONAL)
        share = notional / assets if notional and assets else None
    if share is None:
        return None
    return sign * share if share > 0.0 else share


def _exposures_in_percent(table: HoldingsTable) -> bool:
    """Whether the exposure column is in percent: it sums to more than 10, and no fund is levered tenfold."""
    values = [abs(value) for row in table.rows if (value := table.number(row, Column.EXPOSURE)) is not None]
    return math.fsum(values) > 10.0  # noqa: PLR2004


def total_weight(rows: Iterable[Constituent]) -> float:
    """Return the sum of the weights that are known."""
    return math.fsum(row.weight for row in rows if not math.isnan(row.weight))


def _weights_are_notional(rows: Sequence[Constituent]) -> bool:
    """Whether the weights of derivatives are notional: the others sum to 100 %, or cash offsets them."""
    derivatives = [row for row in rows if row.asset_class is AssetClass.DERIVATIVE]
    gross = math.fsum(abs(row.weight) for row in derivatives if not math.isnan(row.weight))
    if gross < LARGE_WEIGHT:
        return False
    whole = total_weight(rows)
    others = whole - total_weight(derivatives)
    cash = total_weight(row for row in rows if row.asset_class is AssetClass.CASH)
    return abs(others - 1.0) < abs(whole - 1.0) or not CASH_RANGE[0] <= cash <= CASH_RANGE[1]


def _weight_is_notional(table: HoldingsTable, cells: Row, row: Constituent) -> bool:
    """Whether the weight of one derivative can only be notional."""
    if math.isnan(row.weight) or not row.weight:
        return False
    if abs(row.weight) >= LARGE_WEIGHT:
        return True
    shares, price = table.number(cells, Column.SHARES), table.number(cells, Column.PRICE)
    if not shares or not price or price in PAR or not row.market_value:
        return False
    return abs(shares * price / row.market_value - 1.0) <= RTOL


def derivative_warnings(
    table: HoldingsTable, rows: Sequence[Constituent], name: str, title: str
) -> tuple[str, ...]:
    """Return warnings that list the derivatives, their weights and exposures, and how they are treated."""
    groups: dict[tuple[Kind, bool], list[Constituent]] = {}
    for row, cells in zip(rows, table.rows, strict=True):
        if row.asset_class is AssetClass.DERIVATIVE:
            kind = kind_of(table, cells, row)
            groups.setdefault((kind, row.exposure is not None), []).append(row)
    lines = []
    for (kind, has_exposure), group in groups.items():
        many = len(group) > 1
        noun = f"{len(group)} {kind}{'s' if many and kind is not Kind.OTHER_MARKET else ''}"
        weight = total_weight(group)
        measure = f"with a weight of {weight:.2%}"
        if has_exposure:
            exposure = math.fsum(row.exposure or 0.0 for row in group)
            measure = f"with an exposure of {exposure:.2%} of net assets (weight {weight:.2%})"
        names = listing([row.label for row in group])
        verb = "are" if many else "is"
        if kind is not Kind.DERIVATIVE:
            note = f"{verb} not in the basket and not counted ({EXCLUDED_BECAUSE[kind]})"
        elif has_exposure:
            note = f"{verb} not in the basket, but assumed to move with it and counted in the fund's exposure"
        else:
            note = f"{verb} not in the basket and not counted (the file does not give the exposure)"
        lines.append(f"ETF {name}: {noun} {measure} {note}: {names}.")
    return (*lines, *_leverage_line(table, rows, name, title))


LEVERAGE = Pattern(r"(?<![\w.])([-+]?)([1-5](?:\.\d+)?) ?x\b", re.IGNORECASE)
DOWN = Pattern(r"\b(?:bear|inverse|short)\b", re.IGNORECASE)
ULTRA = (
    (Pattern(r"\bproshares ultrapro short\b", re.IGNORECASE), -3.0),
    (Pattern(r"\bproshares ultrapro\b", re.IGNORECASE), 3.0),
    (Pattern(r"\bproshares ultrashort\b", re.IGNORECASE), -2.0),
    (Pattern(r"\bproshares ultra\b", re.IGNORECASE), 2.0),
    (Pattern(r"\bproshares short\b", re.IGNORECASE), -1.0),
)


def stated_leverage(title: str) -> float | None:
    """Return the leverage in a fund's name, None if it has none.

    >>> stated_leverage("Direxion Daily Semiconductor Bear 3X ETF"), stated_leverage("AI Leaders ETF")
    (-3.0, None)
    """
    title = title[:MAX_NAME_LENGTH]
    for words, leverage in ULTRA:
        if words.search(title):
            return leverage
    match = LEVERAGE.search(title)
    if match is None:
        return None
    size = float(match[2])
    return -size if match[1] == "-" or DOWN.search(title) else size


def _leverage_line(
    table: HoldingsTable, rows: Sequence[Constituent], name: str, title: str
) -> tuple[str, ...]:
    """Return a warning if the exposure differs from the leverage in the fund's name, or is taken from it."""
    leverage = stated_leverage(title)
    if leverage is None:
        return ()
    in_file = _exposures_from_file(table, rows) if any(row.moves_as_basket for row in rows) else rows
    if any(row.moves_as_basket and not read.moves_as_basket for row, read in zip(rows, in_file, strict=True)):
        return (
            f"The file of ETF {name} does not give the exposure of its swaps or futures: the exposure is "
            f"taken from the {leverage:g}x in the fund's name.",
        )
    exposure = _total_exposure(rows)
    if abs(exposure - leverage) <= LEVERAGE_TOLERANCE * abs(leverage):
        return ()
    return (
        f"The name of ETF {name} says {leverage:g}x, but its file has an exposure of {exposure:.2%} of net "
        "assets: the exposure of its swaps may not be in the file. Betas and hedge ratios are in units of a "
        "fund of that exposure, unless the risk model has the fund's own row.",
    )
