"""What a fund has accepted and measured, in the user's private folder.

``RECORDS/FUND/accepted/TIME.json`` is an accepted proposal and ``TIME.zip`` its snapshot; ``readings.json``
has one reading a day. A fund is known by the name of its mandate, else by that of its portfolio. All files
are written whole, for the user alone.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from betaneutral_xl.engine.orders import Order, Side
from betaneutral_xl.errors import BetaNeutralError, InputError, UnreadableFile, Unwritable
from betaneutral_xl.job.snapshot import pack
from betaneutral_xl.job.value_files import raw_inputs_of
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.model.provenance import Provenance, digest, now
from betaneutral_xl.system.files import listed, read_bytes
from betaneutral_xl.system.optional import file_lock
from betaneutral_xl.system.places import folder_name
from betaneutral_xl.system.saving import Staged, make_records_folder, to_json

if TYPE_CHECKING:
    from betaneutral_xl.engine.orders import Orders
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.job.run import Outcome
    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.system.settings import Settings

T = TypeVar("T")

ACCEPTED, READINGS, VERSION = "betaneutral-xl accepted proposal", "betaneutral-xl readings", 1

MAX_RECORD = 64 * 2**20
"""Bytes of the largest record that is read."""

MAX_READINGS = 2_600
"""Days that are kept: ten years of trading days."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Accepted:
    """A proposal that was accepted.

    Attributes
    ----------
    at
        When, UTC.
    etfs
        The ETFs it was made against.
    holdings
        The portfolio that it leads to: after its orders where there are any, else its weights.
    betas
        The beta to each ETF with it.
    target, method, mandate
        As it was asked for; ``mandate`` is the name of the rules, empty for none.
    orders
        The orders that lead there; none where it was accepted in weights.
    snapshot
        Its inputs.

    """

    at: datetime
    etfs: tuple[str, ...]
    holdings: Holdings
    betas: Mapping[str, float]
    target: str
    method: str
    mandate: str
    orders: tuple[Order, ...]
    snapshot: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The state of one ETF's beta on one day, as the history keeps it.

    Betas, tolerance and parts are decimals; NaN where unknown. ``parts`` are those of the change since the
    accepted proposal.
    """

    day: date
    etf: str
    beta: float
    low: float
    high: float
    target: float
    tolerance: float
    accepted: float
    verdict: str
    parts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))


class Records:
    """The records of one fund.

    Parameters
    ----------
    settings
        Whose ``records`` is the folder of all funds.
    fund
        The fund's name.

    """

    def __init__(self, settings: Settings, fund: str) -> None:
        self.fund = fund
        self.folder = settings.records / folder_name(fund)

    def accept(
        self,
        outcome: Outcome,
        orders: Orders | None,
        parameters: Mapping[str, Any],
        at: datetime | None = None,
    ) -> Accepted:
        """Keep a proposal with the snapshot of its inputs: both, or neither.

        Raises
        ------
        InputError
            If nothing is proposed, or values on sheets cannot be kept as files.
        Unwritable
            If the folder cannot be written.

        """
        found = self.acceptance(outcome, orders, parameters, at)
        keep(found.files, self.folder.parent)
        return found.accepted

    def acceptance(
        self,
        outcome: Outcome,
        orders: Orders | None,
        parameters: Mapping[str, Any],
        at: datetime | None = None,
    ) -> Acceptance:
        """Return a proposal as it is accepted, with the files that keep it; nothing is written."""
        if outcome.infeasible is not None:
            msg = f"There is no proposal to accept. {outcome.infeasible}"
            raise InputError(msg)
        stamp = at or now()
        snapshot = pack(raw_inputs_of(outcome.inputs, outcome.request), parameters)
        sha256 = digest(snapshot)
        # With the hash, two proposals of one second have names of their own.
        name = self.folder / "accepted" / f"{stamp:%Y-%m-%dT%H%M%SZ}-{sha256[:8]}"
        record = {"format": ACCEPTED, "version": VERSION, "at": stamp, "sha256": sha256}
        record |= _accepted_record(outcome, orders)
        file = name.with_suffix(".json")
        return Acceptance(
            _accepted(file, record | {"at": stamp.isoformat()}),
            {name.with_suffix(".zip"): snapshot, file: to_json(record).encode()},
        )

    def latest(self, etfs: Sequence[str] | None = None, before: date | None = None) -> Accepted | None:
        """Return the newest accepted proposal; None if there is none.

        Only one that was made against ETFs of these names, in any order, and whose holdings are of the day
        ``before`` or earlier, where these are given.
        """
        folder = self.folder / "accepted"
        for file in reversed([one for one in listed(folder) if one.suffix == ".json"]):
            found = _parsed(file, ACCEPTED, partial(_accepted, file))
            day = found.holdings.as_of
            if (etfs is None or set(found.etfs) == set(etfs)) and not (before and day and day > before):
                return found
        return None

    def readings(self) -> tuple[Reading, ...]:
        """Return the history, oldest first."""
        file = self.folder / "readings.json"
        if not file.is_file():
            return ()
        return _parsed(file, READINGS, lambda record: tuple(map(_reading, record["readings"])))

    def add(self, new: Sequence[Reading]) -> tuple[Reading, ...]:
        """Add readings to the history, in place of those of the same day and ETF; return all."""
        make_records_folder(self.folder, self.folder.parent)
        try:
            with file_lock(self.folder / "readings.lock", timeout=10):
                ordered, files = self.with_readings(new)
                keep(files, self.folder.parent)
        except TimeoutError:
            msg = "Another program is writing the history of this fund. Try again."
            raise Unwritable(msg) from None
        except OSError as error:  # of the lock: what is kept says it by itself
            reason = error.strerror or type(error).__name__
            msg = f"The history cannot be locked: {reason}. Set BETANEUTRAL_RECORDS to another folder."
            raise Unwritable(msg) from None
        return ordered

    def with_readings(self, new: Sequence[Reading]) -> tuple[tuple[Reading, ...], dict[Path, bytes]]:
        """Return the history with new readings, and the file that keeps it; nothing is written."""
        kept = {(one.day, one.etf): one for one in (*self.readings(), *new)}
        ordered = tuple(sorted(kept.values(), key=lambda one: (one.day, one.etf)))[-MAX_READINGS:]
        record = {
            "format": READINGS,
            "version": VERSION,
            "readings": [_reading_record(one) for one in ordered],
        }
        return ordered, {self.folder / "readings.json": to_json(record).encode()}


@dataclass(frozen=True, slots=True, eq=False)
class Acceptance:
    """An accepted proposal, and the files that keep it."""

    accepted: Accepted
    files: Mapping[Path, bytes] = field(repr=False)


def staged(files: Mapping[Path, bytes], records: Path) -> Staged:
    """Return files of the records written beside their places: to be committed, or left out."""
    for folder in {one.parent for one in files}:
        make_records_folder(folder, records)
    return Staged(files, private=True)


def keep(files: Mapping[Path, bytes], records: Path) -> None:
    """Write files of the records: all, or none."""
    with staged(files, records) as written:
        written.commit()


def after_orders(orders: Orders) -> Holdings:
    """Return the portfolio that orders lead to, in shares at the orders' prices; cost is paid in cash."""
    result, ticket = orders.result, orders.ticket
    before = result.aligned.holdings
    prices = dict(ticket.prices)
    if before.shares is not None and before.prices is not None:
        held = before.shares_of
        prices |= before.price_of
    else:
        weights = before.weight_of.items()
        held = {name: weight * ticket.nav / prices[name] for name, weight in weights if name in prices}
        lacking = [name for name in before.tickers if name not in prices]
        if lacking:
            return _in_weights(result, orders.weights, ticket.nav, orders.cash / ticket.nav)
    for one in orders.orders:
        held[one.ticker] = held.get(one.ticker, 0.0) + one.signed_shares
        prices.setdefault(one.ticker, one.price)
    names = [name for name, shares in held.items() if shares]
    return Holdings.from_positions(
        names,
        [held[name] for name in names],
        [prices[name] for name in names],
        before.fund,
        cash_value=orders.cash,
        nav=math.fsum(held[name] * prices[name] for name in names) + orders.cash,
        provenance=before.provenance,
    )


