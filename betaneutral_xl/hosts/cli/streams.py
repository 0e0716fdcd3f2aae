"""Standard output and error: any terminal encoding, closed streams, a full disk, a reader that stops."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from typing import TextIO

PLAIN = {"\u00b1": "+/-", "\u2026": "...", "\u2212": "-", "\u2013": "-", "\u2192": "->", "\u00d7": "x"}
"""What stands for signs that a terminal's encoding lacks; other characters become a question mark."""


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(one, "?") for one in text), error.end


codecs.register_error("plain", _plain)

UNWRITABLE = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Error numbers of an output that cannot be written: a full disk or quota, a failed or closed device."""


def prepare(*, for_machines: bool) -> None:
    """Make standard output and error writable in any environment.

    Parameters
    ----------
    for_machines
        Whether the output is JSON or CSV: then it is UTF-8 whatever the console's encoding is. On Windows
        all that goes to a file or a pipe is, as on other systems, unless ``PYTHONIOENCODING`` says otherwise:
        its code page lacks most letters, and no reader expects it.

    """
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:  # closed by the shell with >&-, or a program without a console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - until the end
        elif isinstance(stream, io.TextIOWrapper):
            machine = for_machines and name == "stdout"
            piped = sys.platform == "win32" and not stream.isatty() and "PYTHONIOENCODING" not in os.environ
            stream.reconfigure(
                encoding="utf-8" if machine or piped else None, errors="strict" if machine else "plain"
            )


def discard_output() -> None:
    """Send what is still to be written to nowhere, so that the interpreter does not fail over it at exit."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # a stream in memory, or a closed one
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
