"""Every known layout of an issuer, as a small file of invented holdings."""

# ruff: noqa: E501, Q003, RUF001 - the lines are as long, and quoted and dashed, as issuers print them

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from textwrap import dedent
from typing import TYPE_CHECKING

import openpyxl
import pytest

from betaneutral_xl.model.portfolio import AssetClass
from betaneutral_xl.readers.etf_files import parse_etf

if TYPE_CHECKING:
    from betaneutral_xl.model.portfolio import Etf


def text(body: str, encoding: str = "utf-8") -> bytes:
    return dedent(body).strip("\n").encode(encoding)


def xlsx(*sheets: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A file, and its expected content."""

    content: bytes
    as_of: date | None
    classes: dict[str, int]
    weights: dict[str, float]
    """Printed ticker (else name) -> weight in decimals."""
    fund: str = "FUND"
    file_name: str = "FUND.csv"
    choose: str | None = None
    tickers: dict[str, str] = field(default_factory=dict)
    """Printed -> canonical."""


LAYOUTS = {
    "SSGA UCITS, identifiers only": Layout(
        content=xlsx(
            [
                ["Fund Name:", "SPDR World UCITS ETF"],
                ["ISIN:", "IE00BFY0GT14"],
                ["Ticker Symbol:", "SPPW GY"],
                ["Holdings As Of:", "12-Feb-2026"],
                [],
                ["ISIN", "SEDOL", "Security Name", "Currency", "Number of Shares", "Percent of Fund",
                 "Trade Country Name", "Local Price", "Sector Classification", "Industry Classification",
                 "Base Market Value"],
                ["US67066G1040", "2379504", "NVIDIA Corporation", "USD", 100, 60.5, "United States", 180, "IT", "Semi", 18000],
                ["JP3633400001", "6900643", "Toyota Motor Corp.", "JPY", 50, 38.5, "Japan", 3000, "Auto", "Auto", 1000],
                ["Unassigned", "Unassigned", "U.S. Dollar", "USD", 5, 1.0, "-", "-", "Unassigned", "Unassigned", 300],
                ["Unassigned", "Unassigned", "MSCI WORLD INDEX FUTURE MAR26", "USD", 1, "-", "-", "-", "-", "-", "-"],
                [],
                ["Diversification does not ensure a profit. As of 31-Dec-2019, the fund ..."],
            ]
        ),
        file_name="holdings-daily-emea-en-sppw-gy.xlsx",
        fund="SPPW",
        as_of=date(2026, 2, 12),
        classes={"equity": 2, "cash": 1, "derivative": 1},
        weights={"NVIDIA Corporation": 0.605, "Toyota Motor Corp.": 0.385},
    ),
    "SSGA sector site": Layout(
        content=text(
            """
            The Technology Select Sector SPDR Fund 6:03 PM ET 02/03/2025
            Symbol,Company Name,Index Weight,Last,Change,%Change,Volume,52 Week Range
            AAPL,Apple Inc,11.87%,228.01,-7.99,-3.39%,73.06 M,164.08 - 260.10
            MSFT,Microsoft Corp,88.13%,410.92,-4.14,-1.00%,25.68 M,385.58 - 468.35
            """,
            "utf-8-sig",
        ),
        file_name="index-holdings-xlk.csv",
        fund="XLK",
        as_of=date(2025, 2, 3),
        classes={"equity": 2},
        weights={"AAPL": 0.1187},
    ),
    "ARK 2020, plain percent": Layout(
        content=text(
            """
            date,fund,company,ticker,cusip,shares,"market value($)",weight(%)
            8/7/2020,ARKK,TESLA INC,TSLA,88160R101,1350542.00,1962094024.44,60.83
            8/7/2020,ARKK,INVITAE CORP,NVTA,46185L103,13246010.00,410361389.80,38.93
            8/7/2020,ARKK,MORGAN STANLEY GOVT INSTL 8035,,61747C707,1.00,1.00,0.24
            ,,,,,,,
            ,,,,,,,
            "The principal risks of investing in ARK ETFs as of December 31, 2018 include: ..."
            """
        ),
        fund="ARKK",
        as_of=date(2020, 8, 7),
        classes={"equity": 2, "cash": 1},
        weights={"TSLA": 0.6083, "NVTA": 0.3893},
    ),
    "Invesco web, missing values as two dashes": Layout(
        content=text(
            """
            Ticker,Company,Share/ Par,% TNA,Class of shares,CUSIP,Market value
            "NVDA","NVIDIA Corp","7,659,415.00","13.95%","Common Stock","67066G104","$1,648,306,108"
            "--","Example Escrow","10.00","--","Rights","--","--"
            "AGPXX","Invesco Government & Agency Portfolio","5.00","86.00%","Money Market Fund, Taxable","825252885","$5"
            "EUR","Euro","1.00","0.05%","Currency","--","$1"
            # as of 2026-05-08
            """
        ),
        as_of=date(2026, 5, 8),
        classes={"equity": 2, "cash": 2},
        weights={"NVDA": 0.1395},
    ),
    "Invesco UCITS, semicolon and decimal comma": Layout(
        content="Full name;ISIN;Weight\r\nApple Inc;US0378331005;0,0483\r\nNVIDIA Corp;US67066G1040;0,9502\r\n"
        "Cash and/or Derivatives;;0,0015\r\n".encode("utf-8-sig"),
        as_of=None,
        classes={"equity": 2, "cash": 1},
        weights={"Apple Inc": 0.0483, "NVIDIA Corp": 0.9502},
    ),
    "Amundi, German": Layout(
        content="ISIN;Name;Anlageklasse;Währung;Gewichtung;Sektor;Land\r\n"
        "US67066G1040;NVIDIA CORP;AKTIEN;USD;0,0546;IT;Vereinigte Staaten\r\n"
        "US0378331005;APPLE INC;EQUITY_ORDINARY;USD;0,94;IT;Vereinigte Staaten\r\n"
        "CH0012032048;ROCHE HOLDING;EQUITY_ORDINARY;CHF;1,5E-05;Gesundheit;Schweiz\r\n"
        ";US DOLLAR;CASH;USD;0,004;;\r\n"
        ";MSCI WORLD 03/26;FUTURE;USD;-0,0001;;\r\n".encode("utf-8-sig"),
        as_of=None,
        classes={"equity": 3, "cash": 1, "derivative": 1},
        weights={"NVIDIA CORP": 0.0546, "ROCHE HOLDING": 1.5e-5, "MSCI WORLD 03/26": -1e-4},
    ),
    "US Bank, several funds in one file": Layout(
        content=text(
            """
            Date,Account,StockTicker,CUSIP,SecurityName,Shares,Price,MarketValue,Weightings,NetAssets,SharesOutstanding,CreationUnits,MoneyMarketFlag
            06/12/2026,MAGS,02079K305 TRS 071426 NM,02079K305 TRS 071426 NM,ALPHABET INC-CL A SWAP,6472,357.77,2315,6.47%,35773,55,55,
            06/12/2026,CHAT,005930 KS,6771720,Samsung Electronics Co Ltd,100,71000,5000,50.00%,10000,1,1,
            06/12/2026,CHAT,INR AU,B0BV2P5,Ioneer Ltd,1,0.1,200,2.00%,10000,1,1,
            06/12/2026,CHAT,912797UP0,912797UP0,United States Treasury Bill 07/14/2026,1,99,1000,10.00%,10000,1,1,
            06/12/2026,CHAT,FGXXX,31846V336,First American Government Obligations Fund 12/01/2031,1,1,2800,28.00%,10000,1,1,Y
            06/12/2026,CHAT,4SPY 261218C00720340,4SPY 261218C00720340,SPY 12/18/2026 720.34 C,1,1,600,6.00%,10000,1,1,
            06/12/2026,CHAT,TWD,CASHTWD,NEW TAIWAN DOLLAR,1,1,300,3.00%,10000,1,1,
            06/12/2026,CHAT,Cash&Other,Cash&Other,Cash & Other,1,1,100,1.00%,10000,1,1,
            """
        ),
        file_name="FilepointRoundhill.40RU.RU_Holdings.csv",
        choose="chat",
        fund="CHAT",
        as_of=date(2026, 6, 12),
        classes={"equity": 2, "cash": 3, "fixed_income": 1, "derivative": 1},
        weights={"005930 KS": 0.5, "INR AU": 0.02},
        tickers={"005930 KS": "005930 KS", "INR AU": "INR AU"},
    ),
    "Tema, fractions under a header that says percent": Layout(
        content=text(
            """
            holdings_date,ticker,cusip,proper_name,shares,market_value,percent_of_nav,is_cash,country,sector
            2026-08-04,LITE,55024U109,LUMENTUM HOLDINGS INC,3480,2956155.6,0.8517,0,United States,Information Technology
            2026-08-04,3491 TT,,UNIVERSAL MICROWAVE TECHNOLOGY,12813.2,775003.86,0.1398,0,Taiwan,Information Technology
            2026-08-04,,,CASH & CASH EQUIVALENTS,1,1,0.0085,1,,
            """
        ),
        as_of=date(2026, 8, 4),
        classes={"equity": 2, "cash": 1},
        weights={"LITE": 0.8517, "3491 TT": 0.1398},
    ),
    "KraneShares, bare Hong Kong numbers": Layout(
        content=text(
            """
            "KWEB Holdings","As of 2026-08-10","","","","",""
            Rank,Company Name,% of Net Assets,Ticker,Identifier,Shares Held,Market Value($)
            1,TENCENT HOLDINGS LTD,60.5,700,BMMV2K8,"10,485,000","640,000,000"
            2,ALIBABA GROUP HOLDING LTD,38.4,9988,BK6YZP5,"36,000,000","580,000,000"
            3,Cash,1.1,,–,"100","100"
            """
        ),
        file_name="08_10_2026_kweb_holdings.csv",
        fund="KWEB",
        as_of=date(2026, 8, 10),
        classes={"equity": 2, "cash": 1},
        weights={"700": 0.605, "9988": 0.384},
    ),
    "ProShares, all funds, no weights, rows longer than the header": Layout(
        content=text(
            """
            PORTFOLIO HOLDINGS INFORMATION,,,,
            AS OF 8/10/2026,,,,
            ,,,,
            Fund Ticker, Fund Name, Security Ticker, Security Sedol, Security Description, Coupon, Maturity Date, Shares/Contracts, Exposure Value (Notional + G/L), Market Value
            "UPRO","ProShares UltraPro S&P500","NVDA","2379504","NVIDIA CORP",,,100,,6000.0,
            "UPRO","ProShares UltraPro S&P500","","","S&P 500 INDEX SWAP GOLDMAN SACHS",,,50,25000.0,,
            "UPRO","ProShares UltraPro S&P500","","","S&P500 EMINI FUT SEP26",,2026-09-18,2,900.0,,
            "UPRO","ProShares UltraPro S&P500","","","TREASURY BILL",0,2026-10-01,1,,3000.0,
            "UPRO","ProShares UltraPro S&P500","","","NET OTHER ASSETS (LIABILITIES)",,,1000,,1000.0,
            "NOBL","ProShares S&P 500 Dividend Aristocrats ETF","BF/B","2087460","BROWN-FORMAN CORP",,,1,,99.0,
            "NOBL","ProShares S&P 500 Dividend Aristocrats ETF","","","NET OTHER ASSETS (LIABILITIES)",,,1,,1.0,
            """
        ),
        file_name="psdlyhld.csv",
        choose="UPRO",
        fund="UPRO",
        as_of=date(2026, 8, 10),
        classes={"equity": 1, "cash": 1, "fixed_income": 1, "derivative": 2},
        weights={"NVDA": 0.6, "TREASURY BILL": 0.3},
    ),
    "First Trust, header in table cells of a page within a layout table": Layout(
        content=text(
            """
            <!DOCTYPE html><html><head><title>First Trust Nasdaq Cybersecurity ETF (CIBR)</title>
            <script>var x = "<table><tr><td>no</td></tr></table>";</script></head><body>
            <table><tr><td>
              <p>Holdings of the Fund as of 8/10/2026</p>
              <table class="fundSilverGrid">
              <tr class="fundSilverGridHeader"><td>Security Name</td><td>Identifier</td><td>CUSIP</td>
                <td>Classification</td><td>Shares / Quantity</td><td>Market Value</td><td>Weighting</td></tr>
              <tr><td>Broadcom Inc.</td><td>AVGO</td><td>11135F101</td><td>Semiconductors</td><td>1,000</td>
                <td>$940,000.00</td><td>94.70%</td></tr>
              <tr><td>Johnson &amp; Johnson<td>JNJ<td>478160104<td>Drugs<td>10<td>$50.00<td>5.00%
              <tr><td>US Dollar</td><td>$USD</td><td></td><td>Other</td><td>3</td><td>$3.00</td><td>0.30%</td></tr>
              </table>
            </td></tr></table></body></html>
            """
        ),
        file_name="CIBR.html",
        fund="CIBR",
        as_of=date(2026, 8, 10),
        classes={"equity": 2, "cash": 1},
        weights={"AVGO": 0.947, "JNJ": 0.05},
    ),
    "Schwab, equity without a symbol, mixed line ends": Layout(
        content=b'As-Of-Date,Symbol,Name,% of Assets,Market Value\r\n2026-08-10,TXN,TEXAS INSTRUMENT INC,"95.7492400368","$9,574.92"\r\n'
        b'2026-08-10,,CONTRA ABIOMED INC,"0.0000000000","$0.00"\r\n2026-08-10,,SUMITOMO TIME DEPOSIT,"3.0","$300.00"\r\n'
        b'2026-08-10,USD,US DOLLAR,"1.0","$100.00"\r\n2026-08-10,ESH1,S&P500 EMINI FUT MAR21,"0.0","$0.00"\r\n\n'
        b"Portfolio holdings may change at any time.\n\"Neither MSCI, as of 2001-01-01, nor any other party ...\"\n",
        as_of=date(2026, 8, 10),
        classes={"equity": 2, "cash": 2, "derivative": 1},
        weights={"TXN": 0.957492400368},
    ),
    "Schwab 2026, with exchange codes": Layout(
        content=text(
            """
            As-Of-Date,Symbol,Name,Quantity,Percent of Assets,Currency,Exchange
            2026-06-11,TXN,TEXAS INSTRUMENT INC,18627699.0000000000,75.7492400368,USD,XNGS
            2026-06-11,7203,TOYOTA MOTOR CORP,100.0,24.2507599632,JPY,XTKS
            """
        ),
        as_of=date(2026, 6, 11),
        classes={"equity": 2},
        weights={"TXN": 0.757492400368},
        tickers={"TXN": "TXN", "7203": "7203 JP"},
    ),
    "Janus Henderson page": Layout(
        content=text(
            """
            <html><body><table id="full_holdings"><thead><tr>
            <th>Full Portfolio Holdings (As of 06/12/2026)</th><th>Ticker</th><th>Cusip</th><th>Underlying Security</th>
            <th>Strike Price</th><th>Quantity (Shares/ Par/ Units/ Contracts)</th><th>Notional Value</th>
            <th>Market Value</th><th>Weight %</th><th>Current Market Value</th></tr></thead>
            <tbody><tr><td>&nbsp;</td></tr>
            <tr><td>NVIDIA Corp</td><td>NVDA US</td><td>67066G104</td><td></td><td>-</td><td>100</td><td>$9,000</td>
            <td>$9,000</td><td>90.00</td><td>$9,000</td></tr>
            <tr><td>NVDA CALL 260</td><td>NVDA 260918C00260000</td><td></td><td>NVDA US</td><td>260.00</td><td>-5</td>
            <td>-$1,300</td><td>-$25</td><td>-0.25</td><td>-$25</td></tr>
            <tr><td>JPM USD CASH</td><td>USD</td><td>USD</td><td></td><td>-</td><td>1,000</td><td>$1,000</td>
            <td>$1,000</td><td>10.00</td><td>$1,000</td></tr>
            <tr><td>Cash &amp; Other</td><td></td><td></td><td></td><td>-</td><td>25</td><td>$25</td><td>$25</td>
            <td>0.25</td><td>$25</td></tr></tbody></table></body></html>
            """
        ),
        file_name="JHAI_full-holdings.html",
        fund="JHAI",
        as_of=date(2026, 6, 12),
        classes={"equity": 1, "cash": 2, "derivative": 1},
        weights={"NVDA US": 0.9, "NVDA 260918C00260000": -0.0025},
        tickers={"NVDA US": "NVDA"},
    ),
    "Vanguard, first column empty, other tables after it": Layout(
        content=text(
            """
            Holdings details
            Total Stock Market ETF (VTI)
            Equity,as of 09/30/2020

            ,SEDOL,Ticker,Holdings name,Shares,Market value*,% of fund*,Sector,Country,Security depository receipt type,
            ,="2046251",AAPL ,Apple Inc.,"465,562,792","$87,465,281,733.04 ",60.5,Technology Hardware,US,---,
            ,="2588173",MSFT ,Microsoft Corp.,"231,670,551","$75,932,339,795.76 ",38.5,Systems Software,US,---,

            Short-term reserves
            ,SEDOL,Holdings name,Maturity date,Face amount,Market value*,% of fund*
            ,BX1,Vanguard Market Liquidity Fund,12/31/2049,"$5.00","$5.00",1.00
            """
        ),
        fund="VTI",
        as_of=date(2020, 9, 30),
        classes={"equity": 2},
        weights={"AAPL ": 0.605},
    ),
    "JPMorgan, JSON": Layout(
        content=text(
            """
            {"fundData": {"ticker": "JEPI", "dailyHoldingsAll": {"effectiveDate": "2026-06-11", "data": [
              {"marketValue": 772702376.47, "netAssetValuePercent": 99.4, "securityDescription": "ROSS STORES INC COMMON",
               "securityId": "778296103", "securityTicker": "ROST", "securityType": "DOMESTIC COMMON STOCK", "navDate": "2026-06-11"},
              {"marketValue": 25615564.82, "netAssetValuePercent": 0.6, "securityDescription": "JPM USD CASH",
               "securityId": "USD", "securityTicker": "USD", "securityType": "CASH", "navDate": "2026-06-11"}]}}}
            """
        ),
        file_name="JEPI.json",
        fund="JEPI",
        as_of=date(2026, 6, 11),
        classes={"equity": 1, "cash": 1},
        weights={"ROST": 0.994},
    ),
    "Defiance page": Layout(
        content=text(
            """
            <html><body><h6>Data as of 06/12/2026</h6><table id="table-full-holdings"><thead><tr><th>Ticker</th><th>Name</th>
            <th>CUSIP</th><th>ETF Weight</th><th>Shares</th></tr></thead><tbody>
            <tr><td>IONQ</td><td>IonQ Inc</td><td>46222L108</td><td>58.83%</td><td>64</td></tr>
            <tr><td>4NDX 261218C01000340</td><td>Ndx 12/18/2026 1000.34 C</td><td>4NDX 261218C01000340</td><td>40.37%</td><td>64</td></tr>
            <tr><td>Cash&Other</td><td>Cash &amp; Other</td><td>Cash&Other</td><td>0.80%</td><td>1,477,468</td></tr>
            </tbody></table></body></html>
            """
        ),
        file_name="QTUM.csv",
        fund="QTUM",
        as_of=date(2026, 6, 12),
        classes={"equity": 1, "cash": 1, "derivative": 1},
        weights={"IONQ": 0.5883},
    ),
    "Amundi, JSON with the date beside the composition": Layout(
        content=b'{"products":[{"productId":"LU1","composition":{"totalNumberOfInstruments":2,"compositionData":['
        b'{"weight":0.6,"compositionCharacteristics":{"name":"NVIDIA CORP","isin":"US67066G1040","bbg":"NVDA US",'
        b'"type":"EQUITY_ORDINARY"}},{"weight":0.4,"compositionCharacteristics":{"name":"SAP SE",'
        b'"isin":"DE0007164600","bbg":"SAP GY","type":"EQUITY_ORDINARY"}}]},'
        b'"characteristics":{"POSITION_AS_OF":"2025-11-18"}}]}',
        as_of=date(2025, 11, 18),
        classes={"equity": 2},
        weights={"NVDA US": 0.6, "SAP GY": 0.4},
        fund="LU1",
        file_name="LU1.json",
    ),
    "iShares France, the market by the country's name": Layout(
        content="Positions du fonds au,\"18/nov./2025\"\n"
        "Ticker de l’émetteur,Nom,Classe d’actifs,Pondération (%),Emplacement,Devise de marché\n"
        '"NVDA","NVIDIA CORP","Actions","60,00","Etats-Unis","USD"\n'
        '"SAP","SAP","Actions","40,00","Allemagne","EUR"\n'.encode(),
        as_of=date(2025, 11, 18),
        classes={"equity": 2},
        weights={"NVDA": 0.6, "SAP": 0.4},
        fund="IAFR",
        file_name="IAFR.csv",
        tickers={"NVDA": "NVDA", "SAP": "SAP GR"},
    ),
    "basis points under a header that says so": Layout(
        content=b"Ticker,Name,Weight (bps)\nNVDA,NVIDIA,6000\nMSFT,MICROSOFT,3900\nUSD,US DOLLAR,100\n",
        as_of=None,
        classes={"equity": 2, "cash": 1},
        weights={"NVDA": 0.6, "MSFT": 0.39, "USD": 0.01},
        fund="AIX",
        file_name="AIX.csv",
    ),
    "GraniteShares, asset group codes": Layout(
        content=xlsx(
            [
                ["Position Date", "ETF Ticker", "Ticker/Cusip", "Security Description", "Shares/Par", "Asset Group",
                 "Mat/Exp Date", "Market/Notional Value", "Contract Size", "Value 1 Pt", "Shares Outstanding",
                 "Percentage Weighting", "NAV/Share"],
                ["2026-06-12 00:00:00", "NVDL", "NVDA", "NVDA", "555500", "SW", "", "113805285", "1", "1", "112", "199.5", "0"],
                ["2026-06-12 00:00:00", "NVDL", "USD", "US Dollars", "56890519", "CU", "", "56890519", "1", "1", "112", "100", "5"],
            ]
        ),
        file_name="holdings.xls",
        fund="NVDL",
        as_of=date(2026, 6, 12),
        classes={"derivative": 1, "cash": 1},
        weights={"NVDA": 1.995, "USD": 1.0},
    ),
    "NYLI, formulas that quote text": Layout(
        content=text(
            '''
            "Fund Name:","NYLI Candriam International Equity ETF"
            "Holdings:","2026-06-12"
            " "," "
            "Ticker","ISIN","SEDOL","CUSIP","Security Description","Asset Group","Trading Currency","Shares/Par","Maturity Date","Coupon Rate","Issue Date","Market Value","Notional Value","% of Net Assets"
            "=""ASML""","=""NL0010273215""","=""B929F46""","=""N07059202""","ASML Holding NV","Equity Common","EUR","7288","","0","","=DOLLAR(13746455.09)","=DOLLAR(0)","95.6"
            "","","","","US DOLLAR","Currency","USD","7288","","0","","=DOLLAR(5.09)","=DOLLAR(0)","4.4"
            '''
        ),
        file_name="MIQSI.csv",
        fund="MIQSI",
        as_of=date(2026, 6, 12),
        classes={"equity": 1, "cash": 1},
        weights={'="ASML"': 0.956},
        tickers={'="ASML"': "ASML NA"},
    ),
    "AdvisorShares, date and fund in the first row only": Layout(
        content=text(
            """
            Date,Account Symbol,Stock Ticker,Security Number,Security Description, Shares/Par (Full) , Price (Base) , Traded Market Value (Base) ,Portfolio Weight %,Asset Group
            6/11/2026,MSOS,TRLV,TRLVCAN,TRULIEVE CANNABIS SWAP," 27,456,691.00 ",11.55," 317,124,781.05 ",49.07%,TW
            ,,CURLD,CURLFCAN,CURALEAF HOLDINGS INC," 27,740,126.67 ",10.43," 289,329,521.13 ",50.93%,FS
            """
        ),
        fund="MSOS",
        as_of=date(2026, 6, 11),
        classes={"equity": 1, "derivative": 1},
        weights={"CURLD": 0.5093},
    ),
    "FlexShares, escaped names, coupons of zero": Layout(
        content=text(
            """
            Date,CUSIP,ISIN,SEDOL,Name,Ticker,Market Value-Local,Market Value-Base,Fund Weight %,Shares Held,Coupon,Maturity,Sector Type,Country
            06/12/2026,037833100,US0378331005,2046251,APPLE INC COMMON STOCK USD 0.00001,AAPL,181,181,58.2419,62,.000,,Information Technology,United States
            06/12/2026,478160104,US4781601046,2475833,JOHNSON &#38; JOHNSON COMMON STOCK USD 1,JNJ,587,587,41.7,2,.000,,Health Care,United States
            06/12/2026,USD_CCASH,,,CASH,,22,22,0.0581,22,.000,,,
            """
        ),
        as_of=date(2026, 6, 12),
        classes={"equity": 2, "cash": 1},
        weights={"AAPL": 0.582419},
    ),
    "Alger, blank before the percent sign": Layout(
        content=text(
            """
            Alger 35 ETF (ATFV)
            Holdings as of 6/30/2026
            Security,Ticker,Weight
            Nvidia Corp,NVDA,98.35 %
            DUMMY,DUMMY,0 %
            CASH,,1.65 %
            """
        ),
        fund="ATFV",
        as_of=date(2026, 6, 30),
        classes={"equity": 1, "cash": 1, "other": 1},
        weights={"NVDA": 0.9835},
    ),
    "Calamos, options written out": Layout(
        content=xlsx(
            [
                ["Holdings", "Calamos S&P 500 Structured Alt Protection ETF - May", "", "", "", "", "As of Date: 2026-06-11"],
                ["Ticker", "Security Description", "SEDOL", "CUSIP", "ISIN", "Local Currency", "Weight %", "Shares", "Market Value Base"],
                ["", "NET OTHER ASSETS", "", "", "", "", -0.07830834, 0, -43984.02],
                ["4SPY 270430 C 4.96", "SPDR S&P 500 ETF Trust (SPY) Long Call Option", "", "", "", "United States dollar", 100.71052258, 778, 56566824],
                ["4SPY 270430 P 718.66", "SPDR S&P 500 ETF Trust (SPY) Long Put Option", "", "", "", "United States dollar", -1.39, 778, 2719888],
                ["", "US DOLLAR", "", "", "", "", 0.76, 429901.55, 429901.55],
                ["Holdings and weightings are subject to change daily."],
            ]
        ),
        file_name="CPSMHoldings.xlsx",
        fund="CPSMHoldings",
        as_of=date(2026, 6, 11),
        classes={"cash": 2, "derivative": 2},
        weights={"4SPY 270430 C 4.96": 1.0071052258},
    ),
    "Renaissance, Excel's serial date": Layout(
        content=xlsx(
            [
                ["Date", "Holding Name", "Asset Class", "Ticker", "SEDOL", "Shares", "Holding Value", "Weight"],
                ["46185", "Astera Labs", "Equity", "ALAB", "BMTQ7V2", "63607", "23373664.29", "84.14579914"],
                ["46185", "Cash & Other", "Cash", "", "", "1", "1", "15.85420086"],
            ]
        ),
        file_name="IPO.xlsx",
        fund="IPO",
        as_of=date(2026, 6, 12),
        classes={"equity": 1, "cash": 1},
        weights={"ALAB": 0.8414579914},
    ),
    "Sprott": Layout(
        content=text(
            """
            Security,Market Value,Symbol,SEDOL,Quantity,Weight
            Nickel Industries Ltd.,10029221.90,NIC AU,BZ7NDP2,14024607.00,95
            CANADIAN DOLLAR,29221.90,,,14024607.00,5
            """
        ),
        file_name="NIKL-holdings-2026-06-08.csv",
        fund="NIKL",
        as_of=date(2026, 6, 8),
        classes={"equity": 1, "cash": 1},
        weights={"NIC AU": 0.95},
        tickers={"NIC AU": "NIC AU"},
    ),
    "iShares, saved again by Excel: commas to the end, date changed": Layout(
        content=text(
            """
            iShares Semiconductor ETF,,,,,,
            Fund Holdings as of,24-Oct-23,,,,,
            Inception Date,10-Jul-01,,,,,
            Shares Outstanding,"17,900,000",,,,,
            \u00a0,,,,,,
            Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Exchange
            NVDA,NVIDIA CORP,Information Technology,Equity,"700,000,000",98.1,NASDAQ
            USD,USD CASH,Cash and/or Derivatives,Cash,"19,000,000",1.9,-
            \u00a0,,,,,,
            The content contained herein is owned by BlackRock, and its providers, and protected,,,,
            """
        ),
        file_name="SOXX_20231024.csv",
        fund="SOXX",
        as_of=date(2023, 10, 24),
        classes={"equity": 1, "cash": 1},
        weights={"NVDA": 0.981},
    ),
    "iShares Canada, no asset class": Layout(
        content=text(
            """
            iShares Core S&P/TSX Capped Composite Index ETF
            Fund Holdings as of,"Aug 10, 2026"

            Ticker,Name,Weight (%),Sector,Location of Risk,Exchange,Currency
            SHOP,SHOPIFY SUBORDINATE VOTING INC CLA,60.5,Information Technology,Canada,Toronto Stock Exchange,CAD
            ITOT,ISHARES CORE S&P TOTAL US STOCK MARKET ETF,38.0,-,United States,NYSE,USD
            CAD,CAD CASH,1.4,Cash and/or Derivatives,Canada,-,CAD
            SXMU6,S&P TSX 60 INDEX SEP 26,0.1,Cash and/or Derivatives,Canada,Montreal,CAD
            """
        ),
        file_name="XIC_holdings.csv",
        fund="XIC",
        as_of=date(2026, 8, 10),
        classes={"equity": 1, "fund": 1, "cash": 1, "derivative": 1},
        weights={"SHOP": 0.605},
        tickers={"SHOP": "SHOP CN"},
    ),
    "iShares 2026, a swap of an equity": Layout(
        content=text(
            """
            Ticker,Name,Type,Sector,Asset Class,Market Value,Notional Value,Market Currency,Market Weight,Notional Weight
            "OKTA","OKTA CLASS A","EQUITY","Information Technology","Equity","1,299","1,299","USD","98.06","98.06"
            "HOG","HARLEY DAVIDSON","SWAP","Consumer Discretionary","Equity","0.00","4,284","USD","-","-"
            "MLISW","CASH COLLATERAL USD BOASW CFD","COLLATERAL","Cash and/or Derivatives","Cash Collateral and Margins","20","20","USD","-","1.00"
            "USD","USD CASH","CASH","Cash and/or Derivatives","Cash","20","20","USD","1.94","1.94"
            "TWD/USD","TWD/USD","FX","Cash and/or Derivatives","FX","0","0","USD","0.00","0.00"
            """
        ),
        as_of=None,
        classes={"equity": 1, "derivative": 2, "cash": 2},
        weights={"OKTA": 0.9806},
    ),
    "a bond fund without a ticker column": Layout(
        content=text(
            """
            iShares 20+ Year Treasury Bond ETF
            Fund Holdings as of,"Aug 10, 2026"
            Name,Sector,Asset Class,Market Value,Weight (%),Par Value,CUSIP,Coupon (%),Maturity
            "TREASURY BOND","Treasuries","Fixed Income","10","99.5","10","912810TX6","4.25","Feb 15, 2054"
            "BLK CSH FND TREASURY SL AGENCY","Cash and/or Derivatives","Money Market","1","0.5","1","066922477","4.3","Dec 31, 2049"
            """
        ),
        file_name="TLT_holdings.csv",
        fund="TLT",
        as_of=date(2026, 8, 10),
        classes={"fixed_income": 1, "cash": 1},
        weights={"TREASURY BOND": 0.995},
    ),
    "Latin-1 with tabs and a total line": Layout(
        content="Unternehmen\tKürzel\tGewichtung (%)\nMünchener Rück\tMUV2 GR\t60,25\nNestlé\tNESN SW\t39,75\nGesamt\t\t100,00\n".encode(
            "latin-1"
        ),
        as_of=None,
        classes={"equity": 2},
        weights={"MUV2 GR": 0.6025},
    ),
    "UTF-16, as Excel saves Unicode text": Layout(
        content="Name\tTicker\tWeight\nNVIDIA\tNVDA\t60.5\nApple\tAAPL\t39.5\n".encode("utf-16"),
        as_of=None,
        classes={"equity": 2},
        weights={"NVDA": 0.605},
    ),
    "tickers and identifiers that other software takes for something else": Layout(
        content=text(
            """
            Ticker,Name,CUSIP,Weight
            TRUE,TrueCar Inc,89785L107,20%
            NA,Nano Labs Ltd,G6391Y128,20%
            INF,Informa PLC,46120E602,20%
            005930,Samsung Electronics,34959E109,20%
            1E5,Example Corp,03783310,20%
            """
        ),
        as_of=None,
        classes={"equity": 5},
        weights={"TRUE": 0.2, "NA": 0.2, "INF": 0.2, "005930": 0.2, "1E5": 0.2},
        tickers={"TRUE": "TRUE", "NA": "NA", "INF": "INF", "005930": "005930", "1E5": "1E5"},
    ),
}  # fmt: skip


def read(layout: Layout) -> Etf:
    return parse_etf(layout.content, layout.file_name, fund=layout.choose)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_a_layout_is_read(layout: Layout) -> None:
    etf = read(layout)
    assert etf.name == layout.fund
    assert etf.as_of == layout.as_of
    assert Counter(row.asset_class.value for row in etf.constituents) == layout.classes
    found = {row.printed_ticker or row.name: row for row in etf.constituents}
    for key, weight in layout.weights.items():
        assert found[key].weight == pytest.approx(weight, abs=1e-9), key
    for printed, ticker in layout.tickers.items():
        assert found[printed].ticker == ticker
    assert AssetClass.CASH not in {row.asset_class for row in etf.constituents if row.ticker}


def test_values_beside_several_currencies_without_weights_are_told() -> None:
    body = "Ticker,Name,Currency,Market Value\nAMD US,AMD,USD,6000\n6861 JP,KEYENCE,JPY,600000\n"
    told = [parse_etf(text(one), "X.csv").warnings for one in (body, body.replace("Value", "Value (USD)"))]
    assert [any("The rows are in USD, JPY" in line for line in lines) for lines in told] == [True, False]


def test_an_old_day_that_may_be_another_with_day_and_month_exchanged_is_told() -> None:
    body = text("Holdings as of 05/11/2025\nTicker,Name,Weight\nVOD LN,Vodafone,60%\nSAP GY,SAP,40%\n")
    etf = parse_etf(body, "X.csv", today=date(2025, 11, 7))
    assert any("(as of 2025-05-11; if the day is before the month, of 2025-11-05)" in w for w in etf.warnings)


def test_tickers_in_euro_without_a_market_are_told() -> None:
    etf = parse_etf(b"Ticker,Name,Weight,Currency\nSAP,SAP SE,40%,EUR\nNVDA,NVIDIA,60%,USD\n", "AIX.csv")
    assert any(
        "Tickers in EUR whose market the file does not tell are read as listings in the United States: SAP."
        in line
        for line in etf.warnings
    )


def test_tickers_of_one_country_without_a_market_are_told() -> None:
    body = "Ticker,Name,Weight,Country code\nBHP,BHP Group,60%,AU\nCBA,CommBank,40%,AU\n"
    told = [parse_etf(text(one), "X.csv").warnings for one in (body, body.replace("40%,AU", "40%,US"))]
    line = "nothing tells the market of BHP, CBA: they are read as listings in the United States. If they are not"
    assert [any(line in one for one in lines) for lines in told] == [True, False]


def test_exchanges_are_known_by_their_codes() -> None:
    body = b"Ticker,Name,Weight,Exchange\n0700,TENCENT,60%,HKEX\nMC,LVMH,30%,XPAR\nNVDA,NVIDIA,10%,XNAS\n"
    found = parse_etf(body, "X.csv").constituents
    assert [row.ticker for row in found] == ["700 HK", "MC FP", "NVDA"]
