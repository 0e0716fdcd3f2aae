"""The folder windows runs in a separate process, in which Windows' modules are replaced."""

from __future__ import annotations

import os

ALONE = "UNDER_REPLACED_COM"
"""Set in that process."""

collect_ignore = [] if os.environ.get(ALONE) else ["windows"]
