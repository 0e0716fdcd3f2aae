"""The types of the public names, which mypy checks, and their runtime."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import betaneutral_xl as bn

STABLE = {
    *("AssetClass", "BetaNeutralError", "Check", "Constituent", "Constraints", "Covariance", "Coverage"),
    *("Dense", "Etf", "Exposure", "Factors", "Holdings", "HostError", "InputError", "Method", "ModelError"),
    *("OnMissing", "OrderList", "Provenance", "Range", "Rebalance", "Result", "Retrieval", "Settings"),
    *("SourceError", "Universe", "beta_neutral", "covariance", "demo", "fetch_holdings", "load_etf"),
    "load_holdings",
}
"""Names that stay; a new one is added here on purpose."""


def check_types(path: Path, weights: pd.Series[float], frame: pd.DataFrame) -> None:
    """Never called: mypy checks it as the code of a user."""
    assert_type(bn.load_holdings(path), bn.Holdings)
    assert_type(bn.load_etf("demo"), bn.Etf)
    assert_type(bn.fetch_holdings("demo"), bn.Holdings)
    assert_type(bn.covariance(["AAPL"], file="demo"), bn.Covariance)
    bn.beta_neutral(weights, frame, frame, "IWV", bn.Method.REWEIGHT, constraints={"upper": 0.1})
    bn.beta_neutral(path, ["a.csv", bn.load_etf("b.csv")], path)
    result = bn.beta_neutral({"A": 1.0}, {"A": 1.0}, frame)
    assert_type(result, bn.Result)
    assert_type(result.before, bn.Exposure)
    assert_type(result.before.beta, Mapping[str, float])
    assert_type(result.new_weights, NDArray[np.float64])
    assert_type(result.table, pd.DataFrame)
    assert_type(result.warnings, tuple[str, ...])
    assert_type(result.tracking_error, float)
    assert_type(result.checks(), tuple[bn.Check, ...])
    orders = result.orders({"A": 10.0}, nav=1e6)
    assert_type(orders, bn.OrderList)
    assert_type(orders.table, pd.DataFrame)
    assert_type(result.report(path), Path)
    assert_type(result.to_excel("a.xlsx"), Path)
    bn.demo(method="reweight").explain().splitlines()


def test_the_public_names_are_those_that_stay() -> None:
    assert set(bn.__all__) == STABLE


@pytest.mark.parametrize("name", bn.__all__)
def test_every_public_name_has_a_docstring_of_its_own(name: str) -> None:
    assert len(inspect.getdoc(getattr(bn, name)) or "") > 20


@pytest.mark.parametrize("name", [name for name in bn.__all__ if inspect.isfunction(getattr(bn, name))])
def test_every_parameter_of_a_public_function_is_typed_and_documented(name: str) -> None:
    function = getattr(bn, name)
    text = inspect.getdoc(function) or ""
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.name in text, parameter.name
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty
