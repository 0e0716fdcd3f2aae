from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from betaneutral_xl.engine.backtest import Backtest, Estimator, Schedule, Study, walk
from betaneutral_xl.engine.backtest.charts import draw, drawn_strategies
from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from betaneutral_xl.model.arrays import FloatArray
    from betaneutral_xl.model.returns import Prices

pytest.importorskip("matplotlib", reason="matplotlib is not installed (the extra charts)")

from matplotlib.figure import Figure


def test_a_chart_is_a_picture_and_the_same_one_each_time(study: Callable[..., Study]) -> None:
    result = walk(study())
    assert draw(result, "png").startswith(b"\x89PNG\r\n")
    picture = draw(result, "svg")
    assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314 - of our own making
    assert picture == draw(result, "svg")


def test_the_unhedged_portfolio_and_the_hedges_are_drawn(study: Callable[..., Study]) -> None:
    both = (Estimator.parse("default"), Estimator.parse("sample"))
    drawn = drawn_strategies(walk(study(estimators=both)))
    assert [label for label, _ in drawn.values()] == ["unhedged", "default", "sample"]
    several = drawn_strategies(walk(study(methods=("hedge", "reweight"))))
    assert [label for label, _ in several.values()] == ["hedge, sample", "reweight, sample"]
    assert len({colour for _, colour in drawn.values()}) == 3


def test_without_a_hedge_the_comparisons_are_drawn(study: Callable[..., Study]) -> None:
    drawn = drawn_strategies(walk(study(methods=("unhedged", "scaled"))))
    assert list(drawn) == [("unhedged", "sample"), ("scaled", "sample")]


@pytest.mark.parametrize("kind", ["", "pdf"])
def test_another_format_is_refused(study: Callable[..., Study], kind: str) -> None:
    with pytest.raises(InputError, match=r"Use .png or .svg"):
        draw(walk(study()), kind)


def test_without_matplotlib_the_extra_is_named(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"betaneutral-xl\[charts\]"):
        draw(walk(study()), "svg")


def drawn(monkeypatch: pytest.MonkeyPatch, result: Backtest, days: int = 63) -> list[Axes]:
    """Return the axes of a chart, two for each ETF."""
    kept: list[Figure] = []
    real = Figure.savefig

    def keeping(figure: Figure, *given: Any, **more: Any) -> None:
        kept.append(figure)
        real(figure, *given, **more)

    monkeypatch.setattr(Figure, "savefig", keeping)
    draw(result, "svg", days)
    (figure,) = kept
    return figure.axes


def points(axes: Axes, label: str) -> FloatArray:
    """Return the heights of the line of a label."""
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return np.asarray(line.get_ydata(), dtype=float)


def test_with_a_target_the_betas_by_date_are_active_and_the_targets_rolling_beta_is_drawn(
    study: Callable[..., Study], prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = walk(study(target="AAA", methods=("hedge", "unhedged")))
    rolling, by_date = drawn(monkeypatch, result)
    active = result.beta[:, 0, 0] - result.target_beta[:, 0]
    assert points(by_date, "sample") == pytest.approx(active)
    assert by_date.get_title("left").startswith("active beta over the next 21 days")
    target = points(rolling, "target")
    aaa = prices.returns().select(["AAA"])
    there = np.searchsorted(aaa.dates, result.days)
    for end in (62, 100):
        window = slice(end - 62, end + 1)
        slope, _ = np.polyfit(result.etf_returns[window, 0], aaa.matrix[there[window], 0], 1)
        assert target[end] == pytest.approx(slope)
    assert np.isnan(target[:62]).all()


def test_a_numeric_target_is_a_horizontal_line(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling, by_date = drawn(monkeypatch, walk(study(target=0.4, methods=("hedge",))))
    assert (points(rolling, "target") == 0.4).all()
    assert np.abs(points(by_date, "sample")).max() < 0.3


def test_with_few_days_the_rolling_window_is_half_of_them(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = walk(study(methods=("hedge",), schedule=Schedule(start=date(2022, 6, 1), end=date(2022, 7, 31))))
    assert len(result.days) < 63
    rolling, _ = drawn(monkeypatch, result)
    half = len(result.days) // 2
    assert rolling.get_title("left") == f"beta to ETF over the last {half} days"
    assert np.isfinite(points(rolling, "sample")).sum() == len(result.days) - half + 1


def test_without_a_target_none_is_drawn(study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch) -> None:
    rolling, by_date = drawn(monkeypatch, walk(study(methods=("hedge",))))
    assert "target" not in {line.get_label() for line in rolling.lines}
    assert by_date.get_title("left").startswith("beta over the next 21 days")
