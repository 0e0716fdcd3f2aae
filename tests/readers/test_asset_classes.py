from __future__ import annotations

import pytest

from betaneutral_xl.readers.asset_classes import of_flag, of_name

CUSIP = "256677105"


@pytest.mark.parametrize(
    ("name", "ticker"),
    [
        ("FIRSTCASH HOLDINGS INC", "FCFS"),
        ("FIRST CASH INC", "FCFS"),
        ("CASH CONVERTERS INTERNATIONAL LTD", "CCV AU"),
        ("PATHWARD FINANCIAL INC", "CASH"),
        ("DOLLAR GENERAL CORP", "DG"),
        ("DOLLAR TREE INC", "DLTR"),
        ("DOLLARAMA INC", "DOL CN"),
        ("EURONET WORLDWIDE INC", "EEFT"),
        ("EURO TECH HOLDINGS CO", "CLWT"),
        ("FUTU HOLDINGS LTD-ADR", "FUTU"),
        ("POSCO FUTURE M CO LTD", "003670 KS"),
        ("FWD GROUP HOLDINGS LTD", "1828 HK"),
        ("MONEYGRAM INTERNATIONAL INC", "MGI"),
        ("CONOCOPHILLIPS", "COP"),
        ("TURQUOISE HILL", "TRQ"),
        ("CELLEBRITE DI LTD", "CLBT"),
        ("TRIMAS CORP", "TRS"),
        ("IONEER LTD", "INR AU"),
        ("EUROPEAN LITHIUM LTD", "EUR AU"),
        ("TREASURY WINE ESTATES LTD", "TWE AU"),
        ("GOVERNMENT PROPERTIES INCOME", "GOV"),
        ("OPTION CARE HEALTH INC", "OPCH"),
        ("SWEETGREEN INC", "SG"),
        ("GAP INC/THE", "GAP"),
        ("RAND CAPITAL CORP", "RAND"),
        ("CONTRA ABIOMED INC", ""),
    ],
)
def test_companies_are_not_classified_as_something_else(name: str, ticker: str) -> None:
    assert of_name(name, ticker) is None
    assert of_name(name, ticker, (CUSIP,)) is None


@pytest.mark.parametrize(
    ("name", "ticker", "kind"),
    [
        ("US DOLLAR", "-", "cash"),
        ("U.S. Dollar", "CASH_USD", "cash"),
        ("SSI US GOV MONEY MARKET CLASS", "-", "cash"),
        ("BLK CSH FND TREASURY SL AGENCY", "XTSLA", "cash"),
        ("First American Government Obligations Fund 12/01/2031", "FGXXX", "cash"),
        ("GOLDMAN FS TRSY OBLIG INST 468", "", "cash"),
        ("DREYFUS GOVT CASH MAN INS", "", "cash"),
        ("JP MORGAN 100 US TRSY CAPITAL 3163", "", "cash"),
        ("Invesco Government & Agency Portfolio", "AGPXX", "cash"),
        ("Janus Henderson Cash Liquidity Fund LLC", "JHCLF", "cash"),
        ("JPM USD CASH", "USD", "cash"),
        ("CASH COLLATERAL USD WFFUT", "WFFUT", "cash"),
        ("SOUTH KOREA WON", "KRW", "cash"),
        ("CHINESE YUAN", "CNY", "cash"),
        ("SWISS FRANC", "", "cash"),
        ("OTHER PAYABLE & RECEIVABLES", "", "cash"),
        ("Net Other Assets (Liabilities)", "", "cash"),
        ("Cash & Other", "Cash&Other", "cash"),
        ("Other/Cash", "--", "cash"),
        ("HELD IN MONEY MARKET", "SPAXX**", "cash"),
        ("ETD USD BALANCE WITH R30382", "ETD_USD", "cash"),
        ("SUMITOMO MITSUI TIME DEPOSIT", "", "cash"),
        ("ICE SEMICONDUCTOR INDEX SWAP", "", "derivative"),
        ("Semiconductor Bull 3x", "", "derivative"),
        ("ALPHABET INC-CL A SWAP", "02079K305 TRS 071426 NM", "derivative"),
        ("S&P500 EMINI DEC 24", "ESZ4", "derivative"),
        ("XAK TECHNOLOGY SEP26", "IXTU6", "derivative"),
        ("TOPIX INDX FUTR MAR26", "", "derivative"),
        ("EURO STOXX 50 MAR26", "", "derivative"),
        ("CORN FUTURE Jul26", "C N26 Comdty", "derivative"),
        ("NVIDIA Corp Call Option", "NVDA 260918C00240000", "derivative"),
        ("MSTR US 10/16/26 C95", "MSTR  261016C00095000", "derivative"),
        ("MSTR 10/16/2026 95.01 P", "2MSTR 261016P00095010", "derivative"),
        ("SPDR S&P 500 ETF Trust (SPY) Long Call Option", "4SPY 270430 C 4.96", "derivative"),
        ("EUR/USD", "EUR", "derivative"),
        ("PURCHASED USD / SOLD GBP", "", "derivative"),
        ("United States Treasury Bill 07/14/2026", "912797UP0", "fixed_income"),
        ("KKR CLO 35 AR 4.87523% 20-JAN-2038", "KKR 35A", "fixed_income"),
        ("SPDR S&P 500 ETF Trust", "SPY", "fund"),
        ("ISHARES CORE S&P TOTAL US STOCK MARKET ETF", "ITOT", "fund"),
        ("ANTHROPIC SPV EXPOSURE", "ANTHROPIC SPV", "other"),
        ("BITCOIN", "XBTUSD", "other"),
    ],
)
def test_other_rows_are_classified_by_name_or_ticker(name: str, ticker: str, kind: str) -> None:
    assert of_name(name, ticker) == kind


@pytest.mark.parametrize(
    ("flag", "kind"),
    [
        ("Equity", "equity"),
        ("Common Stock", "equity"),
        ("American Depository Receipt - NY", "equity"),
        ("Real Estate Investment Trust", "equity"),
        ("REIT", "equity"),
        ("EQUITY_ORDINARY", "equity"),
        ("EQ.STOCK", "equity"),
        ("Aktien", "equity"),
        ("Stock", "equity"),
        ("Rights", "equity"),
        ("Cash Bal", "cash"),
        ("Money Market Fund, Taxable", "cash"),
        ("Uninvestible Cash", "cash"),
        ("Currency", "cash"),
        ("COLLATERAL", "cash"),
        ("CU", "cash"),
        ("Futures", "derivative"),
        ("Forwards", "derivative"),
        ("FX", "derivative"),
        ("SW", "derivative"),
        ("Equity Option", "derivative"),
        ("Fixed Income", "fixed_income"),
        ("FI.CORP", "fixed_income"),
        ("Corporate Bond", "fixed_income"),
        ("Exchange Traded Fund", "fund"),
        ("Mutual Fund", "fund"),
        ("Cash and/or Derivatives", None),
        ("-", None),
        ("Software", None),
    ],
)
def test_the_issuers_asset_class_is_recognised(flag: str, kind: str | None) -> None:
    assert of_flag(flag) == kind
