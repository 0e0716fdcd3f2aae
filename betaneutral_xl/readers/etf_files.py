"""Parse an ETF's holdings from its issuer's file, in any layout: columns are found by header.

The steps: text grids (``tabular.detection``) -> the table and its rows (``holdings_table``) -> one fund's
rows and the date (``preamble``) -> decimal weights (``weights``) -> constituents -> ``Etf``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, UnknownFund, UnreadableFile, listing, one_line
from betaneutral_xl.model.notices import Notice, Severity, Subject
from betaneutral_xl.model.portfolio import AssetClass, Constituent, Etf, sum_warnings
from betaneutral_xl.model.printed import cell_text, clean, date_of
from betaneutral_xl.model.provenance import Provenance, Retrieval, digest
from betaneutral_xl.model.tickers import at_market, country_market, market_code, normalise
from betaneutral_xl.readers import asset_classes, derivatives
from betaneutral_xl.readers.cell_columns import SHORT
from betaneutral_xl.readers.column_evidence import (
    proven_unit,
    table_by_numbers,
    unread_numbers,
    with_weight_column,
)
from betaneutral_xl.readers.columns import CODE_COLUMNS, Column
from betaneutral_xl.readers.derivatives import total_weight
from betaneutral_xl.readers.holdings_table import (
    HoldingsTable,
    describe_non_holdings,
    describe_rows,
    find_table,
    holding_rows,
    same_rows,
)
from betaneutral_xl.readers.preamble import (
    MAX_LISTED,
    as_of_date,
    date_in_file_name,
    fund_in_preamble,
    fund_name,
    fund_title,
    select_day,
    select_fund,
    unnamed_fund_warnings,
)
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.two_row_headers import with_joined_headers
from betaneutral_xl.readers.weights import COMPUTED, FROM_HEADER, decimal_weights
from betaneutral_xl.system.files import is_inside, shown_name
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

STALE_DAYS = 7
"""Age in days above which a warning gives it."""

SUFFIXES = frozenset({".csv", ".xlsx", ".xls", ".html", ".htm", ".json", ".txt"})
"""Suffixes of the files among which a fund's file is searched."""

NAMED_CLASSES = frozenset({AssetClass.EQUITY, AssetClass.FUND})
"""Classes whose rows may have a ticker by their identifier."""
MAX_WEIGHED = 20
"""Names that a warning lists with their weights."""
MAX_SHEETS = 50
"""Sheets in which another fund's table is searched."""
MAX_BEFORE = 60
"""Rows of another sheet in which the same header is searched."""
MIN_FRACTION = 0.2
MAX_LEVERAGE = 5.0
"""Weights under a header that says percent and that add to less than the first are doubted, unless even as
fractions they add to more than the second."""

MAX_FILES = 50_000
"""Entries of a folder that are searched."""


AMERICAN = Pattern(
    r"\b(?:us|usa|nasdaq\w*|nyse|new york|united states|vereinigte staaten|[eé]tats-unis|stati uniti"
    r"|estados unidos|verenigde staten)\b",
    re.IGNORECASE,
)
"""Names of exchanges in the United States and of that country."""
EURO = "EUR"
"""The currency of several markets: a ticker in it may be of any."""

NAME = Pattern(r"[A-Za-z][A-Za-z0-9]{0,9}")
"""A fund's ticker, as opposed to a path."""


def find_etf(name: str, folders: Iterable[Path]) -> Path:
    """Return the newest file in some folders whose name contains a fund's ticker as a whole word.

    Files are ordered by the date in the name, else by modification time. Links that lead out of the folder
    are not followed, and subfolders are not searched: the user named a fund, not a path.

    Raises
    ------
    UnreadableFile
        If the name is not a ticker, or no file matches; the message names the folders by their last part.

    """
    if not NAME.fullmatch(name):
        msg = f"{name[:20]!r} is not a fund's ticker. Give a ticker such as JHAI, or the file itself."
        raise UnreadableFile(msg)
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", re.IGNORECASE)
    folders = tuple(folders)
    found: list[tuple[date, float, Path]] = []
    for folder in folders:
        for path in _files(folder):
            if word.search(path.stem) and path.suffix.lower() in SUFFIXES and is_inside(path, folder):
                saved = path.stat().st_mtime
                day = date_in_file_name(path.name) or datetime.fromtimestamp(saved, UTC).date()
                found.append((day, saved, path))
    if not found:
        where = listing([shown_name(folder) for folder in folders]) or "no folder"
        msg = f"No file of {name} in {where}. Download the fund's holdings, or set BETANEUTRAL_DOWNLOADS."
        raise UnreadableFile(msg)
    return max(found)[2]


