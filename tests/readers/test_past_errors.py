from __future__ import annotations

import pytest

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.readers.past_errors import parse_past_errors

TABLE = "etf,block,A,B\nX,unit,0.5,0.5\nX,2025-01-31,0.1,-0.1\nX,2024-12-31,0.2,-0.2\n"


def test_a_table_is_read_by_etf_and_block() -> None:
    found = parse_past_errors(TABLE, "errors.csv")
    assert found.tickers == ("A", "B")
    assert found.etf_names == ("X",)
    assert found.units.tolist() == [[0.5], [0.5]]
    assert found.errors[:, :, 0].tolist() == [[0.1, -0.1], [0.2, -0.2]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n",
        "etf,block,A\nX,2025-01-31,0.1\n",
        TABLE.replace("0.2,", "x,"),
        TABLE.replace("0.2,", "nan,"),
        TABLE + "X,2024-11-30,0.1\n",
        TABLE + "Y,unit,1.0,0.0\n",
        TABLE.replace("block", "day"),
    ],
)
def test_what_is_no_such_table_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnreadableFile, match=r"^errors\.csv has no table of past forecast errors"):
        parse_past_errors(text, "errors.csv")
