from __future__ import annotations

import json

import pytest

from betaneutral_xl.hosts.cli import main


def test_contributions_add_to_the_portfolios_beta(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["betas", "--sample", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["betas"]) == 33
    total = sum(row["contribution_JHAI"] for row in answer["betas"])
    assert answer["portfolio_beta"]["JHAI"] == pytest.approx(total, rel=1e-12)
    assert 0.4 < total < 0.7
    assert all(row["beta_error_JHAI"] > 0 for row in answer["betas"])
    assert 0.02 < answer["portfolio_beta_error"]["JHAI"] < 0.1
    largest = [abs(row["contribution_JHAI"]) for row in answer["betas"]]
    assert largest == sorted(largest, reverse=True)


def test_the_table_ends_with_the_portfolios_beta(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["betas", "--sample"]) == 0
    text = capsys.readouterr().out
    assert "portfolio beta to JHAI: 0.5" in text
    assert "NVDA" in text
