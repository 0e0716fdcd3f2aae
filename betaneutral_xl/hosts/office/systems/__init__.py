"""What an installation changes on each system: trust, Excel's list of add-ins, the start at login."""

from __future__ import annotations

import sys
from pathlib import Path

from betaneutral_xl.hosts.office.systems.system import System, run

__all__ = ["current"]


def current() -> System:
    """Return this machine's system, for its user."""
    from betaneutral_xl.hosts.office.systems.linux import Linux
    from betaneutral_xl.hosts.office.systems.mac import Mac
    from betaneutral_xl.hosts.office.systems.windows import Windows

    kind = {"darwin": Mac, "win32": Windows}.get(sys.platform, Linux)
    return kind(Path.home(), run)
