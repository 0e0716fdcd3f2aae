"""Portfolio, ETFs and risk model on one list of tickers, with what each of them lacks said.

A left join would drop names without a word, and a fill with zero would call an unknown stock
riskless. Here the list is the sorted union, and a name without risk data is *uncovered*: it
keeps its weight, has no beta, is not traded, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from betaneutral_xl.arrays import BoolArray, FloatArray, positions_of, read_only
from betaneutral_xl.errors import InputError, UncoveredRisk, listing
from betaneutral_xl.tickers import is_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from betaneutral_xl.portfolio import Etf, Holdings
    from betaneutral_xl.risk import Covariance


class OnMissing(StrEnum):
    """What to do with a name that the risk model does not cover."""

    ERROR = "error"
    DROP = "drop"
    RESCALE = "rescale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """The names of one table that the risk model lacks, and the weight they had there."""

    tickers: tuple[str, ...] = ()
    weight: float = 0.0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.tickers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the risk model covers of the portfolio and of each ETF, and what was done about it."""

    names: int
    covered: int
    held: Uncovered
    etfs: Mapping[str, Uncovered]
    on_missing: OnMissing
    etf_on_missing: OnMissing

    def sentences(self) -> tuple[str, ...]:
        """Say what is not covered, one line each; nothing if all is."""
        lines = []
        if self.held:
            lines.append(
                f"No risk data for held {listing(self.held.tickers)} (weight {self.held.weight:.4%}): "
                "left as they are, and in no beta or volatility below."
            )
        for name, gap in self.etfs.items():
            if gap:
                done = (
                    "the rest is rescaled to the same total"
                    if self.etf_on_missing is OnMissing.RESCALE
                    else "dropped, the rest is not rescaled"
                )
                lines.append(
                    f"No risk data for {listing(gap.tickers)} of ETF {name} "
                    f"(weight {gap.weight:.4%}): {done}."
                )
        return tuple(lines)


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """One list of tickers, and everything on it.

    Attributes
    ----------
    tickers
        N tickers, the sorted union of portfolio and ETFs.
    covered
        Shape (N,): whether the risk model has the name.
    weights
        w, shape (N,), the portfolio.
    etf_names
        K names.
    etf_weights
        F, shape (N, K), the ETFs' weights. Uncovered names keep what the ETF prints, but enter no
        calculation: that sees ``covered_etf_weights`` only.
    covariance
        V of the covered names, in the order of ``tickers[covered]``.
    risk_model
        The whole risk model, for benchmarks that are in neither table.
    coverage
        What is covered and what was done about the rest.

    """

    holdings: Holdings
    etfs: tuple[Etf, ...]
    tickers: tuple[str, ...]
    covered: BoolArray
    weights: FloatArray
    etf_weights: FloatArray
    covariance: Covariance
    risk_model: Covariance
    coverage: Coverage

    @property
    def etf_names(self) -> tuple[str, ...]:
        """The K ETFs' names."""
        return tuple(etf.name for etf in self.etfs)

    @property
    def covered_weights(self) -> FloatArray:
        """The weights w of the covered names, shape (n,)."""
        return self.weights[self.covered]

    @property
    def covered_etf_weights(self) -> FloatArray:
        """The ETF weights F of the covered names, shape (n, K)."""
        return self.etf_weights[self.covered]

    @property
    def covered_tickers(self) -> tuple[str, ...]:
        """The n names that have risk data."""
        return self.covariance.tickers

    def spread(self, values: FloatArray, elsewhere: FloatArray | float) -> FloatArray:
        """Put values of the n covered names on the list of all N, with others elsewhere."""
        shape = (len(self.tickers), *values.shape[1:])
        full = np.array(np.broadcast_to(np.asarray(elsewhere, dtype=np.float64), shape))
        full[self.covered] = values
        return read_only(full)


