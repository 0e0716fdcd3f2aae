from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from betaneutral_xl import InputError
from betaneutral_xl.errors import MissingValue
from betaneutral_xl.hosts.sheets import cells
from betaneutral_xl.hosts.sheets.named_values import named_values

if TYPE_CHECKING:
    from betaneutral_xl.hosts.sheets.cells import Grid


def grid(rows: Any) -> Grid:
    return cells.read(rows, "the range")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (None, {}),
        ("half_life=63; window = 252", {"half_life": "63", "window": "252"}),
        ([["long_only", True], ["upper", 0.05], [None, None]], {"long_only": True, "upper": 0.05}),
        ([["upper", None, 0.05], ["upper", "NVDA", 0.1]], {"upper": {"*": 0.05, "NVDA": 0.1}}),
        ([["upper", "NVDA", 0.1], ["upper", None, 0.05]], {"upper": {"NVDA": 0.1, "*": 0.05}}),
        ([["long_only", None], ["gross", 1.5]], {"gross": 1.5}),
        ([["Name", "Value"], ["gross", 1.5]], {"gross": 1.5}),
        ([["limit", "for which", "VALUE"], ["upper", "NVDA", 0.1]], {"upper": {"NVDA": 0.1}}),
        ([["long_only", None, None], ["upper", None, None]], {}),
        ([["upper", None]], {}),
        ([["upper=5%", None]], {"upper": "5%"}),
    ],
)
def test_named_values_are_read(rows: Any, found: dict[str, Any]) -> None:
    assert named_values(grid(rows)) == found


@pytest.mark.parametrize(
    "rows",
    [[["long_only"], ["upper"]], [[None, True], [None, 0.05]]],
)
def test_a_column_of_names_or_of_values_alone_is_refused(rows: Any) -> None:
    with pytest.raises(InputError, match=r"^the range has 1 columns\. Give name and value"):
        named_values(grid(rows))


def test_a_value_without_a_name_is_refused_and_not_dropped() -> None:
    with pytest.raises(MissingValue) as caught:
        named_values(grid([["long_only", True], [None, 0.05]]))
    assert str(caught.value) == (
        "row 2, column 1 of the range has no name beside the value 0.05. Give the name, or clear the row."
    )


def test_a_repeated_name_is_refused() -> None:
    with pytest.raises(InputError, match="gross is given twice"):
        named_values(grid([["gross", 1.5], ["gross", 2.0]]))


@pytest.mark.parametrize("text", ["long_only", "upper=5%; long_only", "long_only="])
def test_a_named_value_without_a_value_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^The option long_only has no value\. Write long_only=TRUE or "):
        named_values(grid(text))
