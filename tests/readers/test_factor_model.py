from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from betaneutral_xl.errors import (
    DuplicateTicker,
    InputError,
    MissingValue,
    NotPositiveSemidefinite,
    UnreadableFile,
)
from betaneutral_xl.job.inputs import covariance_file, read
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.factor_model import Units, factor_model
from betaneutral_xl.model.risk import Covariance, Factors

X = np.array([[1.0, 0.5], [0.8, -0.2], [1.2, 0.0]])
F = np.array([[0.04, 0.01], [0.01, 0.02]])
RISK = np.array([0.2, 0.3, 0.25])
EXPOSURES = "ticker,market,value\nAAA,1,0.5\nBRK/B,0.8,-0.2\nCCC,1.2,0\n"
FACTORS = "factor,value,market\nvalue,0.02,0.01\nmarket,0.01,0.04\n"
SPECIFIC = "ticker,specific_risk\nCCC,0.25\nAAA,0.2\nBRK B,0.3\n"


def loaded(folder: Path, *texts: str) -> Covariance:
    """Return the factor model of three tables in a folder."""
    for name, text in zip(("exposures", "factor_covariance", "specific_risk"), texts, strict=True):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return read(covariance_file(folder), Covariance).value


def test_a_factor_model_is_expanded_only_on_demand() -> None:
    covariance = factor_model(["AAA", "BRK-B", "CCC"], X, F, RISK)
    assert isinstance(covariance.form, Factors)
    assert covariance.form.dense() == pytest.approx(X @ F @ X.T + np.diag(RISK**2), rel=1e-12)
    assert covariance.effective_days is None


def test_tables_are_aligned_by_label_not_by_position(tmp_path: Path) -> None:
    covariance = loaded(tmp_path, EXPOSURES, FACTORS, SPECIFIC)
    assert covariance.tickers == ("AAA", "BRK.B", "CCC")
    assert covariance.form.dense() == pytest.approx(X @ F @ X.T + np.diag(RISK**2), rel=1e-12)
    assert covariance.provenance.location == tmp_path.name


@pytest.mark.parametrize("header", ["specific_variance", "spec_var", "Residual Variance"])
def test_specific_variances_are_read_as_that_by_their_header(header: str, tmp_path: Path) -> None:
    squared = f"ticker,{header}\nCCC,0.0625\nAAA,0.04\nBRK B,0.09\n"
    covariance = loaded(tmp_path, EXPOSURES, FACTORS, squared)
    assert covariance.form.dense() == pytest.approx(X @ F @ X.T + np.diag(RISK**2), rel=1e-12)


def test_a_specific_risk_in_another_unit_than_the_factors_is_refused(tmp_path: Path) -> None:
    percent = "factor,value,market\nvalue,200,100\nmarket,100,400\n"
    with pytest.raises(InputError, match="one is in percent and the other in decimals"):
        loaded(tmp_path, EXPOSURES, percent, SPECIFIC)


def test_a_specific_risk_that_may_be_a_variance_is_told() -> None:
    made = factor_model(["A", "B", "C"], X, F, RISK**2)
    assert any("check that it is annual volatilities, not variances" in line for line in made.warnings)
    assert factor_model(["A", "B", "C"], X, F, RISK).warnings == ()


@pytest.mark.parametrize("per_year", [12.0, 52.0, 252.0])
def test_factors_of_a_shorter_period_than_the_specific_risk_are_told(per_year: float) -> None:
    (line,) = factor_model(["A", "B", "C"], X, F / per_year, RISK).warnings
    assert "check that the factor covariance is annual" in line


def test_a_specific_risk_of_zero_is_told() -> None:
    (line,) = factor_model(["A", "B", "C"], X, F, [0.2, 0.0, 0.25]).warnings
    assert line.startswith("The specific risk is zero for B, as of no share")


def test_a_volatility_that_no_share_has_is_refused() -> None:
    with pytest.raises(InputError, match=r"specific risk of B in .* a volatility of 2,500% a year"):
        factor_model(["A", "B", "C"], X, F, [0.2, 25.0, 0.25])


def test_a_factor_covariance_that_is_not_symmetric_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        NotPositiveSemidefinite, match=r"not symmetric: .* 0\.01 one way and 0\.015 the other"
    ):
        loaded(tmp_path, EXPOSURES, FACTORS.replace("0.02,0.01", "0.02,0.015"), SPECIFIC)


def test_a_daily_factor_model_is_not_called_one_in_percent() -> None:
    with pytest.raises(InputError, match="multiply variances by 252"):
        factor_model(["A", "B", "C"], X, F / 252.0, RISK / np.sqrt(252.0))


def test_percent_squared_is_read_only_with_its_unit() -> None:
    percent = factor_model(["A", "B", "C"], X, F * 1e4, RISK * 100, units=Units.PERCENT)
    assert percent.form.dense() == pytest.approx(X @ F @ X.T + np.diag(RISK**2), rel=1e-12)
    with pytest.raises(InputError, match="percent squared"):
        factor_model(["A", "B", "C"], X, F * 1e4, RISK * 100)
    with pytest.raises(InputError, match="Read as percent"):
        factor_model(["A", "B", "C"], X, F, RISK, units=Units.PERCENT)


