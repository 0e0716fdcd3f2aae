"""A workbook in a file: read with openpyxl, written by editing only the changed cells.

Saving with openpyxl would lose the ribbon, details of the charts and the spilling formulas. So the
XML of the written sheets is edited, and every other part of the file is kept byte for byte.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import FailedCell, HostError, InputError, NamedRangeMissing, UnreadableFile
from betaneutral_xl.hosts.sheets.cells import EPOCH, Cell, letters
from betaneutral_xl.hosts.sheets.open_workbook import (
    Append,
    Change,
    Plan,
    Recalculate,
    Replace,
    Sheets,
    Show,
    gather,
    missing,
)
from betaneutral_xl.system.archives import packed
from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import FORMULA_STARTS, save

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

WORKBOOK = "xl/workbook.xml"
STYLES = "xl/styles.xml"
CALC_CHAIN = "xl/calcChain.xml"

TRUE = frozenset({"1", "true"})
"""The values of true in XML."""


def _q(tag: str, namespace: str = MAIN) -> str:
    return f"{{{namespace}}}{tag}"


class FileWorkbook:
    """An .xlsx or .xlsm file for the buttons. Nothing is written to it before ``save``.

    Raises
    ------
    UnreadableFile
        If the file is not a workbook.

    """

    def __init__(self, path: Path | str) -> None:
        import openpyxl

        self._path = Path(path)
        self._content = read_bytes(self._path)
        self._edits: dict[str, dict[tuple[int, int], Cell]] = {}
        self._not_calculated: dict[str, set[tuple[int, int]]] = {}
        self._shown: str | None = None
        try:
            self._book = openpyxl.load_workbook(io.BytesIO(self._content), data_only=True, keep_links=False)
        except Exception as error:  # noqa: BLE001 - openpyxl raises any exception for a damaged file
            msg = (
                f"{self._path.name} is not a readable workbook ({type(error).__name__}). "
                "Give an .xlsx or .xlsm file made by betaneutral-xl workbook build."
            )
            raise UnreadableFile(msg) from None

    def read(self, plan: Plan) -> Sheets:
        """Read all that a plan names."""
        return gather(plan, self.named, self.below, self._path.parent, self._path.stem)

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes, or raise and make none; the file is not written before ``save``.

        Raises
        ------
        NamedRangeMissing
            If there is no such sheet.
        HostError
            If a cell to be written is part of a merged one.

        """
        undo: list[Callable[[], None]] = []
        try:
            for change in changes:
                self._make(change, undo)
        except BaseException:
            for restore in reversed(undo):
                restore()
            raise

    def named(self, name: str) -> object:
        """Return the values of a named range."""
        sheet, cells = self._cells_of(name)
        area = self._sheet(sheet)[cells]
        return self._values(sheet, area) if ":" in cells else self._values(sheet, [[area]])[0][0]

    def below(self, sheet: str, row: int) -> object:
        """Return the values of a sheet from a row to the last used row."""
        return self._values(sheet, self._sheet(sheet).iter_rows(min_row=row))

    def say(self, text: str) -> None:
        """Show nothing: the command line and the page say what they wait for."""

    def save(self, path: Path | str | None = None) -> None:
        """Write the file atomically; by default, in place."""
        save(path or self._path, changed(self._content, self._edits, self._shown))

    def _make(self, change: Change, undo: list[Callable[[], None]]) -> None:
        match change:
            case Replace(sheet, row, rows):
                for place in [place for place in self._used(sheet) if place[0] >= row]:
                    self._put(sheet, *place, None, undo)
            case Append(sheet, rows):
                row = 1 + max((line for line, _ in self._used(sheet)), default=0)
            case Recalculate():  # the program that opens the file calculates it
                return
            case Show(sheet):
                self._sheet(sheet)
                undo.append(partial(setattr, self, "_shown", self._shown))
                self._shown = sheet
                return
        for i, values in enumerate(rows):
            for j, value in enumerate(values):
                if value is not None:
                    self._put(sheet, row + i, 1 + j, value, undo)

    def _values(self, sheet: str, rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
        """Return the values of cells; raise ``FailedCell`` for a formula without a cached value."""
        waiting = self._waiting(sheet)
        values = []
        for row in rows:
            line = list(row)
            for cell in line:
                if (cell.row, cell.column) in waiting:
                    msg = (
                        f"{sheet}!{cell.coordinate} of {self._path.name} has a formula and no value. "
                        "Open the file in Excel or Calc and save it; or type the value."
                    )
                    raise FailedCell(msg)
            values.append([cell.value for cell in line])
        return values

    def _used(self, sheet: str) -> set[tuple[int, int]]:
        """Return the row and column of every cell that has a value or a formula."""
        cells = (cell for row in self._sheet(sheet).iter_rows() for cell in row)
        return {(cell.row, cell.column) for cell in cells if cell.value is not None} | self._waiting(sheet)

    def _waiting(self, sheet: str) -> set[tuple[int, int]]:
        """Return row and column of every formula without a value, which openpyxl reads as a blank."""
        if sheet not in self._not_calculated:
            self._not_calculated[sheet] = not_calculated(self._content, sheet)
        return self._not_calculated[sheet]

    def _sheet(self, name: str) -> Worksheet:
        if name not in self._book.sheetnames:
            raise self._missing("sheet " + name)
        sheet: Worksheet = self._book[name]
        return sheet

    def _cells_of(self, name: str) -> tuple[str, str]:
        defined = self._book.defined_names.get(name)
        places = list(defined.destinations) if defined is not None else []
        if len(places) != 1:
            raise self._missing("range named " + name)
        sheet, cells = places[0]
        return sheet, cells.replace("$", "")

    def _missing(self, what: str) -> NamedRangeMissing:
        return missing(self._path.name, what, "Build a new one: betaneutral-xl workbook build.")

    def _put(self, sheet: str, row: int, column: int, value: Cell, undo: list[Callable[[], None]]) -> None:
        """Set a cell, and add to ``undo`` how to set it back."""
        from openpyxl.cell import MergedCell

        place = self._sheet(sheet)
        cell = place.cell(row, column)
        if isinstance(cell, MergedCell):
            area = next(str(area) for area in place.merged_cells.ranges if cell.coordinate in area)
            msg = f"The cells {area} of the sheet {sheet} are merged and hold one value. Unmerge them."
            raise HostError(msg)
        at, waiting, edits = (row, column), self._waiting(sheet), self._edits.setdefault(sheet, {})
        was, was_waiting, edited = cell.value, waiting & {at}, {at: edits[at]} if at in edits else {}

        def restore() -> None:
            cell.value = was
            waiting.update(was_waiting)
            del edits[at]
            edits.update(edited)

        undo.append(restore)
        waiting.discard(at)
        edits[at] = cell.value = value


class SavedWorkbook(FileWorkbook):
    """A workbook file that is written with every change, or another one in its place."""

    def __init__(self, path: Path | str, output: Path | None = None) -> None:
        super().__init__(path)
        self._output = output

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all changes and write the file, or raise and leave it as it is."""
        super().apply(changes)
        if changes:
            self.save(self._output)

    def enter(self, name: str, row: int, column: int, value: Cell) -> None:
        """Enter a value into a cell of a named range, counted from its first cell, and write the file.

        Raises
        ------
        NamedRangeMissing
            If there is no such range.
        InputError
            If the cell is outside it.
        Unwritable
            If the file cannot be written.

        """
        from openpyxl.utils import range_boundaries

        sheet, cells = self._cells_of(name)
        left, top, right, bottom = (int(end or 0) for end in range_boundaries(cells))
        if not (0 <= row <= bottom - top and 0 <= column <= right - left):
            msg = f"The range {name} has no row {row + 1}, column {column + 1}."
            raise InputError(msg)
        self._put(sheet, top + row, left + column, value, [])
        self.save(self._output)


# ---------------------------------------------------------------- editing cells in the package


def changed(content: bytes, edits: dict[str, dict[tuple[int, int], Cell]], shown: str | None = None) -> bytes:
    """Return a workbook's bytes with some cells changed; their formats and all else are kept.

    Edits are values by sheet, row and column (from 1); None clears. ``shown`` is the sheet that is shown
    when the file is opened, by default the same as before.
    """
    source = zipfile.ZipFile(io.BytesIO(content))
    tree = partial(parse_part, source)
    parts = sheet_parts(source)
    trees: dict[str, Any] = {}
    styles = FileStyles(tree(STYLES))
    formulas_lost = False
    for sheet, cells in edits.items():
        trees[parts[sheet]] = root = tree(parts[sheet])
        formulas_lost |= _change_sheet(root, cells, styles)
    if styles.changed:
        trees[STYLES] = styles.root
    if edits:
        trees[WORKBOOK] = _calculated_on_load(tree(WORKBOOK))
    if shown is not None:
        _show(shown, parts, tree, trees)
    dropped = _without_calc_chain(source, tree, trees) if formulas_lost else set()
    return packed(
        (info, as_xml(trees[info.filename]) if info.filename in trees else source.read(info))
        for info in source.infolist()
        if info.filename not in dropped
    )


def not_calculated(content: bytes, sheet: str) -> set[tuple[int, int]]:
    """Return row and column of every formula of a sheet without a cached value (an empty text is one)."""
    from openpyxl.utils.cell import coordinate_to_tuple

    source = zipfile.ZipFile(io.BytesIO(content))
    return {
        coordinate_to_tuple(cell.get("r"))
        for cell in parse_part(source, sheet_parts(source)[sheet]).iter(_q("c"))
        if cell.find(_q("f")) is not None and cell.get("t") != "str" and not cell.findtext(_q("v"))
    }


def parse_part(source: zipfile.ZipFile, name: str) -> Any:
    """Return the root of a part's XML."""
    from lxml import etree

    return etree.fromstring(source.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def as_xml(root: Any) -> bytes:
    """Return the content of a part with a root."""
    from lxml import etree

    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return content


def sheet_parts(source: zipfile.ZipFile) -> dict[str, str]:
    """Return the path of each sheet's part in the package, by the sheet's name."""
    workbook = parse_part(source, WORKBOOK)
    targets = {one.get("Id"): one.get("Target") for one in parse_part(source, "xl/_rels/workbook.xml.rels")}
    return {
        sheet.get("name"): target_part(targets[sheet.get(_q("id", RELATIONS))])
        for sheet in workbook.iter(_q("sheet"))
    }


def target_part(target: str) -> str:
    """Return the path of the part to which a relationship of the workbook leads."""
    return posixpath.normpath(posixpath.join("/xl", target))[1:]


class FileStyles:
    """The workbook's cell formats, with copies that mark their content as text."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.changed = False
        self._formats = root.find(_q("cellXfs"))
        self._quoted: dict[str, str] = {}

    def quoted(self, style: str) -> str:
        """Return a copy of a format with quotePrefix, so that editing the cell keeps its text a text."""
        if style not in self._quoted:
            copied = deepcopy(self._formats[int(style)])
            copied.set("quotePrefix", "1")
            self._formats.append(copied)
            self._formats.set("count", str(len(self._formats)))
            self._quoted[style] = str(len(self._formats) - 1)
            self.changed = True
        return self._quoted[style]


def _change_sheet(root: Any, cells: dict[tuple[int, int], Cell], styles: FileStyles) -> bool:
    """Change the cells of a sheet's XML; return whether a formula was overwritten."""
    from lxml import etree
    from openpyxl.utils.cell import coordinate_to_tuple

    dimension = root.find(_q("dimension"))
    if dimension is not None:
        root.remove(dimension)  # optional, and no longer correct
    data = root.find(_q("sheetData"))
    columns = {
        number: column.get("style", "0")
        for column in root.iter(_q("col"))
        for number in range(int(column.get("min")), int(column.get("max")) + 1)
        if number <= max(column for _, column in cells)
    }
    rows = {int(row.get("r")): row for row in data}
    overwritten = False
    by_row: dict[int, dict[int, Cell]] = {}
    for (row, column), value in cells.items():
        by_row.setdefault(row, {})[column] = value
    for number in sorted(by_row):
        if number not in rows:
            rows[number] = etree.SubElement(data, _q("row"), r=str(number))
        line = rows[number]
        line.attrib.pop("spans", None)
        there = {coordinate_to_tuple(cell.get("r"))[1]: cell for cell in line}
        for column, value in by_row[number].items():
            cell = there.get(column)
            if cell is None:
                if value is None:
                    continue
                # LibreOffice writes customFormat="false" for rows without a style.
                own = line.get("customFormat") in TRUE
                style = line.get("s", "0") if own else columns.get(column, "0")
                cell = there[column] = etree.SubElement(
                    line, _q("c"), r=f"{letters(column)}{number}", s=style
                )
            overwritten |= cell.find(_q("f")) is not None
            _fill(cell, value, styles)
        line[:] = [there[column] for column in sorted(there)]
    data[:] = [rows[number] for number in sorted(rows)]
    return overwritten


def _fill(cell: Any, value: Cell, styles: FileStyles) -> None:
    """Set the value of a cell's XML, replacing its former content."""
    from lxml import etree

    for child in list(cell):
        cell.remove(child)
    for attribute in ("t", "cm", "vm"):
        cell.attrib.pop(attribute, None)
    match value:
        case None:
            return
        case bool():
            cell.set("t", "b")
            etree.SubElement(cell, _q("v")).text = str(int(value))
        case str():
            cell.set("t", "inlineStr")
            text = etree.SubElement(etree.SubElement(cell, _q("is")), _q("t"))
            text.text = _ILLEGAL.sub("", value)
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            if value.startswith(FORMULA_STARTS):
                cell.set("s", styles.quoted(cell.get("s", "0")))
        case date():
            etree.SubElement(cell, _q("v")).text = str((value - EPOCH).days)
        case _:
            etree.SubElement(cell, _q("v")).text = repr(value)


_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that are not allowed in XML."""


def _calculated_on_load(workbook: Any) -> Any:
    """Set the flag for a full calculation when the workbook is opened."""
    from lxml import etree

    settings = workbook.find(_q("calcPr"))
    if settings is None:
        settings = etree.SubElement(workbook, _q("calcPr"))
        after = workbook.find(_q("definedNames"))
        if after is not None:
            after.addnext(settings)
    settings.set("fullCalcOnLoad", "1")
    return workbook


def _show(shown: str, parts: dict[str, str], tree: Callable[[str], Any], trees: dict[str, Any]) -> None:
    """Make a sheet the active and only selected one; add to ``trees`` the parts that this changes."""
    workbook = trees.setdefault(WORKBOOK, tree(WORKBOOK))
    for view in workbook.iter(_q("workbookView")):
        view.set("activeTab", str(list(parts).index(shown)))
        view.attrib.pop("firstSheet", None)
    for name, part in parts.items():
        root = trees[part] if part in trees else tree(part)
        for view in root.iter(_q("sheetView")):
            if (view.get("tabSelected") in TRUE) is not (name == shown):
                view.set("tabSelected", str(int(name == shown)))
                trees[part] = root


def _without_calc_chain(
    source: zipfile.ZipFile, tree: Callable[[str], Any], trees: dict[str, Any]
) -> set[str]:
    """Remove the calculation chain, which is optional, since it lists formulas that were removed."""
    if CALC_CHAIN not in source.namelist():
        return set()
    for name, attribute in (("[Content_Types].xml", "PartName"), ("xl/_rels/workbook.xml.rels", "Target")):
        trees[name] = root = tree(name)
        for one in list(root):
            if one.get(attribute, "").endswith("calcChain.xml"):
                root.remove(one)
    return {CALC_CHAIN}
