"""The market that a ticker's spelling names: Google's prefix, the suffix of Reuters, Yahoo and Stooq.

Codes of markets are Bloomberg's, empty for the United States. Suffixes of one letter that are also a share
class (``.A``, ``.B``) are not read as a market.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from betaneutral_xl.system.patterns import Pattern


def _table(text: str) -> Mapping[str, str]:
    """Return the code of each word of ``CODE: WORD WORD`` lines; ``US`` stands for none."""
    found = {}
    for line in text.strip().splitlines():
        code, _, words = line.strip().partition(":")
        found.update(dict.fromkeys(words.split(), "" if code == "US" else code))
    return MappingProxyType(found)


def _markets(text: str) -> list[list[list[str]]]:
    """Return the fields of lines ``CODE; CURRENCIES; COUNTRY; NAMES; EXCHANGES``, each a list."""
    return [[[*filter(None, field.split(", "))] for field in line.split("; ")] for line in text.splitlines()]


_MARKETS = _markets("""\
FP; EUR; FR; france, frankreich, francia, frankrijk; euronext paris
NA; EUR; NL; netherlands, niederlande, pays-bas, paesi bassi, países bajos, nederland; euronext amsterdam
BB; EUR; BE; belgium, belgien, belgique, belgio, bélgica, belgië; euronext brussels
PL; EUR; PT; portugal; euronext lisbon
ID; EUR; IE; ireland; euronext dublin, irish stock
DC; DKK; DK; denmark, dänemark, danemark, danimarca, dinamarca, denemarken; copenhagen
FH; EUR; FI; finland, finnland, finlande, finlandia; helsinki
SS; SEK; SE; sweden, schweden, suède, svezia, suecia; omx nordic, stockholm
IR; ; ; ; nasdaq iceland
NO; NOK; NO; norway, norwegen, norvège, norvegia, noruega; oslo
GR; EUR; DE; germany, deutschland, allemagne, germania, alemania, duitsland; xetra, deutsche boerse, frankfurt
LN; GBP, GBX; GB; united kingdom, königreich, royaume-uni, regno unito, reino unido, großbritannien; london
SW; CHF; CH; switzerland, schweiz, suisse, svizzera, suiza, zwitserland; six swiss, swiss exchange
IM; EUR; IT; italy, italien, italie, italia, italië; borsa italiana
SM; EUR; ES; spain, spanien, espagne, spagna, españa, spanje; madrid, bme
AV; EUR; AT; austria, österreich, autriche; wiener, vienna
PW; PLN; ; ; warsaw
GA; EUR; ; ; athens
CP; CZK; ; ; prague
HB; HUF; ; ; budapest
TI; TRY; ; ; istanbul
IT; ILS; IL; israel; tel aviv
JP; JPY; JP; japan, japon, giappone, japón; tokyo
HK; HKD; HK; hong kong, hongkong; hong kong
CH; CNY; CN; china; shanghai, shenzhen
TT; TWD; TW; taiwan; taiwan, gretai, taipei
KS; KRW; KR; korea, südkorea, corée, corea; korea, kosdaq
SP; SGD; SG; singapore; singapore
AU; AUD; AU; australia, australien, australie; asx, australia
NZ; NZD; NZ; new zealand; new zealand
IN; INR; IN; india; national stock exchange of india, bombay, bse ltd
TB; THB; ; ; thailand
MK; MYR; ; ; malaysia
IJ; IDR; ; ; indonesia
PM; PHP; ; ; philippine
CN; CAD; CA; canada, kanada; toronto, tsx
MM; MXN; MX; mexico; mexicana
BZ; BRL; ; ; xbsp, bovespa, sao paulo
CI; CLP; ; ; santiago
CX; ; ; ; colombia
SJ; ZAR; ZA; south africa; johannesburg
AB; SAR; ; ; saudi
QD; ; ; ; qatar
UH; ; ; ; abu dhabi, dubai
KK; ; ; ; kuwait
EY; ; ; ; egyptian
""")
"""Bloomberg's codes of markets outside the United States, ISO codes of their currencies and country, words in
the country's name, in English first, and words in the names of exchanges."""

EXCHANGES = {word: code for (code,), _, _, _, exchanges in _MARKETS for word in exchanges}
"""Words in an exchange's name -> its market; of several the first."""

CURRENCY_MARKETS = {currency: code for (code,), currencies, _, _, _ in _MARKETS for currency in currencies}
"""The market of a local currency, which the euro is not."""

MARKET_CURRENCIES = {code: currencies[0] for (code,), currencies, _, _, _ in _MARKETS if currencies}
"""What a market quotes in."""

COUNTRIES = sorted((country[0], code, names) for (code,), _, country, names, _ in _MARKETS if country)
"""ISO code, market and words in the name of each country; the first whose word is in a name is meant."""