def test_an_invalid_model_is_refused() -> None:
    names = ["A", "B", "C"]
    with pytest.raises(InputError, match="3 tickers"):
        factor_model(names, X[:2], F, RISK)
    with pytest.raises(MissingValue, match="for B"):
        factor_model(names, X, F, [0.2, -0.3, 0.25])
    with pytest.raises(MissingValue, match="factor covariance"):
        factor_model(names, X, [[0.04, np.nan], [0.01, 0.02]], RISK)
    with pytest.raises(NotPositiveSemidefinite):
        factor_model(names, X, [[0.04, 0.09], [0.09, 0.02]], RISK)


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        (
            (EXPOSURES, FACTORS.replace("value", "size"), SPECIFIC),
            InputError,
            "same factors: see size, value",
        ),
        ((EXPOSURES, FACTORS, SPECIFIC + "DDD,0.1\n"), InputError, "same tickers: see DDD"),
        ((EXPOSURES + "AAA,1,1\n", FACTORS, SPECIFIC), DuplicateTicker, "AAA more than once"),
        ((EXPOSURES, FACTORS, SPECIFIC.replace("\n", ",9\n")), InputError, "2 columns"),
        (
            (EXPOSURES.replace("0.8", "high"), FACTORS, SPECIFIC),
            InputError,
            "exposures.csv, line 3, column",
        ),
    ],
)
def test_tables_with_different_labels_are_refused(
    tmp_path: Path, texts: tuple[str, str, str], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        loaded(tmp_path, *texts)


def test_a_folder_and_an_archive_are_a_covariance_in_either_unit(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    texts = {"exposures": EXPOSURES, "factor_covariance": FACTORS, "specific_risk": SPECIFIC}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    in_folder = read(covariance_file(folder), Covariance)
    archive = tmp_path / "model.zip"
    archive.write_bytes(in_folder.raw_input.data)
    in_archive = read(covariance_file(archive), Covariance).value
    assert in_archive.form.dense() == pytest.approx(X @ F @ X.T + np.diag(RISK**2))
    percent = factor_table(np.vstack([F[1][::-1], F[0][::-1]]) * 1e4)
    (folder / "factor_covariance.csv").write_text(percent, encoding="utf-8")
    (folder / "specific_risk.csv").write_text("t,s\nAAA,20\nBRK.B,30\nCCC,25\n", encoding="utf-8")
    by_size = read(covariance_file(folder), Covariance).value
    assert by_size.form.dense() == pytest.approx(in_archive.form.dense())
    assert "read as percent, by the size of its volatilities" in by_size.provenance.note
    with pytest.raises(InputError, match="Read as decimal, the median annual volatility"):
        read(covariance_file(folder, CovarianceUnit.ANNUAL), Covariance)
    (folder / "specific_risk.csv").unlink()
    with pytest.raises(UnreadableFile, match="has no table of the specific risk"):
        covariance_file(folder)


def factor_table(values: np.ndarray) -> str:
    lines = [
        f"{name},{row[0]:.17g},{row[1]:.17g}" for name, row in zip(("value", "market"), values, strict=True)
    ]
    return "\n".join(["factor,value,market", *lines, ""])


def test_long_tables_are_pivoted(tmp_path: Path) -> None:
    exposures = (
        "ticker,factor,exposure\nAAA,market,1\nAAA,value,0.5\nBRK.B,market,0.8\nBRK.B,value,-0.2\n"
        "CCC,market,1.2\n"
    )
    factors = "factor,factor2,covariance\nmarket,market,0.04\nvalue,market,0.01\nvalue,value,0.02\n"
    covariance = loaded(tmp_path, exposures, factors, SPECIFIC)
    assert covariance.form.dense() == pytest.approx(X @ F @ X.T + np.diag(RISK**2))
    (line,) = (one for one in covariance.warnings if "exposure" in one)
    assert line == "exposures.csv has no exposure of CCC to value, as most names have: it is taken as 0."


def test_zeros_that_a_long_list_leaves_out_are_no_news(tmp_path: Path) -> None:
    exposures = "ticker,factor,exposure\nAAA,market,1\nAAA,value,0.5\nBRK.B,market,0.8\nCCC,market,1.2\n"
    assert not any("exposure" in one for one in loaded(tmp_path, exposures, FACTORS, SPECIFIC).warnings)


def test_a_pair_that_a_long_factor_covariance_lacks_is_refused(tmp_path: Path) -> None:
    factors = "factor,factor2,covariance\nmarket,market,0.04\nvalue,value,0.02\n"
    with pytest.raises(MissingValue, match="no row for market and value"):
        loaded(tmp_path, EXPOSURES, factors, SPECIFIC)
