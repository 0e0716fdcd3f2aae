"""Forms in which holdings are published besides tables in English: XML, nested JSON, pages, other languages."""

# ruff: noqa: E501 - lines of files, as they are printed

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import openpyxl
import pytest

from betaneutral_xl.errors import UnknownFund, UnreadableFile
from betaneutral_xl.hosts.cli.etf import record
from betaneutral_xl.readers.etf_files import parse_etf

TODAY = date(2026, 11, 30)

NPORT = """<?xml version="1.0" encoding="UTF-8"?>
<edgarSubmission xmlns="http://www.sec.gov/edgar/nport">
 <headerData><submissionType>NPORT-P</submissionType><filerInfo><liveTestFlag>LIVE</liveTestFlag></filerInfo>
 </headerData>
 <formData>
  <genInfo><regName>Example Trust</regName><seriesName>Example AI ETF</seriesName>
   <repPdEnd>2026-12-31</repPdEnd><repPdDate>2026-09-30</repPdDate></genInfo>
  <fundInfo><totAssets>1010000.00</totAssets><netAssets>1000000.00</netAssets></fundInfo>
  <invstOrSecs>
   <invstOrSec><name>NVIDIA Corp</name><title>NVIDIA Corp</title><cusip>67066G104</cusip>
    <identifiers><isin value="US67066G1040"/><ticker value="NVDA"/></identifiers><balance>1000</balance>
    <units>NS</units><curCd>USD</curCd><valUSD>600000</valUSD><pctVal>60.0</pctVal><assetCat>EC</assetCat>
   </invstOrSec>
   <invstOrSec><name>ASML Holding NV</name><title>ASML Holding NV</title><cusip>N/A</cusip>
    <identifiers><isin value="NL0010273215"/></identifiers><balance>100</balance><units>NS</units>
    <currencyConditional curCd="EUR" exchangeRt="0.86"/><valUSD>300000</valUSD><pctVal>30.0</pctVal>
    <assetCat>EC</assetCat></invstOrSec>
   <invstOrSec><name>United States Treasury</name><title>Bill</title><cusip>912797SA6</cusip>
    <balance>50000</balance><units>PA</units><valUSD>50000</valUSD><pctVal>5.0</pctVal>
    <assetCat>DBT</assetCat><debtSec><maturityDt>2026-12-01</maturityDt></debtSec></invstOrSec>
   <invstOrSec><name>Example Bank</name><title>AI Index Swap</title><balance>1</balance><units>NC</units>
    <valUSD>1000</valUSD><pctVal>0.1</pctVal><assetCat>DE</assetCat>
    <derivativeInfo><swapDeriv derivCat="SWP"><notionalAmt>200000</notionalAmt><descRefInstrmnt>
     <otherRefInst><identifiers><isin value="US5949181045"/></identifiers></otherRefInst></descRefInstrmnt>
    </swapDeriv></derivativeInfo></invstOrSec>
   <invstOrSec><name>Prime Fund</name><title>Prime Fund</title><valUSD>49000</valUSD><pctVal>4.9</pctVal>
    <assetCat>STIV</assetCat></invstOrSec>
  </invstOrSecs>
 </formData>
</edgarSubmission>
"""


def facts(content: bytes, file_name: str, fund: str | None = None) -> dict[str, Any]:
    return record(parse_etf(content, file_name, fund=fund, today=TODAY))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_form_n_port_is_read(*, wrapped: bool) -> None:
    text = f"<SEC-DOCUMENT>\n<XML>\n{NPORT}</XML>\n</SEC-DOCUMENT>" if wrapped else NPORT
    found = facts(text.encode(), "primary_doc.xml")
    assert (found["title"], found["as_of"]) == ("Example AI ETF", date(2026, 9, 30))
    assert found["n_equity"] == 2
    assert found["equity_weight_sum"] == pytest.approx(0.9)
    assert found["cash_weight"] == pytest.approx(0.049)
    assert {kind: one["n"] for kind, one in found["other"].items()} == {"derivative": 1, "fixed_income": 1}
    assert found["derivative_exposure"] == pytest.approx(0.2)
    assert found["columns"]["shares"] == "balance"
    assert found["note"] == "weights are in percent (market values over net assets)"


def test_xml_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "AAAAAAAAAA"><!ENTITY b "&a;&a;&a;">]>'
    text = NPORT.replace("<edgarSubmission", bomb + "<edgarSubmission", 1).replace("Prime Fund", "&b; Fund")
    found = parse_etf(text.encode(), "primary_doc.xml", today=TODAY)
    assert found.constituents[-1].name == "&b; Fund"