def _files(folder: Path) -> list[Path]:
    try:
        entries = [path for _, path in zip(range(MAX_FILES), folder.iterdir(), strict=False)]
        return [path for path in entries if path.is_file()]
    except OSError:  # the folder is absent or may not be read
        return []


def parse_etf(
    content: bytes,
    file_name: str,
    *,
    fund: str | None = None,
    tickers: Mapping[str, str] | None = None,
    today: date | None = None,
    retrieval: Retrieval = Retrieval.FILE,
) -> Etf:
    """Parse an ETF's holdings from the bytes of an issuer's file.

    Parameters
    ----------
    content
        The file as downloaded: CSV, XLSX, XLS, XML Spreadsheet 2003, HTML or JSON.
    file_name
        The fund's ticker and the date are taken from it if the content has none.
    fund
        The fund's ticker or name, required if the file lists several.
    tickers
        Ticker by identifier (``ticker_map``), for rows that have no ticker of their own.
    today
        The day to which the age counts; by default today (UTC).
    retrieval
        How the bytes were obtained.

    Returns
    -------
    Etf
        Every row of the fund, with weights as decimals of net assets, and the headers that were used.

    Raises
    ------
    UnreadableFile
        If it has no table of holdings; the message says what it is instead.
    UnknownFund
        If it lists several funds and none is chosen, or does not list the chosen one.

    """
    table, on_sheet = _find_table(read_sheets(content, file_name), fund, file_name)
    table, in_column = select_fund(table, None if on_sheet else fund, file_name)
    table = with_weight_column(select_day(table))
    weights, weight_note = decimal_weights(table, file_name, proven_unit(table))
    weights = signed_by_side(table, weights)
    title = fund_title(table)
    rows, row_warnings = constituents(table, weights, title, tickers or {})
    name = on_sheet or fund_name(table, in_column, fund, file_name)
    as_of, exchanged = as_of_date(table, file_name), partial(as_of_date, table, file_name, exchanged=True)
    today = today or datetime.now(UTC).date()
    return Etf(
        name=name,
        constituents=rows,
        provenance=Provenance(
            source="issuer's file",
            location=file_name,
            retrieval=retrieval,
            as_of=as_of,
            rows=len(rows),
            sha256=digest(content),
            note=weight_note,
        ),
        warnings=(
            *hidden_warnings(table, weights),
            *sum_warnings(name, rows),
            *weight_warnings(table, rows, weight_note),
            *total_warnings(table, rows),
            *row_warnings,
            *derivatives.derivative_warnings(table, rows, name, title),
            *unnamed_fund_warnings(table, "" if in_column or on_sheet else fund or "", file_name),
            *_age_warnings(name, as_of, today, exchanged),
            *table.warnings,
        ),
        columns=MappingProxyType(table.header.used_headers()),
        title=title,
        printed_total=table.printed_total,
    )


def hidden_warnings(table: HoldingsTable, weights: Sequence[float]) -> Iterator[Notice]:
    """Yield notices on what the sheet of a fund hides, with the weights of the rows."""
    shares = {id(row): weight for row, weight in zip(table.rows, weights, strict=True)}
    for line in table.hidden_notes(shares):
        yield Notice(line, Subject.ETF, Severity.CHANGES)


def _find_table(sheets: Sequence[TextSheet], fund: str | None, file_name: str) -> tuple[HoldingsTable, str]:
    """Return the table of holdings, and the fund if a sheet is named by it."""
    sheets = tuple(map(with_joined_headers, sheets))
    table = find_table(sheets, file_name) or table_by_numbers(sheets, file_name)
    if table is None:
        raise UnreadableFile(describe_non_holdings(sheets, file_name))
    others = _same_header(sheets, table, file_name)
    if not others:
        return table, ""
    tables = {one.source.name: one for one in (table, *others)}
    if len(tables) <= len(others):  # tables of a page have no names
        warning = (
            f"Another table with the same columns is not read ({describe_rows(others[0], others[0].rows)})."
        )
        return replace(table, warnings=(*table.warnings, warning)), ""
    labels = {name.casefold(): name for name in tables}
    labels |= {
        preamble.casefold(): name for name, one in tables.items() if (preamble := fund_in_preamble(one))
    }
    chosen = labels.get((fund or "").strip().casefold())
    if chosen is not None:
        return tables[chosen], (fund or "").strip().upper()
    what = (
        f"does not list the fund {fund}; it has the sheets" if fund else "lists a fund on each of the sheets"
    )
    msg = f"{file_name} {what} {listing(list(tables), limit=MAX_LISTED)}. Choose one of them (fund)."
    raise UnknownFund(msg, tickers=list(tables))


