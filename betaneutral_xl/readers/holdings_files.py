"""Load a portfolio from a file: a broker's export, a table typed by hand, or saved JSON of the fund's API."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnreadableFile, listing
from betaneutral_xl.model.arrays import read_only
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.portfolio import CASH_OR_NAV, MAX_GROSS, SUM_TOLERANCE, Holdings, Valuation
from betaneutral_xl.model.positions import CASH, CONTRACTS, Position, PositionClass
from betaneutral_xl.model.printed import clean, number
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.tickers import market_code, normalise
from betaneutral_xl.readers.asset_classes import STOCK_TICKER
from betaneutral_xl.readers.column_evidence import numbers_of
from betaneutral_xl.readers.columns import IDENTIFIER_COLUMNS, Column, count_headers, is_of_other_time
from betaneutral_xl.readers.flex import is_flex, positions_csv
from betaneutral_xl.readers.formats import unequal_value_notes
from betaneutral_xl.readers.headerless_holdings import headerless_table
from betaneutral_xl.readers.holdings_sections import (
    ALL,
    Choice,
    drop_lots,
    find_sections,
    rows_of_day,
    select_section,
    without_account_types,
)
from betaneutral_xl.readers.holdings_table import (
    AMOUNT_COLUMNS,
    HoldingsTable,
    describe_non_holdings,
)
from betaneutral_xl.readers.position_layouts import with_tickers_of, without_currency_pairs
from betaneutral_xl.readers.position_rows import PositionRow, cash_label, groups_of, position_rows
from betaneutral_xl.readers.position_values import (
    OPTION_SIZE,
    Rates,
    Valued,
    cash_value,
    exchange_rates,
    in_units,
    merged_lots,
    missing_value,
    valued_positions,
    with_market_currencies,
)
from betaneutral_xl.readers.preamble import as_of_date, select_fund
from betaneutral_xl.readers.tabular.cell_grids import refuse_errors, sheet_of
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.sheets import BEFORE_TEXT, OLE, ZIP
from betaneutral_xl.readers.weights import FROM_SIGNS, MIN_PERCENT_SUM, decimal_weights
from betaneutral_xl.system.files import read_bytes, shown_name
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.cell_grids import CellGrid
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

ROUNDED = 0.0006
"""By how much a weight that is printed in percent with a digit may differ from the exact one."""

_OR_TICKERS = ", or give a table of identifiers and tickers (--tickers)"

NAMED_BY_TICKER = frozenset({PositionClass.EQUITY, PositionClass.FUND, PositionClass.UNKNOWN})
"""Classes of positions that a risk model knows by their ticker."""

MAX_STATED_ROWS = 40
"""Rows above and below a table that may state its net asset value."""

TOTAL_RTOL = 2e-3
"""Relative difference from a printed total of values above which a warning gives it."""

MAX_SHORT_WITHOUT_CASH = 0.1
"""Short positions over the net value from which a file without cash is refused."""


def load_holdings(
    path: Path | str, fund: str | None = None, choice: Choice | None = None, nav: float | None = None
) -> Holdings:
    """Load a portfolio from a file.

    Parameters
    ----------
    path
        The API's JSON; or a table (CSV, XLSX and others) with a column of tickers, and one of weights,
        shares and prices, or values. ``FILE.xlsx#Sheet`` chooses a sheet.
    fund
        The fund or account, if the file has several; ``all`` adds them.
    choice
        The account, the sheet, the exchange rates and the tickers by identifier; replaces ``fund``.
    nav
        The net asset value in base currency, for a file of positions without the cash. By default the
        sum of the file's positions and cash.

    Returns
    -------
    Holdings
        Weights as decimals of the net asset value.

    Raises
    ------
    UnreadableFile
        If it is not such a file.
    UnknownFund
        If it has several funds and none is chosen, or does not have the chosen one.
    MissingValue
        If a position has no ticker, or neither value nor weight.
    DuplicateTicker
        If a ticker is on two rows.

    """
    file, sheet = split_sheet(path)
    chosen = choice or Choice(account=fund)
    chosen = replace(chosen, sheet=sheet) if sheet else chosen
    return parse_holdings_file(read_bytes(file), shown_name(file), fund, chosen, nav)


def split_sheet(path: Path | str) -> tuple[str, str | None]:
    """Split ``FILE.xlsx#Sheet`` into file and sheet, unless a file of the whole name exists."""
    text = str(path)
    file, mark, sheet = text.rpartition("#")
    whole = not (mark and file and sheet) or os.path.exists(text)  # noqa: PTH110 - a text that may be no path
    return (text, None) if whole else (file, sheet)


