"""An ETF's holdings as its issuer publishes them: any layout, found by words, never by position.

The steps, each a function below: grids of text (``tables``) -> the table in them (``find_table``)
-> its rows (``holding_rows``) -> one fund's rows -> weights in decimals -> constituents -> ``Etf``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError, UnknownFund, UnreadableFile, listing
from betaneutral_xl.portfolio import AssetClass, Constituent, Etf, sum_warnings
from betaneutral_xl.provenance import Provenance, Retrieval, digest
from betaneutral_xl.sources import asset_classes, printed
from betaneutral_xl.sources.columns import Column, Header, header_like, plain, read_header
from betaneutral_xl.sources.printed import clean, date_of, dates_in, is_percentage, number, stated
from betaneutral_xl.sources.tables import Row, Sheet, read_sheets
from betaneutral_xl.tickers import at_market, country_market, market_code, normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

STALE_DAYS = 7
"""Days after which a file's age is said."""


def parse_etf(
    content: bytes,
    file_name: str,
    *,
    fund: str | None = None,
    classes: Collection[AssetClass] = (AssetClass.EQUITY,),
    stale_days: int = STALE_DAYS,
    today: date | None = None,
    retrieval: Retrieval = Retrieval.FILE,
) -> Etf:
    """Read an ETF's holdings from the bytes of an issuer's file.

    Parameters
    ----------
    content
        The file as downloaded: CSV, XLSX, XLS, XML Spreadsheet 2003, HTML or JSON.
    file_name
        Its name; the fund's ticker and the date are taken from it where the file has none.
    fund
        The fund's ticker or name, needed where the file lists several.
    classes
        What makes the basket.
    stale_days
        Age in days from which a warning says how old the file is.
    today
        The day from which the age counts; by default today (UTC).
    retrieval
        How the bytes came here.

    Returns
    -------
    Etf
        Every row of the fund, its weight a decimal of net assets, and what was understood.

    Raises
    ------
    UnreadableFile
        If there is no table of holdings in it; the message says what it is instead.
    UnknownFund
        If it lists several funds and none is chosen, or not the one that is asked for.

    """
    table = find_table(read_sheets(content, file_name), file_name)
    table, fund_name = one_fund(table, fund, file_name)
    weights, weight_note = decimal_weights(table, file_name)
    rows, row_warnings = constituents(table, weights)
    name = fund_name or fund_of_preamble(table) or fund_of_file_name(file_name)
    name = _checked_name(name, fund, file_name, stated_inside=bool(fund_name or fund_of_preamble(table)))
    as_of = as_of_date(table, file_name)
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
            *sum_warnings(name, rows),
            *_total_warning(table, rows),
            *row_warnings,
            *_age_warning(name, as_of, today, stale_days),
            *table.warnings,
        ),
        columns=MappingProxyType(table.header.taken()),
        classes=classes,
        title=title_of(table),
        printed_total=table.printed_total,
    )


# ------------------------------------------------------------------ the table

BLANK_AFTER_HEADER = 2
SAMPLE = 400

TOTAL = re.compile(
    r"(?:grand |sub-?)?totals?:?(?: (?:net assets?|portfolio|holdings|fund|investments?|assets|equit(?:y|ies)|common stocks?|"
    r"(?:in)?securities|value|weight|cash|market value|%))*:?|sum|summe|gesamt(?:summe)?|net assets(?: total)?",
    re.IGNORECASE,
)

