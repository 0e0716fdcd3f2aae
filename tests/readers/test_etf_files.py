from __future__ import annotations

import math
import os
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import (
    DuplicateTicker,
    InputError,
    MissingValue,
    Refused,
    UnknownFund,
    UnreadableFile,
)
from betaneutral_xl.job.inputs import load_etf
from betaneutral_xl.model.portfolio import AssetClass, Etf
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.network.download import file_name_of
from betaneutral_xl.readers.etf_files import find_etf, parse_etf
from betaneutral_xl.system.settings import Settings

TODAY = date(2026, 8, 31)


def etf(text: str, file_name: str = "FUND.csv", fund: str | None = None) -> Etf:
    return parse_etf(text.encode(), file_name, fund=fund, today=TODAY)


# ------------------------------------------------------------------ several funds, wrong funds

TWO_FUNDS = "Fund,Ticker,Weight\nAAA,NVDA,100%\nBBB,AMD,60%\n,INTC,40%\n"


def test_one_of_several_funds_must_be_chosen() -> None:
    with pytest.raises(UnknownFund, match=r"lists 2 funds: AAA, BBB\. Choose one") as caught:
        etf(TWO_FUNDS)
    assert caught.value.tickers == ("AAA", "BBB")
    chosen = etf(TWO_FUNDS, fund="bbb")
    assert (chosen.name, chosen.tickers) == ("BBB", ("AMD", "INTC"))


def test_an_unknown_fund_is_an_error_that_lists_the_funds() -> None:
    with pytest.raises(UnknownFund, match="does not list the fund CCC; it lists AAA, BBB"):
        etf(TWO_FUNDS, fund="CCC")


def test_a_file_of_another_fund_is_refused() -> None:
    with pytest.raises(UnknownFund, match="is of the fund SPY, not QQQ"):
        etf("Ticker Symbol:,SPY\nName,Ticker,Weight\nNvidia,NVDA,100%\n", fund="QQQ")


def test_the_fund_may_be_named_if_the_file_does_not() -> None:
    named = etf("Ticker,Weight\nNVDA,100%\n", "download (3).csv", fund="smh")
    assert named.name == "SMH"
    assert "Nothing in download (3).csv says of which fund it is; smh is as requested." in named.warnings
    by_name = etf("Ticker,Weight\nNVDA,100%\n", "SMH_2026.csv", fund="smh")
    assert not [one for one in by_name.warnings if "of which fund" in one]
    assert etf("Ticker,Weight\nNVDA,100%\n", "download (3).csv").name == "download (3)"


# ------------------------------------------------------------------ what is no holdings file

