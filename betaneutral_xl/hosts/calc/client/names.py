"""The job that keeps plain names in .xlsx files: bound when a file is loaded, shortened when it is saved.

Before a document is saved, its arrays are resized, so that the file has the whole tables.

LibreOffice 7.4 writes an add-in's functions into .xlsx files with their long names, which Excel does
not know. A saved copy keeps the long names: LibreOffice does not report its path.
"""

from __future__ import annotations

from typing import Any, Dict, Sequence

import uno
import unohelper
from com.sun.star.lang import XServiceInfo
from com.sun.star.task import XJob

from .formulas import BOUND, bind, keep_modified_flag, package_formulas
from .office import SETTINGS, Office, is_spreadsheet
from .saving import BEGINNINGS
from .shortening import shorten
from .spill import settle

LOADED = ("OnLoad", "OnLoadFinished")
SUFFIXES = (".xlsx", ".xlsm", ".xltx", ".xltm")


def has_foreign_formulas(document: Any) -> bool:
    """Return whether another program may have written a document's formulas, each in one cell.

    Newer versions of LibreOffice bind plain names themselves, but keep the values of the file, which a
    program that calculates nothing writes as 0, and the size that an array has there.
    """
    generator = str(document.DocumentProperties.Generator)
    return document.URL.lower().endswith(SUFFIXES) or not generator.startswith("LibreOffice")


class Names(unohelper.Base, XJob, XServiceInfo):
    """The job that LibreOffice runs after a document is loaded, and before and after it is saved."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def execute(self, arguments: Sequence[Any]) -> None:
        """Bind or shorten the names in the document of an event."""
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
            last = event == LOADED[-1]
            foreign = has_foreign_formulas(document)
            with keep_modified_flag(document):
                bound = bind(document, again=last and foreign)
                stored = last and not foreign and next(package_formulas(document), None) is not None
                if stored:
                    # LibreOffice keeps the results of its own files: "loading..." too, and a 0 where a
                    # formula with a name had an empty text.
                    document.calculateAll()
            if bound or stored:
                settle(document)
        elif event in BEGINNINGS:
            # With windows, Calc has not calculated the sheets that were never shown. A conversion is left
            # as loaded: measuring arrays would extend the used area to the sheet's last cell.
            if Office.of(self._context).has_visible_window:
                settle(document)
        elif document.URL.lower().startswith("file:") and document.URL.lower().endswith(SUFFIXES):
            shorten(uno.fileUrlToSystemPath(document.URL), BOUND)

    def getImplementationName(self) -> str:
        """Return the component's implementation name."""
        return str(SETTINGS["job"])

    def supportsService(self, name: str) -> bool:
        """Return whether the component supports a service."""
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self) -> Sequence[str]:
        """Return the services of the component."""
        return (str(SETTINGS["job"]), "com.sun.star.task.Job")
