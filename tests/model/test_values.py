from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.constraints import Constraints
from betaneutral_xl.model.values import Percent, number, require_sign


@given(st.floats(-1e6, 1e6))
def test_a_sign_makes_a_percent_of_the_same_value(value: float) -> None:
    read = number(f"{value!r}%")
    assert isinstance(read, Percent)
    assert read == value / 100.0


def test_the_sign_survives_copies_pickles_and_other_processes() -> None:
    limits = Constraints.from_mapping({"upper": {"*": "300%"}, "net": "200%:300%", "turnover": "900%"})
    for again in (pickle.loads(pickle.dumps(limits)), copy.deepcopy(limits), limits.among(["A"])):  # noqa: S301 - our own
        assert again.upper == limits.upper
        assert isinstance(again.upper["*"], Percent)
        assert again.net is not None
        assert isinstance(again.net.low, Percent)
        assert isinstance(again.turnover, Percent)


def test_a_percent_is_written_as_a_number() -> None:
    assert json.dumps({"upper": Percent(0.05)}) == '{"upper": 0.05}'
    assert f"{Percent(0.05):g}" == "0.05"


@given(st.floats(allow_nan=False), st.floats(0.1, 10.0))
def test_only_finite_numbers_beyond_the_limit_and_without_a_sign_are_refused(
    value: float, most: float
) -> None:
    require_sign("It", Percent(value), most)
    if abs(value) <= most or value in {float("inf"), float("-inf")}:
        require_sign("It", value, most)
    else:
        with pytest.raises(InputError, match=r"^It is .*: give .*% or "):
            require_sign("It", value, most)
