"""The stand-in for the fund's web API: what it serves, and the faults that it has on request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from betaneutral_xl.errors import InputError
from betaneutral_xl.job import sample
from betaneutral_xl.system.files import read_bytes

if TYPE_CHECKING:
    from betaneutral_xl.network.stand_in import Fault, StandIn

_FAULT = re.compile(r"(?P<fault>[^@*]+)(?:@(?P<path>/[^*]*))?(?:\*(?P<times>[0-9]{1,6}))?")

FLEX_CODES = ("1019",)
"""First answers of the Flex Web Service: the statement is being generated."""


def stand_in(
    holdings: str | None,
    covariance: str | None,
    flex: str | None,
    *,
    token: str,
    port: int,
    faults: Iterable[str] = (),
    log: Callable[[str], None],
) -> StandIn:
    """Return a stand-in, which serves on the loopback interface until its ``with`` block ends.

    ``holdings`` and ``covariance`` are files in the API's format; None for those of the embedded sample.
    ``flex`` is a statement to serve as Interactive Brokers' Flex Web Service. Risk data requires the token.
    Port 0 is any port. ``faults`` are as ``read_fault`` reads them; ``log`` is called with a line for each
    request.

    Raises
    ------
    InputError
        If a file cannot be read or served, or there is no such fault.

    """
    from betaneutral_xl.network.stand_in import Api, FlexAnswers, StandIn

    api = Api.of_files(
        read_bytes(holdings) if holdings else sample.read(sample.HOLDINGS),
        read_bytes(covariance) if covariance else sample.read(sample.COVARIANCE),
        token,
    )
    if flex:
        api = replace(api, flex=FlexAnswers(read_bytes(flex), codes=list(FLEX_CODES)))
    served = [read_fault(text) for text in faults]
    made = StandIn(api, port, log=log)
    for fault, path, times in served:
        made.fail(fault, path, times)
    return made


def read_fault(text: str) -> tuple[Fault, str, int | None]:
    """Return the fault, path (empty: all) and times (None: always) of ``502@/health*2``.

    Raises
    ------
    InputError
        If there is no such fault.

    """
    from betaneutral_xl.network.stand_in import Fault

    match = _FAULT.fullmatch(text)
    if match is None or match["fault"] not in set(Fault):
        msg = (
            f"There is no fault {text!r:.40}. Write FAULT, FAULT@/PATH or FAULT*TIMES with one of "
            f"{', '.join(Fault)}."
        )
        raise InputError(msg)
    return Fault(match["fault"]), match["path"] or "", int(match["times"]) if match["times"] else None
