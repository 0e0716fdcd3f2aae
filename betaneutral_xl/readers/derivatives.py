"""What the swaps, futures and options of an ETF's file move, which their market value does not say.

A leveraged fund holds shares for a part of its assets and swaps for the rest of its exposure; an
inverse fund holds cash and swaps. The exposure of each is its notional value over the net assets
where the file prints one. Else it is the printed weight, where that weight can only be a notional
one: it comes on top of other rows that make 100 %, cash stands against it, or it is shares times
price of what the swap is on. A small weight beside nothing of this kind is profit or loss, and the
exposure is then what the fund's name lacks to its leverage ("3x"), or is not known; either is said.

Swaps and futures on equities are taken to move as the fund's own basket. Not counted are options,
whose delta no file prints, and contracts on currencies, rates, bonds, commodities and volatility.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from betaneutral_xl.errors import listing
from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.model.printed import is_percentage, stated
from betaneutral_xl.readers.asset_classes import CURRENCIES, LONGEST_NAME
from betaneutral_xl.readers.columns import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from betaneutral_xl.model.portfolio import Constituent
    from betaneutral_xl.readers.holdings_table import HoldingsTable
    from betaneutral_xl.readers.tabular.sheets import Row


class Kind(StrEnum):
    """What a derivative is; only ``DERIVATIVE`` (swaps and futures on equities) scales the basket."""

    DERIVATIVE = "derivative"
    OPTION = "option"
    CURRENCY = "currency contract"
    OTHER_MARKET = "contract on rates, bonds, commodities or volatility"
    FINANCING = "financing leg of a swap"


WHY_NOT = {
    Kind.OPTION: "no delta is in the file",
    Kind.CURRENCY: "it moves with currencies",
    Kind.OTHER_MARKET: "it does not move as equities do",
    Kind.FINANCING: "it pays for the other leg",
}
"""Why a kind is not counted in the exposure."""

OPTION = re.compile(
    r"\b(?:calls?|puts?|options?|swaptions?|warrants?)\b|\b[0-9a-z/]{1,6} *\d{6}[cp]\d{8}\b"
    r"|\d{1,2}/\d{1,2}/\d{2,4} [cp]\b|\b[cp]\d{2,5}(?:\.\d+)?$|\d{6} [cp] [\d.]+"
)
_CODES = "|".join(sorted(CURRENCIES)).lower()
CURRENCY = re.compile(
    r"\b(?:forwards?|fwd|fx|currenc(?:y|ies)|curncy|foreign exchange)\b|\b(?:purchased|bought)\b.*\bsold\b"
    rf"|\bsold\b.*\b(?:purchased|bought)\b|\b(?:{_CODES}) ?/ ?(?:{_CODES})\b"
)
OTHER_MARKET = re.compile(
    r"\b(?:interest rates?|credit default|cds|inflation|treasur(?:y|ies)|t-?notes?|t-?bonds?|\d+ ?yr|bunds?"
    r"|gilts?|bonds?|vix|volatility|crude|wti|brent|natural gas|gold|silver|copper|platinum|corn|wheat"
    r"|soybeans?|bitcoin|ether(?:eum)?|eurodollars?|3 month sofr)\b"
)
MINERS = re.compile(r"\b(?:miners?|mining|producers?|explorers?|equit(?:y|ies))\b")
"""With these words a metal names an equity index: swaps on gold miners."""

LEG = re.compile(r"\b(?:recv|rcv|receive|payb|pay)\b")
PAR = frozenset({1.0, 100.0})
"""What the financing leg of a swap is priced at."""

LARGE = 0.25
"""A weight of this size is no profit or loss of a swap, which is settled long before."""

CASH_RANGE = (-0.05, 1.05)
"""Outside of this, cash stands against notional values among the weights."""

SAME_VALUE = 0.01
"""How far shares times price may be from the market value, for rounding of the price."""

COUNTED_OFF = 0.25
"""By how much of itself the leverage in a fund's name may differ from the exposure of its file."""


def with_exposures(table: HoldingsTable, rows: Sequence[Constituent], title: str) -> list[Constituent]:
    """Return the rows, each derivative with its exposure as far as the file, or the fund's name, says it."""
    if not any(row.asset_class is AssetClass.DERIVATIVE for row in rows):
        return list(rows)
    return _by_name(table, _by_file(table, rows), title)


