"""Results of every kind, for the tests of the report."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pytest

from betaneutral_xl.engine.compare import compare
from betaneutral_xl.engine.hedging import Legs
from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.engine.orders import Ticket, make_orders
from betaneutral_xl.engine.result import Method, Rebalance
from betaneutral_xl.errors import Infeasible
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.portfolio import AssetClass, Constituent, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.risk import Covariance, Factors
from betaneutral_xl.report import Contents, Realised, build_html, build_workbook

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

STAMP = datetime(2025, 11, 18, 12, 0, tzinfo=UTC)


def contents_of(result: Rebalance, command: str = "", written_at: datetime = STAMP, **known: Any) -> Contents:
    """Return what a report shows; of what is not feasible, the portfolio as it is."""
    shown = result if known.get("infeasible") is None else result.unchanged()
    return Contents(result=shown, command=command, written_at=written_at, **known)


def build_report(result: Rebalance, command: str = "", written_at: datetime = STAMP, **known: Any) -> bytes:
    """Return the workbook of a result."""
    return build_workbook(contents_of(result, command, written_at, **known))


def build_page(result: Rebalance, command: str = "", written_at: datetime = STAMP, **known: Any) -> bytes:
    """Return the web page of a result."""
    return build_html(contents_of(result, command, written_at, **known))


@dataclass(frozen=True)
class Problem:
    """A result and the optional sections of its report."""

    result: Rebalance
    options: dict[str, Any] = field(default_factory=dict)

    def build(self) -> bytes:
        """Return the workbook."""
        return build_report(self.result, "betaneutral-xl report --sample", STAMP, **self.options)


def origin(name: str, rows: int) -> Provenance:
    """Return a provenance that does not depend on the clock."""
    return Provenance(
        source="test",
        location=name,
        retrieval=Retrieval.FILE,
        as_of=date(2025, 11, 18),
        rows=rows,
        sha256="ab" * 32,
        fetched_at=STAMP,
    )


def market(n: int = 40, factors: int = 4, etfs: int = 2, *, dense: bool = True, seed: int = 0) -> Any:
    """Return a random portfolio in shares, ETFs and a factor model; two of the names are uncovered."""
    rng = np.random.default_rng(seed)
    tickers = [f"T{i:04d}" for i in range(n)]
    loadings = 0.05 * rng.standard_normal((n, factors))
    loadings[:, 0] = 0.2 + 0.05 * rng.random(n)
    form = Factors(loadings, 0.01 + 0.05 * rng.random(n))
    if dense:
        risk = Covariance.from_matrix(tickers, form.dense(), origin("risk.csv", n), effective_days=101.5)
    else:
        risk = Covariance(tuple(tickers), form, origin("risk.csv", n), 101.5, seen=0.5 + 0.5 * rng.random(n))
    held = [tickers[i] for i in rng.choice(n, n // 2, replace=False)]
    holdings = Holdings.from_positions(
        [*held, "NODATA"],
        rng.integers(10, 1000, len(held) + 1).tolist(),
        (10.0 + 90.0 * rng.random(len(held) + 1)).tolist(),
        "book",
        cash_value=12_345.67,
        provenance=origin("book.csv", len(held) + 1),
    )
    baskets = []
    for number in range(etfs):
        names = rng.choice(n, n // 2, replace=False)
        weights = 0.97 * rng.dirichlet(np.ones(len(names)))
        rows = {tickers[i]: float(w) for i, w in zip(names, weights, strict=True)} | {"UNKNOWN": 0.03}
        baskets.append(Etf.from_weights(rows, f"ETF{number}", origin(f"etf{number}.csv", len(rows))))
    return holdings, baskets, risk


def hedged_with_everything() -> Problem:
    """Return a hedge with all sheets."""
    holdings, etfs, risk = market()
    result = neutralise(Question(holdings, etfs, risk, on_missing=OnMissing.DROP))
    alternatives = compare(
        Question(holdings, etfs, risk, constraints=Constraints(cost_bp=5.0), on_missing=OnMissing.DROP),
        benchmark="T0001",
    )
    assert holdings.nav is not None
    prices = {ticker: 10.0 + i for i, ticker in enumerate(result.tickers)}
    orders = make_orders(result, Ticket(prices=prices, nav=holdings.nav, min_notional=500.0, cost_bp=3.0))
    days = tuple(date(2025, month, 28) for month in range(1, 13))
    realised = tuple(
        Realised(
            label=label,
            etf="ETF0",
            dates=days,
            beta=level + 0.05 * np.sin(np.arange(12)),
            error=np.full(12, 0.08),
        )
        for label, level in (("unhedged", 1.0), ("hedge", 0.0))
    )
    return Problem(
        result,
        {
            "alternatives": alternatives,
            "orders": orders,
            "realised": realised,
            "snapshot": "run.zip",
        },
    )


def nothing_feasible() -> Problem:
    """Return the report of a target that no weights within the limits attain."""
    holdings, etfs, risk = market()
    request: dict[str, Any] = {
        "method": Method.REWEIGHT,
        "constraints": Constraints(long_only=True, upper={"*": 0.1}),
    }
    with pytest.raises(Infeasible) as refusal:
        neutralise(Question(holdings, etfs, risk, on_missing=OnMissing.DROP, **request))
    ways = compare(
        Question(holdings, etfs, risk, constraints=request["constraints"], on_missing=OnMissing.DROP)
    )
    options = {"alternatives": ways, "infeasible": refusal.value.reachable}
    kept = neutralise(Question(holdings, etfs, risk, on_missing=OnMissing.DROP)).unchanged()
    return Problem(replace(kept, **request), options)


def factors_with_a_benchmark() -> Problem:
    """Return a reweighting in factor form, names observed on different days, with a ticker as target."""
    holdings, etfs, risk = market(dense=False, etfs=3)
    alternatives = compare(Question(holdings, etfs, risk, target="T0003", on_missing=OnMissing.DROP))
    result = neutralise(
        Question(holdings, etfs, risk, target="T0003", method=Method.REWEIGHT, on_missing=OnMissing.DROP)
    )
    return Problem(result, {"alternatives": alternatives})


def rescaled_scaled() -> Problem:
    """Return the notebook's formula on an ETF rescaled to its names with risk data."""
    holdings, etfs, risk = market(etfs=1)
    return Problem(
        neutralise(
            Question(
                holdings,
                etfs,
                risk,
                method=Method.SCALED,
                on_missing=OnMissing.DROP,
                etf_on_missing=OnMissing.RESCALE,
            )
        )
    )


