"""The job that keeps plain names in .xlsx files: bound when a file is loaded, shortened when it is saved.

Before a document is saved its arrays are sized, so that the file holds the tables whole.

LibreOffice 7.4 knows an add-in's functions in .xlsx files only by their long names, which
Excel does not know. A copy that is saved beside the document keeps them: LibreOffice tells nobody
where it is.
"""

from __future__ import annotations

from typing import Any, Dict, Sequence

import uno
import unohelper
from com.sun.star.lang import XServiceInfo
from com.sun.star.task import XJob

from .formulas import BOUND, bind, unnoticed
from .office import SETTINGS, Office, is_spreadsheet
from .saving import BEGINNINGS
from .shortening import shorten
from .spill import settle

LOADED = ("OnLoad", "OnLoadFinished")
OURS = (".xlsx", ".xlsm", ".xltx", ".xltm")


class Names(unohelper.Base, XJob, XServiceInfo):
    """What LibreOffice runs when a document has been loaded, is about to be saved, or has been."""

    def __init__(self, context: Any) -> None:
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
                settle(document)
        elif event in BEGINNINGS:
            # With windows, Calc has not calculated the sheets that nobody has looked at. A conversion is
            # as it was loaded; LibreOffice would take its used area to reach to where arrays are measured.
            if Office.of(self._context).watched:
                settle(document)
        elif document.URL.lower().startswith("file:") and document.URL.lower().endswith(OURS):
            shorten(uno.fileUrlToSystemPath(document.URL), BOUND)

    def getImplementationName(self) -> str:
        """Return the name of this component."""
        return str(SETTINGS["job"])

    def supportsService(self, name: str) -> bool:
        """Whether this is a component of some kind."""
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self) -> Sequence[str]:
        """Return what kind of component this is."""
        return (str(SETTINGS["job"]), "com.sun.star.task.Job")