MAYBE_TOTAL = re.compile(r"total|sum|gesamt|net assets", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of holdings and what stands around it."""

    sheet: str
    header: Header
    rows: tuple[Row, ...]
    before: tuple[Row, ...]
    after: tuple[Row, ...]
    notes: tuple[str, ...]
    decimal_comma: bool
    printed_total: float | None = None
    warnings: tuple[str, ...] = ()

    def number(self, row: Sequence[str], column: Column) -> float | None:
        """Return the number in a row's column, None if there is none."""
        return number(self.header.cell(row, column), decimal_comma=self.decimal_comma)

    def text(self, row: Sequence[str], column: Column) -> str:
        """Return the text in a row's column, empty if it prints nothing."""
        return stated(self.header.cell(row, column))


def find_table(sheets: Sequence[Sheet], file_name: str) -> Table:
    """Return the table of holdings with the most rows; the first header of each sheet counts."""
    best: Table | None = None
    headers = 0
    for sheet in sheets:
        for index, row in enumerate(sheet.rows):
            header = read_header(row, index)
            if header is None:
                continue
            headers += 1
            table = holding_rows(sheet, header)
            if table.rows:
                if best is None or len(table.rows) > len(best.rows):
                    best = table
                break
    if best is None:
        raise UnreadableFile(_what_else(sheets, file_name, has_header=headers > 0))
    return best


def holding_rows(sheet: Sheet, header: Header) -> Table:
    """Return the rows below a header that are holdings, up to where the table ends.

    A blank line ends the table unless a holding follows it; so do the second copy of the header
    and, after a blank line, anything that is no holding. Headings and totals within are passed over.
    """
    body = sheet.rows[header.row + 1 :]
    comma = _decimal_comma(header, body, sheet.delimiter)
    table = Table(
        sheet=sheet.name,
        header=header,
        rows=(),
        before=sheet.rows[: header.row],
        after=(),
        notes=sheet.notes,
        decimal_comma=comma,
    )
    header = _with_numbers(table, body)
    table = replace(table, header=header)
    rows: list[Row] = []
    passed: list[Row] = []
    total: float | None = None
    end = len(body)
    blank = False
    for index, row in enumerate(body):
        if not row:
            blank = bool(rows)
            continue
        if _is_total(table, row):
            total = table.number(row, Column.WEIGHT) if Column.WEIGHT in header.places else None
        elif _is_holding(table, row):
            rows.append(row)
            blank = False
        elif blank or read_header(row, index) is not None:
            end = index
            break
        else:
            passed.append(row)
    after = (*passed, *body[end:])
    return replace(
        table,
        rows=tuple(rows),
        after=after,
        printed_total=total,
        warnings=_left_over(header, passed, body[end:], len(rows)),
    )


def _decimal_comma(header: Header, body: Sequence[Row], delimiter: str) -> bool:
    columns = (Column.WEIGHT, Column.MARKET_VALUE, Column.SHARES, Column.PRICE)
    places = [place for column in columns for place in header.places.get(column, ())]
    texts = (row[place] for row in body[:SAMPLE] for place in places if place < len(row))
    return printed.uses_decimal_comma(texts, otherwise=delimiter == ";")


def _with_numbers(table: Table, body: Sequence[Row]) -> Header:
    """Take, of several columns that could be the weight or value, the first that has numbers."""
    header = table.header
    for column in (Column.WEIGHT, Column.MARKET_VALUE):
        for place in header.places.get(column, ()):
            if any(place < len(row) and number(row[place], decimal_comma=table.decimal_comma) is not None for row in body):
                header = header.prefer(column, place)
                break
    return header


IDENTIFYING = (Column.TICKER, Column.NAME, Column.ISIN, Column.CUSIP, Column.SEDOL, Column.FIGI, Column.IDENTIFIER)
MEASURING = (Column.WEIGHT, Column.MARKET_VALUE, Column.SHARES, Column.NOTIONAL)


def _is_holding(table: Table, row: Row) -> bool:
    """Whether a row names something and measures it (or prints that there is no measure)."""
    named = [column for column in IDENTIFYING if table.text(row, column)]
    if not named:  # some issuers leave the last line, other cash, without a name
        return False
    for column in MEASURING:
        if table.number(row, column) is not None:
            return True
    blank_weight = clean(table.header.cell(row, Column.WEIGHT)).casefold() in printed.NOTHING - {""}
    return blank_weight and len(named) > 1


def _is_total(table: Table, row: Row) -> bool:
    if not MAYBE_TOTAL.search("|".join(row)):
        return False
    words = [word for cell in row if (word := clean(cell))]
    if any(table.text(row, column) for column in (Column.ISIN, Column.CUSIP, Column.SEDOL)):
        return False
    texts = [word for word in words if number(word, decimal_comma=table.decimal_comma) is None]
    return bool(texts) and all(TOTAL.fullmatch(text) or text.casefold() in printed.NOTHING for text in texts) and any(
        TOTAL.fullmatch(text) for text in texts
    )


def _left_over(header: Header, passed: Sequence[Row], rest: Sequence[Row], taken: int) -> tuple[str, ...]:
    """Say which lines within and after the table may be holdings that were not understood."""
    lines = []
    odd = [row for row in passed if len([cell for cell in row if stated(cell)]) > 2]  # noqa: PLR2004 - notes have less
    if odd:
        shown = " | ".join(clean(cell)[:30] for cell in odd[0][:4])
        lines.append(f"{len(odd)} lines within the table are no holdings and were passed over (first: {shown}).")
    copies = [row for row in rest if tuple(map(clean, row)) == tuple(map(clean, header.texts))]
    if copies:
        lines.append(f"The table's header stands {len(copies) + 1} times in the file; the first {taken} rows are read.")
    return tuple(lines)


def _what_else(sheets: Sequence[Sheet], file_name: str, *, has_header: bool) -> str:
    """Say what a file without holdings is."""
    lines = [" ".join(clean(cell) for cell in row if clean(cell)) for sheet in sheets for row in sheet.rows[:60]]
    lines += [note for sheet in sheets[:1] for note in sheet.notes[:200]]
    text = "\n".join(lines)
    if has_header:
        no_date = re.search(r'as of[\s:,"]*-(?!\w)', text, re.IGNORECASE)
        why = "its date is a dash, so the issuer has no data for that day" if no_date else "the fund is closed or has no data for that day"
        return f"{file_name} has a header but no holdings: {why}. Download the latest holdings."
    if ROBOT.search(text):
        return f"{file_name} is a web page that asks who you are or refuses access, not the holdings. Download it again in the browser."
    if CLOSED.search(text):
        return f"{file_name} says that the fund is closed or has no holdings. Check the fund's page."
    if PRODUCTS.search(text):
        return f"{file_name} is a list of funds, not the holdings of one. Download the fund's own holdings."
    first = next((line for line in lines if line), "")[:60]
    known = max((header_like(row) for sheet in sheets for row in sheet.rows[:60]), key=len, default=Counter())
    lacks = (
        f"a row has {listing([column.value for column in known])} but no weight or market value beside a ticker or name"
        if known
        else "no row has a weight or market value beside a ticker or name"
    )
    return f'{file_name} has no table of holdings: {lacks}. It begins "{first}". Download the fund\'s full holdings.'


ROBOT = re.compile(
    r"captcha|robot|are you (?:a )?human|verify you|access denied|forbidden|incapsula|cloudflare|enable javascript|"
    r"unusual traffic|checking your browser|request unsuccessful|sign in|log ?in\b|accept (?:the )?terms|not found|error 40\d",
    re.IGNORECASE,
)
CLOSED = re.compile(
    r"\b(?:has been|was|is) (?:closed|liquidated|terminated|merged)\b|\bliquidat(?:ed|ion)\b|\bno (?:holdings|data|records|results)\b",
    re.IGNORECASE,
)
PRODUCTS = re.compile(r"expense ratio|\bTER\b|inception date.*\bNAV\b|net assets.*\bNAV\b|\bAUM\b|fund list|product list", re.IGNORECASE)

# ------------------------------------------------------------------ one fund


def one_fund(table: Table, fund: str | None, file_name: str) -> tuple[Table, str]:
    """Return the rows of one fund and its ticker, empty where no column says it.

    Blank cells in the fund's column mean the fund above.
    """
    column = next((c for c in (Column.FUND, Column.FUND_NAME) if _is_filled(table, c)), None)
    if column is None:
        return table, ""
    funds, names = _filled_down(table, column), _filled_down(table, Column.FUND_NAME)
    tickers = list(dict.fromkeys(funds))
    if fund is None and len(tickers) > 1:
        msg = f"{file_name} lists {len(tickers)} funds: {listing(tickers, most=40)}. Choose one (fund)."
        raise UnknownFund(msg, tickers=tickers)
    wanted = (fund or tickers[0]).strip().casefold()
    chosen = [i for i, (ticker, name) in enumerate(zip(funds, names, strict=True)) if wanted in {ticker.casefold(), name.casefold()}]
    if not chosen:
        msg = f"{file_name} does not list the fund {fund}; it lists {listing(tickers, most=40)}."
        raise UnknownFund(msg, tickers=tickers)
    return replace(table, rows=tuple(table.rows[i] for i in chosen)), funds[chosen[0]]


def _is_filled(table: Table, column: Column) -> bool:
    return column in table.header.places and any(table.text(row, column) for row in table.rows)


def _filled_down(table: Table, column: Column) -> list[str]:
    values: list[str] = []
    last = next((text for row in table.rows if (text := table.text(row, column))), "")
    for row in table.rows:
        last = table.text(row, column) or last
        values.append(last)
    return values


def _checked_name(name: str, fund: str | None, file_name: str, *, stated_inside: bool) -> str:
    if fund is None or fund.strip().casefold() == name.casefold():
        return name
    if stated_inside and FUND_TICKER.fullmatch(fund.strip().upper()) and FUND_TICKER.fullmatch(name):
        msg = f"{file_name} is of the fund {name}, not {fund.strip().upper()}. Choose the right file."
        raise UnknownFund(msg, tickers=[name])
    return fund.strip().upper() if not stated_inside else name


FUND_TICKER = re.compile(r"[A-Z]{2,5}[0-9]?")
NOT_A_TICKER = frozenset(
    "ETF ETFS ETN CSV XLS XLSX HTML HTM USD EUR US EN DE UK EU THE ALL AND OF AS FULL FUND FUNDS HOLDING HOLDINGS DAILY DATA "
    "FILE INDEX TRUST PDF TOP NAV UCITS ACC DIST SITE COPY NEW INC CO TOTAL DATE NAME".split()
)
_LABELLED = re.compile(r"(?:fund |etf |stock )?(?:ticker(?: symbol)?|symbol|börsenkürzel)[\s:,]+([A-Z]{2,5}[0-9]?)\b", re.IGNORECASE)
_BRACKETED = re.compile(r"\(([A-Z]{2,5})\)")
_HOLDINGS_OF = re.compile(r"([A-Z]{2,5}) (?:ETF )?(?:Holdings|Fund Holdings|Portfolio)\b")


def fund_of_preamble(table: Table) -> str:
    """Return the fund's ticker where the lines before the table state it, else nothing."""
    lines = _lines(table.before) + list(table.notes[:40])
    for line in lines:
        for form in (_LABELLED, _BRACKETED, _HOLDINGS_OF):
            match = form.search(line)
            if match and match[1].upper() not in NOT_A_TICKER | asset_classes.CURRENCIES:
                return match[1].upper()
    for row in table.before:
        for cell in row:
            if FUND_TICKER.fullmatch(clean(cell)) and clean(cell) not in NOT_A_TICKER | asset_classes.CURRENCIES:
                return clean(cell)
    return ""


def fund_of_file_name(file_name: str) -> str:
    """Return the fund's ticker from its file's name, else the name without its ending.

    >>> [fund_of_file_name(n) for n in ("IVV_20241206.csv", "holdings-daily-us-en-spy.xlsx", "my holdings.csv")]
    ['IVV', 'SPY', 'my holdings']
    """
    stem = PurePath(file_name).stem
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word and word.upper() not in NOT_A_TICKER]
    capital = next((word for word in words if FUND_TICKER.fullmatch(word) and word.isupper()), "")
    if capital:
        return capital
    if "-" in stem and words and FUND_TICKER.fullmatch(words[-1].upper()) and "holdings" in stem.casefold():
        return words[-1].upper()
    return stem


