from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from betaneutral_xl.hosts.calc.client import wire
from betaneutral_xl.hosts.sheets import cells

CELLS = st.one_of(
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from([None, "", -0.0, 5e-324, 1.7976931348623157e308, math.inf, "\n", "\u2028", "\x00", "😀"]),
)
RAGGED = st.lists(st.lists(CELLS, max_size=8), max_size=12)


@st.composite
def large(draw: st.DrawFn) -> list[list[wire.Cell]]:
    """Return a block large enough to be packed: a few cells of any kind, repeated."""
    few = draw(st.lists(CELLS, min_size=1, max_size=20))
    width = draw(st.integers(1, 40))
    height = -(-wire.PACKED_FROM // width) + draw(st.integers(0, 3))
    return [[few[(i * width + j) % len(few)] for j in range(width)] for i in range(height)]


def sent(value: object) -> Any:
    """Return a value as the other end receives it."""
    return wire.unpack(wire.decode(wire.encode({"value": wire.pack(value)}))["value"])


def told_apart(rows: Any) -> list[list[tuple[type, str]]]:
    """Return cells in a form in which only identical values are equal: 0.0 is not -0.0."""
    return [[(type(cell), repr(cell)) for cell in row] for row in rows]


@given(RAGGED)
def test_a_small_or_ragged_block_arrives_unchanged(rows: list[list[wire.Cell]]) -> None:
    assert told_apart(sent(rows)) == told_apart(rows)


@given(large())
@example([[0.0] * 16] * 16)
@example([["x"] * 16] * 16)
@example([[None] * 16] * 16)
def test_a_large_block_arrives_unchanged_with_none_as_a_blank(rows: list[list[wire.Cell]]) -> None:
    assert set(wire.pack(rows)) == {"width", "numbers", "blanks", "texts"}  # type: ignore[call-overload]
    blank = [[wire.BLANK if cell is None else cell for cell in row] for row in rows]
    got = sent(tuple(map(tuple, rows)))
    assert told_apart(got) == told_apart(blank)
    assert isinstance(got, tuple)
    assert {type(row) for row in got} == {tuple}


def test_nan_arrives_as_nan() -> None:
    got = sent([[math.nan] * 300])
    assert all(math.isnan(cell) for cell in got[0])


def test_booleans_and_integers_keep_their_types_in_a_large_block() -> None:
    row = [True, 1, 1.0, "1"] * 64
    assert told_apart(sent([row])) == told_apart([row])


@given(st.one_of(st.none(), st.floats(allow_nan=False), st.text(), st.booleans()))
def test_a_scalar_arrives_unchanged(value: object) -> None:
    assert told_apart([[sent(value)]]) == told_apart([[value]])


@given(large(), st.integers(0, 300))
def test_a_large_ragged_block_is_not_packed(rows: list[list[wire.Cell]], place: int) -> None:
    ragged = [*rows, [1.0] * (len(rows[0]) + 1)]
    assert wire.pack(ragged) is ragged
    assert told_apart(sent(ragged)) == told_apart(ragged)


@pytest.mark.parametrize("value", [(), ((),), ((), ()), ((),) * 300])
def test_an_empty_block_arrives_unchanged(value: tuple[tuple[()], ...]) -> None:
    assert sent(value) == value


@given(st.dictionaries(st.text(), st.one_of(st.text(), RAGGED)))
@example({"text": "a\nb\r\nc\u2028d\u2029e\x85f\x0bg\x00"})
def test_a_message_is_one_line_for_any_text(message: dict[str, Any]) -> None:
    line = wire.encode(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert b"\r" not in line
    assert wire.decode(line) == message


def test_a_lone_surrogate_is_sent_as_a_question_mark() -> None:
    assert wire.decode(wire.encode({"say": "\ud83d and more"})) == {"say": "? and more"}
    assert sent([["\udcff", 1.0] * 200])[0][:2] == ("?", 1.0)


@pytest.mark.parametrize(
    "line", [b"[1]\n", b"1\n", b"null\n", b"\n", b'{"id": 1', b"Traceback\n", b"\xff\xfe\n"]
)
def test_an_invalid_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"no message|Expecting|decode|Extra"):
        wire.decode(line)


def test_a_quarter_of_a_million_numbers_take_less_than_three_megabytes() -> None:
    rows = [[math.sin(i * 500 + j) for j in range(500)] for i in range(500)]
    line = wire.encode({"rows": wire.pack(rows)})
    assert len(line) < 3_000_000
    assert len(line) < 0.6 * len(json.dumps(rows))


# ---------------------------------------------------------------- whole columns


def test_a_whole_column_loses_the_blank_rows_at_its_end() -> None:
    filled = (("ticker", "weight"), ("", 0.5), ("", ""), ("MSFT", ""))
    assert wire.trimmed(filled + (("", ""),) * 1_048_572) == filled


def test_small_full_and_scalar_values_are_not_trimmed() -> None:
    small = (("a",), ("",))
    full = (("",),) * 999 + ((0.0,),)
    ending_in_nothing: tuple[tuple[Any], ...] = (("a",),) * 999 + ((None,),)
    for value in (small, full, ending_in_nothing, (), None, 0.0, "text"):
        assert wire.trimmed(value) is value


def test_a_blank_column_means_the_same_as_a_blank() -> None:
    column = (("",),) * 1_000
    assert wire.trimmed(column) == ()
    assert cells.read(sent(wire.trimmed(column)), "x") == cells.read(None, "x") == cells.read(column, "x")


@given(
    st.lists(st.lists(st.one_of(st.just(""), CELLS), min_size=2, max_size=2), max_size=6),
    st.integers(256, 400),
)
def test_a_range_means_the_same_without_its_trailing_blanks(rows: list[list[wire.Cell]], height: int) -> None:
    value = (*map(tuple, rows), *((("", ""),) * height))
    trimmed = wire.trimmed(value)
    assert isinstance(trimmed, tuple)
    assert value[: len(trimmed)] == trimmed
    assert cells.read(trimmed, "x") == cells.read(value, "x")