def with_own_row(risk: Covariance, etf: Etf, name: str, noise: float) -> tuple[Covariance, Etf]:
    """Return the risk model with a row for the ETF: its basket plus noise."""
    basket = np.zeros(len(risk.tickers))
    for ticker, weight in zip(etf.tickers, etf.weights, strict=True):
        if ticker in risk.tickers:
            basket[risk.tickers.index(ticker)] = 1.05 * weight
    matrix = risk.form.dense()
    shared = matrix @ basket
    corner = np.array([[basket @ shared + noise]])
    wider = np.block([[matrix, shared[:, None]], [shared[None, :], corner]])
    named = Etf(name, etf.constituents, etf.provenance)
    model = Covariance.from_matrix(
        [*risk.tickers, name], wider, risk.provenance, effective_days=risk.effective_days
    )
    return model, named


def own_row_of_an_etf() -> Problem:
    """Return a hedge to an ETF that is a row of the risk model, with a ticker as target."""
    holdings, (etf,), risk = market(etfs=1)
    risk, etf = with_own_row(risk, etf, "XAI", 0.001)
    request: Any = {"target": "T0003", "on_missing": OnMissing.DROP}
    ways = compare(Question(holdings, [etf], risk, **request))
    return Problem(neutralise(Question(holdings, [etf], risk, **request)), {"alternatives": ways})


