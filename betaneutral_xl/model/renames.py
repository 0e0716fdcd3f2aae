"""Tickers under which a company was listed before, for files of different days: FB is META."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

_PAIRS = """
ABC COR|ADS BFH|ANTM ELV|ARNC HWM|BBT TFC|BLL BALL|CDAY DAY|CHK EXE|COG CTRA|CTL LUMN|DISCA WBD
DWDP DD|FB META|FBHS FBIN|FI FISV|FLT CPAY|GPS GAP|HCP DOC|HFC DINO|HRS LHX|JEC J|LB BBWI|MMC MRSH
MYL VTRS|NLOK GEN|PCLN BKNG|PEAK DOC|PKI RVTY|RE EG|SQ XYZ|SYMC GEN|SYMC NLOK|TMK GL|UTX RTX
VIAC PARA|WLTW WTW|WRK SW|PARA PSKY|VIAC PSKY
"""
SAME_COMPANY: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        name: frozenset(
            other
            for pair in _PAIRS.replace("\n", "|").split("|")
            if name in pair.split()
            for other in pair.split()
            if other != name
        )
        for name in _PAIRS.replace("|", " ").split()
    }
)
"""The other tickers of a company that was renamed, in both directions."""


def likely_renames(missing: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return the ticker among those known under which a missing one is likely listed.

    >>> likely_renames(["FB", "XYZW"], {"META", "NVDA"})
    {'FB': 'META'}
    """
    found = {}
    for name in missing:
        others = [other for other in sorted(SAME_COMPANY.get(name, ())) if other in known]
        if others:
            found[name] = others[0]
    return found
