from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import betaneutral_xl as bn
from betaneutral_xl.errors import InputError

V = [[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]]
W = {"A": 0.3, "B": 0.4, "C": 0.3}
F = {"A": 0.4, "B": 0.3, "C": 0.3}
HEDGE = [-0.09404255, 0.10446809, 0.00446809]


def test_pandas_objects_are_accepted() -> None:
    labelled = pd.DataFrame(V, index=list("ABC"), columns=list("ABC")).loc[list("CAB")]
    result = bn.beta_neutral(pd.Series(W), pd.Series(F), labelled)
    np.testing.assert_allclose(result.new_weights, HEDGE, atol=5e-9)
    assert result.table["ticker"].tolist() == ["A", "B", "C", "CASH"]


def test_an_etf_and_a_covariance_are_loaded_from_files(tmp_path: Path) -> None:
    (tmp_path / "AI.csv").write_text("ticker,weight\nA,40\nB,30\nC,30\n", encoding="utf-8")
    rows = "\n".join(f"2025-11-18,{t},{','.join(map(str, row))}" for t, row in zip("ABC", V, strict=True))
    (tmp_path / "risk.csv").write_text(f"date,ticker,A,B,C\n{rows}\n", encoding="utf-8")
    etf = bn.load_etf(tmp_path / "AI.csv")
    risk = bn.covariance([*W, *etf.tickers], file=tmp_path / "risk.csv")
    np.testing.assert_allclose(bn.beta_neutral(W, [etf], risk).new_weights, HEDGE, atol=5e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "magic"}, "There is no method 'magic'. Choose one of hedge, reweight"),
        ({"constraints": {"universe": "moon"}}, "There is no universe 'moon'. Choose one of union"),
        ({"on_missing": "zero"}, "There is no policy on_missing 'zero'"),
        ({"cov": V}, "Covariance or a labelled DataFrame, not list"),
        ({"etf": [0.4, 0.3, 0.3]}, "Give"),
        ({"holdings": 0.5}, "Give holdings as ticker to weight"),
    ],
)
def test_invalid_arguments_are_named_in_the_message(options: dict[str, object], words: str) -> None:
    risk = bn.Covariance.from_matrix(list("ABC"), np.array(V))
    arguments: dict[str, object] = {"holdings": W, "etf": F, "cov": risk, **options}
    with pytest.raises(InputError, match=words):
        bn.beta_neutral(**arguments)  # type: ignore[arg-type] # one invalid argument each


def test_a_frame_labelled_differently_on_its_sides_is_refused() -> None:
    frame = pd.DataFrame(V, index=list("ABX"), columns=list("ABC"))
    with pytest.raises(InputError, match="C has a column but no row"):
        bn.beta_neutral(W, F, frame)