def parse_holdings_file(
    content: bytes,
    file_name: str,
    fund: str | None = None,
    choice: Choice | None = None,
    nav: float | None = None,
) -> Holdings:
    """Parse a portfolio from a file's bytes; see ``load_holdings``."""
    provenance = Provenance(
        source="holdings file",
        location=file_name,
        retrieval=Retrieval.FILE,
        as_of=None,
        rows=0,
        sha256=digest(content),
    )
    if content.lstrip(BEFORE_TEXT).startswith(b"{") and not _is_list_of_positions(content):
        from betaneutral_xl.readers.holdings_json import parse_holdings

        found = parse_holdings(content, provenance, nav)
        day = _day(found.as_of, choice or Choice(), file_name)
        return replace(found, provenance=replace(found.provenance, as_of=day))
    if is_flex(content):
        content = positions_csv(content, file_name)
    sheets = read_sheets(content, file_name)
    chosen = choice or Choice(account=fund)
    table, name = _positions(sheets, file_name, chosen, of_workbook=content.startswith((ZIP, OLE)))
    others = [one for one in sheets if one.name != table.source.name and one.rows]
    unread = [one.name for one in others if OTHER_POSITIONS.search(one.name)]
    note = f"Sheets that are not read may have positions or cash: {listing(unread)}."
    table = replace(table, elsewhere=tuple(others), warnings=(*table.warnings, *([note] if unread else [])))
    label = PurePath(file_name).stem if name == ALL else name or chosen.account or PurePath(file_name).stem
    return _holdings(table, label, file_name, provenance, choice=chosen, nav=nav)


def _is_list_of_positions(content: bytes) -> bool:
    """Whether JSON is a broker's list of positions in an object, and not the fund's API's.

    Cash that stands elsewhere in it would not be read, so that one with cash is no such list.
    """
    return b'"positions"' in content and not any(word in content for word in (b'"holdings"', b'"cash"'))


def parse_holdings_grid(grid: CellGrid, origin: Provenance) -> Holdings:
    """Parse a portfolio from a range of typed cells, by the rules of ``load_holdings``.

    There may be lines above the header of the table; a message names the cell.
    """
    try:
        table, _ = _positions((sheet_of(grid),), grid.what, Choice(), of_workbook=False)
    except InputError:
        refuse_errors(grid)  # an error in a cell is why the table is not recognised
        raise
    refuse_errors(grid, (i for found in table.header.indices.values() for i in found), table.header.row + 1)
    if table.header.row >= 0:
        refuse_errors(grid, first=table.header.row, end=table.header.row + 1)
    holdings = _holdings(table, "portfolio", grid.what, origin, choice=Choice(), nav=None)
    _refuse_words(table)
    return holdings


def _refuse_words(table: HoldingsTable) -> None:
    """Raise for a word in a column of numbers, also in one that is not needed: a sheet is typed by hand."""
    for column in (Column.SHARES, Column.PRICE, Column.MARKET_VALUE, Column.WEIGHT):
        for row in table.rows if column in table.header.indices else ():
            text = table.text(row, column)
            if text and table.number(row, column) is None:
                where = table.where(row, column)
                msg = f"{where} is {text!r:.60}, not a number. Correct it, or clear the cell."
                raise MissingValue(msg)


def _positions(
    sheets: Sequence[TextSheet], file_name: str, choice: Choice, *, of_workbook: bool
) -> tuple[HoldingsTable, str]:
    """Return the chosen table of positions, and the account's name (empty if there is one only)."""
    sections = find_sections(sheets, file_name, choice, of_workbook=of_workbook)
    if sections:
        table, name = select_section(sections, choice, file_name)
    else:
        headerless = headerless_table(sheets, file_name)
        if headerless is None:
            if sheets[0].place is not None:
                raise _no_table(sheets[0], file_name)
            raise UnreadableFile(describe_non_holdings(sheets, file_name))
        table, name = headerless, ""
    table = without_account_types(rows_of_day(drop_lots(table), file_name, choice.day))
    if choice.adds_all:
        name = name or ALL
    if not name:
        advice = (
            "accounts or funds: {}. Keep the rows of one."
            if table.in_range
            else "accounts or funds: {}. Choose one with --account NAME, or --account all to add them."
        )
        table, name = select_fund(table, choice.account, file_name, advice)
    return table, name


def _no_table(sheet: TextSheet, what: str) -> InputError:
    """Return the error for a range without a table of positions."""
    found = listing([str(column) for column in max(map(count_headers, sheet.rows), key=len, default=())])
    if not found:
        width = max(map(len, sheet.rows), default=0)
        return InputError(f"{what} has {width} columns without a header. Name them: ticker, weight.")
    return InputError(
        f"{what} needs the columns ticker and weight, or ticker, shares and price (found: {found})."
    )


def _holdings(
    table: HoldingsTable,
    fund: str,
    file_name: str,
    origin: Provenance,
    *,
    choice: Choice,
    nav: float | None,
) -> Holdings:
    _refuse_nameless(table)
    table = with_tickers_of(without_currency_pairs(table), choice.tickers)
    rows, units = in_units(table, position_rows(table))
    cash = [row for row in rows if row.is_cash]
    held = [row for row in rows if not row.is_cash]
    tickers = _tickers(table, held, file_name)
    held, notes = with_market_currencies(table, held, tickers, choice)
    notes = (*units, *notes, *_other_columns(table), *_foreign_notes(table, held, tickers))
    rows = (*held, *cash)
    as_of = _day(as_of_date(table, file_name), choice, file_name)
    if as_of is not None and as_of > origin.fetched_at.date() + timedelta(days=1):
        text = f"Holdings of {fund} are dated {as_of}, which is in the future: check the day."
        notes = (*notes, Notice(text, Subject.HOLDINGS, Severity.CHANGES))
    read = _Read(table, fund, rows, replace(origin, as_of=as_of, rows=len(rows)))
    rates = exchange_rates(table, rows, choice)
    if rates is None:
        note = (
            f"{file_name} has positions in several currencies without a rate: its weights are used, "
            "its values are not."
        )
        return _by_weight(read, tickers, nav, (*notes, note))
    valued = valued_positions(table, held, tickers, rates)
    if valued is None:
        return _by_weight(read, tickers, nav, notes)
    return _by_value(read, valued, rates, nav, notes)


def _day(in_file: date | None, choice: Choice, file_name: str) -> date | None:
    """Return the day of a file, or the stated one of a file without a day."""
    if choice.day is not None and in_file not in {None, choice.day}:
        msg = f"{file_name} is of {in_file}, not of {choice.day}. Give that day, or leave it out."
        raise InputError(msg)
    return in_file or choice.day


@dataclass(frozen=True, slots=True)
class _Read:
    """A table with its rows, the fund that it is of, and where it came from."""

    table: HoldingsTable
    fund: str
    rows: tuple[PositionRow, ...]
    origin: Provenance

    @property
    def cash(self) -> list[PositionRow]:
        """The rows of cash."""
        return [row for row in self.rows if row.is_cash]

    @property
    def columns(self) -> Mapping[str, str]:
        """The header of each column in use."""
        return MappingProxyType(self.table.header.used_headers())


