"""Tickers from a table of identifiers, for files that print none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job.inputs import etf_file, load_etf, read
from betaneutral_xl.model.portfolio import Etf
from betaneutral_xl.readers.ticker_map import parse_ticker_map

FUND = (
    "Name;ISIN;Gewichtung\nNVIDIA CORP;US67066G1040;0,55\nMICROSOFT CORP;US5949181045;0,35\n"
    "ASML HOLDING NV;NL0010273215;0,10\n"
)
TABLE = "ISIN,Ticker\nUS67066G1040,nvda\nus5949181045,MSFT UW\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    fund, table = tmp_path / "FUND_2026.csv", tmp_path / "tickers.csv"
    fund.write_text(FUND, encoding="utf-8")
    table.write_text(TABLE, encoding="utf-8")
    return fund, table


def test_rows_without_a_ticker_get_that_of_their_identifier(files: tuple[Path, Path]) -> None:
    etf = load_etf(files[0], tickers=files[1])
    assert etf.tickers == ("NVDA", "MSFT")
    assert "2 of 3 rows have their ticker from the table of tickers by identifier." in etf.warnings
    assert any(one.endswith("1 (weight 10.00%): ASML HOLDING NV 10.00%.") for one in etf.warnings)


def test_a_printed_ticker_is_kept() -> None:
    from betaneutral_xl.readers.etf_files import parse_etf

    text = b"Ticker,ISIN,Weight\nNVDA,US67066G1040,60%\n,US5949181045,40%\n"
    etf = parse_etf(text, "x.csv", tickers={"US67066G1040": "XXX", "US5949181045": "MSFT"})
    assert etf.tickers == ("NVDA", "MSFT")


def test_a_snapshot_keeps_the_tickers(files: tuple[Path, Path]) -> None:
    raw = etf_file(files[0], tickers=files[1])
    files[1].unlink()
    assert read(raw, Etf).value.tickers == ("NVDA", "MSFT")


def test_the_command_etf_takes_the_table(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["etf", str(files[0]), "--tickers", str(files[1]), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["ticker"] for one in found["top3"]] == ["NVDA", "MSFT", ""]
    assert [one["name"] for one in found["without_ticker"]] == ["ASML HOLDING NV"]
    assert found["without_ticker"][0]["weight"] == pytest.approx(0.1)


def test_one_identifier_with_two_tickers_is_refused() -> None:
    with pytest.raises(InputError, match="row 4: US67066G1040 is AMD and NVDA"):
        parse_ticker_map(b"ISIN,Ticker\nUS67066G1040,NVDA\nUS67066G1040,NVDA\nUS67066G1040,AMD\n", "t.csv")


def test_a_table_without_both_columns_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="no table of ISIN"):
        parse_ticker_map(b"ISIN,Name\nUS67066G1040,NVIDIA\n", "t.csv")


def test_a_table_without_a_file_has_no_effect_and_is_refused(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["betas", "--sample", "--tickers", str(files[1])]) == 2
    assert "--tickers has the tickers of an --etf or a --holdings file" in capsys.readouterr().err
