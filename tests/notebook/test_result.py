from __future__ import annotations

import html.parser
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

import betaneutral_xl as bn
from betaneutral_xl.errors import InputError, MissingPrice, MissingValue, Unwritable
from betaneutral_xl.job import run
from betaneutral_xl.job.request import OrderTerms
from betaneutral_xl.job.sources import order_quotes

EVIL = "<img src=x onerror=alert(1)>"
V = [[0.04, 0.02, 0.01], [0.02, 0.03, 0.015], [0.01, 0.015, 0.05]]
NAMES = ["A", "B", "C"]


@pytest.fixture(scope="module")
def sample() -> bn.Result:
    return bn.demo()


@pytest.fixture(scope="module")
def hostile() -> bn.Result:
    """Return a result whose texts from files are markup."""
    holdings = bn.Holdings.from_weights({"A": 0.3, "B": 0.7}, fund=EVIL)
    risk = bn.Covariance.from_matrix(NAMES, np.array(V))
    etf = pd.DataFrame({"ticker": NAMES, EVIL: [0.4, 0.3, 0.3]})
    return bn.beta_neutral(holdings, etf, risk)


def test_a_result_can_be_pickled(sample: bn.Result) -> None:
    again = pickle.loads(pickle.dumps(sample))  # noqa: S301 - our own bytes
    assert isinstance(again, bn.Result)
    assert again.new_weights.tolist() == sample.new_weights.tolist()
    assert dict(again.after.beta) == dict(sample.after.beta)