def _by_file(table: HoldingsTable, rows: Sequence[Constituent]) -> list[Constituent]:
    """Return the rows with the exposures that the file says."""
    assets = net_assets(table, rows)
    notional_weights = _are_notional(rows)
    found = []
    for row, cells in zip(rows, table.rows, strict=True):
        if row.asset_class is not AssetClass.DERIVATIVE:
            found.append(row)
            continue
        exposure = _printed(table, cells, assets)
        if exposure is None and (notional_weights or _is_notional(table, cells, row)):
            exposure = row.weight
        counted = kind_of(table, cells, row) is Kind.DERIVATIVE and exposure is not None
        found.append(replace(row, exposure=exposure, moves_as_basket=counted))
    return found


def _by_name(table: HoldingsTable, rows: Sequence[Constituent], title: str) -> list[Constituent]:
    """Give swaps and futures of unknown exposure what is missing to the leverage in the fund's name."""
    unknown = [
        row.asset_class is AssetClass.DERIVATIVE
        and row.exposure is None
        and kind_of(table, cells, row) is Kind.DERIVATIVE
        for row, cells in zip(rows, table.rows, strict=True)
    ]
    says = stated_leverage(title)
    if says is None or not any(unknown):
        return list(rows)
    each = (says - _exposure(rows)) / sum(unknown)
    return [
        replace(row, exposure=each, moves_as_basket=True) if lacks else row
        for row, lacks in zip(rows, unknown, strict=True)
    ]


def _exposure(rows: Iterable[Constituent]) -> float:
    """Return what equities, and the swaps and futures of known exposure, move in all."""
    rows = list(rows)
    equities = _weight(row for row in rows if row.asset_class in {AssetClass.EQUITY, AssetClass.FUND})
    return equities + math.fsum(row.exposure or 0.0 for row in rows if row.moves_as_basket)


def kind_of(table: HoldingsTable, cells: Row, row: Constituent) -> Kind:
    """Return what a derivative is, by its name, its ticker and the issuer's class."""
    flag = table.header.cell(cells, Column.ASSET_CLASS)
    text = " ".join((row.name[:LONGEST_NAME], row.printed_ticker[:LONGEST_NAME], flag[:LONGEST_NAME])).lower()
    if OPTION.search(text) or stated(table.header.cell(cells, Column.STRIKE)):
        return Kind.OPTION
    if LEG.search(text) and table.number(cells, Column.PRICE) in PAR:
        return Kind.FINANCING
    if OTHER_MARKET.search(text) and not MINERS.search(text):
        return Kind.OTHER_MARKET
    if CURRENCY.search(text):
        return Kind.CURRENCY
    return Kind.DERIVATIVE


def net_assets(table: HoldingsTable, rows: Sequence[Constituent]) -> float | None:
    """Return the fund's net assets in its currency, from rows that print a weight and a value."""
    for column in (Column.MARKET_VALUE, Column.NOTIONAL):
        value = weight = 0.0
        for row, cells in zip(rows, table.rows, strict=True):
            number = table.number(cells, column)
            if (
                row.asset_class is not AssetClass.DERIVATIVE
                and number
                and row.weight
                and number * row.weight > 0
            ):
                value += abs(number)
                weight += abs(row.weight)
        if weight > 0.0:
            return value / weight
    return None


def _printed(table: HoldingsTable, cells: Row, assets: float | None) -> float | None:
    """Return the exposure that a row prints, over net assets; negative for what is sold."""
    sign = -1.0 if (table.number(cells, Column.SHARES) or 0.0) < 0.0 else 1.0
    share = table.number(cells, Column.EXPOSURE)
    if share:
        percent = is_percentage(table.header.cell(cells, Column.EXPOSURE)) or _says_percent(table)
        share /= 100.0 if percent else 1.0
    else:
        notional = table.number(cells, Column.NOTIONAL)
        share = notional / assets if notional and assets else None
    if share is None:
        return None
    return sign * share if share > 0.0 else share


def _says_percent(table: HoldingsTable) -> bool:
    """Whether the column of exposures is in percent: by its size, as no fund is levered tenfold."""
    values = [abs(value) for row in table.rows if (value := table.number(row, Column.EXPOSURE)) is not None]
    return math.fsum(values) > 10.0  # noqa: PLR2004


def _weight(rows: Iterable[Constituent]) -> float:
    return math.fsum(row.weight for row in rows if not math.isnan(row.weight))


