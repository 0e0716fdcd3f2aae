"""Read XML that lists records, such as the SEC's Form N-PORT: a record is a row, its elements are the cells.

The text is parsed twice into a parser target, without a tree: first to find the element that is repeated
most, then for its fields. As in ``markup``, only the five predefined entities of XML are expanded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.tabular.markup import MAX_WORKBOOK_LENGTH, Target, feed_xml, require_within_limits
from betaneutral_xl.readers.tabular.records import MAX_NOTES, WORDS, Record, grid_of
from betaneutral_xl.system.patterns import Pattern

if TYPE_CHECKING:
    from betaneutral_xl.readers.tabular.sheets import TextSheet

NPORT = "edgarSubmission"
"""The root of the SEC's forms, which may be within a text file of the whole submission."""
NPORT_RECORD = "invstOrSec"
MAX_FIELD_DEPTH = 3
"""Levels of a record that are read; below them are the reference instruments of derivatives."""
MAX_TEXT = 500
"""Characters of a field outside of the records that are read."""
_HTML = Pattern(r"<(?:!doctype\s+html|html|head|body|table|div|p)\b", re.IGNORECASE)


def is_xml_of_records(opening: str) -> bool:
    """Whether the first characters of a text are those of XML that is neither a page nor a workbook."""
    return f"<{NPORT}" in opening or (opening.startswith("<?xml") and not _HTML.search(opening))


def read_xml_records(text: str, file_name: str) -> tuple[TextSheet, ...]:
    """Return the records of an XML file as a grid, and the fields outside of them as notes."""
    require_within_limits(text, file_name, MAX_WORKBOOK_LENGTH)
    start, end = text.find(f"<{NPORT}"), text.rfind(f"</{NPORT}>")
    if start >= 0:
        text = text[start : end + len(NPORT) + 3] if end > start else text[start:]
    counts = _Counts()
    feed_xml(text, counts, file_name)
    record = counts.record()
    if record is None:
        msg = f"{file_name} is XML without a list of records. Download the holdings as CSV or XLSX."
        raise UnreadableFile(msg)
    found = _Records(record)
    feed_xml(text, found, file_name)
    return (grid_of(found.records, found.notes, file_name),)


class _Counts(Target):
    """Parser target that counts the elements with elements in them, by their path."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.parents: Counter[tuple[str, ...]] = Counter()
        self.has_children: list[bool] = []

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        if self.has_children:
            self.has_children[-1] = True
        self.path.append(tag.rpartition("}")[2])
        self.has_children.append(False)

    def end(self, _: str) -> None:
        if self.has_children.pop():
            self.parents[tuple(self.path)] += 1
        self.path.pop()

    def record(self) -> tuple[str, ...] | None:
        """Return the path of the element that is repeated most, the outer one of several; None if none is."""
        named = [path for path in self.parents if path[-1] == NPORT_RECORD]
        paths = named or [path for path, count in self.parents.items() if count > 1]
        return max(paths, key=lambda path: (self.parents[path], -len(path)), default=None)


class _Records(Target):
    """Parser target that collects the fields of the records at a path; the first of a name decides."""

    def __init__(self, record: tuple[str, ...]) -> None:
        self.record = record
        self.path: list[str] = []
        self.records: list[Record] = []
        self.notes: list[str] = []
        self.text: list[str] = []

    @property
    def depth(self) -> int:
        """The level within a record, 0 for the record itself, -1 outside of one."""
        inside = tuple(self.path[: len(self.record)]) == self.record
        return len(self.path) - len(self.record) if inside else -1

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.path.append(tag.rpartition("}")[2])
        self.text = []
        if self.depth == 0:
            self.records.append({})
        if 0 < self.depth <= MAX_FIELD_DEPTH:
            for name, value in attributes.items():
                self._set(self.path[-1] if name == "value" else name.rpartition("}")[2], value)

    def end(self, _: str) -> None:
        text = "".join(self.text).strip()
        if text and 0 < self.depth <= MAX_FIELD_DEPTH:
            self._set(self.path[-1], text)
        elif text and self.depth < 0 and len(self.notes) < MAX_NOTES:
            self.notes.append(f"{WORDS.sub(' ', self.path[-1])}: {' '.join(text[:MAX_TEXT].split())}")
        self.text = []
        self.path.pop()

    def _set(self, name: str, text: str) -> None:
        self.records[-1].setdefault(name, text)

    def data(self, text: str) -> None:
        self.text.append(text)