def _same_header(sheets: Sequence[TextSheet], table: HoldingsTable, file_name: str) -> list[HoldingsTable]:
    """Return the tables of other sheets that have the same header and other rows."""
    found = []
    for sheet in sheets[:MAX_SHEETS]:
        i = next((i for i, row in enumerate(sheet.rows[:MAX_BEFORE]) if row == table.header.texts), None)
        if i is None or sheet.rows[i] is table.header.texts:  # the table itself
            continue
        other = holding_rows(sheet, replace(table.header, row=i), file_name)
        if other.rows and not same_rows(other.rows, table.rows):
            found.append(other)
    return found


def weight_warnings(table: HoldingsTable, rows: Sequence[Constituent], note: str) -> tuple[str, ...]:
    """Return warnings if weights are computed, or add to little under a header that says percent."""
    if note is COMPUTED:
        unread = unread_numbers(table)
        which = f" Columns of numbers that are not understood: {listing(unread, limit=5)}." if unread else ""
        return (
            f"There is no column of weights that is understood: {note}.{which}",
            *_currency_warnings(table),
        )
    total = total_weight(rows)
    if note == FROM_HEADER and 0.0 < total < MIN_FRACTION and total * 100.0 < MAX_LEVERAGE:
        return (
            f"The header says percent, but the weights add to {total:.2%} of net assets. If they are "
            f"fractions, they add to {total * 100.0:.2f}: then remove the percent from the header.",
        )
    return ()


def _currency_warnings(table: HoldingsTable) -> tuple[str, ...]:
    """Return a warning where values whose currency no header tells are beside several currencies."""
    columns = table.header.indices.get(Column.MARKET_VALUE, ())
    rows = [row for row in table.rows if table.number(row, Column.MARKET_VALUE)]
    codes = list(dict.fromkeys(text.upper() for row in rows if (text := table.text(row, Column.CURRENCY))))
    if len(codes) < 2 or not columns or table.header.is_in_base(columns[0]):  # noqa: PLR2004 - several
        return ()
    return (
        f"The rows are in {listing(codes)}, and the header of their values names no currency: the weights "
        "are right only if all values are in one currency.",
    )


def _age_warnings(
    name: str, as_of: date | None, today: date, exchanged: Callable[[], date | None]
) -> tuple[str, ...]:
    """Return a warning on the age; ``exchanged`` reads the day with day and month the other way round."""
    if as_of is None:
        return (f"The file of ETF {name} has no date: the age of its holdings is unknown.",)
    age = (today - as_of).days
    if age > STALE_DAYS:
        other = exchanged()
        recent = other is not None and 0 <= (today - other).days <= STALE_DAYS
        hint = f"; if the day is before the month, of {other}" if recent else ""
        return (f"Holdings of ETF {name} are {age} days old (as of {as_of}{hint}).",)
    return (f"Holdings of ETF {name} are dated {as_of}, which is in the future.",) if age < -1 else ()


# ------------------------------------------------------------------ constituents


def total_warnings(table: HoldingsTable, rows: Sequence[Constituent]) -> tuple[str, ...]:
    """Return a warning if the rows do not add to the printed total."""
    total = table.printed_total
    if total is None:
        return ()
    added = total_weight(rows)
    shown = total / 100.0 if abs(total / 100.0 - added) < abs(total - added) else total
    if abs(shown - added) <= 5e-3:  # noqa: PLR2004 - half a percent of rounding
        return ()
    return (f"The file prints a total of {shown:.4f}, but its rows add to {added:.4f}.",)


def signed_by_side(table: HoldingsTable, weights: Sequence[float]) -> list[float]:
    """Return weights, negative where a column, or the sign of an equity's shares, says that it is short."""

    def is_short(row: Row) -> bool:
        side = table.text(row, Column.SIDE)
        if side:
            return side.casefold() in SHORT
        if (table.number(row, Column.SHARES) or 0.0) >= 0.0:
            return False
        identifiers = [text for one in CODE_COLUMNS if (text := table.text(row, one))]
        return _asset_class(table, row, identifiers) is AssetClass.EQUITY

    return [-abs(one) if is_short(row) else one for row, one in zip(table.rows, weights, strict=True)]


