from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import betaneutral_xl as bn
from betaneutral_xl.hosts.cli import main, weights


@pytest.fixture(scope="module")
def sample() -> bn.Result:
    return bn.demo()


def printed(sample: bn.Result, *, terminal: bool, **options: Any) -> list[str]:
    """Return the lines of the table."""
    text = io.StringIO()
    out = Console(file=text, width=120, force_terminal=terminal, color_system=None)
    weights.print_table(sample, out, **options)
    return [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]


def test_a_terminal_shows_the_trades_first_and_folds_the_other_names(sample: bn.Result) -> None:
    head, first, *lines, cash, folded = printed(sample, terminal=True)
    assert head.split()[0] == "ticker"
    assert first.split()[0] == "TSM"
    assert cash.split()[0] == "CASH"
    assert len(lines) + 1 == sample.traded_names
    untraded = len(sample.tickers) - sample.traded_names
    assert folded.startswith(f"{untraded} more names are not traded (weight ")
    sizes = [abs(float(line.split()[-1].rstrip("%"))) for line in (first, *lines)]
    assert sizes == sorted(sizes, reverse=True)


def test_a_pipe_gets_every_name_by_ticker(sample: bn.Result) -> None:
    _, *names, _ = printed(sample, terminal=False)
    assert [line.split()[0] for line in names] == list(sample.tickers)


@pytest.mark.parametrize("sort", weights.SORTS)
@pytest.mark.parametrize("place", ["terminal", "pipe"])
def test_a_stated_order_holds_everywhere_and_folds_nothing(sample: bn.Result, sort: str, place: str) -> None:
    _, *names, cash = printed(sample, terminal=place == "terminal", sort=sort)
    assert cash.split()[0] == "CASH"
    assert len(names) == len(sample.tickers)
    column = next(name for name in sample.columns if name.startswith(sort))
    frame = sample.table.iloc[:-1].set_index("ticker")
    largest = min(sample.tickers) if sort == "ticker" else frame[column].abs().idxmax()
    assert names[0].split()[0] == largest


def test_the_first_rows_are_the_largest_trades_unless_stated(capsys: pytest.CaptureFixture[str]) -> None:
    def tickers(*words: str) -> list[str]:
        assert main(["rebalance", "--sample", "--csv", *words]) == 0
        return [row["ticker"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]

    assert tickers("--top", "3") == ["TSM", "NVDA", "AVGO", "CASH"]
    assert tickers("--top", "2", "--sort", "weight") == ["MSFT", "NVDA", "CASH"]
    assert len(tickers("--top", "9999")) == len(tickers())


@pytest.mark.parametrize("count", ["0", "-3", "1.5", "many"])
def test_a_number_of_rows_that_is_none_is_one_line(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rebalance", "--sample", "--top", count])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_samples_files_give_the_samples_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--files", str(tmp_path / "new")]) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        *("JHAI.csv", "fund.csv", "quotes.csv", "risk.csv")
    ]
    capsys.readouterr()
    files = {name: str(tmp_path / "new" / f"{name}.csv") for name in ("fund", "JHAI", "risk")}
    result = bn.beta_neutral(files["fund"], files["JHAI"], files["risk"])
    assert result.before.beta["JHAI"] == pytest.approx(bn.demo().before.beta["JHAI"], rel=1e-12)
    assert len(result.orders(tmp_path / "new" / "quotes.csv")) == len(bn.demo().orders("demo"))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["demo", "--files", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.startswith("betaneutral-xl: Cannot make the folder file")
