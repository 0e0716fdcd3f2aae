"""A time budget for all that a front end fetches at once."""

from __future__ import annotations

from contextlib import AbstractContextManager

from betaneutral_xl.network.time_limit import time_limit


def network_budget(seconds: float) -> AbstractContextManager[None]:
    """Limit the seconds that all network requests within a block may wait together.

    The limit of each request, ``Settings.total_timeout``, stays: the earlier end holds.
    """
    return time_limit(seconds)