def constituents(
    table: HoldingsTable,
    weights: Sequence[float],
    title: str = "",
    tickers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[Constituent, ...], tuple[str, ...]]:
    """Return each row as a constituent, and warnings about rows that the basket cannot use."""
    rows = [_constituent(table, row, weight) for row, weight in zip(table.rows, weights, strict=True)]
    rows = _with_swap_legs(table, rows)
    rows = derivatives.with_exposures(table, _with_home_markets(table, rows), title)
    rows, warnings = _with_tickers(rows, tickers)
    equities = [row for row in rows if row.asset_class is AssetClass.EQUITY]
    unnamed = [row for row in equities if not row.ticker]
    unknown = [row for row in rows if row.asset_class is AssetClass.UNKNOWN]
    for group, what in (
        (unnamed, "Equities without a ticker, not in the basket"),
        (
            unknown,
            "Rows that neither a class, a name, a ticker nor an identifier tells to be equities, not in "
            "the basket",
        ),
    ):
        if group:
            warnings.append(f"{what}: {len(group)} (weight {total_weight(group):.2%}): {_weighed(group)}.")
    missing = [
        f"{row.name or row.ticker}" + (f" (its cell is {text!r:.40})" if text else "")
        for row, cells in zip(rows, table.rows, strict=True)
        if row.asset_class is AssetClass.EQUITY and math.isnan(row.weight)
        for text in [table.text(cells, Column.WEIGHT)]
    ]
    if missing:
        names = listing(missing)
        warnings.append(f"Equities without a weight: {len(missing)}: {names}.")
    local = [
        row.ticker for row, cells in zip(rows, table.rows, strict=True) if _is_of_no_market(table, cells, row)
    ]
    if local:
        warnings.append(
            f"Tickers in {EURO} whose market the file does not tell are read as listings in the United "
            f"States: {listing(local)}. If they are not, give them their market, as SAP GR."
        )
    home = _only_market(table)
    if home and (bare := [row.ticker for row in equities if row.ticker and " " not in row.ticker]):
        warnings.append(
            f"All rows are of one country, and nothing tells the market of {listing(bare)}: they are read as "
            f"listings in the United States. If they are not, give them their market, as {bare[0]} {home}."
        )
    shared = [
        ticker for ticker, count in Counter(row.ticker for row in equities if row.ticker).items() if count > 1
    ]
    if shared:
        warnings.append(
            f"{listing(shared)} are on several rows: the weights of rows of one security are added in the "
            "basket; rows of different companies make the basket unusable."
        )
    return tuple(rows), tuple(warnings)


def _only_market(table: HoldingsTable) -> str:
    """Return the market of the country that all rows have, where no exchange, currency or ISIN tells any."""
    if {Column.EXCHANGE, Column.CURRENCY, Column.ISIN} & table.header.indices.keys():
        return ""
    found = {country_market(text) for row in table.rows if (text := table.text(row, Column.COUNTRY))}
    return found.pop() if len(found) == 1 else ""


def _with_tickers(
    rows: Sequence[Constituent], tickers: Mapping[str, str]
) -> tuple[list[Constituent], list[str]]:
    """Return the rows with the tickers of their identifiers, where they have none, and a note of how many."""
    found = []
    added = 0
    for row in rows:
        codes = (tickers[one.upper()] for one in row.identifiers.values() if one.upper() in tickers)
        ticker = "" if row.ticker or row.asset_class not in NAMED_CLASSES else next(codes, "")
        found.append(replace(row, ticker=ticker) if ticker else row)
        added += bool(ticker)
    if not tickers:
        return found, []
    return found, [f"{added} of {len(rows)} rows have their ticker from the table of tickers by identifier."]


def _weighed(rows: Sequence[Constituent]) -> str:
    """Return the names of rows and their weights, the largest first."""
    ordered = sorted(rows, key=lambda row: 0.0 if math.isnan(row.weight) else -abs(row.weight))
    return listing([f"{row.label} {row.weight:.2%}" for row in ordered], limit=MAX_WEIGHED)


