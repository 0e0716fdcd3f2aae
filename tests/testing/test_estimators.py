"""The contract of estimators holds of the package's own, and fails where one breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from betaneutral_xl.engine.estimators.fitting import ESTIMATORS
from betaneutral_xl.engine.estimators.historical import sample
from betaneutral_xl.model.risk import Dense
from betaneutral_xl.testing import check_estimator

if TYPE_CHECKING:
    from betaneutral_xl.engine.estimators.window import Estimate, Window

NEED_SKLEARN = {"ledoit_wolf", "oas"}


@pytest.mark.parametrize("method", ESTIMATORS)
@pytest.mark.parametrize("seed", [0, 7])
def test_every_method_keeps_to_the_contract(method: str, seed: int) -> None:
    if method in NEED_SKLEARN:
        pytest.importorskip("sklearn")
    check_estimator(ESTIMATORS[method], seed=seed)


def changed(change: Callable[[Any], Any]) -> Callable[[Window], Estimate]:
    """Return the sample covariance with a change of its matrix."""

    def estimator(window: Window) -> Estimate:
        """Return a broken covariance."""
        found = sample(window)
        return replace(found, form=Dense(change(found.form.dense())))

    return estimator


def with_a_parameter(window: Window, half_life: float) -> Estimate:
    """Return the sample covariance, with a parameter that has no default."""
    return sample(window)


def of_the_first_name(window: Window) -> Estimate:
    """Return a covariance in which the first name is another."""
    found = sample(window)
    matrix = found.form.dense().copy()
    matrix[0, 0] *= 2.0
    return replace(found, form=Dense(matrix))


def that_is_too_sure(window: Window) -> Estimate:
    """Return the sample covariance, resting on more days than there are."""
    return replace(sample(window), effective_days=10.0 * window.days)


BROKEN: dict[str, tuple[Callable[..., Any], str]] = {
    "a parameter without a default": (with_a_parameter, "is a keyword argument with a default"),
    "not semidefinite": (changed(lambda v: v - 10.0 * np.eye(len(v)) * v.max()), "positive semidefinite"),
    "a constant": (changed(lambda v: v + 1e-3 * np.eye(len(v))), "of twice the returns is four times"),
    "the order of the names": (of_the_first_name, "does not depend on the order of the names"),
    "more days than there are": (that_is_too_sure, "rests on 0 to"),
    "another type": (lambda window: None, "has a docstring"),
}


@pytest.mark.parametrize(("estimator", "promise"), BROKEN.values(), ids=BROKEN)
def test_a_broken_estimator_is_told_what_it_breaks(estimator: Callable[..., Any], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_estimator(estimator)
