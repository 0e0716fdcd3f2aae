"""Volumes are read from every shape of price file that has them, and their absence is no error."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pandas as pd
import pytest

from betaneutral_xl.readers.prices import parse_prices
from betaneutral_xl.readers.volumes import average_volumes

DAYS = pd.bdate_range("2026-07-01", periods=30)
VOLUMES = {"NVDA": 1000.0, "BRK.B": 10.0}


def long() -> pd.DataFrame:
    """Return a table of a row a day and name; the first nine days have other volumes."""
    return pd.DataFrame(
        [
            {
                "Date": day.date(),
                "Ticker": name,
                "Close": 100.0 + place,
                "Volume": volume * (1.0 if place >= 9 else 100.0),
            }
            for place, day in enumerate(DAYS)
            for name, volume in VOLUMES.items()
        ]
    )


def two_headers() -> bytes:
    pivoted = long().pivot_table(index="Date", columns="Ticker", values=["Close", "Volume"])
    return pivoted.rename(columns={"BRK.B": "BRK-B"}, level=1).to_csv().encode()


def one_header() -> bytes:
    pivoted = long().pivot_table(index="Date", columns="Ticker", values=["Close", "Volume"])
    pairs: list[Any] = list(pivoted.columns)
    pivoted.columns = pd.Index([f"{field}_{name}" for field, name in pairs])
    return pivoted.to_csv().encode()


def parquet() -> bytes:
    stream = io.BytesIO()
    long().to_parquet(stream, index=False)
    return stream.getvalue()


def workbook() -> bytes:
    stream = io.BytesIO()
    long().to_excel(stream, index=False)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [long().to_csv(index=False).encode(), two_headers(), one_header(), parquet(), workbook()],
    ids=["long", "two headers", "one header", "parquet", "workbook"],
)
def test_the_last_months_volume_is_averaged_in_every_shape(content: bytes) -> None:
    assert average_volumes(content, "prices") == pytest.approx(VOLUMES)
    early = average_volumes(content, "prices", date(2026, 7, 9))
    assert early["NVDA"] == pytest.approx(100_000.0)
    assert set(parse_prices(content, "prices").tickers) == set(VOLUMES)


def test_a_file_without_volumes_has_none() -> None:
    wide = long().pivot_table(index="Date", columns="Ticker", values="Close").to_csv().encode()
    closes = long().drop(columns="Volume").to_csv(index=False).encode()
    assert average_volumes(wide, "prices") == {}
    assert average_volumes(closes, "prices") == {}