def align(
    holdings: Holdings,
    etfs: Sequence[Etf],
    covariance: Covariance,
    on_missing: OnMissing = OnMissing.ERROR,
    etf_on_missing: OnMissing = OnMissing.DROP,
) -> Aligned:
    """Put a portfolio, K ETFs and a risk model on the sorted union of their names.

    Parameters
    ----------
    holdings
        The portfolio.
    etfs
        One or several ETFs, each name once.
    covariance
        The risk model; it may cover more names, and less.
    on_missing
        For held names without risk data: ``error``, or ``drop`` them from the risk calculation
        (they keep their weight).
    etf_on_missing
        For ETF names without risk data: ``drop`` them with their weight reported, ``rescale``
        the rest to the same total, or ``error``.

    Raises
    ------
    UncoveredRisk
        If names lack risk data and the policy is ``error``, or the portfolio or an ETF is not
        covered at all.
    InputError
        If two ETFs have one name, or there is none.

    """
    names = [etf.name for etf in etfs]
    if not etfs or len(set(names)) != len(names):
        msg = f"Give one or several ETFs, each with its own name (given: {', '.join(names) or 'none'})."
        raise InputError(msg)
    if on_missing is OnMissing.RESCALE:
        msg = "A portfolio is not rescaled for a name without risk data. Choose error or drop."
        raise InputError(msg)
    tickers = tuple(sorted(set(chain(holdings.tickers, *(etf.tickers for etf in etfs)))))
    known = set(covariance.tickers)
    covered = np.fromiter((t in known for t in tickers), dtype=np.bool_, count=len(tickers))

    held = _uncovered(holdings.tickers, holdings.weights, known)
    contracts = [ticker for ticker in held.tickers if is_option(ticker)]
    if contracts and on_missing is OnMissing.ERROR:
        others = [ticker for ticker in held.tickers if ticker not in set(contracts)]
        besides = f" No row either for {listing(others)}." if others else ""
        msg = (
            f"Options have no risk data of their own: {listing(contracts)}.{besides} Remove them, "
            "or choose to go on without their risk (on-missing drop)."
        )
        raise UncoveredRisk(msg, tickers=held.tickers)
    if held and on_missing is OnMissing.ERROR:
        msg = (
            f"The covariance has no row for {len(held.tickers)} of {len(holdings.tickers)} holdings: "
            f"{listing(held.tickers)} (weight {held.weight:.2%}). Refresh the matrix, or choose to "
            "go on without their risk (on-missing drop)."
        )
        raise UncoveredRisk(msg, tickers=held.tickers)

    weights = np.zeros(len(tickers))
    weights[positions_of(holdings.tickers, tickers)] = holdings.weights
    if held and not weights[covered].any():
        msg = (
            f"The covariance covers nothing that {holdings.fund} holds ({len(holdings.tickers)} names). "
            "Check that the matrix and the holdings belong together."
        )
        raise UncoveredRisk(msg, tickers=held.tickers)

    columns, gaps = [], {}
    for etf in etfs:
        gap = _uncovered(etf.tickers, etf.weights, known)
        gaps[etf.name] = gap
        columns.append(_basket(etf, gap, tickers, covered, etf_on_missing))

    return Aligned(
        holdings=holdings,
        etfs=tuple(etfs),
        tickers=tickers,
        covered=covered,
        weights=read_only(weights),
        etf_weights=read_only(np.column_stack(columns)),
        covariance=covariance.select([t for t in tickers if t in known]),
        risk_model=covariance,
        coverage=Coverage(
            names=len(tickers),
            covered=int(covered.sum()),
            held=held,
            etfs=MappingProxyType(gaps),
            on_missing=on_missing,
            etf_on_missing=etf_on_missing,
        ),
    )


def _uncovered(tickers: Sequence[str], weights: FloatArray, known: set[str]) -> Uncovered:
    absent = [i for i, ticker in enumerate(tickers) if ticker not in known]
    return Uncovered(tickers=tuple(tickers[i] for i in absent), weight=float(sum(weights[i] for i in absent)))


def _basket(
    etf: Etf, gap: Uncovered, tickers: Sequence[str], covered: BoolArray, policy: OnMissing
) -> FloatArray:
    column = np.zeros(len(tickers))
    column[positions_of(etf.tickers, tickers)] = etf.weights
    if gap and policy is OnMissing.ERROR:
        msg = (
            f"The covariance has no row for {len(gap.tickers)} of {len(etf.tickers)} names of ETF "
            f"{etf.name}: {listing(gap.tickers)} (weight {gap.weight:.2%}). Refresh the matrix, or "
            "let them be dropped."
        )
        raise UncoveredRisk(msg, tickers=gap.tickers)
    if not column[covered].any():
        msg = (
            f"The covariance covers no name of ETF {etf.name} ({len(etf.tickers)} names). "
            "Check that the matrix and the ETF belong together."
        )
        raise UncoveredRisk(msg, tickers=gap.tickers)
    if gap and policy is OnMissing.RESCALE:
        column[covered] *= float(etf.weights.sum()) / float(column[covered].sum())
    return column