SUFFIXES = _table(
    """
    US: US O OQ N K NYS NAS XNAS XNYS ARCX XASE BATS
    AU: AX XASX AU
    AV: VI XWBO
    BB: BR XBRU
    BZ: SA
    CH: SS SZ
    CN: TO XTSE XTSX
    DC: CO XCSE
    FH: HE XHEL
    FP: PA XPAR FP
    GR: DE XETRA XETR XE GY GR
    HK: HK XHKG
    ID: IR
    IM: MI XMIL IM
    IN: NS BO
    IT: TA
    JP: T JP XTKS
    KS: KS KQ
    LN: L UK LON XLON LN
    MK: KL
    MM: MX
    NA: AS XAMS NA
    NO: OL XOSL
    NZ: NZ
    PL: LS
    PW: WA
    SJ: JO
    SM: MC XMAD SM
    SP: SI
    SS: ST XSTO
    SW: SW VX S XSWX
    TB: BK
    TI: IS
    TT: TW TWO XTAI TT
    """
)
"""Suffixes after a dot or a colon: ``NVDA.OQ``, ``RY.TO``, ``MSFT.US``, ``7203.T``, ``NVDA:XNAS`` (Saxo)."""

PREFIXES = _table(
    """
    US: NASDAQ NYSE NYSEARCA NYSEAMERICAN AMEX ARCA BATS CBOE OTCMKTS OTC US
    AU: ASX
    AV: VIE
    BB: EBR
    BZ: BVMF BMFBOVESPA
    CH: SHA SHE SSE SZSE
    CN: TSE TSX CVE TSXV
    DC: CPH OMXCOP
    FH: HEL OMXHEX
    FP: EPA
    GR: ETR XETR XETRA FRA FWB
    HK: HKG HKEX
    IM: BIT MIL
    IN: NSE BOM BSE
    IT: TLV TASE
    JP: TYO
    KS: KRX KOSDAQ
    LN: LON LSE
    MM: BMV
    NA: AMS
    PL: ELI
    PW: WSE
    SJ: JSE
    SM: BME
    SP: SGX
    SS: STO OMXSTO
    SW: SWX SIX
    TT: TPE TWSE
    """
)
"""Prefixes before a colon: ``NASDAQ:NVDA``, ``ETR:SAP``."""

BEFORE_POINT = MappingProxyType({"US": "", "HK": "HK", "SH": "CH", "SZ": "CH"})
"""Markets before a point: ``US.NVDA``, ``HK.00700`` (Futu)."""

LISTINGS = _table(
    """
    US: NASDAQ NASDAQ.NMS NASDAQ.SCM NASDAQ.NGM NYSE ARCA AMEX BATS PINK IEX SMART
    AU: ASX
    AV: VSE
    CN: TSE TSX VENTURE
    FP: SBF
    GR: IBIS IBIS2 FWB FWB2 XETRA
    HK: SEHK
    IM: BVME
    JP: TSEJ
    LN: LSE LSEETF
    NA: AEB
    SP: SGX
    SS: SFB
    SW: EBS
    """
)
"""Interactive Brokers' exchanges after a blank: ``NVDA NASDAQ.NMS``, ``SAP IBIS``."""


MIC_LENGTH = 4


def venue_code(exchange: str) -> str:
    """Return the market of an exchange's code, its MIC or abbreviation; empty for US or unknown.

    >>> [venue_code(text) for text in ("XPAR", "hkex", "TSE", "XNAS", "A")]
    ['FP', 'HK', '', '', '']
    """
    code = exchange.strip().upper()
    if code == "TSE":  # Toronto, or Tokyo
        return ""
    mic = SUFFIXES.get(code, "") if len(code) == MIC_LENGTH else ""
    return mic or PREFIXES.get(code, "") or LISTINGS.get(code, "")


LOCAL = Pattern(r"[0-9A-Z&*]+(?:[ ./-][A-Z])?")
"""A ticker without its market, perhaps with a share class."""


def split_market(ticker: str) -> tuple[str, str | None]:
    """Return a ticker in capitals without the market that it names, and that market's code.

    >>> [split_market(t) for t in ("NASDAQ:NVDA", "RY.TO", "SAP IBIS", "0700.HK", "SAP:XETR", "BRK.B")]
    [('NVDA', ''), ('RY', 'CN'), ('SAP', 'GR'), ('700', 'HK'), ('SAP', 'GR'), ('BRK.B', None)]
    >>> split_market("US.NVDA"), split_market("HK.00700")
    (('NVDA', ''), ('700', 'HK'))

    ``None`` is a ticker that names no market in one of these ways.
    """
    before, mark, after = ticker.partition(":")
    if mark:
        code, local = PREFIXES.get(before.strip()), after.strip()
        code = "JP" if code == "CN" and local.isdigit() else code  # TSE is Toronto, or Tokyo
        if code is None and local in SUFFIXES:
            code, local = SUFFIXES[local], before.strip()
    elif (
        (parts := ticker.partition("."))[0] in BEFORE_POINT and len(parts[2]) > 1 and parts[2] not in SUFFIXES
    ):
        code, local = BEFORE_POINT[parts[0]], parts[2]
    elif (parts := ticker.rpartition("."))[0] and " " not in parts[2] and parts[2] in SUFFIXES:
        code, local = SUFFIXES[parts[2]], parts[0].strip()
    else:
        local, _, listed = ticker.rpartition(" ")
        code = LISTINGS.get(listed)
    if code is None or not LOCAL.fullmatch(local):
        return ticker, None
    return (local.lstrip("0") or local if code == "HK" else local), code