def test_xml_without_records_and_deep_xml_are_refused_in_a_line() -> None:
    with pytest.raises(UnreadableFile, match="XML without a list of records"):
        facts(b'<?xml version="1.0"?><a><b>1</b></a>', "x.xml")
    with pytest.raises(UnreadableFile):
        facts(b'<?xml version="1.0"?>' + b"<a>" * 100_000, "x.xml")


def composition(*rows: tuple[str, str, float]) -> list[dict[str, Any]]:
    return [
        {
            "compositionCharacteristics": {
                "date": "2026-11-20",
                "bbg": bbg,
                "name": name,
                "weight": weight,
                "type": "EQUITY_ORDINARY",
            },
            "weight": weight,
        }
        for bbg, name, weight in rows
    ]


def test_records_within_records_are_read() -> None:
    rows = composition(("NVDA UW", "NVIDIA CORP", 0.6), ("MSFT UW", "MICROSOFT CORP", 0.4))
    page = {"products": [{"productId": "IE00A", "composition": {"compositionData": rows}}]}
    found = facts(json.dumps(page).encode(), "composition.json")
    assert [one["ticker"] for one in found["top3"]] == ["NVDA", "MSFT"]
    assert found["equity_weight_sum"] == pytest.approx(1.0)
    assert (found["fund"], found["as_of"]) == ("IE00A", date(2026, 11, 20))


def test_several_products_in_one_json_are_several_funds() -> None:
    products = [
        {
            "productId": "IE00A",
            "name": "Alpha ETF",
            "data": composition(("NVDA UW", "NVIDIA", 0.6), ("MSFT UW", "MS", 0.4)),
        },
        {"productId": "IE00B", "name": "Beta ETF", "data": composition(("XOM UN", "EXXON", 1.0))},
    ]
    content = json.dumps({"products": products}).encode()
    with pytest.raises(UnknownFund, match="lists 2 funds: IE00A, IE00B"):
        facts(content, "composition.json")
    found = facts(content, "composition.json", fund="Beta ETF")
    assert [one["ticker"] for one in found["top3"]] == ["XOM"]


def test_the_day_and_the_fund_beside_the_records_are_read() -> None:
    rows = [{"security": {"ticker": "NVDA", "name": "NVIDIA"}, "weight": "100%"}]
    page = {"fund": {"fundTicker": "AIXX", "asOfDate": "2026-11-20"}, "positions": {"rows": rows}}
    found = facts(json.dumps(page).encode(), "page.json")
    assert (found["fund"], found["as_of"], found["n_equity"]) == ("AIXX", date(2026, 11, 20), 1)


def test_cells_that_repeat_their_header_are_read_without_it() -> None:
    def cell(header: str, text: str) -> str:
        return f"<td><span>{header}</span><div>{text}</div></td>"

    headers = ("% Net Assets", "Name", "Ticker")
    rows = [("60.00%", "NVIDIA Corp", "NVDA"), ("40.00%", "Name Brands Inc", "NBI")]
    body = "".join(f"<tr>{''.join(map(cell, headers, row))}</tr>" for row in rows)
    head = "".join(f"<th>{one}</th>" for one in headers)
    page = f"<html><body><span>Data as of 11/20/2026</span><table><tr>{head}</tr>{body}</table></body></html>"
    found = facts(page.encode(), "page.html")
    assert [(one["ticker"], one["name"]) for one in found["top3"]] == [
        ("NVDA", "NVIDIA Corp"),
        ("NBI", "Name Brands Inc"),
    ]
    assert found["equity_weight_sum"] == pytest.approx(1.0)


def test_a_column_that_happens_to_begin_like_its_header_keeps_its_text() -> None:
    page = "<table><tr><th>A</th><th>Ticker</th><th>Weight</th></tr><tr><td>AA</td><td>AMD</td><td>100%</td></tr></table>"
    assert facts(page.encode(), "page.html")["top3"][0]["ticker"] == "AMD"