def _in_weights(result: Rebalance, weights: FloatArray, nav: float | None, cash: float) -> Holdings:
    """Return the portfolio of weights (N,), without those of zero."""
    kept = np.abs(weights) > 0.0
    return Holdings(
        fund=result.aligned.holdings.fund,
        tickers=tuple(np.array(result.tickers)[kept].tolist()),
        weights=weights[kept],
        provenance=result.aligned.holdings.provenance,
        nav=nav,
        cash=cash,
        leverage_stated=True,
    )


def _accepted_record(outcome: Outcome, orders: Orders | None) -> dict[str, Any]:
    result, mandate = outcome.result, outcome.request.mandate
    if orders is None:
        nav, cash = result.aligned.holdings.nav, result.after.cash
        holdings = _in_weights(result, result.new_weights, nav, cash)
    else:
        holdings = after_orders(orders)
    return {
        "fund": holdings.fund,
        "as_of": holdings.as_of,
        "etfs": list(result.etf_names),
        "betas": dict(result.after.beta if orders is None else orders.beta),
        "target": result.target_label,
        "method": str(result.method),
        "mandate": mandate.name if mandate else "",
        "nav": holdings.nav,
        "cash": holdings.cash,
        "tickers": list(holdings.tickers),
        "weights": holdings.weights.tolist(),
        "shares": None if holdings.shares is None else holdings.shares.tolist(),
        "prices": None if holdings.prices is None else holdings.prices.tolist(),
        "orders": [
            {"ticker": one.ticker, "side": str(one.side), "shares": one.shares, "price": one.price}
            for one in (() if orders is None else orders.orders)
        ],
    }


