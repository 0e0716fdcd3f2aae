"""Prices in the shapes of yfinance, pandas and Excel: each gives the prices of the plain table."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import openpyxl
import pytest

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.job import tables
from betaneutral_xl.model.notices import Severity
from betaneutral_xl.readers.prices import parse_prices

DAYS = [date(2023, 6, 1), date(2023, 6, 2), date(2023, 6, 13)]
CLOSES = [[39.7, 324.9], [39.2, 327.6], [40.9, 326.5]]
NAMES = ["NVDA", "BRK-B"]
PLAIN: list[list[Any]] = [
    ["Date", *NAMES],
    *([day.isoformat(), *row] for day, row in zip(DAYS, CLOSES, strict=True)),
]


def text(rows: Sequence[Sequence[object]]) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def workbook(rows: Sequence[Sequence[Any]], before: Sequence[Sequence[Any]] = ()) -> bytes:
    book = openpyxl.Workbook()
    if before:
        notes = book.create_sheet("Notes", 0)
        for row in before:
            notes.append(list(row))
    for row in rows:
        book.worksheets[-1].append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def yfinance(*heads: list[str], dated: str = "Date") -> list[list[Any]]:
    """Return two header rows, and closes beside prices and volumes that are others."""
    body = [
        [day.isoformat(), *row, *[cell * 0.9 for cell in row], *[1e6, 2e6]]
        for day, row in zip(DAYS, CLOSES, strict=True)
    ]
    return [*heads, [dated, *[""] * 6], *body]


def merged(rows: list[list[Any]]) -> list[list[Any]]:
    """Return rows whose first header has a text in the first of equal cells only, as Excel merges them."""
    head = [cell if j < 2 or cell != rows[0][j - 1] else None for j, cell in enumerate(rows[0])]
    return [head, *rows[1:]]


def numbered(rows: list[list[Any]]) -> list[list[Any]]:
    """Return rows with their numbers before them, as pandas writes a table whose days are no index."""
    return [["" if i == 0 else i - 1, *row] for i, row in enumerate(rows)]


FIELDS = ["Price", "Close", "Close", "Open", "Open", "Volume", "Volume"]
TICKERS = ["Ticker", *NAMES * 3]
BY_FIELD, BY_TICKER = yfinance(FIELDS, TICKERS), yfinance(TICKERS, FIELDS)
JOINED = [f"{field}_{ticker}" for field, ticker in zip(FIELDS[1:], TICKERS[1:], strict=True)]
OLD: list[list[Any]] = [["", *FIELDS[1:]], ["", *TICKERS[1:]], *BY_FIELD[2:]]
LONG: list[list[Any]] = [
    ["Date", "Ticker", "Close"],
    *(
        [day.isoformat(), n, p]
        for day, row in zip(DAYS, CLOSES, strict=True)
        for n, p in zip(NAMES, row, strict=True)
    ),
]
TYPED: list[list[Any]] = [["Date", *NAMES], *([day, *row] for day, row in zip(DAYS, CLOSES, strict=True))]

SHAPES = {
    "plain": text(PLAIN),
    "fields above tickers": text(BY_FIELD),
    "tickers above fields": text(BY_TICKER),
    "two headers without words": text(OLD),
    "two headers in a workbook": workbook(BY_FIELD),
    "long": text(LONG),
    "fields above tickers, merged in a workbook": workbook(merged(BY_FIELD)),
    "tickers above fields, merged in a workbook": workbook(merged(BY_TICKER)),
    "field and ticker in one header": text([["Date", *JOINED], *BY_FIELD[3:]]),
    "ticker and field in one header": text(
        [["Date", *[f"{t} {f}" for f, t in zip(FIELDS[1:], TICKERS[1:], strict=True)]], *BY_FIELD[3:]]
    ),
    "pandas' tuples": workbook(
        [["Date", *[f"('{f}', '{t}')" for f, t in zip(FIELDS[1:], TICKERS[1:], strict=True)]], *BY_FIELD[3:]]
    ),
    "fields numbered by pandas": text(
        [["Price", "Close", "Close.1", "Open", "Open.1", "Volume", "Volume.1"], *BY_FIELD[1:]]
    ),
    "row numbers before the days": text(numbered(PLAIN)),
    "row numbers before the days in a workbook": workbook(numbered(TYPED)),
    "days side by side": text([list(column) for column in zip(*PLAIN, strict=True)]),
    "days side by side in a workbook": workbook([list(column) for column in zip(*PLAIN, strict=True)]),
    "a title above a text": b"Closing prices\n\n" + text(PLAIN),
    "blank columns and rows at the end": text([*([*row, "", ""] for row in PLAIN), [""] * 5]),
    "the days in the last column": text([[*row[1:], row[0]] for row in PLAIN]),
    "records in JSON": json.dumps([dict(zip(PLAIN[0], row, strict=True)) for row in PLAIN[1:]]).encode(),
    "a sheet of notes first": workbook(TYPED, before=[["Notes", "by"], ["closes", "the desk"]]),
    "workbook": workbook(TYPED),
    "workbook with a title": workbook([["Closing prices"], *TYPED]),
    "workbook with dates as text": workbook(PLAIN),
    "long workbook": workbook(LONG),
    "amounts in dollars": text(PLAIN).replace(b"324.9", b'"$324.90"'),
    "US dates": text(
        [PLAIN[0], *([f"{d.month}/{d.day}/{d.year}", *r] for d, r in zip(DAYS, CLOSES, strict=True))]
    ),
    "European dates": text([PLAIN[0], *([f"{d:%d.%m.%Y}", *r] for d, r in zip(DAYS, CLOSES, strict=True))]),
    "serial dates": text(
        [PLAIN[0], *([45078 + (d - DAYS[0]).days, *r] for d, r in zip(DAYS, CLOSES, strict=True))]
    ),
    "last row twice": text([*PLAIN, PLAIN[-1]]),
    "Stooq's": text(
        [
            ["<TICKER>", "<PER>", "<DATE>", "<OPEN>", "<CLOSE>", "<VOL>"],
            *(["NVDA.US", "D", f"{d:%Y%m%d}", 1, row[0], 5] for d, row in zip(DAYS, CLOSES, strict=True)),
            *(["BRK-B.US", "D", f"{d:%Y%m%d}", 1, row[1], 5] for d, row in zip(DAYS, CLOSES, strict=True)),
        ]
    ),
    "Bloomberg's, a field below each name": text(
        [["", *(f"{n} US Equity" for n in NAMES)], ["Dates", "PX_LAST", "PX_LAST"], *PLAIN[1:]]
    ),
    "Bloomberg's, the days before each name": text(
        [
            ["Date", "NVDA US Equity", "Date", "BRK/B US Equity"],
            *([row[0], row[1], row[0], row[2]] for row in PLAIN[1:]),
            ["", "", "", ""],
        ]
    ),
    "other fields beside the prices": text(
        [[*PLAIN[0], "NVDA Volume", "BRK-B Mkt Cap"], *([*row, 5e6, 1e12] for row in PLAIN[1:])]
    ),
    "days under another word": text([["Datum", *NAMES], *PLAIN[1:]]),
    "EODHD's": text([["Code", "Date", "Close", "Adjusted_close"], *([n, d, 1.0, p] for d, n, p in LONG[1:])]),
    "Sharadar's": text([["ticker", "date", "close", "closeadj"], *([n, d, 1.0, p] for d, n, p in LONG[1:])]),
    "Refinitiv's": text([["Instrument", "Date", "Price Close"], *([n, d, p] for d, n, p in LONG[1:])]),
    "Bloomberg's, long": text([["Dates", "Security", "PX_LAST"], *LONG[1:]]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_prices(shape: str) -> None:
    read = parse_prices(SHAPES[shape], "prices").select(["NVDA", "BRK.B"])
    assert read.dates.tolist() == DAYS
    assert read.matrix.tolist() == CLOSES


def test_columns_of_days_by_turns_keep_the_days_of_each_name_and_the_place_of_an_error() -> None:
    rows: list[list[Any]] = [
        ["Date", "AMD", "Date", "IBM"],
        ["2023-06-01", 1, "2023-06-02", 3],
        ["2023-06-02", 2, "", ""],
    ]
    read = parse_prices(text(rows), "prices")
    assert np.nan_to_num(read.select(["AMD", "IBM"]).matrix).tolist() == [[1.0, 0.0], [2.0, 3.0]]
    rows[2][1] = "x"
    with pytest.raises(UnreadableFile, match="prices, line 3 is 'x', not a number"):
        parse_prices(text(rows), "prices")


def test_columns_that_are_no_prices_are_told() -> None:
    read = parse_prices(SHAPES["other fields beside the prices"], "p.csv")
    assert "Columns of p.csv that are no prices are not read: NVDA Volume, BRK-B Mkt Cap." in read.warnings


def test_a_second_column_of_a_name_as_pandas_numbers_it_is_refused() -> None:
    with pytest.raises(InputError, match=r"p has prices of NVDA twice .NVDA and NVDA\.1"):
        parse_prices(text([["Date", "NVDA", "NVDA.1"], *PLAIN[1:]]), "p")


def test_currencies_of_a_long_table_are_one_for_a_name_and_told_where_they_differ() -> None:
    head = [*LONG[0], "Currency"]
    local = text([head, *([*row, "USD" if row[1] == "NVDA" else "GBP"] for row in LONG[1:])])
    line = "The prices of p are in USD, GBP: each name's returns are in its own currency."
    assert line in parse_prices(local, "p").warnings
    changed = text([head, *([*row, "GBP" if i < 3 else "GBX"] for i, row in enumerate(LONG[1:]))])
    with pytest.raises(InputError, match=r"p has prices of BRK-B in GBP and GBX\. Give them in one currency"):
        parse_prices(changed, "p")


def test_a_long_table_without_a_known_price_says_which_columns_it_has() -> None:
    rows: list[list[Any]] = [["ticker", "date", "VWAP"], ["AMD", "2023-06-01", 1], ["AMD", "2023-06-02", 2]]
    with pytest.raises(UnreadableFile, match=r"has a column ticker, and no column of prices.*VWAP"):
        parse_prices(text(rows), "prices")


def test_a_day_to_come_that_is_far_from_the_others_is_refused() -> None:
    after = datetime.now(UTC).date() + timedelta(days=2)
    with pytest.raises(InputError, match=rf"has prices of {after}, which is after today.* Correct its date"):
        parse_prices(text([*PLAIN, [after.isoformat(), 1, 2]]), "prices")


@pytest.mark.parametrize(("first", "told"), [(-4, []), (-2, [Severity.CHANGES]), (9, [Severity.CHANGES])])
def test_days_to_come_in_sequence_are_told_since_the_computers_date_may_be_wrong(
    first: int, told: list[Severity]
) -> None:
    today = datetime.now(UTC).date()
    rows = [[(today + timedelta(days=first + i)).isoformat(), 1, 2] for i in range(5)]
    notes = parse_prices(text([PLAIN[0], *rows]), "prices").warnings
    assert [getattr(one, "severity", None) for one in notes] == told


@pytest.mark.parametrize(
    "days",
    [
        ["1/11/2024", "1/12/2024", "15/01/2024", "16/01/2024"],
        [date(2024, 11, 1), date(2024, 12, 1), "15/01/2024", "16/01/2024"],
    ],
)
def test_days_and_months_that_excel_exchanged_in_part_are_refused(days: list[Any]) -> None:
    rows: list[list[Any]] = [["Date", "NVDA"], *([day, 100.0 + i] for i, day in enumerate(days))]
    content = text(rows) if isinstance(days[0], str) else workbook(rows)
    with pytest.raises(UnreadableFile, match="some days and months may be exchanged"):
        parse_prices(content, "prices")


def test_days_in_descending_order_are_not_exchanged() -> None:
    rows: list[list[Any]] = [
        ["Date", "NVDA"],
        *([f"{day}/01/2024", 100.0 + day] for day in (17, 16, 15, 12, 11)),
    ]
    assert str(parse_prices(text(rows), "prices").dates[0]) == "2024-01-11"


def test_adjusted_closes_are_preferred_and_named() -> None:
    rows = [[cell.replace("Open", "Adj Close") for cell in FIELDS], *BY_FIELD[1:]]
    read = parse_prices(text(rows), "prices.csv")
    assert read.matrix == pytest.approx(np.array(CLOSES) * 0.9)
    assert read.warnings == ("The prices of prices.csv are from its columns Adj Close.",)


def test_the_day_of_a_parquet_file_is_that_of_its_own_time_zone() -> None:
    pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    tokyo = timezone(timedelta(hours=9))
    times = [datetime(day.year, day.month, day.day, tzinfo=tokyo).astimezone(UTC) for day in DAYS]
    index = pd.DatetimeIndex(times).tz_convert("Asia/Tokyo").rename("Date")
    stream = io.BytesIO()
    pd.DataFrame(CLOSES, index, NAMES).to_parquet(stream)
    assert parse_prices(stream.getvalue(), "prices").dates.tolist() == DAYS


def test_a_workbook_without_prices_is_refused_with_its_place() -> None:
    with pytest.raises(UnreadableFile, match=r"^prices\.xlsx, row 3 is 'n\. m\.', not a number"):
        parse_prices(workbook([*TYPED[:2], [DAYS[1], "n. m.", 1.0]]), "prices.xlsx")
    with pytest.raises(UnreadableFile, match="no sheet with a table of prices"):
        parse_prices(workbook([["nothing"]]), "prices.xlsx")


# ---------------------------------------------------------------- ranges


@pytest.mark.parametrize("rows", [PLAIN, TYPED, LONG, BY_FIELD, BY_TICKER, [["Closing prices"], *TYPED]])
def test_a_range_of_prices_is_read_as_a_file_of_them(rows: list[list[Any]]) -> None:
    block = tables.history(cells.read(rows, "data"))
    assert block.dated
    returns = block.returns.select(["NVDA", "BRK.B"])
    assert returns.matrix == pytest.approx(np.array(CLOSES)[1:] / np.array(CLOSES)[:-1] - 1.0)
    assert returns.dates.tolist() == DAYS[1:]


def test_a_range_with_a_word_or_without_a_date_names_the_cell() -> None:
    with pytest.raises(InputError, match=r"^row 3, column 2 of data is 'n\. m\.', not a number"):
        tables.history(cells.read([*TYPED[:2], [DAYS[1], "n. m.", 1.0]], "data"))
    with pytest.raises(InputError, match=r"^row 3, column 1 of data has no date"):
        tables.history(cells.read([*TYPED[:2], [None, 1.0, 1.0], TYPED[3]], "data"))


def test_prices_are_no_matrix() -> None:
    assert not tables.is_matrix(cells.read(TYPED, "data"))
    assert not tables.is_matrix(cells.read(LONG, "data"))
    assert tables.is_matrix(cells.read([["symbol", "A", "B"], ["A", 0.04, 0.01], ["B", 0.01, 0.09]], "data"))


def by_rows(fields: Sequence[str], header: str = "Field", *, wide: bool = False) -> list[list[Any]]:
    """Return a table with a row for each field; the first field has the closes."""
    if wide:
        head = ["Date", header, *NAMES]
        body = [
            [day.isoformat(), field, *(cell * (1 + k) for cell in row)]
            for k, field in enumerate(fields)
            for day, row in zip(DAYS, CLOSES, strict=True)
        ]
        return [head, *body]
    body = [
        [day.isoformat(), name, field, cell * (1 + k)]
        for k, field in enumerate(fields)
        for day, row in zip(DAYS, CLOSES, strict=True)
        for name, cell in zip(NAMES, row, strict=True)
    ]
    return [["Date", "Ticker", header, "Value"], *body]


@pytest.mark.parametrize("shape", ["long", "wide"])
@pytest.mark.parametrize(
    "fields",
    [("PX_LAST", "PX_OPEN", "PX_VOLUME"), ("Adj Close", "Close", "Volume"), ("TR.PriceClose", "Open")],
)
def test_a_column_of_fields_chooses_the_rows_of_the_preferred_one(
    fields: tuple[str, ...], shape: str
) -> None:
    wide, plain = shape == "wide", parse_prices(text(PLAIN), "p").select(["NVDA", "BRK.B"])
    for content in (text(by_rows(fields, wide=wide)), workbook(by_rows(fields, "Data Item", wide=wide))):
        read = parse_prices(content, "p")
        assert read.select(["NVDA", "BRK.B"]).matrix.tolist() == plain.matrix.tolist()
        assert f"The prices of p are from its rows {fields[0]}." in read.warnings


def test_a_column_of_fields_without_prices_is_refused() -> None:
    for wide in (False, True):
        with pytest.raises(
            UnreadableFile, match=r"p has Volume, Market Cap in its column Item, and no closing"
        ):
            parse_prices(text(by_rows(["Volume", "Market Cap"], "Item", wide=wide)), "p")


def test_a_column_of_other_types_is_no_column_of_fields() -> None:
    rows = [[*row[:2], "Equity", row[3]] for row in by_rows(["Close"])[1:]]
    read = parse_prices(text([["Date", "Ticker", "Type", "Close"], *rows]), "p")
    assert read.select(["NVDA"]).matrix[:, 0].tolist() == [39.7, 39.2, 40.9]


def test_a_column_of_fields_in_parquet_is_read_as_in_text() -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    head, *body = by_rows(["Close", "Volume"])
    stream = io.BytesIO()
    parquet.write_table(pa.table(dict(zip(head, map(list, zip(*body, strict=True)), strict=True))), stream)
    read = parse_prices(stream.getvalue(), "p")
    assert read.select(["NVDA"]).matrix[:, 0].tolist() == [39.7, 39.2, 40.9]
    assert "The prices of p are from its rows Close." in read.warnings


@pytest.mark.parametrize("header", ["NVDA Adj Close", "NVDA.Adjusted", "NVDA_adj", "NVDA Total Return"])
def test_adjusted_prices_beside_a_name_are_preferred_to_it(header: str) -> None:
    rows = [[*row, cell] for row, cell in zip(PLAIN[1:], (3.97, 3.92, 4.09), strict=True)]
    read = parse_prices(text([[*PLAIN[0], header], *rows]), "p")
    assert read.tickers == ("NVDA", "BRK.B")
    assert read.matrix[:, 0].tolist() == [3.97, 3.92, 4.09]
    assert f"Adjusted prices of p are preferred: {header} for NVDA." in read.warnings


def test_two_rows_of_a_day_with_different_prices_are_named_with_both() -> None:
    rows = [*PLAIN, ["2023-06-02", 39.2, 330.0]]
    message = r"p has several rows of 2023-06-02 with different prices \(BRK\.B: 327\.6 and 330\)"
    with pytest.raises(InputError, match=message):
        parse_prices(text(rows), "p")


@pytest.mark.parametrize("step", [1, -1])
def test_a_day_that_is_out_of_order_alone_is_told(step: int) -> None:
    days = [date(2023, 6, k) for k in range(1, 12)]
    days[5] = date(2003, 6, 6)
    body: list[list[Any]] = [[day.isoformat(), 40 + k] for k, day in enumerate(days)]
    rows = [["Date", "NVDA"], *body[::step]]
    (line,) = parse_prices(text(rows), "p").warnings
    assert line == "The row 2003-06-06 of p is out of order among the others: check its date."
    blocks = [*rows[:1], *rows[4:6], *rows[1:4]]
    assert parse_prices(text(blocks), "p").warnings == ()


def sheets(**tables: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for name, rows in tables.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(list(row))
    book.remove(book.worksheets[0])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("other", ["Open", "Volume", "Returns", "Close"])
@pytest.mark.parametrize("name", ["Adj_Close", "Prices"])
def test_the_sheet_named_by_prices_is_read_of_several_with_days(name: str, other: str) -> None:
    others = [PLAIN[0], *([row[0], *(cell * 1.5 for cell in row[1:])] for row in PLAIN[1:])]
    for book in ({other: others, name: PLAIN}, {name: PLAIN, other: others}):
        assert parse_prices(sheets(**book), "p.xlsx").matrix.tolist() == CLOSES


def test_several_sheets_of_days_without_such_a_name_are_refused() -> None:
    message = r"p\.xlsx has tables of days on 2 sheets: 2023, 2024\. Name the sheet of all prices Prices"
    with pytest.raises(UnreadableFile, match=message):
        parse_prices(sheets(**{"Notes": [["a", "b"], ["c", "d"]], "2023": PLAIN, "2024": PLAIN}), "p.xlsx")


@pytest.mark.parametrize(
    ("delimiter", "cells", "numbers"),
    [
        ("\t", ["998", "1,001", "1,012.5"], [998.0, 1001.0, 1012.5]),
        ("\t", ["998", "1,001", "1,012"], [998.0, 1001.0, 1012.0]),
        ("\t", ["998,5", "1001,25", "1012"], [998.5, 1001.25, 1012.0]),
        (";", ["998.5", "1,001.25", "1,012"], [998.5, 1001.25, 1012.0]),
        (";", ["998,5", "1.001,25", "1.012"], [998.5, 1001.25, 1012.0]),
        ("|", ["998.5", "1001.25", "1,012"], [998.5, 1001.25, 1012.0]),
    ],
)
def test_commas_are_of_decimals_or_thousands_by_all_numbers_of_a_text(
    delimiter: str, cells: list[str], numbers: list[float]
) -> None:
    rows = [["Date", "NVDA"], *([day.isoformat(), cell] for day, cell in zip(DAYS, cells, strict=True))]
    content = "".join(delimiter.join(row) + "\n" for row in rows).encode()
    assert parse_prices(content, "p").matrix[:, 0].tolist() == numbers


def test_fields_in_the_columns_of_parquet_are_known_as_in_text() -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "Date": DAYS,
        "('Volume', 'NVDA')": [1e6, 2e6, 3e6],
        "('Adj Close', 'NVDA')": [39.7, 39.2, 40.9],
        "('Close', 'NVDA')": [397.0, 392.0, 409.0],
    }
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    read = parse_prices(stream.getvalue(), "p")
    assert read.tickers == ("NVDA",)
    assert read.matrix[:, 0].tolist() == [39.7, 39.2, 40.9]


def test_a_range_is_read_by_the_rules_of_files() -> None:
    head, *body = TYPED
    better = [[*head, "NVDA Adj Close"], *([*row, row[1] / 2.0] for row in body)]
    read = tables.history(cells.read(better, "data")).returns
    assert read.tickers == ("NVDA", "BRK.B")
    fields = [[head[0], "Field", *head[1:]], *([row[0], "PX_LAST", *row[1:]] for row in body)]
    fields += [[row[0], "Volume", 1e6, 2e6] for row in body]
    assert tables.history(cells.read(fields, "data")).returns.matrix == pytest.approx(read.matrix)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: [["#", *rows[0][1:]], *([k, *row[1:]] for k, row in enumerate(rows[1:], 1))],
            "row numbers",
        ),
        (lambda rows: [*rows[:3], [rows[3][0], True, 1.0]], "row 4, column 2 of data is True, not a number"),
        (lambda rows: [*rows, [rows[3][0], 50.0, 1.0]], r"several rows of 2023-06-13 .*NVDA: 40\.9 and 50"),
    ],
)
def test_a_range_with_other_columns_or_cells_is_refused(
    change: Callable[[list[list[Any]]], list[list[Any]]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        tables.history(cells.read(change(TYPED), "data"))
