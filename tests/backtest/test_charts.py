from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from betaneutral_xl.backtest import Estimator, Study, walk
from betaneutral_xl.backtest.charts import draw, shown
from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("matplotlib", reason="matplotlib is not installed (the extra charts)")


def test_a_chart_is_a_picture_and_the_same_one_each_time(study: Callable[..., Study]) -> None:
    result = walk(study())
    assert draw(result, "png").startswith(b"\x89PNG\r\n")
    picture = draw(result, "svg")
    assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314 - of our own making
    assert picture == draw(result, "svg")


def test_what_is_drawn_is_the_portfolio_left_alone_and_the_hedges(study: Callable[..., Study]) -> None:
    both = (Estimator.parse("default"), Estimator.parse("sample"))
    drawn = shown(walk(study(estimators=both)))
    assert [label for label, _ in drawn.values()] == ["unhedged", "default", "sample"]
    several = shown(walk(study(methods=("hedge", "reweight"))))
    assert [label for label, _ in several.values()] == ["hedge, sample", "reweight, sample"]
    assert len({colour for _, colour in drawn.values()}) == 3


def test_where_no_hedge_is_asked_for_the_comparisons_are_drawn(study: Callable[..., Study]) -> None:
    drawn = shown(walk(study(methods=("unhedged", "scaled"))))
    assert list(drawn) == [("unhedged", "sample"), ("scaled", "sample")]


@pytest.mark.parametrize("kind", ["", "pdf"])
def test_another_kind_of_picture_is_refused(study: Callable[..., Study], kind: str) -> None:
    with pytest.raises(InputError, match=r"Use .png or .svg"):
        draw(walk(study()), kind)


def test_without_matplotlib_the_extra_is_named(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"betaneutral-xl\[charts\]"):
        draw(walk(study()), "svg")