# ruff: noqa: E501 - lines of files, as they are printed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'iShares X ETF\nFund Holdings as of,"-"\n\nTicker,Name,Asset Class,Weight (%)\n\nThe content ...\n',
            "has a header but no holdings: its date is a dash",
        ),
        ("Ticker,Name,Weight\n", "has a header but no holdings: nothing is below it"),
        ("Ticker,Name,Weight\nNVDA,Nvidia,0.00\nAMD,Advanced Micro,0.00\n", "no weight and no market value"),
        ("This fund was liquidated on May 5, 2024.\n", "says that the fund is closed"),
        (
            "Ticker,Name,Inception Date,Gross Expense Ratio (%),Net Assets (USD),YTD (%)\nIVV,Core,2000,0.03,1,2\n",
            "is a list of funds, not the holdings of one",
        ),
        (
            "Ticker,Name,Expense Ratio,Weight\nIVV,Core,0.03,1\n",
            "is a list of funds",
        ),
        (
            "<html><head><title>Just a moment...</title></head><body>Please complete the CAPTCHA</body></html>",
            "is a log-in or CAPTCHA page",
        ),
        ("<html><body><h1>404 Not Found</h1></body></html>", "refuses access"),
        ("date,open,close\n2024-01-01,1,2\n", "no table of holdings: a row has date, price, but none has a weight"),
        ("hello\nworld\n", 'It begins "hello"'),
    ],
)  # fmt: skip
def test_a_file_without_holdings_is_refused_with_its_kind(text: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        etf(text)


# ------------------------------------------------------------------ weights


@pytest.mark.parametrize(
    ("header", "cells", "weights"),
    [
        ("Weight", ("9.1", "90.9"), (0.091, 0.909)),
        ("Weight", ("0.091", "0.909"), (0.091, 0.909)),
        ("Weight (%)", ("0.4", "0.3"), (0.004, 0.003)),
        ("percent_of_nav", ("0.4", "0.6"), (0.4, 0.6)),
        ("Weight", ("9.1%", "0.5%"), (0.091, 0.005)),
        ("Weight", ("228.5", "114.9"), (2.285, 1.149)),
        ("Weight", ("2.285", "1.149"), (2.285, 1.149)),
        ("Weight", ("250", "-150"), (2.5, -1.5)),
        ("Gewichtung", ("60,5", "39,5"), (0.605, 0.395)),
    ],
)
def test_the_unit_is_decided_once_for_the_column(
    header: str, cells: tuple[str, ...], weights: tuple[float, ...]
) -> None:
    text = f"Ticker;{header}\n" + "".join(f"T{i};{cell}\n" for i, cell in enumerate(cells))
    assert [row.weight for row in etf(text).constituents] == pytest.approx(list(weights), abs=1e-12)


def test_a_sum_other_than_one_gives_a_warning_without_rescaling() -> None:
    found = etf("Ticker,Weight\nNVDA,50%\nAMD,49.23%\n")
    assert found.weights.sum() == pytest.approx(0.9923)
    assert "Weights of ETF FUND add to 0.9923, not 1; nothing is rescaled." in found.warnings


def test_a_printed_total_is_checked_and_is_not_a_holding() -> None:
    found = etf("Ticker,Name,Weight\nTTE,TotalEnergies SE,50%\nAMD,Advanced Micro,50%\nTotal,,100.00%\n")
    assert found.printed_total == 100.0
    assert len(found.constituents) == 2
    assert not [w for w in found.warnings if "total" in w]
    short = etf("Ticker,Name,Weight\nTTE,TotalEnergies SE,50%\nAMD,Advanced Micro,30%\nTotal,,100.00%\n")
    assert "The file prints a total of 1.0000, but its rows add to 0.8000." in short.warnings


def test_a_row_without_a_weight_is_kept_with_a_warning() -> None:
    found = etf("Ticker,Name,Weight\nNVDA,Nvidia,100%\nAMD,Advanced Micro,--\n")
    assert math.isnan(found.constituents[1].weight)
    assert "Equities without a weight: 1: Advanced Micro." in found.warnings
    assert found.tickers == ("NVDA",)


def test_a_weight_that_is_no_number_is_shown() -> None:
    found = etf("Ticker,Name,Weight\nNVDA,Nvidia,99%\nAMD,Advanced Micro,<0.5%\n")
    assert "Equities without a weight: 1: Advanced Micro (its cell is '<0.5%')." in found.warnings


# ------------------------------------------------------------------ tickers


def test_companies_that_share_a_ticker_get_their_market() -> None:
    found = etf(
        "Ticker,Name,Asset Class,Weight (%),Location,Exchange,Market Currency\n"
        "MRK,MERCK & CO INC,Equity,60,United States,New York Stock Exchange Inc.,USD\n"
        "MRK,MERCK KGAA,Equity,30,Germany,Xetra,EUR\n"
        "SAP,SAPUTO INC,Equity,5,Canada,Toronto Stock Exchange,CAD\n"
        "SAP,SAP,Equity,5,Germany,Xetra,EUR\n"
    )
    assert found.tickers == ("MRK", "MRK GR", "SAP CN", "SAP GR")


def test_without_exchanges_the_market_is_that_of_the_country_or_isin() -> None:
    found = etf("Ticker,Name,ISIN,Weight\nMRK,Merck & Co,US58933Y1055,60%\nMRK,Merck KGaA,DE0006599905,40%\n")
    assert found.tickers == ("MRK", "MRK GR")


def test_an_ambiguous_ticker_is_read_but_its_basket_refused() -> None:
    found = etf("Ticker,Name,Weight\nMRK,Merck & Co,60%\nMRK,Merck KGaA,40%\n")
    assert len(found.constituents) == 2
    assert "MRK are on several rows" in " ".join(found.warnings)
    with pytest.raises(DuplicateTicker, match="ETF FUND list MRK more than once"):
        _ = found.tickers


def test_two_lots_of_one_security_are_added_in_the_basket() -> None:
    found = etf("Ticker,Name,CUSIP,Weight\nNVDA,Nvidia,67066G104,60%\nNVDA,Nvidia,67066G104,40%\n")
    assert len(found.constituents) == 2
    assert found.tickers == ("NVDA",)
    assert found.weights.tolist() == pytest.approx([1.0])


def test_an_equity_without_a_ticker_is_kept_with_a_warning() -> None:
    found = etf("Ticker,Name,Weight\nNVDA,Nvidia,99%\n-,Example CVR Rights,1%\n")
    assert (
        "Equities without a ticker, not in the basket: 1 (weight 1.00%): Example CVR Rights 1.00%."
        in found.warnings
    )
    assert found.constituents[1].asset_class is AssetClass.EQUITY


def test_a_fund_without_equities_is_read_and_has_no_basket() -> None:
    found = etf("Name,Asset Class,Weight\nUS Treasury,Fixed Income,100%\n")
    with pytest.raises(MissingValue, match="has no equity row with a ticker and a weight"):
        _ = found.weights


# ------------------------------------------------------------------ where the table ends


def test_rows_after_a_section_heading_are_read() -> None:
    found = etf(
        "Ticker,Name,Weight\nEquities\nNVDA,Nvidia,90%\n\nCash and others\n\n,CASH,10%\n\nDisclaimer: "
        + "x" * 99
    )
    assert [row.asset_class.value for row in found.constituents] == ["equity", "cash"]


def test_a_second_copy_of_the_table_gives_a_warning() -> None:
    copy = "Ticker,Name,Weight\nNVDA,Nvidia,100%\n"
    found = etf(copy + "\n" + copy)
    assert len(found.constituents) == 1
    assert "The table is in the file twice; its first 1 rows are read." in found.warnings


def test_a_table_of_sectors_below_is_not_read() -> None:
    found = etf("Ticker,Name,Weight\nNVDA,Nvidia,100%\n\nSector,,Weight\nTechnology,,100%\n")
    assert [row.name for row in found.constituents] == ["Nvidia"]
    assert found.warnings[-1] == "1 lines after the end of the table look like holdings and are not read."


def test_formulas_stay_text() -> None:
    found = etf("Ticker,Name,Weight\n=cmd|' /C calc'!A0,@SUM(A1:A9),60%\nNVDA,Nvidia,40%\n")
    assert found.constituents[0].name == "@SUM(A1:A9)"
    assert found.constituents[0].printed_ticker == "=cmd|' /C calc'!A0"


# ------------------------------------------------------------------ the day


def test_holdings_older_than_a_week_give_a_warning() -> None:
    text = "As of {}\nTicker,Weight\nNVDA,100%\n"
    assert not etf(text.format("08/28/2026")).warnings
    assert etf(text.format("08/01/2026")).warnings == (
        "Holdings of ETF FUND are 30 days old (as of 2026-08-01).",
    )
    assert "which is in the future" in etf(text.format("10/01/2026")).warnings[0]
    assert etf("Ticker,Weight\nNVDA,100%\n").warnings == (
        "The file of ETF FUND has no date: the age of its holdings is unknown.",
    )


def test_the_inception_date_is_not_the_date() -> None:
    assert etf('Inception Date,"Jul 10, 2001"\nTicker,Weight\nNVDA,100%\n').as_of is None


# ------------------------------------------------------------------ files, names, addresses


def test_the_provenance_and_the_columns_are_recorded(tmp_path: Path) -> None:
    path = tmp_path / "CHAT_2026-08-28.csv"
    path.write_bytes(b"Ticker,Weight\nNVDA,100%\n")
    found = load_etf(path)
    assert found.provenance.location == "CHAT_2026-08-28.csv"
    assert found.provenance.retrieval is Retrieval.FILE
    assert len(found.provenance.sha256) == 64
    assert found.provenance.rows == 1
    assert dict(found.columns) == {"ticker": "Ticker", "weight": "Weight"}


def downloads(folder: Path, *names: str) -> Settings:
    folder.mkdir(exist_ok=True)
    for place, name in enumerate(names):
        path = folder / name
        path.write_bytes(b"Ticker,Weight\nNVDA,100%\n")
        os.utime(path, (place * 1e6 + 1.5e9,) * 2)
    return Settings(downloads=(folder,))


def test_a_funds_name_finds_its_newest_file(tmp_path: Path) -> None:
    names = (
        "JHAI_full-holdings_20260930.csv",
        "JHAI_full-holdings_20260831.csv",
        "JHAIX_20270101.csv",
        "JHAI.pdf",
    )
    settings = downloads(tmp_path / "d", *names)
    assert load_etf("jhai", settings=settings).provenance.location == names[0]
    assert find_etf("JHAI", settings.downloads).name == names[0]


def test_without_a_date_in_the_name_the_last_saved_is_newest(tmp_path: Path) -> None:
    settings = downloads(tmp_path / "d", "holdings-daily-us-en-spy.xlsx", "holdings-daily-us-en-spy (1).xlsx")
    assert find_etf("SPY", settings.downloads).name == "holdings-daily-us-en-spy (1).xlsx"


def test_a_fund_without_a_file_names_the_folders(tmp_path: Path) -> None:
    settings = downloads(tmp_path / "Downloads")
    with pytest.raises(UnreadableFile, match="No file of JHAI in Downloads") as caught:
        load_etf("JHAI", settings=settings)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("name", ["../JHAI", "a/b", "*", "", "JHAI.csv", "x" * 11])
def test_a_path_is_not_a_fund(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is not a fund's ticker"):
        find_etf(name, (tmp_path,))


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_out_of_the_downloads_folder_is_not_followed(tmp_path: Path) -> None:
    settings = downloads(tmp_path / "d")
    (tmp_path / "secret.csv").write_bytes(b"Ticker,Weight\nNVDA,100%\n")
    (tmp_path / "d" / "JHAI.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(UnreadableFile, match="No file of JHAI"):
        find_etf("JHAI", settings.downloads)


ALLOWED = Settings(etf_hosts=frozenset({"issuer.example"}))


def test_an_address_on_an_allowed_host_is_fetched() -> None:
    fetched: list[str] = []

    def get(url: str) -> bytes:
        fetched.append(url)
        return b"Ticker,Weight\nNVDA,100%\n"

    found = load_etf("https://issuer.example/SMH.csv?key=secret", settings=ALLOWED, get=get)
    assert fetched == ["https://issuer.example/SMH.csv?key=secret"]
    assert (found.name, found.provenance.location) == ("SMH", "SMH.csv")
    assert found.provenance.retrieval is Retrieval.LIVE


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://elsewhere.example/SMH.csv", "host elsewhere.example is not allowed"),
        ("https://issuer.example.evil.example/SMH.csv", "is not allowed"),
        ("http://issuer.example/SMH.csv", "not a supported address"),
        ("https://ann:pass@issuer.example/SMH.csv", "not a supported address"),
        ("https://issuer.example:8443/SMH.csv", "not a supported address"),
        ("https://[::1/SMH.csv", "not a supported address"),
        ("https:///SMH.csv", "not a supported address"),
    ],
)
def test_no_other_address_is_fetched(url: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_etf(url, settings=ALLOWED, get=lambda _: pytest.fail("was fetched"))


def test_an_address_without_a_file_is_named_by_its_host() -> None:
    assert file_name_of("https://issuer.example/?fund=SMH&token=x") == "issuer.example"


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    from betaneutral_xl.network import transport

    reply = transport.Reply(status=302, media_type="", content=b"", redirect="evil.example")
    monkeypatch.setattr(transport.Transport, "send", lambda *_: reply)
    with pytest.raises(Refused, match=r"issuer\.example redirects to evil\.example"):
        load_etf("https://issuer.example/SMH.csv", settings=ALLOWED)


# ------------------------------------------------------------------ any bytes, any table


def refusal(content: bytes) -> str:
    """Return the message of an ``InputError``, empty if the bytes are read."""
    try:
        parse_etf(content, "x.csv")
    except InputError as error:
        return str(error)
    return ""


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused_in_a_line(content: bytes) -> None:
    assert "\n" not in refusal(content)


STARTS = st.sampled_from(
    [b"Ticker,Name,Weight\n", b"<html><table><tr><td>Ticker<td>Weight<tr>", b'[{"ticker": "A", "weight": ',
     b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table><Row><Cell><Data>',
     b"\xff\xfeT\0", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
)  # fmt: skip


@given(STARTS, st.lists(st.one_of(st.binary(max_size=20), st.text(max_size=20).map(str.encode)), max_size=40))
def test_any_bytes_after_a_valid_start_are_read_or_refused(start: bytes, pieces: list[bytes]) -> None:
    assert "\n" not in refusal(start + b"".join(pieces))


NAMES = st.from_regex(r"[A-Z]{2,8}( [A-Z]{2,8}){0,2} (CORP|LTD|PLC)", fullmatch=True)
ROWS = st.lists(
    st.tuples(st.from_regex(r"[A-Z]{3}[0-9]{1,2}[A-Z]", fullmatch=True), NAMES, st.integers(1, 10_000)),
    min_size=2, max_size=30, unique_by=lambda row: row[0],
)  # fmt: skip


@given(ROWS, st.sampled_from([",", ";", "\t", "|"]), st.booleans(), st.booleans(), st.integers(0, 15))
def test_a_table_that_adds_to_one_is_read_back_however_it_is_printed(
    rows: list[tuple[str, str, int]],
    delimiter: str,
    percent: bool,  # noqa: FBT001 - drawn
    comma: bool,  # noqa: FBT001 - drawn
    preamble: int,
) -> None:
    total = sum(row[2] for row in rows)
    lines = [f"Line {place} of a preamble" for place in range(preamble)]
    lines.append(delimiter.join(("Ticker", "Name", "Weight")))
    comma = comma and delimiter != ","
    for ticker, name, share in rows:
        weight = f"{share / total * (100 if percent else 1):.9f}".replace(".", "," if comma else ".")
        lines.append(delimiter.join((ticker, name, weight)))
    found = parse_etf("\n".join(lines).encode(), "x.csv")
    assert [row.printed_ticker for row in found.constituents] == [row[0] for row in rows]
    expected = [share / total for _, _, share in rows]
    assert [row.weight for row in found.constituents] == pytest.approx(expected, abs=1e-8)