def title_of(table: Table) -> str:
    """Return the fund's full name from the lines before the table, else nothing."""
    column = Column.FUND_NAME
    if _is_filled(table, column):
        return _filled_down(table, column)[0]
    for row in table.before:
        words = [clean(cell) for cell in row if clean(cell)]
        if len(words) > 1 and plain(words[0]) in {"fund name", "fund", "name", "etf name", "fondsname"}:
            return words[1]
    candidates = (line for line in _lines(table.before) if re.search(r"\b(?:ETF|Fund|Trust|Shares|UCITS|Fonds)\b", line))
    return next((line for line in candidates if len(line) < 120 and not dates_in(line)), "")  # noqa: PLR2004 - a name


def _lines(rows: Iterable[Row]) -> list[str]:
    return [" ".join(clean(cell) for cell in row if clean(cell)) for row in rows]


# ------------------------------------------------------------------ the date

AS_OF = re.compile(r"\bas[ -]?of\b|\bholdings\b|\bstand\b|\bper\b|\bstichtag\b|\bdate\b|\bdatum\b|\bvaluation\b", re.IGNORECASE)
ANOTHER_DATE = re.compile(r"inception|launch|since|expir|auflage|distribution|performance|commence|copyright|©", re.IGNORECASE)
_BEFORE_DIGITS = re.compile(r"(?<=[A-Za-z])(?=\d{6,8}(?!\d))")


