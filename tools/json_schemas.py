"""JSON Schemas of what the commands print with ``--json``, found from runs of many kinds.

The structure is that of the outputs themselves; what a key means is in ``MEANINGS``.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import sample

SAMPLE = ("--sample",)
TWO = ("--sample", "--etf", "demo", "second.csv")
REWEIGHT = ("--method", "reweight", "--lower=-2%", "--upper", "8%")

RUNS: dict[str, list[tuple[str, ...]]] = {
    "rebalance": [
        SAMPLE,
        TWO,
        (*SAMPLE, *REWEIGHT),
        (*TWO, *REWEIGHT),
        (*SAMPLE, "--market", "IWV"),
        ("--holdings", "fund.csv", "--etf", "JHAI.csv", "--covariance", "risk.csv", "--nav", "12000000"),
    ],
    "orders": [(*SAMPLE, "--order-prices", "demo"), (*SAMPLE, "--order-prices", "demo", "--trade", "etfs")],
    "compare": [SAMPLE, TWO, (*SAMPLE, "--long-only", "--upper", "4%")],
    "feasible": [SAMPLE, TWO, (*SAMPLE, "--long-only", "--upper", "4%"), (*SAMPLE, "--long-only")],
    "betas": [SAMPLE, TWO, ("--holdings", "fund.csv", "--etf", "JHAI.csv", "--covariance", "risk.csv")],
    "etf": [("demo",), ("second.csv",)],
}
"""Options of the runs of each command."""

MEANINGS = {
    "active_beta": "beta less that of the target",
    "alternatives": "the ways to the target, side by side",
    "answer": "the first page of the answer",
    "as_of": "day of the holdings",
    "beta_after": "predicted beta of the new weights, by ETF",
    "beta_before": "predicted beta of the portfolio, by ETF",
    "beta_of_weights": "predicted beta of the exact weights, by ETF",
    "betas": "a row for each held name",
    "binding": "limits that bind, with their shadow prices",
    "cash": "weight in no position",
    "cash_after": "cash after the orders, base currency",
    "cash_before": "cash of the portfolio before, in the unit of the one after",
    "checks": "what was recomputed before the result was shown: residual, limit, passed",
    "columns": "the file's header from which each field was read",
    "condition_number": "of the hedge system; 1 for one ETF",
    "constraints": "the limits in words",
    "cost": "cost of the trades",
    "coverage": "which names and how much of each ETF have risk data",
    "derivative_exposure": "exposure in swaps and futures, of net assets",
    "drift": "where the drift of the betas comes from",
    "effective_days": "days of returns behind the risk model",
    "etfs": "by ETF",
    "exposure": "exposure of the ETF, of net assets",
    "feasible": "whether the target can be reached",
    "fund": "name of the portfolio or ETF",
    "gross_exposure": "sum of absolute new weights",
    "hedge_ratio": "ETF to sell in units of net asset value, by ETF",
    "left_out": "trades that are too small to be ordered",
    "market": "the market leg; null without one",
    "method": "how the weights were changed",
    "nav": "net asset value, base currency",
    "net_exposure": "sum of the new weights",
    "objective": "what reweight minimised",
    "orders": "ticker, side, shares, price, notional",
    "portfolio_beta": "predicted beta of the portfolio, by ETF",
    "relaxations": "the smallest change of each limit that reaches the target",
    "sentence": "the answer in one sentence",
    "sources": "where each input came from, as of when, with its SHA-256",
    "target": "the target as requested",
    "tracking_error": "annual, of the new weights against the old",
    "turnover": "one-way: half the sum of absolute trades",
    "universe": "which names may be traded",
    "volatility_after": "annual, of the new weights",
    "volatility_before": "annual, of the portfolio",
    "warnings": "what a reader must know, one line each",
    "weights": "the aligned table, cash last; or ticker to weight",
}
"""What keys mean."""


def outputs(command: str, folder: Path) -> list[Any]:
    """Return what a command prints for each of its runs; files are read from a folder."""
    found = []
    for options in RUNS[command]:
        words = [str(folder / word) if word.endswith(".csv") else word for word in options]
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(io.StringIO()):
            main([command, *words, "--json"])
        if stream.getvalue():
            found.append(json.loads(stream.getvalue()))
    return found


def write_inputs(folder: Path) -> None:
    """Write the files that the runs name."""
    for name, content in sample.as_files().items():
        (folder / name).write_bytes(content)
    rows = "\n".join(f"{row.ticker},{row.weight}" for row in sample.load_etf().constituents[:12])
    (folder / "second.csv").write_text(f"ticker,weight\n{rows}\n", encoding="utf-8")


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each command's output."""
    return schemas_of(RUNS)


def schemas_of(commands: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the schemas of some commands' outputs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        return {command: _schema(command, outputs(command, folder)) for command in commands}


def _schema(command: str, values: list[Any]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"betaneutral-xl {command} --json",
        **_of(values),
    }


NAMES = frozenset({"JHAI", "second", "IWV", *sample.load_covariance().tickers, "VIA", "NTSK"})
"""Names of ETFs and of stocks, which are data and no keys."""


def _of(values: list[Any]) -> dict[str, Any]:
    """Return the schema of values that stand at one place."""
    kinds = sorted({_kind(value) for value in values})
    if {"integer", "number"} <= set(kinds):
        kinds.remove("integer")
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    items = [one for value in values if isinstance(value, list) for one in value]
    if items:
        schema["items"] = _of(items)
    records = [value for value in values if isinstance(value, dict)]
    return schema | _of_records(records) if records else schema


def _of_records(records: list[dict[str, Any]]) -> dict[str, Any]:
    named = [one for record in records for key, one in record.items() if key in NAMES]
    if named:
        return {"additionalProperties": _of(named)}
    keys = dict.fromkeys(key for record in records for key in record if not _per_etf(key))
    properties = {key: _of([record[key] for record in records if key in record]) for key in keys}
    for key, schema in properties.items():
        if key in MEANINGS:
            schema["description"] = MEANINGS[key]
    required = [key for key in keys if all(key in record for record in records)]
    patterns = {
        f"^{stem}_.+$": _of([one[key] for one in records for key in one if _per_etf(key) == stem])
        for stem in dict.fromkeys(filter(None, (_per_etf(key) for one in records for key in one)))
    }
    found: dict[str, Any] = {"properties": properties, "required": required}
    return {**found, "patternProperties": patterns} if patterns else found


def _per_etf(key: str) -> str:
    """Return what a key such as ``beta_JHAI`` is before the name of the ETF; empty for other keys."""
    return next((key.removesuffix(f"_{name}") for name in ("JHAI", "second") if key.endswith(f"_{name}")), "")


def _kind(value: Any) -> str:
    kinds: list[tuple[Any, str]] = [
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ]
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def rows(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return key, type and meaning of a schema's first level."""
    found = []
    for key, one in schema.get("properties", {}).items():
        kinds = one["type"] if isinstance(one["type"], list) else [one["type"]]
        by_name = " by name" if "additionalProperties" in one else ""
        found.append((key, " or ".join(kinds) + by_name, one.get("description", "")))
    return found
