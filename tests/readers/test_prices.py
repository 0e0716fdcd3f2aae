from __future__ import annotations

import gzip
import io
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from betaneutral_xl.engine.estimators.fitting import estimate
from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnknownTicker, UnreadableFile
from betaneutral_xl.job.inputs import covariance_from_prices
from betaneutral_xl.readers.prices import join, load_prices, parse_prices

SHARED = Path(__file__).parents[3] / "shared" / "data" / "prices"

WIDE = b"""date,BRK-B,NVDA
2024-01-02,350.5,48.1
2024-01-03,,47.5
2024-01-04,352,48
"""
LONG = b"""Symbol,Volume,Date,Adj Close
NVDA,100,2024-01-04,48
brk/b us,7,2024-01-02,350.5
NVDA,100,2024-01-02,48.1
NVDA,100,2024-01-03,47.5
BRK B,9,2024-01-04,352
"""


def test_wide_and_long_tables_give_the_same_prices() -> None:
    wide, long = parse_prices(WIDE, "wide.csv"), parse_prices(LONG, "long.csv")
    assert wide.tickers == ("BRK.B", "NVDA")
    same = long.select(wide.tickers)
    assert np.array_equal(same.matrix, wide.matrix, equal_nan=True)
    assert same.dates.tolist() == wide.dates.tolist()
    assert np.isnan(wide.matrix[1, 0])
    assert wide.provenance.as_of == date(2024, 1, 4)
    assert wide.provenance.location == "wide.csv"
    assert long.warnings == ("The prices of long.csv are from its column Adj Close.",)


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(WIDE),
        gzip.compress(WIDE[:40]) + gzip.compress(WIDE[40:]),
        b"\xef\xbb\xbf" + WIDE,
        WIDE.decode().encode("utf-16"),
        WIDE.replace(b"\n", b"\r\n"),
        WIDE.replace(b",", b"\t"),
        WIDE.replace(b",", b";").replace(b".", b","),
        WIDE.replace(b"350.5", b'"350.5"'),
        WIDE.replace(b",,", b",NaN,").replace(b"2024-01-02", b"2024-01-02 00:00:00"),
        WIDE.replace(b"date", b""),
        WIDE.replace(b"2024-01-02,350.5,48.1\n", b"") + b"2024-01-02,350.5,48.1\n\n",
        WIDE.replace(b"2024-01-03,", b"20240103,"),
    ],
)
def test_every_encoding_and_delimiter_gives_the_same_prices(content: bytes) -> None:
    plain, other = parse_prices(WIDE, "a"), parse_prices(content, "b")
    assert other.tickers == plain.tickers
    assert np.array_equal(other.matrix, plain.matrix, equal_nan=True)
    assert other.dates.tolist() == plain.dates.tolist()


@pytest.mark.parametrize("form", ["wide", "long"])
def test_parquet_is_read_like_csv(form: str) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    plain = parse_prices(WIDE, "a")
    if form == "wide":
        days = pa.array(plain.dates)
        columns = {"Date": days, "BRK-B": plain.matrix[:, 0], "NVDA": plain.matrix[:, 1]}
    else:
        columns = {
            "date": [d for d in plain.dates.tolist() for _ in range(2)],
            "ticker": ["BRK B", "NVDA"] * 3,
            "price": plain.matrix.ravel(),
        }
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    other = parse_prices(stream.getvalue(), "b.parquet")
    assert other.tickers == plain.tickers
    assert np.array_equal(other.matrix, plain.matrix, equal_nan=True)
    assert other.dates.tolist() == plain.dates.tolist()


def test_parquet_written_by_pandas_with_its_index_is_read() -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    plain = parse_prices(WIDE, "a")
    stream = io.BytesIO()
    index = pd.DatetimeIndex(plain.dates)
    pd.DataFrame(plain.matrix, index, ["BRK-B", "NVDA"]).to_parquet(stream)
    assert parse_prices(stream.getvalue(), "b").dates.tolist() == plain.dates.tolist()


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (WIDE.replace(b"47.5", b"4 7"), UnreadableFile, "line 3, column NVDA: '4 7' is not a number"),
        (
            WIDE.replace(b"2024-01-03", b"03/01/2024"),
            UnreadableFile,
            "line 3: of dates like '03/01/2024' day and month",
        ),
        (WIDE.replace(b"47.5", b"47.5,1"), UnreadableFile, "line 3 has 4 cells, the header 3"),
        (WIDE.replace(b"47.5", b"-47.5"), MissingValue, "NVDA on 2024-01-03 is -47.5"),
        (WIDE.replace(b"47.5", b"inf"), MissingValue, "infinite"),
        (WIDE.replace(b"NVDA", b"BRK/B"), DuplicateTicker, r"BRK\.B twice"),
        (WIDE.replace(b"2024-01-03", b"2024-01-02"), InputError, "several rows of 2024-01-02"),
        (WIDE.replace(b"date,", b"name,").replace(b"2024-", b"X"), UnreadableFile, "not with the date"),
        (LONG + b"NVDA,1,2024-01-04,48\n", DuplicateTicker, "more than one price of NVDA on 2024-01-04"),
        (LONG.replace(b"Date", b"Tag"), UnreadableFile, "no column for the date"),
        (b"date,A\n", UnreadableFile, "no rows"),
        (b"date\n2024-01-02\n", UnreadableFile, "one column"),
        (b"date,A\n2024-01-02,\n", UnreadableFile, "no price on any day"),
        (b"PK\x03\x04\0\0\n\0\0", UnreadableFile, "begins like an XLSX workbook"),
        (gzip.compress(WIDE)[:-12], UnreadableFile, "truncated|damaged"),
        (b"\x1f\x8bnonsense", UnreadableFile, "damaged"),
        (b"PAR1 nonsense PAR1", UnreadableFile, "not a table in Parquet"),
        (b"", UnreadableFile, "no rows"),
    ],
)
def test_an_invalid_file_is_refused_in_one_line(content: bytes, kind: type[Exception], message: str) -> None:
    if content.startswith(b"PAR1"):
        pytest.importorskip("pyarrow")
    with pytest.raises(kind, match=message) as caught:
        parse_prices(content, "prices.csv")
    assert "\n" not in str(caught.value)