def as_of_date(table: Table, file_name: str) -> date | None:
    """Return the day the holdings are of: from a column, the lines before, the header, the file's name.

    Where a column holds several days, the latest; no day is guessed from when the file was made.
    """
    if Column.DATE in table.header.places:
        days = {text: date_of(text) for text in {table.text(row, Column.DATE) for row in table.rows} if text}
        found = [day for day in days.values() if day]
        if found:
            return max(found)
    header = [text for text in table.header.texts if AS_OF.search(text)]
    before = [line for line in _lines(table.before) if line]
    notes = list(table.notes)
    footer = [line for line in _lines(table.after) if len(line) < 200]  # noqa: PLR2004 - longer ones are disclaimers
    for lines, needs_words in ((before, True), (header, False), (before, False), (notes, True), ([table.sheet], False), (footer, True)):
        day = _first_date(lines, needs_words=needs_words)
        if day:
            return day
    name = _BEFORE_DIGITS.sub(" ", PurePath(file_name).stem)
    return next(iter(dates_in(name)), None)


def _first_date(lines: Iterable[str], *, needs_words: bool) -> date | None:
    for line in lines:
        if ANOTHER_DATE.search(line) or (needs_words and not AS_OF.search(line)):
            continue
        days = dates_in(line)
        if days:
            return days[0]
        serial = re.search(r"[\s:](\d{5})(?:\.0+)?$", line)
        if serial and needs_words:
            return date_of(serial[1])
    return None


