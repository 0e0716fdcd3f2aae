from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.model.printed import (
    cell_text,
    clean,
    date_of,
    dates_in,
    number,
    uses_decimal_comma,
)

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False)
DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2099, 12, 31))


@given(AMOUNTS, st.sampled_from(["{}", "${}", "{} ", "{} €", "USD {}", "{}%", "\u00a0{}"]))
def test_an_american_amount_is_read_back(amount: float, form: str) -> None:
    assert number(form.format(f"{amount:,.2f}")) == pytest.approx(float(amount), abs=1e-9)


@given(AMOUNTS)
def test_a_european_amount_is_read_back(amount: float) -> None:
    text = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert number(text, decimal_comma=True) == pytest.approx(float(amount), abs=1e-9)


@given(st.floats(min_value=-1e17, max_value=1e17))
def test_a_number_printed_by_python_is_read_back(value: float) -> None:
    assert number(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-$98,250", -98250.0),
        ("$-8,057,353", -8057353.0),
        ("(1,234)", -1234.0),
        ("$(1,234.50)", -1234.5),
        ("\u22121.5", -1.5),
        ("1,234-", -1234.0),
        ("$87,465,281,733.04 ", 87465281733.04),
        ("1'234'567.8", 1234567.8),
        ("2.37E-07", 2.37e-7),
        (".000", 0.0),
        ("1.65 %", 1.65),
        ("=DOLLAR(13746455.09)", 13746455.09),
    ],
)
def test_a_printed_amount(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["", "-", "--", " -- ", "\u2013", "N/A", "nan", "inf", "Infinity", "TRUE", "46120E602", "1e999",
             "1.2.3", "$", "%", "e5", "٣", "0x10", "1_000", "9" * 41]
)  # fmt: skip
def test_text_without_a_number_is_none(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("texts", "comma"),
    [
        (["0,0483", "12"], True),
        (["1.234,56"], True),
        (["1,5E-05", "0,1"], True),
        (["1,234", "0.5"], False),
        (["4,125,293"], False),
        (["12.345678"], False),
    ],
)
def test_the_decimal_separator_is_decided_by_unambiguous_cells(texts: list[str], comma: bool) -> None:  # noqa: FBT001 - the answer
    assert uses_decimal_comma(texts, otherwise=not comma) is comma


def test_ambiguous_cells_follow_the_files_delimiter() -> None:
    assert uses_decimal_comma(["1,234", "--"], otherwise=True)
    assert not uses_decimal_comma(["1,234", "--"], otherwise=False)


@given(
    DAYS,
    st.sampled_from(
        ["%Y-%m-%d", "%m/%d/%Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d %B %Y", "%d.%m.%Y", "%Y%m%d",
         "%m-%d-%Y", "%m_%d_%Y", "%m/%d/%Y 12:00:00 AM", "%Y-%m-%dT00:00:00Z"]
    ),
    st.sampled_from(["{}", "Fund Holdings as of {}", "Stand: {}.", "(As of {})", "x_{}_y"]),
)  # fmt: skip
def test_a_day_in_any_form_is_read_back(day: date, form: str, around: str) -> None:
    assert dates_in(around.format(day.strftime(form))) == [day]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("8/7/2020", date(2020, 8, 7)),
        ("31/12/2025", date(2025, 12, 31)),
        ("24-Oct-23", date(2023, 10, 24)),
        ("5. Mai 2024", date(2024, 5, 5)),
        ("31.12.2025", date(2025, 12, 31)),
        ("46185", date(2026, 6, 12)),
        ("46185.0", date(2026, 6, 12)),
    ],
)
def test_a_printed_day(text: str, day: date) -> None:
    assert date_of(text) == day


@pytest.mark.parametrize("text", ["", "2023", "13/32/2024", "30-Feb-2024", "1,234.56", "12345678", "5/2024"])
def test_text_without_a_date_is_none(text: str) -> None:
    assert date_of(text) is None


@given(st.integers(20_000, 79_999))
def test_excels_serial_numbers_are_days_since_1899_12_30(serial: int) -> None:
    assert date_of(str(serial)) == date(1899, 12, 30) + timedelta(days=serial)


@given(st.text())
def test_cleaning_is_idempotent_and_never_raises(text: str) -> None:
    assert cell_text(cell_text(text)) == cell_text(text)
    assert number(text) is None or isinstance(number(text), float)
    assert isinstance(dates_in(text), list)


def test_only_formulas_of_a_constant_are_evaluated() -> None:
    assert clean('="005930"') == "005930"
    assert clean("=cmd|' /C calc'!A0") == "=cmd|' /C calc'!A0"