def _by_value(
    read: _Read, valued: list[Valued], rates: Rates, nav: float | None, more: tuple[str, ...]
) -> Holdings:
    table, fund = read.table, read.fund
    merged, lot_notes = merged_lots(table, valued)
    if len(merged) == len(valued):  # no lots were added
        _refuse_duplicates(table, ((one.ticker, one.row) for one in merged))
    cash_rows = [(row, cash_value(table, row, rates)) for row in read.cash]
    if nav is None and not cash_rows:
        _refuse_shorts_without_cash(fund, merged)
    total = Valuation.of([one.value for one in merged], math.fsum(value for _, value in cash_rows), fund, nav)
    held = [one for one in merged if one.row.position_class is not PositionClass.FUTURE]
    if not held:
        msg = f"{table.file_name} has no positions beside cash and futures. Check that it is the right file."
        raise InputError(msg)
    weights = [one.value / total.nav for one in held]
    complete = all(one.shares is not None for one in held) and all(one.price > 0.0 for one in held)
    unequal = [one.ticker for one in held if not one.agrees]
    values = [*((one.row, one.value) for one in valued), *cash_rows]
    notes = [
        *_hidden_notes(table, [(row, value / total.nav) for row, value in values]),
        *total.warnings,
        *more,
        *unequal_value_notes(fund, unequal, 0 if Column.CURRENCY in table.header.indices else len(held)),
        *_cash_notes(cash_rows),
        *_foreign_cash_notes(read, rates),
        *table.warnings,
        *_contract_notes(merged, total.nav),
        *lot_notes,
    ]
    if len(merged) == len(valued):
        notes += _weight_notes(table, held, weights, total.nav)
    notes += _total_notes(table, read.rows)
    if nav is None:
        notes += _stated_notes(table, total.nav, total.cash)
    return Holdings(
        fund=fund,
        tickers=tuple(one.ticker for one in held),
        weights=read_only(weights),
        shares=read_only([one.shares or 0.0 for one in held]) if complete else None,
        prices=read_only([one.price for one in held]) if complete else None,
        nav=total.nav,
        cash=total.cash / total.nav,
        provenance=read.origin,
        warnings=tuple(notes),
        leverage_stated=nav is not None,
        positions=(
            *(_position(table, one, total.nav) for one in merged),
            *(_cash_position(row, value, total.nav) for row, value in cash_rows),
        ),
        columns=read.columns,
    )


def _position(table: HoldingsTable, one: Valued, nav: float) -> Position:
    return Position(
        ticker=one.ticker,
        position_class=one.row.position_class,
        weight=one.value / nav,
        name=one.row.name,
        shares=one.shares,
        price=one.price if math.isfinite(one.price) else None,
        value=one.value,
        currency=one.row.currency,
        notional=one.notional,
        delta=one.delta,
        groups=groups_of(table, one.row.cells),
    )


def _cash_position(row: PositionRow, value: float | None, nav: float, weight: float = math.nan) -> Position:
    return Position(
        ticker=cash_label(row),
        position_class=row.position_class,
        weight=weight if value is None else value / nav,
        name=row.name or row.symbol,
        shares=row.shares,
        price=row.price,
        value=value,
        currency=row.currency,
    )


def _by_weight(
    read: _Read, tickers: tuple[str, ...], nav: float | None, notes: tuple[str, ...] = ()
) -> Holdings:
    table, fund = read.table, read.fund
    for row in read.rows if Column.WEIGHT in table.header.indices else ():
        if table.number(row.cells, Column.WEIGHT) is None:
            raise missing_value(table, row, "weight", Column.WEIGHT)
    decimals, unit = decimal_weights(table, table.file_name)
    decimals = [-abs(one) if row.is_short else one for row, one in zip(read.rows, decimals, strict=True)]
    held = [(row, one) for row, one in zip(read.rows, decimals, strict=True) if not row.is_cash]
    _refuse_duplicates(table, ((ticker, row) for ticker, (row, _) in zip(tickers, held, strict=True)))
    missing = 1.0 - math.fsum(weight for weight in decimals if not math.isnan(weight))
    cash_rows = [
        (row, one)
        for row, one in zip(read.rows, decimals, strict=True)
        if row.is_cash and not math.isnan(one)
    ]
    cash = math.fsum(one for _, one in cash_rows)
    warnings: tuple[str, ...] = ()
    if abs(missing) > SUM_TOLERANCE:
        cash += missing
        warnings = (
            f"Weights of {fund} add to {1.0 - missing:.4f}, not 1: "
            f"the other {missing:.4f} is taken as cash, nothing is rescaled.",
        )
    positions = [
        Position(
            ticker=ticker,
            position_class=row.position_class,
            weight=weight,
            name=row.name,
            shares=row.shares,
            currency=row.currency,
            groups=groups_of(table, row.cells),
        )
        for ticker, (row, weight) in zip(tickers, held, strict=True)
    ]
    return Holdings(
        fund=fund,
        tickers=tickers,
        weights=read_only([weight for _, weight in held]),
        nav=nav,
        cash=cash,
        provenance=replace(read.origin, note=unit),
        warnings=(
            *_hidden_notes(table, zip(read.rows, decimals, strict=True)),
            *warnings,
            *_cash_notes(cash_rows),
            *table.warnings,
            *_options_note([one.ticker for one in positions if one.position_class is PositionClass.OPTION]),
            *notes,
        ),
        leverage_stated=FROM_SIGNS in unit,
        positions=(*positions, *(_cash_position(row, None, math.nan, weight) for row, weight in cash_rows)),
        columns=read.columns,
    )


