"""The template's sheets, inserted into any open workbook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import HostError, listing
from betaneutral_xl.hosts.excel import user_files
from betaneutral_xl.hosts.excel.busy import busy

if TYPE_CHECKING:
    import xlwings as xw

NO_UPDATE, READ_ONLY = 0, True
"""Arguments of Excel's ``Workbooks.Open``."""


def insert_template(book: xw.Book) -> str:
    """Copy the template's sheets behind those of a workbook; return what to do next.

    Raises
    ------
    HostError
        If there is no template, or the workbook has a sheet or a name of it: nothing is changed. If Excel
        refuses a step, what was inserted is removed.

    """
    path = user_files.folder() / user_files.TEMPLATE
    if not path.exists():
        msg = f"The template {path.name} is not installed. Run: {user_files.install_command()}"
        raise HostError(msg)
    target = book.api
    if getattr(target, "ProtectStructure", False) is True:
        msg = f"The structure of {book.name} is protected. Unprotect it: Review, Protect Workbook."
        raise HostError(msg)
    with _undisturbed(target.Application), _opened(target.Application, path) as source:
        _require_free(book.name, source, target)
        before = _names_of(target.Worksheets)
        try:
            _copy(source, target)
        except Exception as error:
            _remove(target, before)
            msg = f"Excel did not let the template be inserted ({type(error).__name__}). Nothing was changed."
            raise busy(error) or HostError(msg) from error
        inserted = [name for name in _names_of(target.Worksheets) if name not in before]
    target.Sheets(inserted[0]).Activate()
    return (
        f"Added to {book.name}: {', '.join(inserted)}. Set fund, ETF and risk model on Settings, then "
        "press Rebalance."
    )


def _require_free(workbook: str, source: Any, target: Any) -> None:
    """Require that a workbook has none of the template's sheets and names."""
    there = {name.lower() for name in _names_of(target.Sheets)}
    sheets = [name for name in _names_of(source.Worksheets) if name.lower() in there]
    if sheets:
        msg = f"{workbook} has sheets of the template's names: {listing(sheets)}. Rename them first."
        raise HostError(msg)
    known = {name.lower() for name in _names_of(target.Names)}
    names = [name for name in _names_of(source.Names) if name.lower() in known and "!" not in name]
    if names:
        msg = f"{workbook} has names of the template: {listing(names)}. Remove them: Formulas, Name Manager."
        raise HostError(msg)


def _copy(source: Any, target: Any) -> None:
    """Copy all sheets at once, so that their formulas refer to each other; then the names."""
    last = target.Sheets(target.Sheets.Count)
    source.Worksheets.Copy(last)  # before it: COM takes no argument by name here
    count = source.Worksheets.Count
    last.Move(target.Sheets(target.Sheets.Count - count))
    there = {name.lower() for name in _names_of(target.Names)}
    for name in source.Names:
        if "!" not in name.Name and name.Name.lower() not in there:
            target.Names.Add(name.Name, name.RefersTo)


def _remove(target: Any, before: list[str]) -> None:
    """Remove what was inserted."""
    for name in _names_of(target.Worksheets):
        if name not in before:
            target.Worksheets(name).Delete()


def _names_of(collection: Any) -> list[str]:
    return [str(one.Name) for one in collection]


@contextmanager
def _opened(application: Any, path: Path) -> Iterator[Any]:
    """Open the template within the context."""
    source = application.Workbooks.Open(str(path), NO_UPDATE, READ_ONLY)
    try:
        yield source
    finally:
        source.Close(False)  # noqa: FBT003 - SaveChanges, which COM takes by place


@contextmanager
def _undisturbed(application: Any) -> Iterator[None]:
    """Suspend drawing, events, questions within the context; always restore them."""
    names = ("ScreenUpdating", "EnableEvents", "DisplayAlerts")
    before = {name: getattr(application, name) for name in names}
    for name in names:
        setattr(application, name, False)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(application, name, value)
