from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.job import sample
from betaneutral_xl.job.snapshot import pack, read_snapshot
from betaneutral_xl.network.stand_in import Api, Fault, StandIn


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Run the stand-in with the sample, and point the settings to it."""
    served = Api.of_files(sample.read(sample.HOLDINGS), sample.read(sample.COVARIANCE))
    with StandIn(served) as stand_in:
        monkeypatch.setenv("BETANEUTRAL_API_URL", stand_in.url)
        monkeypatch.setenv("BETANEUTRAL_TOKEN", "demo")
        yield stand_in


@pytest.fixture
def etf(tmp_path: Path) -> str:
    path = tmp_path / "JHAI.csv"
    path.write_bytes(sample.read(sample.ETF))
    return str(path)


def json_of(capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    assert main([*options, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def without_sources(record: Any) -> Any:
    """Return a record without the provenance of its inputs."""
    if not isinstance(record, dict):
        return record
    return {key: without_sources(value) for key, value in record.items() if key != "sources"}


def test_a_run_over_the_network_is_repeated_without_it(
    api: StandIn, etf: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "run.zip")
    options = ["--fund", "quant_paper", "--date", "2025-11-18", "--etf", etf]
    problem = ["--method", "reweight", "--target", "IWV", "--upper", "9%", "--upper", "NVDA=20%"]
    first = json_of(capsys, "rebalance", *options, *problem, "--snapshot", file)
    api.close()
    again = json_of(capsys, "rebalance", "--from-snapshot", file)
    assert {source["retrieval"] for source in again["sources"]} == {"snapshot"}
    for source, then in zip(again["sources"], first["sources"], strict=True):
        source["retrieval"] = then["retrieval"]
    assert again["sources"] == first["sources"]
    assert without_sources(again) == without_sources(first)
    assert b"demo" not in (tmp_path / "run.zip").read_bytes()
    assert str(tmp_path).encode() not in (tmp_path / "run.zip").read_bytes()


KERNELS = {"Prescott", "Nehalem", "Haswell", "Zen", "SkylakeX"}
"""Kernels of OpenBLAS on x86-64; every such processor can run Prescott's."""

PROBLEMS = {
    "hedge": ["--target", "IWV"],
    "reweight": ["--target", "IWV", "--upper", "9%"],
    "least_squares": [],
    "fewest_trades": [],
}

MEASURED = (
    *("beta_before", "beta_after", "beta_error_after", "volatility_after", "tracking_error", "turnover"),
    *("gross_exposure", "net_exposure", "cash", "hedge_ratio"),
)


def numbers(record: Any) -> list[float]:
    """Return the weights, betas and measures that a snapshot reproduces."""
    rows = [value for row in record["weights"] for value in row.values()]
    values = [*rows, *(one for name in MEASURED for one in plain(record[name]))]
    return [float(one) for one in values if isinstance(one, (int, float))]


def plain(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [one for part in value.values() for one in plain(part)]
    return list(value) if isinstance(value, list) else [value]


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="the kernels are those of x86-64")
@pytest.mark.parametrize("method", PROBLEMS)
def test_a_snapshot_is_repeated_to_1e_12_on_another_processor(
    method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "run.zip")
    options = ["--method", method, *PROBLEMS[method]]
    here = numbers(json_of(capsys, "rebalance", "--sample", *options, "--snapshot", file))
    assert len(here) > 100
    code = (
        "import json, sys; from threadpoolctl import threadpool_info; import numpy, scipy.linalg;"
        "print(json.dumps([one.get('architecture') for one in threadpool_info()]), file=sys.stderr);"
        "from betaneutral_xl.hosts.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    for kernel in ("Prescott", "Haswell"):
        done = subprocess.run(  # noqa: S603 - this Python, on a file of ours
            [sys.executable, "-c", code, "rebalance", "--from-snapshot", file, "--json"],
            env={**os.environ, "OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        there = numbers(json.loads(done.stdout))
        assert there == pytest.approx(here, rel=0.0, abs=1e-12)
        used = set(json.loads(done.stderr.splitlines()[0])) & KERNELS
        if kernel == "Prescott" and used:  # every processor can run it
            assert used == {"Prescott"}


def test_the_command_and_the_option_save_the_same(
    etf: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    options = ["--sample", "--method", "least-squares", "--target", "0.2"]
    json_of(capsys, "rebalance", *options, "--snapshot", str(one))
    shown = json_of(capsys, "snapshot", str(two), *options)
    assert shown["parameters"] == {
        "method": "least-squares",
        "target": ["0.2"],
        "objective": "stable",
        "on_missing": "error",
        "etf_on_missing": "drop",
    }
    assert [row["name"] for row in shown["inputs"]] == ["holdings.json", "JHAI_sample.csv", "covariance.csv"]
    assert [a.content for a in read_snapshot(one).raw_inputs] == [
        b.content for b in read_snapshot(two).raw_inputs
    ]
    first, second = (json_of(capsys, "rebalance", "--from-snapshot", str(file)) for file in (one, two))
    assert without_sources(first) == without_sources(second)


def test_options_override_the_parameters_of_a_snapshot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "run.zip")
    json_of(capsys, "snapshot", file, "--sample", "--method", "reweight", "--target", "IWV")
    plain = json_of(capsys, "rebalance", "--sample", "--method", "hedge", "--target", "0.1")
    other = json_of(capsys, "rebalance", "--from-snapshot", file, "--method", "hedge", "--target", "0.1")
    assert without_sources(other) == without_sources(plain)


def test_a_snapshot_of_a_snapshot_keeps_its_parameters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = str(tmp_path / "first.zip"), str(tmp_path / "second.zip")
    limits = tmp_path / "limits.toml"
    limits.write_text('long_only = false\nupper = {"*" = 0.09}\n', encoding="utf-8")
    one = json_of(capsys, "snapshot", first, "--sample", "--method", "reweight", "--constraints", str(limits))
    limits.unlink()
    two = json_of(capsys, "snapshot", second, "--from-snapshot", first)
    assert two["parameters"] == one["parameters"]
    assert two["parameters"]["long_only"] is False
    assert two["parameters"]["upper"] == {"*": 0.09}


def test_limits_on_the_hedge_ratios_are_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "run.zip")
    problem = ["--leg-limit", "0.3", "--ridge", "0.05", "--sell-only"]
    first = json_of(capsys, "rebalance", "--sample", *problem, "--snapshot", file)
    assert without_sources(json_of(capsys, "rebalance", "--from-snapshot", file)) == without_sources(first)
    kept = read_snapshot(file).parameters
    assert [kept[name] for name in ("ridge", "leg_limit", "sell_only")] == ["0.05", "0.3", True]


def test_betas_can_be_shown_from_a_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "run.zip")
    json_of(capsys, "snapshot", file, "--sample")
    assert json_of(capsys, "betas", "--from-snapshot", file) == json_of(capsys, "betas", "--sample")


def test_show_lists_the_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "run.zip")
    assert main(["snapshot", file, "--sample", "--method", "reweight"]) == 0
    written = capsys.readouterr().out
    assert main(["snapshot", file, "--show"]) == 0
    shown = capsys.readouterr().out
    assert shown == written
    lines = shown.splitlines()
    assert lines[1].startswith("holdings.json    embedded sample  2025-11-18  20")
    assert lines[4] == "parameters: method reweight, objective stable, on_missing error, etf_on_missing drop"
    assert lines[-1] == "Repeat it: betaneutral-xl rebalance --from-snapshot run.zip"