# ------------------------------------------------------------------ refusals and notes


def _refuse_shorts_without_cash(fund: str, positions: Sequence[Valued]) -> None:
    """Refuse a book with short positions whose cash is not in the file: its net asset value is unknown.

    One whose gross exposure is refused in any case is left to that.
    """
    own = [one for one in positions if one.row.position_class not in CONTRACTS]
    short = math.fsum(-one.value for one in own if one.value < 0.0)
    net = math.fsum(one.value for one in own)
    if net > 0.0 and MAX_SHORT_WITHOUT_CASH * net < short <= 0.5 * (MAX_GROSS - 1.0) * net:
        msg = (
            f"Holdings of {fund} have short positions of {short:,.2f} and no cash, so that the net asset "
            f"value is unknown (the positions are worth {net:,.2f} in total): {CASH_OR_NAV}."
        )
        raise MissingValue(msg)


def _hidden_notes(table: HoldingsTable, weights: Iterable[tuple[PositionRow, float]]) -> Iterator[Notice]:
    """Yield notices on what the sheet hides, with the weights of the rows."""
    for line in table.hidden_notes({id(row.cells): weight for row, weight in weights}):
        yield Notice(line, Subject.HOLDINGS, Severity.CHANGES)


def _other_columns(table: HoldingsTable) -> tuple[str, ...]:
    """Return a note where two columns of one meaning, and one currency, have other numbers.

    And where the only one says that it is a target, or of another day.
    """
    header = table.header
    lines = []
    by_value = Column.MARKET_VALUE in header.indices
    columns = [
        one
        for one in (Column.WEIGHT, Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
        if one in header.indices and not (one is Column.PRICE and by_value)
    ]
    deciding = Column.MARKET_VALUE if by_value else columns[0]
    for column in columns:
        first, *rest = header.indices[column]
        what = "shares" if column is Column.SHARES else f"{column}s"
        if column is deciding and is_of_other_time(header.texts[first]):
            shown = clean(header.texts[first])
            lines.append(f'The {what} are read from "{shown}": check that they are what is held.')
        used = numbers_of(table, table.rows, first)
        others = [
            clean(header.texts[i])
            for i in rest
            if header.is_in_base(i) is header.is_in_base(first)
            and is_of_other_time(header.texts[i]) is is_of_other_time(header.texts[first])
            if any(numbers := numbers_of(table, table.rows, i)) and numbers != used
        ]
        if others:
            lines.append(
                f'The {what} are read from "{clean(header.texts[first])}", not from {listing(others)}: '
                "remove the column that is not meant."
            )
    return tuple(lines)


def _foreign_notes(
    table: HoldingsTable, rows: Sequence[PositionRow], tickers: Sequence[str]
) -> Iterator[str]:
    """Yield a note on tickers without a market, of positions that are quoted outside the United States.

    The ticker may be that of another company there.
    """
    if not {Column.EXCHANGE, Column.CURRENCY} & table.header.indices.keys():
        return
    local = {
        ticker: code
        for row, ticker in zip(rows, tickers, strict=True)
        if " " not in ticker and row.position_class in NAMED_BY_TICKER
        if (code := market_code(table.text(row.cells, Column.EXCHANGE), row.currency))
    }
    if local:
        first, code = next(iter(local.items()))
        yield (
            f"Quoted outside the United States, and read as the listing there: {listing(list(local))}. If "
            f"the ticker is another company's, give the market, as {first} {code}."
        )


def _options_note(tickers: Sequence[str]) -> tuple[str, ...]:
    if not tickers:
        return ()
    return (
        f"Options have no risk data of their own and are valued at {OPTION_SIZE:.0f} times the price, "
        f"unless the file has a value or multiplier: {listing(tickers)}.",
    )


def _contract_notes(positions: Sequence[Valued], nav: float) -> tuple[str, ...]:
    """Return notes on options, and on futures and other derivatives with their notional value."""
    options = [one for one in positions if one.row.position_class is PositionClass.OPTION]
    known = [
        f"{one.ticker} {one.delta * one.notional / nav:.2%}"
        for one in options
        if one.delta is not None and one.notional is not None
    ]
    deltas = f"Exposure of options by their delta, not in the betas: {listing(known)}." if known else ""
    others = [
        f"{one.ticker} ({_notional(one, nav)})"
        for one in positions
        if one.row.position_class in {PositionClass.FUTURE, PositionClass.DERIVATIVE}
    ]
    line = (
        "Futures and other derivatives count with their gains, not with their notional value: "
        f"{listing(others)}."
        if others
        else ""
    )
    return tuple(filter(None, (*_options_note([one.ticker for one in options]), deltas, line)))


def _notional(one: Valued, nav: float) -> str:
    if one.notional is None:
        return "notional value unknown"
    return f"notional {one.notional:,.2f}, {one.notional / nav:.2%} of net asset value"


OWED = Pattern(
    r"\b(?:loans?|borrow\w*|payables?|due to|debit|debt|overdraft|liabilit\w+|owed)\b", re.IGNORECASE
)
"""Words of what a fund owes."""


def _cash_notes(rows: Sequence[tuple[PositionRow, float]]) -> Iterator[str]:
    """Yield notes on what is taken as cash, and on debts that are positive."""
    named = [(row.symbol or row.name, amount) for row, amount in rows]
    names = [name for name, _ in named if name.upper() != CASH]
    if names:
        yield f"Taken as cash: {listing(names)}."
    owed = [
        name
        for (row, amount), (name, _) in zip(rows, named, strict=True)
        if amount > 0.0 and OWED.search(f"{row.symbol} {row.name}")
    ]
    if owed:
        text = f"Positive, though by its name it is owed: {listing(owed)}. If it is, give it a minus sign."
        yield Notice(text, Subject.HOLDINGS, Severity.CHANGES)


def _foreign_cash_notes(read: _Read, rates: Rates) -> tuple[str, ...]:
    """Return a note where cash is in a currency that no position has, and nothing tells its rate."""
    held = {row.currency for row in read.rows if not row.is_cash and row.currency}
    foreign = [
        row.symbol or row.name
        for row in read.cash
        if held and row.currency and row.currency not in held | rates.by_currency.keys()
        if row.shares is None or row.price is None
    ]
    if not foreign or rates.in_column or rates.in_base:
        return ()
    return (
        f"{listing(foreign)} has no rate: its value is taken as being in {listing(sorted(held))}. If it is "
        "not, give the rate.",
    )


def _tickers(table: HoldingsTable, rows: Sequence[PositionRow], file_name: str) -> tuple[str, ...]:
    missing = [_row_label(table, row) for row in rows if not row.symbol]
    if missing:
        msg = f"{file_name} has no ticker for {listing(missing)}. Fill it in, remove the row{_OR_TICKERS}."
        raise MissingValue(msg, tickers=missing)
    if not rows:
        msg = f"{file_name} has no positions, only cash. Check that it is the right file."
        raise InputError(msg)
    _refuse_days(table, rows)
    if Column.TICKER not in table.header.indices:
        _refuse_names(rows, file_name)
    return tuple(normalise(row.symbol.lstrip("-")) for row in rows)


DAY_AS_TICKER = Pattern(
    r"\d{4}-\d{2}-\d{2}(?: .*)?|\d{1,2}-[a-z]{3}(?:-\d{2,4})?|\d{1,2}/\d{1,2}/\d{2,4}", re.IGNORECASE
)


def _refuse_days(table: HoldingsTable, rows: Sequence[PositionRow]) -> None:
    """Refuse a date in place of a ticker: spreadsheet programs make one of MAR1 and of 1-MAR."""
    row = next(
        (row for row in rows if row.symbol[:1].isdigit() and DAY_AS_TICKER.fullmatch(row.symbol)), None
    )
    if row is not None:
        msg = (
            f"{table.where(row.cells, Column.TICKER, Column.NAME)} has the day {row.symbol:.40} in place of "
            "a ticker. Write the ticker, in a cell of the format text, or remove the row."
        )
        raise InputError(msg)


def _refuse_names(rows: Sequence[PositionRow], file_name: str) -> None:
    """Refuse names in place of tickers: a column of names without one of tickers has either."""
    names = [
        row.symbol
        for row in rows
        if row.position_class in NAMED_BY_TICKER and not STOCK_TICKER.fullmatch(normalise(row.symbol))
    ]
    if names:
        msg = f"{file_name} has names and no tickers ({listing(names)}). Add a column ticker{_OR_TICKERS}."
        raise MissingValue(msg, tickers=names)


def _refuse_nameless(table: HoldingsTable) -> None:
    """Refuse a number beside a blank ticker: its position would vanish."""
    for row in table.nameless:
        column = next(c for c in AMOUNT_COLUMNS if table.number(row, c))
        where = table.where(row, Column.TICKER, Column.NAME)
        msg = (
            f"{where} has no ticker beside its {table.number(row, column):.10g} ({column}). "
            "Give the ticker, or CASH; or clear the row."
        )
        raise MissingValue(msg)


def _refuse_duplicates(table: HoldingsTable, rows: Iterable[tuple[str, PositionRow]]) -> None:
    first: dict[str, Row] = {}
    for ticker, row in rows:
        if ticker in first:
            places = [table.where(one, Column.TICKER, Column.NAME) for one in (first[ticker], row.cells)]
            msg = (
                f"{table.file_name} lists {ticker} more than once ({places[0]}; {places[1]}). "
                "Merge the rows if they are one company; give the exchange if they are not."
            )
            raise DuplicateTicker(msg, tickers=[ticker])
        first[ticker] = row.cells


def _weight_notes(
    table: HoldingsTable, positions: Sequence[Valued], weights: Sequence[float], nav: float
) -> tuple[str, ...]:
    """Return a warning if the printed weights are others than those of shares, prices and values."""
    printed = [table.number(one.row.cells, Column.WEIGHT) for one in positions]
    known = [one for one in printed if one is not None]
    scale = 100.0 if math.fsum(map(abs, known)) > MIN_PERCENT_SUM else 1.0
    apart = [
        one.ticker
        for one, weight, computed in zip(positions, printed, weights, strict=True)
        if weight is not None and abs(weight / scale - computed) > ROUNDED
    ]
    if not apart:
        return ()
    whole = _implied_nav(positions, printed, scale)
    hint = (
        f" In proportion they are of a net asset value of about {whole:,.0f}, not {nav:,.0f}: if the file "
        f"leaves cash out, state it (--nav {whole:.0f})."
        if whole is not None
        else ""
    )
    return (
        f"The weights of {table.file_name} differ from its shares, prices and values for "
        f"{listing(apart)}: the weights are not used.{hint}",
    )


def _total_notes(table: HoldingsTable, rows: Sequence[PositionRow]) -> tuple[str, ...]:
    """Return a warning if the file's own totals of values are others than the sum of its rows."""
    totals = table.printed_values
    values = [table.number(row.cells, Column.MARKET_VALUE) for row in rows]
    if not totals or None in values:
        return ()
    added = math.fsum(value for value in values if value is not None)
    # of several totals one is of the whole, or all are of its parts
    if any(math.isclose(added, one, rel_tol=TOTAL_RTOL, abs_tol=1.0) for one in (*totals, math.fsum(totals))):
        return ()
    return (
        f"{table.file_name} prints a total value of {totals[-1]:,.2f}, but the rows that are read add to "
        f"{added:,.2f}: a position is missing or counted twice. Check them with the file.",
    )


OTHER_POSITIONS = Pattern(
    r"\b(?:cash|money|options?|futures?|derivatives?|swaps?|shorts?|fx|margin)\b", re.IGNORECASE
)
"""Names of sheets that may have a part of a portfolio."""
STATED_NAV = Pattern(
    r"(?:(?:(?:total|net) )+(?:(?:fund|portfolio|account) )?(?:asset value|nav|value|assets|worth)"
    r"|(?:fund|portfolio|account) (?:nav|value|equity)|nav|aum|net liq(?:uidation(?: value)?)?)"
    r"(?: \((?:nav|usd|eur|gbp|chf)\))?",
    re.IGNORECASE,
)
STATED_CASH = Pattern(
    r"(?:(?:total|net|available|settled|uninvested|ending) )*cash(?: (?:balance|position|& equivalents"
    r"|and (?:cash )?equivalents))?(?: \((?:usd|eur|gbp|chf)\))?",
    re.IGNORECASE,
)
"""Labels, beside the table, of what its rows should add to, and of the cash among them."""
SMALLEST_NAV = 0.01
"""Of the value of the positions: a smaller number is a net asset value per share."""


def _stated_notes(table: HoldingsTable, nav: float, cash: float) -> Iterator[Notice]:
    """Yield notices where lines around the table state another net asset value or cash than its rows."""
    advice = f"It is not used: {CASH_OR_NAV}."
    beside = [
        (row, table.where(row)) for row in (*table.before[-MAX_STATED_ROWS:], *table.after[:MAX_STATED_ROWS])
    ]
    beside += [
        (row, f"{table.file_name}, sheet {sheet.name}, row {i}")
        for sheet in table.elsewhere
        for i, row in enumerate(sheet.rows[:MAX_STATED_ROWS], start=1)
    ]
    for row, where in beside:
        label, amount = _labelled_amount(table, row)
        if amount is None:
            continue
        if STATED_NAV.fullmatch(label) and amount > SMALLEST_NAV * abs(nav):
            if not math.isclose(amount, nav, rel_tol=TOTAL_RTOL):
                text = f"{where} states {amount:,.2f} ({label:.40}), and the rows add to {nav:,.2f}. {advice}"
                yield Notice(text, Subject.HOLDINGS, Severity.CHANGES)
        elif STATED_CASH.fullmatch(label) and not math.isclose(amount, cash, rel_tol=TOTAL_RTOL, abs_tol=1.0):
            text = (
                f"{where} states {amount:,.2f} ({label:.40}), and the table has {cash:,.2f} of cash. {advice}"
            )
            yield Notice(text, Subject.HOLDINGS, Severity.CHANGES)


def _labelled_amount(table: HoldingsTable, row: Row) -> tuple[str, float | None]:
    """Return the label and the number of a line with both, in two cells, or in one with a colon between."""
    cells = [text for cell in row if (text := clean(cell))]
    if len(cells) == 1 and ":" in cells[0]:
        label, _, text = cells[0].partition(":")
        return label.strip(), number(text, decimal_comma=table.decimal_comma)
    if len(cells) == 2:  # noqa: PLR2004 - a label and an amount
        return cells[0].rstrip(": "), number(cells[1], decimal_comma=table.decimal_comma)
    return "", None


def _implied_nav(positions: Sequence[Valued], printed: Sequence[float | None], scale: float) -> float | None:
    """Return the net asset value of which all printed weights are, None if they are of no single one."""
    pairs = [(one.value, weight / scale) for one, weight in zip(positions, printed, strict=True) if weight]
    largest = max(pairs, key=lambda pair: abs(pair[0]), default=(0.0, 0.0))
    if len(pairs) < 2 or not largest[1]:  # noqa: PLR2004 - one pair proves nothing
        return None
    whole = largest[0] / largest[1]
    fits = all(abs(value / whole - weight) <= ROUNDED for value, weight in pairs)
    return whole if fits and whole > 0.0 else None


def _row_label(table: HoldingsTable, row: PositionRow) -> str:
    """Return a label for a row without a ticker: its name, and its ISIN or another identifier."""
    texts = [text for one in IDENTIFIER_COLUMNS if (text := table.text(row.cells, one))]
    name = table.text(row.cells, Column.NAME)
    codes = [text for text in texts if text != name]
    return f"{name} ({codes[0]})" if name and codes else (name or next(iter(codes), "?"))
