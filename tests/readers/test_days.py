from __future__ import annotations

from datetime import date

import pytest

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.model.printed import Typed
from betaneutral_xl.readers.days import days_of

DAYS = [date(2023, 6, 1), date(2023, 6, 2), date(2023, 6, 13)]


def read(*texts: str) -> list[date]:
    return days_of(texts, lambda i: f"line {i + 1}")


@pytest.mark.parametrize(
    "texts",
    [
        ("2023-06-01", "2023-06-02", "2023-06-13"),
        ("6/1/2023", "6/2/2023", "6/13/2023"),
        ("01/06/2023", "02/06/2023", "13/06/2023"),
        ("01.06.2023", "02.06.2023", "13.06.2023"),
        ("6/1/23", "6/2/23", "6/13/23"),
        ("1-Jun-23", "2-Jun-23", "13-Jun-23"),
        ("45078", "45079", "45090"),
        ("20230601", "20230602", "20230613"),
        ("2023-06-01 00:00:00+09:00", "2023-06-02 00:00:00+09:00", "2023-06-13 00:00:00+09:00"),
        tuple(Typed.of(day) for day in DAYS),
        tuple(Typed.of(serial) for serial in (45078.0, 45079.0, 45090.0)),
    ],
)
def test_the_days_of_a_column_are_read_in_any_usual_form(texts: tuple[str, ...]) -> None:
    assert read(*texts) == DAYS


def test_day_and_month_are_in_one_order_for_the_whole_column() -> None:
    assert read("1/2/2023", "13/2/2023") == [date(2023, 2, 1), date(2023, 2, 13)]
    with pytest.raises(UnreadableFile, match=r"^line 2: of dates like '13/2/2023' day and month are in both"):
        read("2/14/2023", "13/2/2023")
    with pytest.raises(UnreadableFile, match=r"^line 1: of dates like '1/2/2023' day and month could be"):
        read("1/2/2023", "3/2/2023")


@pytest.mark.parametrize("text", ["", "Tuesday", "2023-02-30", "0001-01-01"])
def test_what_is_no_day_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UnreadableFile, match=r"^line 2: .* is not a date"):
        read("2023-06-01", text)
