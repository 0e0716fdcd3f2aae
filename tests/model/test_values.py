from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.values import Percent, number, require_sign, tickers


@given(st.floats(-1e6, 1e6))
def test_text_with_a_percent_sign_becomes_a_percent(value: float) -> None:
    read = number(f"{value!r}%")
    assert isinstance(read, Percent)
    assert read == value / 100.0


def test_a_percent_survives_copies_and_pickles() -> None:
    limits = Constraints.from_mapping({"upper": {"*": "300%"}, "net": "200%:300%", "turnover": "900%"})
    for again in (pickle.loads(pickle.dumps(limits)), copy.deepcopy(limits), limits.among(["A"])):  # noqa: S301 - pickled here
        assert again.upper == limits.upper
        assert isinstance(again.upper["*"], Percent)
        assert again.net is not None
        assert isinstance(again.net.low, Percent)
        assert isinstance(again.turnover, Percent)


def test_a_percent_is_written_as_a_number() -> None:
    assert json.dumps({"upper": Percent(0.05)}) == '{"upper": 0.05}'
    assert f"{Percent(0.05):g}" == "0.05"


@given(st.floats(allow_nan=False), st.floats(0.1, 10.0))
def test_only_large_finite_numbers_without_a_percent_sign_are_refused(value: float, largest: float) -> None:
    require_sign("It", Percent(value), largest)
    if abs(value) <= largest or value in {float("inf"), float("-inf")}:
        require_sign("It", value, largest)
    else:
        with pytest.raises(InputError, match=r"^It is .*: give .*% or "):
            require_sign("It", value, largest)


@pytest.mark.parametrize("value", [[["A"]], ["A", {"B": 1}], {"A": 1}, 5, None])
def test_what_is_no_list_of_tickers_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="give a ticker, or several with commas"):
        tickers(value)


def test_a_blank_in_a_list_is_no_ticker() -> None:
    assert tickers(["A", None, " ", 2330]) == ("A", "2330")
