"""Deferral of all changes to documents while one is being saved.

LibreOffice collects the formulas to be written and updates its progress bar before it writes them.
Calls scheduled on the main thread run then; if one re-enters a formula, LibreOffice writes a deleted
formula and crashes.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, List, Set

import unohelper
from com.sun.star.document import XDocumentEventListener

BEGINNINGS = ("OnSave", "OnSaveAs", "OnCopyTo")
"""Start of saving in place, as another file, or as a copy (also PDF and recovery files)."""

ENDS = (*(event + outcome for event in BEGINNINGS for outcome in ("Done", "Failed")), "OnUnload")


class Saving(unohelper.Base, XDocumentEventListener):
    """Tracks the documents being saved; after the last, ``resume`` is called with each deferred call."""

    def __init__(self, resume: Callable[[Callable[[], None]], None]) -> None:
        self._resume = resume
        self._documents: Set[str] = set()
        self._kept: List[Callable[[], None]] = []
        self._lock = threading.Lock()  # a program that controls LibreOffice saves on another thread

    def defer(self, run: Callable[[], None]) -> bool:
        """Defer a call until all is saved; False if nothing is being saved, so that it can run now."""
        with self._lock:
            if self._documents:
                self._kept.append(run)
            return bool(self._documents)

    def documentEventOccured(self, event: Any) -> None:
        """Handle an event of a document."""
        if event.EventName not in BEGINNINGS + ENDS:
            return
        document = event.Source.RuntimeUID
        with self._lock:
            if event.EventName in BEGINNINGS:
                self._documents.add(document)
                return
            self._documents.discard(document)
            kept: List[Callable[[], None]] = []
            if not self._documents:
                kept, self._kept = self._kept, kept
        for run in kept:
            self._resume(run)

    def disposing(self, _event: object) -> None:
        """Do nothing: the broadcaster ends with LibreOffice."""
