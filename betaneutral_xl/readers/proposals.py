"""Read the new weights of a proposal: the output of ``rebalance``, a table typed by hand, or a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from betaneutral_xl.errors import DuplicateTicker, InputError, MissingValue, UnreadableFile, listing
from betaneutral_xl.model.portfolio import MAX_GROSS
from betaneutral_xl.model.positions import CASH
from betaneutral_xl.model.printed import cell_text, number, uses_decimal_comma
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.readers.columns import Column, column_of, header_key
from betaneutral_xl.readers.tabular.detection import read_sheets
from betaneutral_xl.readers.tabular.records import grid_of
from betaneutral_xl.readers.tabular.sheets import BEFORE_TEXT

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import Row, TextSheet

NEW_WEIGHT = frozenset({"new weight", "new weights", "target weight", "proposed weight"})
"""Headers of the weights that are to be traded to."""
HEADER_ROWS = 60
"""Rows of a sheet in which its header is searched."""


@dataclass(frozen=True, slots=True)
class ProposedWeights:
    """The weights of a proposal, decimals of net asset value, by ticker."""

    new: Mapping[str, float]
    """What is to be held."""
    before: Mapping[str, float]
    """What was held when it was made; empty if the file does not say."""
    warnings: tuple[str, ...] = ()


def parse_proposal(content: bytes, file_name: str) -> ProposedWeights:
    """Read a table with the columns ticker and new_weight, and weight where it has one.

    Of several sheets it is the one with the most rows, the report's sheet Weights. The row CASH is passed
    over: it follows from the others. Raises ``UnreadableFile`` if no table has both columns, ``MissingValue``
    if a new weight is no number, and ``InputError`` if the weights are no decimals.
    """
    sheets = _weights_of_record(content, file_name) or read_sheets(content, file_name)
    tables = [found for sheet in sheets if (found := _columns(sheet)) is not None]
    if not tables:
        msg = (
            f"{file_name} has no table with the columns ticker and new_weight. Give what rebalance --csv or "
            "--json writes, or its report."
        )
        raise UnreadableFile(msg)
    sheet, row, places = max(tables, key=lambda one: len(one[0].rows) - one[1])
    new: dict[str, float] = {}
    before: dict[str, float] = {}
    hidden: list[str] = []
    for i, cells in enumerate(sheet.rows[row + 1 :], start=row + 2):
        text = _cell(cells, places["ticker"])
        if not text or text.upper() == CASH:
            continue
        ticker, where = normalise(text), f"{file_name}, row {i}"
        if ticker in new:
            msg = f"{where} is the second of {ticker}. Leave one of them."
            raise DuplicateTicker(msg, tickers=[ticker])
        hidden += [ticker] if i - 1 in sheet.hidden.rows else []
        new[ticker] = _weight(_cell(cells, places["new"]), f"{where}: the new weight of {ticker}")
        if "before" in places and _cell(cells, places["before"]):
            before[ticker] = _weight(_cell(cells, places["before"]), f"{where}: the weight of {ticker}")
    gross = sum(map(abs, new.values()))
    if gross > MAX_GROSS and not before:  # the weights before, which the portfolio has, prove the unit
        msg = f"{file_name} has new weights of {gross:,.6g} in all. Give decimals, or percent signs."
        raise InputError(msg)
    notes = sheet.hidden_notes(file_name, len(hidden), len(new), listing(hidden))
    return ProposedWeights(new, before, tuple(notes))


def _weights_of_record(content: bytes, file_name: str) -> tuple[TextSheet, ...]:
    """Return the weights of what ``rebalance --json`` writes as a grid; none of another file."""
    if not content.lstrip(BEFORE_TEXT).startswith(b"{"):
        return ()
    try:
        record = json.loads(content.decode("utf-8-sig"), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return ()  # the general reader says what is wrong
    rows = record.get("weights")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return ()
    texts = [{str(key): "" if one is None else str(one) for key, one in row.items()} for row in rows]
    return (grid_of(texts, (), file_name),)


def _columns(sheet: TextSheet) -> tuple[TextSheet, int, Mapping[str, int]] | None:
    for i, row in enumerate(sheet.rows[:HEADER_ROWS]):
        keys = [header_key(cell) for cell in row]
        known = list(map(column_of, row))
        new = next((j for j, key in enumerate(keys) if key in NEW_WEIGHT), None)
        if new is None or Column.TICKER not in known:
            continue
        places = {"ticker": known.index(Column.TICKER), "new": new}
        if "weight" in keys:
            places["before"] = keys.index("weight")
        return sheet, i, places
    return None


def _cell(cells: Row, place: int) -> str:
    return cell_text(cells[place]) if place < len(cells) else ""


def _weight(text: str, what: str) -> float:
    found = number(text, decimal_comma=uses_decimal_comma([text]))
    if found is None:
        msg = f"{what} is {text[:40]!r}, not a number. Correct it; 0 sells the position."
        raise MissingValue(msg)
    return found / 100.0 if "%" in text else found