class Tags(html.parser.HTMLParser):
    """Collects the names of the tags of a fragment, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.names.add(tag)
        self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(fragment: str) -> set[str]:
    """Return the tags of a well-formed fragment."""
    parser = Tags()
    parser.feed(fragment)
    parser.close()
    assert not parser.open
    return parser.names


def test_the_repr_is_one_short_line_with_the_answer(sample: bn.Result) -> None:
    assert repr(sample).startswith("<Result: quant_paper to JHAI: beta 0 by hedge; beta to JHAI 0.52")
    assert "45 trades" in repr(sample)
    assert "\n" not in repr(sample)
    assert len(repr(sample)) < 200


@pytest.mark.parametrize("which", ["result", "explanation", "orders"])
def test_html_has_no_tag_from_the_data(hostile: bn.Result, which: str) -> None:
    fragments: dict[str, Callable[[], str]] = {
        "result": hostile._repr_html_,
        "explanation": lambda: hostile.explain()._repr_html_(),
        "orders": lambda: hostile.orders(dict.fromkeys(NAMES, 10.0), nav=1e6)._repr_html_(),
    }
    shown = fragments[which]()
    assert tags(shown) <= {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert "&lt;img" in shown


def test_html_has_the_measures_and_the_largest_trades(sample: bn.Result) -> None:
    shown = sample._repr_html_()
    for text in ("beta to JHAI", "0.5223", "tracking error", "TSM", "35 more trades", "if JHAI falls 20%"):
        assert text in shown


def test_the_explanation_names_the_beta_its_origin_and_the_loss_in_a_fall(sample: bn.Result) -> None:
    text = sample.explain()
    assert repr(text) == str(text)
    for words in (
        "Beta to JHAI 0.52 -> 0.00; next month between -0.34 and 0.34, 19 times in 20.",
        "If JHAI falls 10%, the portfolio is expected to move by -5.2% ± 3.4% before, 0.0% ± 3.4% after.",
        "came most of all from NVDA",
        "the ETF made 44.9% of the variance, now 0.0%.",
        "next month's beta, 95 times in 100",
    ):
        assert words in text


def test_the_explanation_names_the_limits_that_bind() -> None:
    limited = bn.demo("IWV", "reweight", constraints={"long_only": True, "upper": 0.08})
    assert limited.binding
    assert limited.binding[0].limit in limited.explain()


def test_orders_are_those_of_the_command(sample: bn.Result) -> None:
    expected = run.orders(sample, order_quotes(sample.inputs.holdings, "demo"), OrderTerms())
    orders = sample.orders("demo")
    assert orders.orders.orders == expected.orders
    assert orders.table["shares"].sum() == sum(one.shares for one in expected.orders)
    assert len(orders) == len(expected.orders)
    assert abs(orders.beta["JHAI"]) < 1e-3


@pytest.mark.parametrize("kind", ["dict", "series", "frame"])
def test_prices_in_memory_make_the_same_orders(kind: str) -> None:
    prices = {"A": 10.0, "B": 20.0, "C": 25.0}
    given: Any = {
        "dict": prices,
        "series": pd.Series(prices),
        "frame": pd.DataFrame({"ticker": list(prices), "price": list(prices.values())}),
    }[kind]
    risk = pd.DataFrame(V, NAMES, NAMES)
    result = bn.beta_neutral({"A": 0.3, "B": 0.7}, {"A": 0.4, "B": 0.3, "C": 0.3}, risk)
    table = result.orders(given, nav=1e6, lot=10).table
    # beta'w: V f = (0.025, 0.0215, 0.0235), f'V f = 0.0235, w = (0.3, 0.7): hedge ratio 0.959574
    sold = dict(zip(table["ticker"], table["notional"], strict=True))
    assert set(table["shares"] % 10) == {0}
    assert sold["C"] == pytest.approx(0.3 * 0.959574 * 1e6, abs=500)


def test_prices_that_are_given_override_the_holdings_own(sample: bn.Result) -> None:
    dear = sample.orders(pd.Series(sample.orders("demo").quotes.prices) * 2.0)
    cheap = sample.orders("demo")
    assert dear.table["shares"].sum() == pytest.approx(cheap.table["shares"].sum() / 2.0, rel=0.02)


@pytest.mark.parametrize(
    ("prices", "terms", "error", "words"),
    [
        ({"A": 1.0}, {}, MissingPrice, "No price for 39 of 45 trades"),
        (5, {}, InputError, "Give prices as ticker to price"),
        ({"A": -1.0}, {}, InputError, "price"),
        ({"A": "cheap"}, {}, InputError, "cheap"),
        ("demo", {"lot": 1.5}, InputError, "The lot is 1.5"),
        ("demo", {"nav": -1}, InputError, "net asset value"),
        ("demo", {"trade": "swaps"}, InputError, "swaps"),
    ],
)
def test_prices_and_terms_that_cannot_be_used_are_refused(
    sample: bn.Result, prices: Any, terms: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        sample.orders(prices, **terms)


def test_weights_alone_need_a_net_asset_value() -> None:
    result = bn.beta_neutral({"A": 1.0}, {"B": 1.0}, pd.DataFrame(V, NAMES, NAMES))
    with pytest.raises(MissingValue, match="no net asset value"):
        result.orders(dict.fromkeys(NAMES, 1.0))


def test_orders_are_saved_for_the_desk_and_for_brokers(sample: bn.Result, tmp_path: Path) -> None:
    orders = sample.orders("demo")
    orders.save(tmp_path / "desk.csv")
    orders.save(tmp_path / "ib.csv", format="ibkr")
    assert pd.read_csv(tmp_path / "desk.csv")["notional"].sum() == pytest.approx(orders.orders.traded, abs=1)
    assert (tmp_path / "ib.csv").read_text(encoding="utf-8").startswith("Action,Quantity,Symbol")
    with pytest.raises(InputError, match="format of orders"):
        orders.save(tmp_path / "x.csv", format="fax")
    assert not (tmp_path / "x.csv").exists()


def test_the_plain_workbook_has_all_weights_as_values_and_no_formula(
    hostile: bn.Result, tmp_path: Path
) -> None:
    path = hostile.to_excel(tmp_path / "weights.xlsx")
    book = openpyxl.load_workbook(path)
    rows = list(book["Weights"].iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["ticker", *hostile.tickers, "CASH"]
    assert [row[-2] for row in rows[1:-1]] == pytest.approx(hostile.new_weights.tolist(), rel=1e-15)
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if b"<f>" in archive.read(name)]
    assert hostile.aligned.holdings.fund in book["Notes"]["A2"].value


@pytest.mark.parametrize(("name", "start"), [("a.xlsx", b"PK"), ("a.html", b"<!DOCTYPE html>")])
def test_the_ending_chooses_the_kind_of_report(
    sample: bn.Result, tmp_path: Path, name: str, start: bytes
) -> None:
    path = sample.report(tmp_path / name, "demo")
    assert path.read_bytes().startswith(start)


def test_a_report_with_prices_has_the_orders(sample: bn.Result, tmp_path: Path) -> None:
    page = sample.report(tmp_path / "a.html", "demo").read_text(encoding="utf-8")
    assert "<h2>Orders</h2>" in page


@pytest.mark.parametrize("name", ["a.doc", "a", "a.xlsm"])
def test_another_ending_is_refused_before_anything_is_written(
    sample: bn.Result, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError, match=r"must end in \.xlsx, \.html or \.pdf"):
        sample.report(tmp_path / name)
    with pytest.raises(InputError, match=r"must end in \.xlsx"):
        sample.to_excel(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_named(sample: bn.Result, tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match="Cannot write"):
        sample.to_excel(tmp_path / "none" / "a.xlsx")


def test_plots_draw_into_axes_that_are_given_or_new() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    result = bn.demo()
    axes = result.plot()
    assert [ax.get_title() for ax in axes] == [
        "Predicted beta with 95 % intervals of next month's",
        "Largest trades (of 45)",
        "Largest contributions to the beta to JHAI",
    ]
    heights = [bar.get_height() for bar in axes[0].patches]
    assert heights == pytest.approx([result.before.beta["JHAI"], result.after.beta["JHAI"]], abs=1e-12)
    _, own = plt.subplots()
    assert result.plot("trades", ax=own) is own
    with pytest.raises(InputError, match="There is no picture 'pie'"):
        result.plot("pie")
    with pytest.raises(InputError, match="Axes are for one picture"):
        result.plot(ax=own)
    plt.close("all")


@pytest.mark.parametrize("text", ["demo", "Demo"])
def test_the_sample_has_one_name_for_every_input(text: str) -> None:
    direct = bn.beta_neutral(bn.load_holdings(text), bn.load_etf(text), bn.demo().inputs.covariance)
    assert direct.after.beta == bn.beta_neutral(text, text, text).after.beta


def test_files_are_inputs_too(tmp_path: Path) -> None:
    (tmp_path / "fund.csv").write_text("ticker,weight\nA,30%\nB,70%\n", encoding="utf-8")
    (tmp_path / "AI.csv").write_text("ticker,weight\nA,40\nB,30\nC,30\n", encoding="utf-8")
    rows = "\n".join(f"2025-11-18,{t},{','.join(map(str, row))}" for t, row in zip(NAMES, V, strict=True))
    (tmp_path / "risk.csv").write_text(f"date,ticker,A,B,C\n{rows}\n", encoding="utf-8")
    result = bn.beta_neutral(tmp_path / "fund.csv", [tmp_path / "AI.csv"], str(tmp_path / "risk.csv"))
    assert result.etf_names == ("AI",)
    assert result.before.beta["AI"] == pytest.approx((0.3 * 0.025 + 0.7 * 0.0215) / 0.0235)


def test_infeasible_limits_raise_with_the_reason() -> None:
    with pytest.raises(bn.ModelError, match="lowest"):
        bn.demo(0.0, "reweight", constraints={"long_only": True, "upper": 0.04})


def test_inputs_have_short_reprs() -> None:
    inputs = bn.demo().inputs
    assert repr(inputs.holdings) == "<Holdings quant_paper: 33 names, cash 0.00%, as of 2025-11-18>"
    assert repr(inputs.etfs[0]) == "<Etf JHAI: 47 rows, as of 2025-11-18>"
    assert repr(inputs.covariance).startswith("<Covariance: 73 names, dense, ")
