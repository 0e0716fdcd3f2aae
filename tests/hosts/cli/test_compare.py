from __future__ import annotations

import csv
import io
import json

import pytest

from betaneutral_xl.hosts.cli import main


def test_csv_and_json_have_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--sample", "--cost-bp", "5", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert main(["compare", "--sample", "--cost-bp", "5", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)["alternatives"]
    assert [row["alternative"] for row in rows] == [one["alternative"] for one in records]
    for row, one in zip(rows, records, strict=True):
        assert float(row["volatility"]) == one["volatility"]
        assert float(row["cost"]) == one["cost"]
    assert [one["beta_JHAI"] for one in records[1:4]] == pytest.approx([0.0] * 3, abs=1e-10)


def test_the_table_has_every_alternative_and_why_one_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--sample", "--turnover", "1%"]) == 0
    out = capsys.readouterr().out
    for name in ("as it is", "hedge by the ETF", "hedge by its basket", "reweight", "long only"):
        assert name in out
    assert "! reweight: No weights reach beta 0.00" in out