def _constituent(table: HoldingsTable, row: Row, weight: float) -> Constituent:
    printed_ticker = one_line(table.header.cell(row, Column.TICKER))
    identifiers = {column.value: text for column in CODE_COLUMNS if (text := table.text(row, column))}
    currency = table.text(row, Column.CURRENCY)
    asset_class = _asset_class(table, row, tuple(identifiers.values()))
    return Constituent(
        ticker=_canonical(table, row, printed_ticker, currency) if asset_class is not AssetClass.CASH else "",
        weight=weight,
        name=clean(table.header.cell(row, Column.NAME)),
        asset_class=asset_class,
        printed_ticker=printed_ticker,
        identifiers=MappingProxyType(identifiers),
        currency=currency,
        market_value=table.number(row, Column.MARKET_VALUE),
    )


def _asset_class(table: HoldingsTable, row: Row, identifiers: Sequence[str]) -> AssetClass:
    """Classify a row by the issuer's cash flag, its asset class, the name, the sector, then its maturity."""
    if table.text(row, Column.CASH_FLAG).casefold() in {"1", "y", "yes", "true"}:
        return AssetClass.CASH
    indices = table.header.indices.get(Column.ASSET_CLASS, ())
    by_issuer = asset_classes.of_flags(row[i] for i in indices if i < len(row))
    if by_issuer is not None:
        return by_issuer
    name = table.header.cell(row, Column.NAME)
    by_name = asset_classes.of_name(name, table.header.cell(row, Column.TICKER), identifiers)
    if by_name is not None:
        return by_name
    if asset_classes.is_cash_sector(table.header.cell(row, Column.SECTOR)):
        return AssetClass.CASH
    maturity = table.text(row, Column.MATURITY)
    if table.number(row, Column.COUPON) or (maturity and date_of(maturity)):
        return AssetClass.FIXED_INCOME
    return asset_classes.of_identifiers(name, table.header.cell(row, Column.TICKER), identifiers)


def _canonical(table: HoldingsTable, row: Row, printed_ticker: str, currency: str) -> str:
    text = cell_text(printed_ticker)
    if not text:
        return ""
    try:
        ticker = normalise(text)
    except InputError:  # text in the ticker column: kept as printed, not in the basket
        return ""
    code = market_code(
        table.text(row, Column.EXCHANGE),
        currency,
        table.text(row, Column.COUNTRY),
        table.text(row, Column.ISIN),
    )
    return at_market(ticker, code)


def _is_of_no_market(table: HoldingsTable, cells: Row, row: Constituent) -> bool:
    """Whether a stock is quoted in euro, and nothing tells its market."""
    return (
        row.currency.upper() == EURO
        and row.asset_class is AssetClass.EQUITY
        and " " not in row.ticker.strip()
        and bool(row.ticker)
        and not table.text(cells, Column.ISIN)
        and not any(AMERICAN.search(table.text(cells, one)) for one in (Column.EXCHANGE, Column.COUNTRY))
    )


def _with_swap_legs(table: HoldingsTable, rows: list[Constituent]) -> list[Constituent]:
    """Return the rows, those of one ticker that offset each other as derivatives if one is priced at par.

    No fund holds a share and the opposite of it; these are the legs of a swap.
    """
    count = Counter(row.ticker for row in rows if row.ticker and row.asset_class is AssetClass.EQUITY)
    shared = {ticker for ticker, several in count.items() if several > 1}
    if not shared:
        return rows
    signs: dict[str, set[bool]] = {}
    at_par: set[str] = set()
    for row, cells in zip(rows, table.rows, strict=True):
        if row.ticker in shared and row.weight:
            signs.setdefault(row.ticker, set()).add(row.weight > 0.0)
            if table.number(cells, Column.PRICE) in derivatives.PAR:
                at_par.add(row.ticker)
    legs = {ticker for ticker in at_par if len(signs[ticker]) > 1}
    is_leg = [row.ticker in legs and row.asset_class is AssetClass.EQUITY for row in rows]
    return [
        replace(row, asset_class=AssetClass.DERIVATIVE) if leg else row
        for row, leg in zip(rows, is_leg, strict=True)
    ]


def _with_home_markets(table: HoldingsTable, rows: list[Constituent]) -> list[Constituent]:
    """Append the market code of the country (by column, else by ISIN) to tickers that several rows share."""
    count = Counter(row.ticker for row in rows if row.ticker)
    result = []
    for row, cells in zip(rows, table.rows, strict=True):
        code = ""
        if row.ticker and count[row.ticker] > 1:
            isin = row.identifiers.get(Column.ISIN.value, "")
            code = country_market(table.text(cells, Column.COUNTRY)) or country_market(isin[:2])
        result.append(replace(row, ticker=at_market(row.ticker, code)) if code else row)
    return result
