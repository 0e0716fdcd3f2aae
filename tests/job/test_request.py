"""The one parser of what is required of the answer."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.engine.hedging import Legs
from betaneutral_xl.engine.order_terms import Tradable
from betaneutral_xl.engine.result import Method
from betaneutral_xl.errors import InputError, UnreadableFile
from betaneutral_xl.job.option_files import read_options
from betaneutral_xl.job.request import (
    OrderTerms,
    Request,
    flat,
    parse_target,
    target_tickers,
    with_arguments,
)
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.constraints import Constraints


def test_nothing_given_is_a_hedge_to_zero() -> None:
    assert Request.parse({}) == Request(method=Method.HEDGE, target=0.0)


def test_texts_cells_and_python_values_make_the_same_request() -> None:
    texts = {
        "method": "least-squares",
        "target": "50%",
        "long only": "on",
        "upper": {"*": "5%", "brk b": "0.08"},
    }
    values = {
        "method": "Least squares",
        "target": 0.5,
        "long_only": True,
        "upper": {"*": 0.05, "BRK.B": 0.08},
    }
    assert Request.parse(texts) == Request.parse(values)
    assert Request.parse(texts).constraints == Constraints(long_only=True, upper={"*": 0.05, "BRK.B": 0.08})


@pytest.mark.parametrize("word", ["true", "Yes", "on", "y", "1", 1.0, True, "TRUE"])
def test_one_vocabulary_says_yes(word: object) -> None:
    assert Request.parse({"sell_only": word}).legs.sell_only
    assert Request.parse({"long_only": word}).constraints.long_only


@pytest.mark.parametrize("word", ["false", "No", "off", "n", "0", 0.0, False])
def test_one_vocabulary_says_no(word: object) -> None:
    assert not Request.parse({"sell_only": word}).legs.sell_only
    assert not Request.parse({"long_only": word}).constraints.long_only


def test_limits_on_hedge_ratios_and_policies_stand_beside_limits_on_weights() -> None:
    request = Request.parse(
        {"ridge": 0.05, "leg limit": "50%", "on missing": "drop", "etf_on_missing": "rescale"}
    )
    assert request.legs == Legs(ridge=0.05, limit=0.5)
    assert (request.on_missing, request.etf_on_missing) == (OnMissing.DROP, OnMissing.RESCALE)


def test_limits_on_hedge_ratios_are_read_as_typed() -> None:
    legs = Request.parse({"leg_limit": "50%", "sell_only": "no"}).legs
    assert legs == Legs(limit=0.5, sell_only=False)
    with pytest.raises(InputError, match="sell_only of the legs is 'perhaps': give yes or no"):
        Request.parse({"sell_only": "perhaps"})


def test_the_parameters_of_an_old_snapshot_are_read() -> None:
    stored = {
        "method": "reweight",
        "target": ["0.3"],
        "constraints": {"upper": {"*": "5%"}},
        "legs": {"limit": 0.5},
        "on_missing": "error",
        "etf_on_missing": "drop",
    }
    assert flat(stored)["leg_limit"] == 0.5
    assert Request.parse(flat(stored)) == Request.parse(
        {"method": "reweight", "target": 0.3, "upper": "5%", "leg_limit": 0.5}
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, 0.0),
        ("", 0.0),
        (0.3, 0.3),
        ("0.3", 0.3),
        ("0,3", 0.3),
        ("-30%", -0.3),
        ("IWV", "IWV"),
        (["IWV"], "IWV"),
        ("AI=0.1; CHIPS = IWV", {"AI": 0.1, "CHIPS": "IWV"}),
        (["AI=0.1", "CHIPS=0.2"], {"AI": 0.1, "CHIPS": 0.2}),
        ({"AI": "10%", "CHIPS": 0.2}, {"AI": 0.1, "CHIPS": 0.2}),
        ([0.1, "IWV"], {"AI": 0.1, "CHIPS": "IWV"}),
        ("0.1; 0.2", {"AI": 0.1, "CHIPS": 0.2}),
    ],
)
def test_a_target_is_a_number_a_ticker_or_one_for_each_etf(value: Any, expected: object) -> None:
    assert parse_target(value, ["AI", "CHIPS"]) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([0.1, 0.2, 0.3], "3 targets .* for 2 ETFs"),
        (["AI=0.1", "0.2"], "do not fit together"),
        (["AI=0.1", "AI=0.2"], "do not fit together"),
        (True, "The target is True"),
        ({"AI": [1]}, "The target is"),
        ("nan", "The target is 'nan'"),
        (10**400, "too large"),
    ],
)
def test_a_target_that_is_none_of_these_is_refused(value: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_target(value, ["AI", "CHIPS"])


def test_the_tickers_of_a_target_are_those_that_the_risk_model_must_cover() -> None:
    assert target_tickers(["AI=IWV", "CHIPS=0.2"]) == ("IWV",)
    assert target_tickers(None) == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"uper": 0.5}, "no option 'uper'. Did you mean upper"),
        ({"method": "magic"}, "no method 'magic'"),
        ({"on_missing": "maybe"}, "no policy on_missing 'maybe'"),
        ({"sell_only": "perhaps"}, "sell_only of the legs is 'perhaps'"),
        ({"ridge": {"AI": 0.1}}, "ridge is given for 'AI'"),
        ({"leg limit": 0.5, "leg_limit": 0.4}, "leg_limit is given twice"),
        ({"leg_limit": 50}, "which is 5000%"),
        ({"long_only": "perhaps"}, "long_only is 'perhaps'"),
        ({"upper": "0,o5"}, "give a number such as 0.05 or 5%"),
        ({"turnover": "nan"}, "turnover is 'nan': it is blank"),
        ({"max_trades": math.inf}, "max_trades is inf: give a whole number"),
        ({"upper": 10**400}, "it is too large"),
        ({"frozen": 3.0}, "frozen is 3.0: give a ticker"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_value(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Request.parse(options)


NESTED = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["method", "target", "upper", "groups", "group_limits", "beta", "ridge", "sell_only", "net"]
)


@given(st.dictionaries(KEYS | st.text(max_size=12), NESTED, max_size=4))
def test_whatever_a_file_has_is_read_or_refused_in_one_line(options: dict[str, Any]) -> None:
    with suppress(InputError):
        assert isinstance(Request.parse(flat(options), ["AI"]), Request)


def test_an_option_and_an_argument_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="Target is given twice"):
        with_arguments({"Target": 0.1}, {"target": 0.2, "method": None})
    assert with_arguments({"upper": 0.1}, {"method": None, "target": 0.2}) == {"upper": 0.1, "target": 0.2}


def test_options_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('method = "reweight"\nlong_only = true\nupper = {"*" = 0.05}\n', encoding="utf-8-sig")
    assert Request.parse(read_options(file)).constraints == Constraints(long_only=True, upper={"*": 0.05})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"long_only = maybe", r"bad\.toml are not TOML"),
        (b"\xff\xfe\x00", r"bad\.toml are not TOML"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "not TOML"),
        (b"a = " + b"9" * 10_000, "not TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_named_without_its_folder(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words) as error:
        read_options(file)
    assert str(tmp_path) not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"absent\.toml"):
        read_options(tmp_path / "absent.toml")


def test_terms_of_orders_are_read_once_for_all_hosts() -> None:
    typed = {"order_nav": "1,000,000", "lot": 10.0, "trade": "ETFs", "min_notional": None}
    assert OrderTerms.parse(typed) == OrderTerms(nav=1e6, lot=10, trade=Tradable.ETFS)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"order_nav": -5.0}, "net asset value is -5. Give a positive"),
        ({"order_nav": 0.0}, "net asset value is 0"),
        ({"order_nav": "50%"}, "without a percent sign"),
        ({"min_notional": -1.0}, "smallest order is -1"),
        ({"lot": 1.5}, "lot is 1.5"),
        ({"lot": 0.0}, "lot is 0"),
        ({"trade": "futures"}, "no kind of orders 'futures'"),
    ],
)
def test_terms_without_a_meaning_are_refused(terms: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        OrderTerms.parse(terms)


@pytest.mark.parametrize("option", ["order_nav", "min_notional"])
@pytest.mark.parametrize("text", ["€1000000", "1000000 EUR", "GBP 1,000,000", "$500"])
def test_an_amount_in_a_currency_is_refused(option: str, text: str) -> None:
    with pytest.raises(InputError, match="it is in the base currency, so give a number alone"):
        OrderTerms.parse({option: text})
    assert OrderTerms.parse({"order_nav": "1e6", "min_notional": "1,000"}).nav == 1e6
