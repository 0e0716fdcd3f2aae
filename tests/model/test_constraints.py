from __future__ import annotations

import math
import pickle
import tomllib
from typing import Any

import pytest

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.constraints import UNLIMITED, Constraints, Range, Universe

TOML = """
long_only = true
universe = "held"
net = [0.9, 1.0]
turnover = "25%"
max_trades = 12

[upper]
"*" = 0.05
"brk b" = 0.08

[groups]
Semis = ["NVDA", "amd us"]

[group_limits]
Semis = ":0.3"
"""


def test_a_file_and_the_same_plain_values_make_the_same_constraints() -> None:
    expected = Constraints(
        long_only=True,
        universe=Universe.HELD,
        net=Range(0.9, 1.0),
        turnover=0.25,
        max_trades=12,
        upper={"*": 0.05, "BRK.B": 0.08},
        groups={"Semis": ("NVDA", "AMD")},
        group_limits={"Semis": Range(high=0.3)},
    )
    assert Constraints.from_mapping(tomllib.loads(TOML)) == expected
    two_columns = {
        "Long only": "yes",
        "universe": "Held",
        "net": "0.9:1",
        "turnover": 0.25,
        "max trades": 12.0,
        "upper": "5%",
        "Upper BRK-B": 0.08,
        "groups": {"NVDA": "Semis", "AMD": "Semis"},
        "group-limits Semis": ":30%",
    }
    assert Constraints.from_mapping(two_columns) == expected


def test_a_row_of_two_columns_may_name_the_tickers_of_a_group() -> None:
    rows = {"groups Semis": "NVDA, amd us", "group limits Semis": 0.3, "beta SMH": "0.1:"}
    assert Constraints.from_mapping(rows) == Constraints(
        groups={"Semis": ("NVDA", "AMD")}, group_limits={"Semis": Range(0.3, 0.3)}, beta={"SMH": Range(0.1)}
    )


def test_bounds_by_name_override_those_of_all_and_long_only_overrides_both() -> None:
    limits = Constraints(lower={"*": -0.1, "A": 0.02}, upper={"A": 0.2})
    assert limits.bounds("A") == (0.02, 0.2)
    assert limits.bounds("B") == (-0.1, math.inf)
    assert Constraints(long_only=True).bounds("B") == (0.0, math.inf)


def test_without_limits_none_is_given() -> None:
    assert UNLIMITED.given == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"moon": 1}, "no limit 'moon'"),
        ({"turnover": "lots"}, "turnover is 'lots'"),
        ({"turnover": ""}, "turnover is ''"),
        ({"turnover": 0}, "above zero"),
        ({"turnover": True}, "give a number"),
        ({"turnover": math.nan}, "it is blank"),
        ({"gross": -1}, "above zero"),
        ({"gross": 0.9, "net": 1.0}, "does not fit"),
        ({"net": "0.3:0.1"}, "is empty"),
        ({"net": [1, 2, 3]}, "net is"),
        ({"universe": "moon"}, "Choose one of union, held, etf"),
        ({"long_only": "perhaps"}, "give yes or no"),
        ({"long_only": True, "lower": -0.1}, "contradict each other"),
        ({"long_only": True, "upper": {"A": -0.1}}, "above its upper bound"),
        ({"lower": 0.2, "upper": 0.1}, "above its upper bound"),
        ({"lower": {"A": 0.2}, "upper": 0.1}, "bound 0.2 of A"),
        ({"frozen": ["A"], "upper": {"A": 0.1}}, "frozen and has a bound"),
        ({"group_limits": {"G": 0.1}}, "has no tickers"),
        ({"group_upper": {"G": 0.1}}, "has no tickers"),
        ({"groups": {"G": ["AAA"]}, "group_upper": {"G": 4}}, "group_upper of G is 4, which is 400%"),
        ({"groups": {"G": ["AAA"]}}, "The group G has no limit"),
        ({"groups": "G"}, "give a mapping"),
        ({"upper_outside_etf": -0.1}, "upper_outside_etf is -0.1. Give zero or more"),
        ({"upper_outside_etf": 5}, "upper_outside_etf is 5, which is 500%"),
        ({"upper_outside_etf": {"A": 0.1}}, "upper_outside_etf is {'A': 0.1}: give a number"),
        ({"max_trades": 0}, "nothing to do"),
        ({"max_trades": 1.5}, "whole number"),
        ({"min_trade": -0.1}, "zero or more"),
        ({"min_trade": 0.5, "turnover": 0.1}, "more than a turnover"),
        ({"risk_aversion": 5}, "none is given"),
        ({"long only": True, "long-only": True}, "given twice"),
        ({"upper": 0.1, "Upper *": 0.2}, "given twice"),
        ({"turnover NVDA": 0.1}, "no limit 'turnover NVDA'"),
        ({"upper": {"NVDA": 0.4, "nvda US": 0.2}}, "NVDA is given twice"),
        ({"lower": {"brk b": 0.0, "BRK/B": 0.1}}, r"BRK\.B is given twice"),
        ({"cost_bp": 0.0005}, "it is in basis points, 5 for a cost of 0.05%"),
        ({"net": "40:60%"}, "one end has a percent sign, give it to both"),
        ({"beta": "10:0.3%"}, "one end has a percent sign, give it to both"),
    ],
)
def test_invalid_limits_are_refused_with_a_reason(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Constraints.from_mapping(values)


def test_a_row_of_groups_is_of_a_group_or_of_a_ticker_whichever_the_limits_name() -> None:
    by_group = {"groups": {"Semis": "B,C"}, "group_limits": {"Semis": 0.3}}
    by_ticker = {"groups": {"B": "Semis", "C": "Semis"}, "group_limits": {"Semis": 0.3}}
    of_one = {"groups": {"Semis": "B"}, "group_upper": {"Semis": 0.3}}
    assert Constraints.from_mapping(by_group) == Constraints.from_mapping(by_ticker)
    assert Constraints.from_mapping(of_one).groups == {"Semis": ("B",)}


def test_limits_survive_pickling() -> None:
    limits = Constraints.from_mapping(
        {"upper": {"*": 0.05, "A": 0.1}, "groups": {"G": ["A"]}, "group_limits": {"G": ":0.2"}, "frozen": "B"}
    )
    assert pickle.loads(pickle.dumps(limits)) == limits  # noqa: S301 - pickled here


def test_limits_restricted_to_some_names_lack_those_of_the_others() -> None:
    limits = Constraints(lower={"A": 0.1, "B": 0.0}, upper={"*": 0.5, "C": 0.6}, frozen=("D", "E"))
    part = limits.among(["B", "E"])
    assert part == Constraints(lower={"B": 0.0}, upper={"*": 0.5}, frozen=("E",))


def test_groups_that_differ_in_capitals_are_one() -> None:
    known = {"Tech": ("NVDA",), "tech": ("AMD",), "TECH": ("TSM",), "Energy": ("XOM",)}
    limits = Constraints.from_mapping({"group_limits": {"Tech": ":20%"}}, known)
    assert limits.groups == {"Tech": ("NVDA", "AMD", "TSM")}