def own_rows_of_two_of_three_etfs() -> Problem:
    """Return a hedge to three ETFs, two of them rows of the risk model, and one with swaps."""
    holdings, etfs, risk = market(etfs=3)
    risk, etfs[0] = with_own_row(risk, etfs[0], "XAI", 0.001)
    risk, etfs[2] = with_own_row(risk, etfs[2], "YAI", 0.002)
    swap = Constituent(
        ticker="",
        weight=0.0,
        name="INDEX SWAP",
        asset_class=AssetClass.DERIVATIVE,
        exposure=1.2,
        moves_as_basket=True,
    )
    etfs[1] = Etf("TWOX", (*etfs[1].constituents, swap), etfs[1].provenance)
    ways = compare(Question(holdings, etfs, risk, on_missing=OnMissing.DROP))
    return Problem(
        neutralise(Question(holdings, etfs, risk, on_missing=OnMissing.DROP)), {"alternatives": ways}
    )


def legs_and_a_range() -> Problem:
    """Return a hedge with limited legs, of weights without shares."""
    holdings, etfs, risk = market()
    plain = Holdings.from_weights(
        {t: float(w) for t, w in zip(holdings.tickers, holdings.weights, strict=True)}, "weights only"
    )
    return Problem(
        neutralise(
            Question(
                plain,
                etfs,
                risk,
                target={"ETF0": 0.1, "ETF1": "T0002"},
                legs=Legs(limit=0.4),
                on_missing=OnMissing.DROP,
            )
        )
    )


def too_large_a_model() -> Problem:
    """Return a hedge with a risk model that is too large for a sheet."""
    holdings, etfs, risk = market(n=520, etfs=1)
    return Problem(neutralise(Question(holdings, etfs, risk, on_missing=OnMissing.DROP)))


def nothing_to_do() -> Problem:
    """Return a portfolio that is already neutral, without effective days."""
    risk = Covariance.from_matrix(["A", "B"], np.diag([0.04, 0.09]))
    return Problem(
        neutralise(
            Question(Holdings.from_weights({"B": 1.0}), [Etf.from_weights({"A": 1.0}, name="X")], risk)
        )
    )


PROBLEMS: tuple[Callable[[], Problem], ...] = (
    hedged_with_everything,
    nothing_feasible,
    factors_with_a_benchmark,
    rescaled_scaled,
    own_row_of_an_etf,
    own_rows_of_two_of_three_etfs,
    legs_and_a_range,
    too_large_a_model,
    nothing_to_do,
)


def load(content: bytes | Path, *, values: bool) -> Workbook:
    """Open a workbook for its values, or for its formulas."""
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    return openpyxl.load_workbook(source, data_only=values)


ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""


@dataclass(frozen=True)
class LibreOffice:
    """A headless LibreOffice with its own profile that recalculates every formula on loading."""

    command: str
    profile: Path

    def convert(self, file: Path, to: str, folder: Path) -> Path:
        """Convert a file and return the new one."""
        registry = self.profile / "user" / "registrymodifications.xcu"
        if not registry.exists():
            registry.parent.mkdir(parents=True)
            registry.write_text(ALWAYS_RECALCULATE, encoding="utf-8")
        profile = f"-env:UserInstallation={self.profile.as_uri()}"
        subprocess.run(  # noqa: S603 - found on the path, our own files
            [self.command, profile, "--headless", "--convert-to", to, "--outdir", str(folder), str(file)],
            check=True,
            capture_output=True,
            timeout=180,
        )
        return folder / f"{file.stem}.{to.partition(':')[0]}"

    def recalculate(self, content: bytes, folder: Path) -> Path:
        """Return the path of a workbook recalculated and saved by LibreOffice."""
        file = folder / "report.xlsx"
        file.write_bytes(content)
        return self.convert(file, "xlsx:Calc MS Excel 2007 XML", folder / "calculated")