def test_days_without_any_price_are_left_out_and_counted() -> None:
    table = parse_prices(WIDE + b"2024-01-06,,\n2024-01-07,,\n", "a.csv")
    assert len(table.dates) == 3
    assert "2 days of a.csv" in table.warnings[0]


def test_two_files_are_joined_on_the_union_of_dates() -> None:
    stocks = parse_prices(WIDE, "a.csv")
    etfs = parse_prices(b"date,SPY\n2024-01-03,470\n2024-01-05,471\n", "b.csv")
    both = join([stocks, etfs])
    assert both.tickers == ("BRK.B", "NVDA", "SPY")
    assert len(both.dates) == 4
    assert np.isnan(both.matrix[0, 2])
    assert both.matrix[1, 2] == 470.0
    assert both.provenance.location == "a.csv + b.csv"
    with pytest.raises(DuplicateTicker, match="NVDA twice"):
        join([stocks, stocks.select(["NVDA"])])


def write_panel(folder: Path, days: int = 60) -> Path:
    rng = np.random.default_rng(0)
    levels = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (days, 4)), axis=0))
    rows = [
        ",".join([str(np.datetime64("2024-01-01") + np.timedelta64(i, "D")), *(f"{p:.6f}" for p in row)])
        for i, row in enumerate(levels)
    ]
    path = folder / "panel.csv"
    path.write_text("\n".join(["date,AAA,BRK-B,CCC,IWV", *rows]), encoding="utf-8")
    return path


def test_a_covariance_is_estimated_from_a_price_file(tmp_path: Path) -> None:
    path = write_panel(tmp_path)
    covariance = covariance_from_prices(path, ["ccc", "BRK B", "ZZZ"], "exponential", half_life=20.0)
    assert covariance.tickers == ("CCC", "BRK.B")
    assert covariance.warnings[0] == "No prices of ZZZ."
    assert covariance.provenance.location == "panel.csv"
    assert "half life 20" in covariance.provenance.note
    returns = load_prices(path).returns().select(["CCC", "BRK.B"]).matrix
    weights = 0.5 ** (np.arange(len(returns))[::-1] / 20.0)
    assert covariance.form.dense() == pytest.approx(252 * np.cov(returns.T, aweights=weights))


def test_tickers_without_any_prices_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownTicker, match="no prices of ZZZ"):
        covariance_from_prices(write_panel(tmp_path), ["ZZZ"])


def test_an_earlier_date_ignores_later_prices(tmp_path: Path) -> None:
    covariance = covariance_from_prices(write_panel(tmp_path), as_of=date(2024, 2, 15))
    assert covariance.as_of == date(2024, 2, 15)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared prices are not here")
def test_the_shared_panel_is_read_whole() -> None:
    table = load_prices(SHARED / "panel.csv.gz")
    assert table.matrix.shape == (1400, 414)
    assert table.provenance.as_of == date(2026, 7, 31)
    assert "BRK.B" in table.tickers
    assert np.isfinite(table.matrix).mean() > 0.95
    assert table.matrix[0, table.tickers.index("NVDA")] == 13.0608


def test_few_tickers_are_estimated_with_the_other_series_of_the_file(tmp_path: Path) -> None:
    file = write_panel(tmp_path)
    whole = load_prices(file)
    tickers = whole.tickers[:2]
    narrow = covariance_from_prices(file, tickers)
    assert narrow.tickers == tickers
    beside = estimate(whole.returns()).select(tickers).form.dense()
    np.testing.assert_allclose(narrow.form.dense(), beside, rtol=1e-9)
    alone = estimate(whole.select(tickers).returns()).form.dense()
    assert np.abs(beside - alone).max() > 1e-4


def test_prices_that_no_share_can_have_are_refused_with_the_name(tmp_path: Path) -> None:
    path = write_panel(tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[40] = ",".join([lines[40].partition(",")[0], "99999", *lines[40].split(",")[2:]])
    path.write_text("\n".join(lines), encoding="utf-8")
    name = lines[0].split(",")[1]
    with pytest.raises(InputError, match=rf"The prices of {name} in .* volatility of [\d,]+% a year"):
        covariance_from_prices(path)
    rest = [one for one in lines[0].split(",")[1:] if one != name]
    assert covariance_from_prices(path, rest).tickers
