"""Messages between a client and its worker: one JSON object per line, large blocks of numbers packed.

Both ends use this module. Reading and writing 250,000 numbers as text takes longer than everything
else together; as base64-encoded bytes it takes a few milliseconds.
"""

from __future__ import annotations

import json
import sys
from array import array
from base64 import b64decode, b64encode
from itertools import chain
from typing import Any, Dict, List, Sequence, Union

Cell = Union[str, float, None]
Rows = Sequence[Sequence[Cell]]
Message = Dict[str, Any]

PROTOCOL = 3
"""The version of the protocol of buttons, which a client sends with each press."""

UNFINISHED = frozenset({"ask", "say", "place"})
"""Keys of the messages that are not the last of their request."""

PACKED_FROM = 256
"""Cells from which a block is packed."""

BLANK = ""
"""A blank cell: Calc shows None as zero."""


def encode(message: Message) -> bytes:
    """Return a message as a line; a lone surrogate, which Calc's LEFT can leave, is sent as "?"."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line.

    Raises
    ------
    ValueError
        If the line is not a JSON object.

    """
    message: object = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("no message")  # noqa: EM101, TRY003, TRY004 - handled by the reader
    return message


def pack(value: object) -> object:
    """Return an argument or a result for sending: a large block packed, anything else unchanged."""
    if not isinstance(value, (tuple, list)):
        return value
    width = len(value[0]) if value else 0
    if width * len(value) < PACKED_FROM or any(len(row) != width for row in value):
        return value
    cells: List[Any] = list(chain.from_iterable(value))
    texts: Dict[str, Cell] = {}
    blanks: List[int] = []
    for i in [i for i, cell in enumerate(cells) if type(cell) is not float]:
        if cells[i] is None or cells[i] == BLANK:
            blanks.append(i)
        else:
            texts[str(i)] = cells[i]
        cells[i] = 0.0
    return {"width": width, "numbers": _text("d", cells), "blanks": _text("i", blanks), "texts": texts}


def unpack(value: Any) -> Any:
    """Return a packed value: blocks as tuples of tuples, anything else unchanged."""
    if isinstance(value, list):
        return tuple(tuple(row) for row in value)
    if not isinstance(value, dict):
        return value
    width, cells = value["width"], _numbers("d", value["numbers"])
    for i in _numbers("i", value["blanks"]):
        cells[i] = BLANK
    for place, text in value["texts"].items():
        cells[int(place)] = text
    return tuple(tuple(cells[start : start + width]) for start in range(0, len(cells), width))


def _text(kind: str, numbers: List[Any]) -> str:
    """Return numbers as base64 text of their little-endian bytes."""
    packed = array(kind, numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return b64encode(packed.tobytes()).decode("ascii")


def _numbers(kind: str, text: str) -> List[Any]:
    packed = array(kind)
    packed.frombytes(b64decode(text))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tolist()


def trimmed(value: object) -> object:
    """Return a block without trailing blank rows: a whole column is a million cells."""
    if not isinstance(value, tuple) or len(value) < PACKED_FROM or value[-1] != (BLANK,) * len(value[-1]):
        return value
    blank = value[-1]
    return value[: next((i for i in range(len(value), 0, -1) if value[i - 1] != blank), 0)]
