"""Interactive Brokers' Flex statements in XML, as the tables that the same statement has in CSV.

A statement lists elements of a kind (``OpenPosition``, ``Trade``, ``CashReportCurrency``) whose attributes
are the columns. The text is parsed into a target without a tree, by the limits of ``tabular.markup``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular.delimited import decode
from betaneutral_xl.readers.tabular.markup import MAX_WORKBOOK_LENGTH, Target, feed_xml, require_within_limits
from betaneutral_xl.readers.tabular.records import Record, grid_of
from betaneutral_xl.readers.tabular.sheets import TextSheet

ROOT = "FlexQueryResponse"

NAMES: Mapping[str, str] = {
    "accountId": "ClientAccountID",
    "currency": "CurrencyPrimary",
    "assetCategory": "AssetClass",
    "position": "Quantity",
    "reportDate": "ReportDate",
    "levelOfDetail": "LevelOfDetail",
    "buySell": "Buy/Sell",
}
"""What attributes are called in CSV, where that is not the same in other letters."""

KINDS = ("OpenPosition", "Trade", "Order", "TradeConfirm", "CashReportCurrency")
"""The elements that are read, each a table."""

_TRADES = ("Trade", "Order", "TradeConfirm")


def is_flex(content: bytes) -> bool:
    """Whether bytes are a Flex statement in XML."""
    return f"<{ROOT}".encode() in content[:4096]


def as_sheets(content: bytes, file_name: str) -> tuple[TextSheet, ...]:
    """Return each kind of element of a statement as a table with a header."""
    text = decode(content, file_name)
    require_within_limits(text, file_name, MAX_WORKBOOK_LENGTH)
    found = _Elements()
    feed_xml(text, found, file_name)
    tables = [_table(kind, rows, file_name) for kind, rows in found.rows.items() if any(rows)]
    if not tables:
        msg = (
            f"{file_name} is a Flex statement without open positions or trades. Add these sections to the "
            "query in the Client Portal."
        )
        raise UnreadableFile(msg)
    return tuple(tables)


def positions_csv(content: bytes, file_name: str) -> bytes:
    """Return the open positions and the cash of a statement as the CSV file that the broker writes."""
    from betaneutral_xl.system.saving import to_csv

    sheets = {one.name: one for one in as_sheets(content, file_name)}
    if "OpenPosition" not in sheets:
        msg = f"{file_name} has no open positions. Add that section to the Flex query, or name another query."
        raise UnreadableFile(msg)
    head, *rows = sheets["OpenPosition"].rows
    rows += _cash(head, sheets.get("CashReportCurrency"))
    return to_csv(head, [(*row, *[""] * (len(head) - len(row))) for row in rows]).encode()


def _cash(head: tuple[str, ...], report: TextSheet | None) -> list[tuple[str, ...]]:
    """Return the cash in base currency as a row of the positions, where the statement has it."""
    if report is None or not {"AssetClass", "Symbol", "PositionValue"} <= set(head):
        return []
    names, *rows = report.rows
    for row in rows:
        cells = dict(zip(names, row, strict=False))
        if cells.get("CurrencyPrimary") == "BASE_SUMMARY" and cells.get("EndingCash"):
            values = {
                "AssetClass": "CASH",
                "Symbol": "CASH",
                "Description": "Cash",
                "Quantity": cells["EndingCash"],
                "MarkPrice": "1",
                "PositionValue": cells["EndingCash"],
                "FXRateToBase": "1",
                "LevelOfDetail": "SUMMARY",
            }
            values |= {name: cells.get(name, "") for name in ("ClientAccountID", "ReportDate")}
            return [tuple(values.get(name, "") for name in head)]
    return []


class _Elements(Target):
    """A parser's target that keeps the attributes of the elements that are read."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Record]] = {kind: [] for kind in KINDS}

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Keep the attributes of an element of one of the kinds."""
        if tag in self.rows:
            self.rows[tag].append(dict(attributes))


def _table(kind: str, rows: list[Record], file_name: str) -> TextSheet:
    names, *body = grid_of(rows, (), file_name).rows
    return TextSheet(name=kind, rows=(tuple(_column(kind, name) for name in names), *body))


def _column(kind: str, name: str) -> str:
    if kind in _TRADES and name == "price":
        return "TradePrice"
    return NAMES.get(name, re.sub(r"^fx", "FX", name[0].upper() + name[1:]).replace("Fx", "FX"))