def _are_notional(rows: Sequence[Constituent]) -> bool:
    """Whether derivatives are weighed by what they move: beyond 100 %, or with cash against them."""
    derivatives = [row for row in rows if row.asset_class is AssetClass.DERIVATIVE]
    gross = math.fsum(abs(row.weight) for row in derivatives if not math.isnan(row.weight))
    if gross < LARGE:
        return False
    whole = _weight(rows)
    others = whole - _weight(derivatives)
    cash = _weight(row for row in rows if row.asset_class is AssetClass.CASH)
    return abs(others - 1.0) < abs(whole - 1.0) or not CASH_RANGE[0] <= cash <= CASH_RANGE[1]


def _is_notional(table: HoldingsTable, cells: Row, row: Constituent) -> bool:
    """Whether one derivative's weight can only be what it moves."""
    if math.isnan(row.weight) or not row.weight:
        return False
    if abs(row.weight) >= LARGE:
        return True
    shares, price = table.number(cells, Column.SHARES), table.number(cells, Column.PRICE)
    if not shares or not price or price in PAR or not row.market_value:
        return False
    return abs(shares * price / row.market_value - 1.0) <= SAME_VALUE


def told(table: HoldingsTable, rows: Sequence[Constituent], name: str, title: str) -> tuple[str, ...]:
    """Say which derivatives there are, what they weigh and move, and what is made of them."""
    groups: dict[tuple[Kind, bool], list[Constituent]] = {}
    for row, cells in zip(rows, table.rows, strict=True):
        if row.asset_class is AssetClass.DERIVATIVE:
            kind = kind_of(table, cells, row)
            groups.setdefault((kind, row.exposure is not None), []).append(row)
    lines = []
    for (kind, known), group in groups.items():
        many = len(group) > 1
        noun = f"{len(group)} {kind}{'s' if many and kind is not Kind.OTHER_MARKET else ''}"
        weight = _weight(group)
        measure = f"with a weight of {weight:.2%}"
        if known:
            exposure = math.fsum(row.exposure or 0.0 for row in group)
            measure = f"with an exposure of {exposure:.2%} of net assets (weight {weight:.2%})"
        names = listing([row.name or row.printed_ticker for row in group])
        verb = "are" if many else "is"
        if kind is not Kind.DERIVATIVE:
            done = f"{verb} in no basket and not counted ({WHY_NOT[kind]})"
        elif known:
            done = f"{verb} in no basket, but taken to move as it and counted in the fund's exposure"
        else:
            done = f"{verb} in no basket and not counted (the file does not say the exposure)"
        lines.append(f"ETF {name}: {noun} {measure} {done}: {names}.")
    return (*lines, *_leverage_line(table, rows, name, title))


LEVERAGE = re.compile(r"(?<![\w.])([-+]?)([1-5](?:\.\d+)?) ?x\b", re.IGNORECASE)
DOWN = re.compile(r"\b(?:bear|inverse|short)\b", re.IGNORECASE)
ULTRA = (
    (re.compile(r"\bproshares ultrapro short\b", re.IGNORECASE), -3.0),
    (re.compile(r"\bproshares ultrapro\b", re.IGNORECASE), 3.0),
    (re.compile(r"\bproshares ultrashort\b", re.IGNORECASE), -2.0),
    (re.compile(r"\bproshares ultra\b", re.IGNORECASE), 2.0),
    (re.compile(r"\bproshares short\b", re.IGNORECASE), -1.0),
)


def stated_leverage(title: str) -> float | None:
    """Return the leverage that a fund's name states, None if it states none.

    >>> stated_leverage("Direxion Daily Semiconductor Bear 3X ETF"), stated_leverage("AI Leaders ETF")
    (-3.0, None)
    """
    title = title[:LONGEST_NAME]
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
    """Say where the exposure of the file is not that of the fund's name, or was taken from it."""
    says = stated_leverage(title)
    if says is None:
        return ()
    in_file = _by_file(table, rows) if any(row.moves_as_basket for row in rows) else rows
    if any(row.moves_as_basket and not read.moves_as_basket for row, read in zip(rows, in_file, strict=True)):
        return (
            f"The file of ETF {name} does not say what its swaps or futures move: the {says:g}x of the "
            "fund's name is taken for its exposure.",
        )
    has = _exposure(rows)
    if abs(has - says) <= COUNTED_OFF * abs(says):
        return ()
    return (
        f"The name of ETF {name} says {says:g}x, but its file has an exposure of {has:.2%} of net assets: "
        "what its swaps move may not be in the file. Betas and hedge ratios are in units of a fund of that "
        "exposure, unless the risk model has the fund's own row.",
    )
