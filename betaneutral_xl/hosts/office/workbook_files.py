"""A workbook file behind the page in an ordinary browser: read, changed and saved by the server."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from betaneutral_xl.errors import BetaNeutralError, NamedRangeMissing, UnreadableFile
from betaneutral_xl.hosts.files.workbook_file import FileWorkbook, SavedWorkbook
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.cells import EPOCH
from betaneutral_xl.hosts.sheets.open_workbook import (
    Append,
    Area,
    Change,
    Found,
    Plan,
    Recalculate,
    Replace,
    Show,
)
from betaneutral_xl.hosts.sheets.session import Rows, Session
from betaneutral_xl.system.files import read_bytes, shown_name
from betaneutral_xl.system.saving import make_private_folder, save

SAMPLE = "sample.xlsx"

OPENED = "opened"
"""The folder of copies of workbooks that were chosen in a browser."""

WORKBOOKS = (".xlsx", ".xlsm")


class WorkbookFiles:
    """Answers what the page asks about its workbook; that of the sample is in a folder."""

    def __init__(self, folder: Path, session: Session) -> None:
        self._folder, self._session = folder, session
        self._lock = Lock()
        self._last: tuple[tuple[Path, int, int], FileWorkbook] | None = None
        self._asked: Mapping[str, Callable[[Path, Mapping[str, Any]], dict[str, Any]]] = {
            "read": self._read,
            "apply": _apply,
            "enter": _enter,
            "get": _get,
        }

    def renew_sample(self) -> None:
        """Write the sample's workbook as it was before anything was changed."""
        with self._lock:
            save(self._folder / SAMPLE, template.build(self._session), private=True)

    def answer(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to ``file/read`` and the like as plain values; an error is its text.

        Raises
        ------
        KeyError, TypeError, ValueError
            If there is no such path, or the message is not as it should be.

        """
        kind, _, what = path.partition("/")
        if kind != "file":
            raise KeyError(path)
        try:
            with self._lock:
                if what == "put":
                    return self._put(str(asked["name"]), b64decode(asked["content"], validate=True))
                file = Path(str(asked["file"])) if asked["file"] else self._folder / SAMPLE
                return self._asked[what](file, asked)
        except BetaNeutralError as error:
            return {"error": str(error)}

    def _put(self, name: str, content: bytes) -> dict[str, Any]:
        """Keep a copy of a workbook that the user has chosen in a browser, which does not tell its place."""
        shown = shown_name(name)
        if Path(shown).suffix.lower() not in WORKBOOKS:
            msg = f"{shown} is not a workbook: choose one that ends in {' or '.join(WORKBOOKS)}."
            raise UnreadableFile(msg)
        folder = self._folder / OPENED
        make_private_folder(folder)
        save(folder / shown, content, private=True)
        try:
            FileWorkbook(folder / shown).read(Plan(("setting_fund",), ()))
        except BetaNeutralError:  # no workbook
            (folder / shown).unlink()
            raise
        return {"file": str(folder / shown)}

    def _read(self, file: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
        areas = tuple(Area(sheet, row, unless and tuple(unless)) for sheet, row, unless in asked["areas"])
        plan = Plan(tuple(asked["names"]), areas)
        found = self._workbook(file).read(plan)
        return {
            "names": [_block(found.names[name]) for name in plan.names],
            "areas": [_block(found.areas.get((one.sheet, one.row), ())) for one in areas],
        }

    def _workbook(self, file: Path) -> FileWorkbook:
        """Return a file's workbook; the last one is kept while the file is the same."""
        try:
            state = file.stat()
        except OSError:
            return FileWorkbook(file)  # which says what is wrong
        version = (file, state.st_mtime_ns, state.st_size)
        if self._last is None or self._last[0] != version:
            self._last = version, FileWorkbook(file)
        return self._last[1]


def _block(found: Found) -> object:
    """Return values as Excel gives them; None for what the workbook lacks."""
    if isinstance(found, NamedRangeMissing):
        return None
    if isinstance(found, BetaNeutralError):
        raise found
    rows = found if isinstance(found, (list, tuple)) else [[found]]
    return wire.pack([[_plain(cell) for cell in row] for row in rows])


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        cell = cell.date()
    return float((cell - EPOCH).days) if isinstance(cell, date) else cell


def _apply(file: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    SavedWorkbook(file).apply([_change(*one) for one in asked["changes"]])
    return {}


def _change(what: str, sheet: str, row: int, block: Any) -> Change:
    if what == "recalculate":
        return Recalculate()
    if what == "show":
        return Show(sheet)
    rows: Rows = tuple(tuple(None if cell == "" else cell for cell in line) for line in wire.unpack(block))
    return Append(sheet, rows) if what == "append" else Replace(sheet, row, rows)


def _get(file: Path, _: Mapping[str, Any]) -> dict[str, Any]:
    if file.suffix.lower() not in WORKBOOKS:
        msg = f"{shown_name(file)} is not a workbook."
        raise UnreadableFile(msg)
    return {"name": file.name, "content": b64encode(read_bytes(file)).decode()}


def _enter(file: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    book = SavedWorkbook(file)
    book.enter(str(asked["name"]), int(asked["row"]), int(asked["column"]), asked["value"])
    return {}