def test_a_german_workbook_of_text_is_read() -> None:
    book = openpyxl.Workbook()
    for row in (
        ["Tägliche Positionen (%) 27.08.2026"],
        [],
        ["Nummer", "Name der Position", "Ticker", "Identifikator (FIGI)", "Anteile", "Anlageklasse",
         "Marktwert (US$)", "Nominalwert", "% des Nettovermögens"],
        ["1", "NVIDIA CORP", "NVDA US", "BBG000BBJQV0", "1.000", "Aktie", "$600.000,00", " -- ", "60,00 %"],
        ["2", "ASML HOLDING NV", "ASML NA", "BBG000C1HSN8", "500", "Aktie", "$390.000,00", " -- ", "39,00 %"],
        ["3", "Barmittel", " -- ", " -- ", " -- ", "Bargeld", "$10.000,00", " -- ", "1,00 %"],
    ):  # fmt: skip
        book.worksheets[0].append(row)
    stream = io.BytesIO()
    book.save(stream)
    found = facts(stream.getvalue(), "SMH_bestaende.xlsx")
    assert found["as_of"] == date(2026, 8, 27)
    assert (found["n_equity"], found["cash_weight"]) == (2, pytest.approx(0.01))
    assert found["equity_weight_sum"] == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (
            'Al,"10/04/2026"\n \nTicker dell\'emittente,Nome,Settore,Asset Class,Valore di mercato,Ponderazione (%),'
            "Valore nozionale,Nominale,Prezzo,Area Geografica,Cambio,Valuta di mercato\n"
            '"NVDA","NVIDIA CORP","IT","Azionario","600.000,00","60,00","600.000,00","1.000,00","600,00",'
            '"Stati Uniti","NASDAQ","USD"\n'
            '"5801","FURUKAWA ELECTRIC LTD","Industriali","Azionario","390.000,00","39,00","390.000,00",'
            '"1.000,00","390,00","Giappone","Tokyo Stock Exchange","JPY"\n'
            '"EUR","EUR CASH","Liquidità e/o derivati","Contanti","10.000,00","1,00","10.000,00","10.000,00",'
            '"1,00","Unione Europea","-","EUR"\n',
            date(2026, 4, 10),
        ),
        (
            "Au,\"10/avr./2026\"\n\nTicker de l'émetteur,Nom,Secteur,Classe d'actifs,Valeur de marché,Pondération (%),"
            "Valeur notionnelle,Nominal,Cours,Emplacement,Place boursière,Devise de marché\n"
            '"NVDA","NVIDIA CORP","Technologie","Actions","600 000,00","60,00","600 000,00","1 000,00","600,00",'
            '"États-Unis","NASDAQ","USD"\n'
            '"5801","FURUKAWA ELECTRIC LTD","Industrie","Actions","390 000,00","39,00","390 000,00","1 000,00",'
            '"390,00","Japon","Tokyo Stock Exchange","JPY"\n'
            '"EUR","EUR CASH","Liquidités","Espèces","10 000,00","1,00","10 000,00","10 000,00","1,00",'
            '"Union Européenne","-","EUR"\n',
            date(2026, 4, 10),
        ),
    ],
)
def test_files_in_italian_and_french_are_read(text: str, day: date) -> None:
    found = facts(text.encode(), "holdings.csv")
    assert found["as_of"] == day
    assert (found["n_equity"], found["cash_weight"]) == (2, pytest.approx(0.01))
    assert [one["ticker"] for one in found["top3"]] == ["NVDA", "5801 JP"]


def test_control_characters_reach_no_cell() -> None:
    text = 'Example \x1b]0;x\x07ETF\nTicker,Name,Weight,Identifier\nNV\x1b[31mDA,NVI\x9bDIA,60%,A\u202eB\n"MS\nFT",Microsoft\x7f,40%,C\n'
    found = parse_etf(text.encode(), "x.csv", today=TODAY)
    shown = [found.name, found.title, *found.warnings]
    for row in found.constituents:
        shown += [row.ticker, row.printed_ticker, row.name, *row.identifiers.values()]
    assert all(one.isprintable() for one in shown), shown
    assert found.constituents[0].printed_ticker == "NV\\x1b[31mDA"


@pytest.mark.parametrize("codes", [["67066G104", "US67066G1040", "2379504"], ["US67066G1040"]])
def test_the_rows_of_ishares_pages_are_read_without_a_header(codes: list[str]) -> None:
    def both(value: float) -> dict[str, object]:
        return {"display": f"{value:,.2f}", "raw": value}

    end = ["United States", "NASDAQ", "USD", *(["1.00", "-"] if len(codes) > 1 else [])]
    amounts = [both(6e5), both(60.0), both(6e5), both(3e3)]
    rows = [
        ["NVDA", "NVIDIA CORP", "IT", "Equity", *amounts, *codes, both(200.0), *end],
        [
            "USD",
            "USD CASH",
            "Cash",
            "Cash",
            both(4e5),
            both(40.0),
            both(4e5),
            both(4e5),
            *["-"] * len(codes),
            both(1),
            *end,
        ],
    ]
    etf = parse_etf(json.dumps({"aaData": rows}).encode(), "FUND.json")
    assert {row.printed_ticker: row.weight for row in etf.constituents} == {"NVDA": 0.6, "USD": 0.4}
    assert etf.constituents[0].identifiers["ISIN"] == "US67066G1040"


def test_columns_and_data_of_pandas_are_read() -> None:
    table = {
        "columns": ["ticker", "name", "weight"],
        "data": [["NVDA", "NVIDIA", 60.0], ["AMD", "AMD INC", 40.0]],
    }
    etf = parse_etf(json.dumps(table).encode(), "FUND.json")
    assert etf.weights.tolist() == [0.6, 0.4]