def test_csv_has_a_row_an_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", str(tmp_path / "run.zip"), "--sample", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name,read_as,source,location,as_of,fetched_at,bytes,sha256"
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--sample", "--holdings", "x.csv"],
            "--from-snapshot has all inputs, so --holdings, --sample cannot be given with it.",
        ),
        (["--refresh"], "--from-snapshot has all inputs, so --refresh cannot be given with it."),
    ],
)
def test_a_source_option_with_a_snapshot_is_refused(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "run.zip")
    json_of(capsys, "snapshot", file, "--sample")
    assert main(["rebalance", "--from-snapshot", file, *options]) == 2
    assert capsys.readouterr().err == f"betaneutral-xl: {message}\n"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"method": "magic"}, "There is no method 'magic'"),
        ({"on_missing": "zero"}, "There is no policy on_missing 'zero'"),
        ({"constraints": {"hope": 1}}, "There is no option 'hope'"),
        ({"constraints": [1]}, "There is no option 'constraints'"),
        ({"target": 50}, "The target is 50"),
        ({"target": [[5]]}, "The target is [5]"),
        ({"method": 5}, "There is no method '5'"),
        ({"legs": {"ridge": "much"}}, "ridge of the legs is 'much'"),
        ({"legs": {"arms": 2.0}}, "There is no option 'arms'"),
        ({"hope": "much"}, "The snapshot run.zip has options that cannot be used"),
    ],
)
def test_invalid_parameters_are_refused(
    parameters: dict[str, Any], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.zip"
    json_of(capsys, "snapshot", str(file), "--sample")
    file.write_bytes(pack(read_snapshot(file).raw_inputs, parameters))
    assert main(["rebalance", "--from-snapshot", str(file)]) == 2
    assert words in capsys.readouterr().err


def test_a_snapshot_without_a_risk_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.zip"
    json_of(capsys, "snapshot", str(file), "--sample")
    file.write_bytes(pack(read_snapshot(file).raw_inputs[:2], {}))
    assert main(["rebalance", "--from-snapshot", str(file)]) == 2
    assert capsys.readouterr().err == (
        "betaneutral-xl: The snapshot run.zip has 1 portfolios, 1 ETFs and 0 risk models; "
        "a run needs one portfolio, at least one ETF and one risk model.\n"
    )


def test_an_unsolvable_run_leaves_no_snapshot(tmp_path: Path) -> None:
    file = tmp_path / "run.zip"
    assert main(["snapshot", str(file), "--sample", "--method", "scaled", "--target", "1"]) == 2
    assert not file.exists()


def test_the_network_options_reach_the_client(
    api: StandIn, etf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["rebalance", "--fund", "quant_paper", "--date", "2025-11-18", "--etf", etf]
    first = json_of(capsys, *options)
    requests = len(api.requested)
    json_of(capsys, *options)
    assert len(api.requested) == requests
    json_of(capsys, *options, "--refresh")
    assert len(api.requested) == 2 * requests
    api.fail(Fault.HTML)
    assert main([*options, "--refresh"]) == 3
    assert capsys.readouterr().err.endswith("seconds old: --allow-stale.\n")
    stale = json_of(capsys, *options, "--refresh", "--allow-stale")
    assert stale["weights"] == first["weights"]
    assert sum("Used instead for" in line for line in stale["warnings"]) == 3