def _age_warning(name: str, as_of: date | None, today: date, stale_days: int) -> tuple[str, ...]:
    if as_of is None:
        return (f"The file of ETF {name} does not say of which day it is.",)
    age = (today - as_of).days
    if age > stale_days:
        return (f"Holdings of ETF {name} are {age} days old (as of {as_of}).",)
    return (f"Holdings of ETF {name} are dated {as_of}, which is yet to come.",) if age < -1 else ()


# ------------------------------------------------------------------ weights

NEAR_ONE = (0.5, 1.5)
LEAST_PERCENT = 5.0
"""A column that adds up to more than this is in percent: no fund has five times its assets."""


def decimal_weights(table: Table, file_name: str) -> tuple[list[float], str]:
    """Return each row's weight as a decimal of net assets, NaN where there is none, and how it was read.

    The unit is decided once for the whole column: by percent signs in its cells; by its header, if
    the sum does not contradict it; by the sum. Without a weight column, weights are market values
    over their sum.
    """
    header = table.header
    place = header.places.get(Column.WEIGHT)
    printed_weights = [table.number(row, Column.WEIGHT) for row in table.rows] if place else []
    known = [weight for weight in printed_weights if weight is not None]
    if any(known):
        texts = [header.cell(row, Column.WEIGHT) for row in table.rows]
        percent, why = _is_in_percent(texts, known, header.texts[place[0]] if place else "")
        unit = 100.0 if percent else 1.0
        return [math.nan if w is None else w / unit for w in printed_weights], f"weights are {why}"
    values = [table.number(row, Column.MARKET_VALUE) for row in table.rows]
    total = math.fsum(value for value in values if value is not None)
    if not total > 0.0:
        msg = (
            f"{file_name} has {len(table.rows)} rows but no weight and no market value other than zero: "
            "the fund is closed or has no data for that day. Download the latest holdings."
        )
        raise UnreadableFile(msg)
    return [math.nan if v is None else v / total for v in values], "weights are market values over their sum"


def _is_in_percent(texts: Sequence[str], known: Sequence[float], header: str) -> tuple[bool, str]:
    if sum(map(is_percentage, texts)) * 2 > len(known):
        return True, "in percent (signs in the cells)"
    net, gross = math.fsum(known), math.fsum(map(abs, known))
    adds_to_one = NEAR_ONE[0] <= net <= NEAR_ONE[1] and gross < LEAST_PERCENT
    words = plain(header)
    if "%" in words or "percent" in words or "pct" in words:
        if adds_to_one and max(map(abs, known)) <= NEAR_ONE[1]:
            return False, "fractions (they add to about 1, though the header says percent)"
        return True, "in percent (header)"
    if adds_to_one or gross < LEAST_PERCENT:
        return False, "fractions (their sum)"
    return True, "in percent (their sum)"


