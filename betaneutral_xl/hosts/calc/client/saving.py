"""Nothing of ours changes a document while it is being saved.

LibreOffice notes each formula that it is about to write, and shows its progress before it writes it.
What waits for the main thread runs then, too; if it enters a formula anew, LibreOffice writes one that is
gone, and crashes.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, List, Set

import unohelper
from com.sun.star.document import XDocumentEventListener

BEGINNINGS = ("OnSave", "OnSaveAs", "OnCopyTo")
"""Saved where it came from, as another file, as a copy: also PDF, and what is kept against a crash."""

ENDS = (*(event + outcome for event in BEGINNINGS for outcome in ("Done", "Failed")), "OnUnload")


class Saving(unohelper.Base, XDocumentEventListener):
    """Knows which documents are being saved, and keeps until then what is to run.

    Parameters
    ----------
    resume
        Takes, one by one, what has been kept.

    """

    def __init__(self, resume: Callable[[Callable[[], None]], None]) -> None:
        self._resume = resume
        self._documents: Set[str] = set()
        self._kept: List[Callable[[], None]] = []
        self._lock = threading.Lock()  # a program that drives LibreOffice saves on a thread of its own

    def keeps(self, run: Callable[[], None]) -> bool:
        """Keep something until all is saved; False if nothing is being saved, and it can run now."""
        with self._lock:
            if self._documents:
                self._kept.append(run)
            return bool(self._documents)

    def documentEventOccured(self, event: Any) -> None:
        """Be told what happens to a document."""
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
        """Be told nothing more."""
