"""The job that keeps plain names in .xlsx files: bound when a file is loaded, shortened when it is saved.

LibreOffice before 24 knows an add-in's functions in .xlsx files only by their long names, which
Excel does not know.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Dict, Sequence

import uno
import unohelper
from com.sun.star.lang import XServiceInfo
from com.sun.star.task import XJob

from .fitting import fit
from .formulas import BOUND, bind, unnoticed
from .office import SETTINGS, is_spreadsheet

LOADED = ("OnLoad", "OnLoadFinished")
OURS = (".xlsx", ".xlsm")
LARGEST = 200_000_000
"""Bytes of a part beyond which a file is left as it is."""


class Names(unohelper.Base, XJob, XServiceInfo):
    """What LibreOffice runs when a document has been loaded or saved."""

    def __init__(self, context: Any) -> None:
        """Look up the office."""
        self._context = context

    def execute(self, arguments: Sequence[Any]) -> None:
        """Keep the names of the document that the event is about."""
        environment: Dict[str, Any] = {
            value.Name: value.Value
            for argument in arguments
            if argument.Name == "Environment"
            for value in argument.Value
        }
        document: Any = environment.get("Model")
        event = environment.get("EventName")
        if not is_spreadsheet(document):
            return
        if event in LOADED:
            with unnoticed(document):
                bound = bind(document)
            if bound:
                fit(document)
        elif document.URL.lower().startswith("file:") and document.URL.lower().endswith(OURS):
            shorten(uno.fileUrlToSystemPath(document.URL))

    def getImplementationName(self) -> str:
        """Return the name of this component."""
        return str(SETTINGS["job"])

    def supportsService(self, name: str) -> bool:
        """Whether this is a component of some kind."""
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self) -> Sequence[str]:
        """Return what kind of component this is."""
        return (str(SETTINGS["job"]), "com.sun.star.task.Job")


def shorten(path: str) -> bool:
    """Give the functions in a saved file their plain names; return whether there was anything to do."""
    long = BOUND.encode("ascii")
    with zipfile.ZipFile(path) as source:
        parts = [one for one in source.infolist() if one.filename.startswith("xl/")]
        if any(one.file_size > LARGEST for one in parts):
            return False
        changed = {
            one.filename: content.replace(long, b"")
            for one in parts
            if one.filename.endswith(".xml")
            for content in [source.read(one)]
            if long in content
        }
        if not changed:
            return False
        beside = Path(path + ".betaneutral")
        try:
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as target:
                for one in source.infolist():
                    target.writestr(one, changed.get(one.filename) or source.read(one))
        except BaseException:
            if beside.exists():
                beside.unlink()
            raise
    beside.replace(path)
    return True