def _total_warning(table: Table, rows: Sequence[Constituent]) -> tuple[str, ...]:
    total = table.printed_total
    if total is None:
        return ()
    added = math.fsum(row.weight for row in rows if not math.isnan(row.weight))
    shown = total / 100.0 if abs(total / 100.0 - added) < abs(total - added) else total
    if abs(shown - added) <= 5e-3:  # noqa: PLR2004 - half a percent of rounding
        return ()
    return (f"The file prints a total of {shown:.4f}, but its rows add to {added:.4f}.",)


# ------------------------------------------------------------------ constituents


def constituents(table: Table, weights: Sequence[float]) -> tuple[tuple[Constituent, ...], tuple[str, ...]]:
    """Return each row as a constituent, and what is to be said of them."""
    rows = [_constituent(table, row, weight) for row, weight in zip(table.rows, weights, strict=True)]
    rows = _told_apart(table, rows)
    warnings = []
    equities = [row for row in rows if row.asset_class is AssetClass.EQUITY]
    unnamed = [row for row in equities if not row.ticker]
    if unnamed:
        weight = math.fsum(row.weight for row in unnamed if not math.isnan(row.weight))
        names = listing([row.name or next(iter(row.identifiers.values()), "?") for row in unnamed])
        warnings.append(f"{len(unnamed)} equities have no ticker (weight {weight:.2%}) and are in no basket: {names}.")
    missing = [row for row in equities if math.isnan(row.weight)]
    if missing:
        warnings.append(f"{len(missing)} equities have no weight: {listing([row.name or row.ticker for row in missing])}.")
    shared = [ticker for ticker, count in Counter(row.ticker for row in equities if row.ticker).items() if count > 1]
    if shared:
        warnings.append(
            f"{listing(shared)} stand on several rows: rows of one security are added up in the basket, "
            "different companies make the basket unusable."
        )
    return tuple(rows), tuple(warnings)


def _constituent(table: Table, row: Row, weight: float) -> Constituent:
    printed_ticker = table.header.cell(row, Column.TICKER)
    identifiers = {
        column.value: text
        for column in (Column.ISIN, Column.CUSIP, Column.SEDOL, Column.FIGI, Column.IDENTIFIER)
        if (text := table.text(row, column))
    }
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


def _asset_class(table: Table, row: Row, identifiers: Sequence[str]) -> AssetClass:
    """Decide by the issuer's cash flag, its asset class, its sector, then by the name."""
    cash_flag = table.text(row, Column.CASH_FLAG).casefold()
    if cash_flag in {"1", "y", "yes", "true"}:
        return AssetClass.CASH
    flagged = asset_classes.of_flag(table.header.cell(row, Column.ASSET_CLASS))
    if flagged is not None:
        return flagged
    name = table.header.cell(row, Column.NAME)
    named = asset_classes.of_name(name, table.header.cell(row, Column.TICKER), identifiers)
    if named is not None:
        return named
    if asset_classes.is_cash_sector(table.header.cell(row, Column.SECTOR)):
        return AssetClass.CASH
    if table.number(row, Column.COUPON) or printed.date_of(table.text(row, Column.MATURITY)):
        return AssetClass.FIXED_INCOME
    return AssetClass.EQUITY


def _canonical(table: Table, row: Row, printed_ticker: str, currency: str) -> str:
    text = stated(printed_ticker)
    if not text:
        return ""
    try:
        ticker = normalise(text)
    except InputError:  # a sentence in the ticker's column: kept as printed, in no basket
        return ""
    code = market_code(table.text(row, Column.EXCHANGE), currency, table.text(row, Column.COUNTRY))
    return at_market(ticker, code)


def _told_apart(table: Table, rows: list[Constituent]) -> list[Constituent]:
    """Give rows that share a ticker the market of their country, where country or ISIN says it."""
    count = Counter(row.ticker for row in rows if row.ticker)
    apart = []
    for row, cells in zip(rows, table.rows, strict=True):
        code = ""
        if row.ticker and count[row.ticker] > 1:
            isin = row.identifiers.get(Column.ISIN.value, "")
            code = country_market(table.text(cells, Column.COUNTRY)) or country_market(isin[:2])
        apart.append(replace(row, ticker=at_market(row.ticker, code)) if code else row)
    return apart