def _accepted(file: Path, record: Mapping[str, Any]) -> Accepted:
    day = record["as_of"]
    as_of = day if isinstance(day, date) or day is None else date.fromisoformat(day)
    at = datetime.fromisoformat(str(record["at"]))
    holdings = Holdings(
        fund=str(record["fund"]),
        tickers=tuple(map(str, record["tickers"])),
        weights=np.array(record["weights"], dtype=np.float64),
        provenance=Provenance(
            source="accepted proposal",
            location=file.name,
            retrieval=Provenance.given(0).retrieval,
            as_of=as_of,
            rows=len(record["tickers"]),
            fetched_at=at,
        ),
        shares=None if record["shares"] is None else np.array(record["shares"], dtype=np.float64),
        prices=None if record["prices"] is None else np.array(record["prices"], dtype=np.float64),
        nav=None if record["nav"] is None else float(record["nav"]),
        cash=float(record["cash"]),
        leverage_stated=True,
    )
    return Accepted(
        at=at,
        etfs=tuple(map(str, record["etfs"])),
        holdings=holdings,
        betas=MappingProxyType({str(name): float(beta) for name, beta in record["betas"].items()}),
        target=str(record["target"]),
        method=str(record["method"]),
        mandate=str(record["mandate"]),
        orders=tuple(
            Order(str(one["ticker"]), Side(one["side"]), _shares(one["shares"]), float(one["price"]))
            for one in record["orders"]
        ),
        snapshot=file.with_suffix(".zip"),
    )


def _shares(value: Any) -> float:
    number = float(value)
    return int(number) if number.is_integer() else number


_NUMBERS = ("beta", "low", "high", "target", "tolerance", "accepted")


def _reading(record: Mapping[str, Any]) -> Reading:
    numbers = {name: _number(record[name]) for name in _NUMBERS}
    return Reading(
        day=date.fromisoformat(record["day"]),
        etf=str(record["etf"]),
        verdict=str(record["verdict"]),
        parts={str(name): _number(one) for name, one in record["parts"].items()},
        **numbers,
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _reading_record(one: Reading) -> dict[str, Any]:
    numbers = {name: getattr(one, name) for name in _NUMBERS}
    return {"day": one.day, "etf": one.etf, "verdict": one.verdict, **numbers, "parts": dict(one.parts)}


def _parsed(file: Path, kind: str, parse: Callable[[Mapping[str, Any]], T]) -> T:
    """Return what a record of a kind means, or say which file is damaged."""
    found: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(read_bytes(file, MAX_RECORD))
    if not isinstance(found, dict) or (found.get("format"), found.get("version")) != (kind, VERSION):
        raise _damaged(file, "no such record")
    try:
        return parse(found)
    except (ValueError, TypeError, LookupError, AttributeError, BetaNeutralError) as error:
        raise _damaged(file, type(error).__name__) from None


def _damaged(file: Path, why: str) -> UnreadableFile:
    return UnreadableFile(
        f"The record {file.name} is damaged or of another version ({why}). Move it out of the folder "
        f"{file.parent.name}."
    )
