"""The small files of ../shared/cases/inputs give what their table (EXPECTED.md) says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.errors import BetaNeutralError, InputError, UnknownFund, UnreadableFile
from betaneutral_xl.job.inputs import load_etf
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.model.spacing import MONTHLY, spacing_of
from betaneutral_xl.readers.covariance_csv import load_covariance
from betaneutral_xl.readers.holdings_files import load_holdings
from betaneutral_xl.readers.holdings_sections import Choice
from betaneutral_xl.readers.prices import load_prices

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "inputs"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the folder ../shared/cases/inputs is not here")

FIDELITY = {"NVDA": 18136.0, "MSFT": 4900.0, "BRK.B": 2000.0}

VALUES = {
    "fidelity.csv": (FIDELITY, 5201.0),
    "robinhood.csv": ({"NVDA": 18136.0, "MSFT": 4900.0}, 0.0),
    "schwab_option.csv": ({"NVDA": 18136.0, "AAPL 01/16/2026 250.00 C": 830.0}, 61.04),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_brokers_export_gives_its_values(name: str) -> None:
    values, cash = VALUES[name]
    holdings = load_holdings(FOLDER / name)
    nav = sum(values.values()) + cash
    assert holdings.nav == pytest.approx(nav)
    assert dict(zip(holdings.tickers, holdings.weights.tolist(), strict=True)) == pytest.approx(
        {ticker: value / nav for ticker, value in values.items()}
    )


WEIGHTS = {
    "fidelity_mixed.csv": ("NVDA", 0.615, 0.136),
    "ibkr_activity.csv": ("NVDA", 0.586, 5000.0 / 30936.0),
    "fund_eur.csv": ("SAP", 0.428, 0.0),
    "dates.csv": ("NVDA", 0.6, 0.0),
    "pandas_idx.csv": ("NVDA", 0.6, 0.0),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_portfolio_gives_its_weights_and_its_cash(name: str) -> None:
    ticker, weight, cash = WEIGHTS[name]
    holdings = load_holdings(FOLDER / name)
    assert holdings.weights[holdings.tickers.index(ticker)] == pytest.approx(weight, abs=6e-4)
    assert holdings.cash == pytest.approx(cash, abs=6e-4)


def test_the_accounts_of_a_file_are_chosen_or_added() -> None:
    for name in ("fidelity_two.csv", "schwab_all.csv"):
        with pytest.raises(UnknownFund, match="--account"):
            load_holdings(FOLDER / name)
    added = load_holdings(FOLDER / "schwab_all.csv", choice=Choice(account="all"))
    assert set(added.tickers) == {"NVDA", "MSFT", "AAPL", "AMZN"}
    assert added.nav == pytest.approx(38767.04)
    assert added.cash * (added.nav or 0.0) == pytest.approx(161.04)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("purchase_only.csv", "neither a value nor shares with a positive price for NVDA, MSFT"),
        ("isin.csv", "no ticker for US67066G1040, US5949181045"),
        ("dn_shares.csv", "add a row CASH with its value, or state the net asset value"),
        ("near_neutral.csv", "gross exposure of 1,999 times the net asset value"),
    ],
)
def test_what_has_no_weights_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_holdings(FOLDER / name)


def test_a_stated_net_asset_value_makes_weights_of_a_neutral_book() -> None:
    assert load_holdings(FOLDER / "dn_shares.csv", nav=20_000.0).weights.tolist() == [0.5, 0.5, -0.5, -0.5]


@pytest.mark.parametrize("name", ["c_unnamed.csv", "c_idx2.csv"])
def test_every_layout_of_a_covariance_gives_its_matrix(name: str) -> None:
    plain, other = load_covariance(FOLDER / "c_pandas.csv"), load_covariance(FOLDER / name)
    assert other.tickers == plain.tickers
    assert np.array_equal(other.form.dense(), plain.form.dense())


def test_the_unit_of_a_covariance_is_refused_or_warned_of() -> None:
    with pytest.raises(InputError, match="is a correlation matrix"):
        load_covariance(FOLDER / "c_corr.csv")
    with pytest.raises(InputError, match="daily percent squared"):
        load_covariance(FOLDER / "c_dailypct2.csv")
    plain = load_covariance(FOLDER / "c_pandas.csv")
    stated = load_covariance(FOLDER / "c_dailypct2.csv", CovarianceUnit.DAILY_PERCENT_SQUARED)
    assert stated.form.dense() == pytest.approx(plain.form.dense())
    for name in ("c_monthly.csv", "c_vol.csv"):
        assert any("unusual for shares" in line for line in load_covariance(FOLDER / name).warnings)


@pytest.mark.parametrize("name", ["p_us", "p_serial", "p_yf_multi", "p_duprow"])
def test_every_layout_of_prices_gives_the_closes(name: str) -> None:
    read = load_prices(FOLDER / f"{name}.head.csv")
    assert read.tickers == ("NVDA", "MSFT", "AAPL", "AMZN", "META", "GOOGL", "AVGO", "TSM", "BRK.B")
    assert read.dates[:2].astype(str).tolist() == ["2023-06-01", "2023-06-02"]
    assert read.matrix[0].tolist()[:3] == [39.6886, 324.893, 177.6]


def test_prices_in_quotes_with_dollars_and_thousands_are_numbers() -> None:
    quoted, plain = (load_prices(FOLDER / f"{name}.head.csv") for name in ("p_quoted", "p_us"))
    assert quoted.tickers == plain.tickers
    assert quoted.matrix == pytest.approx(10.0 * plain.matrix, abs=0.006)


def test_days_filled_forward_are_told() -> None:
    warnings = load_prices(FOLDER / "p_ffill.head.csv").returns().warnings
    assert any("at weekends: they seem to be filled forward" in line for line in warnings)


def test_columns_of_one_security_are_no_tickers() -> None:
    with pytest.raises(BetaNeutralError, match="prices of one security, not tickers"):
        load_prices(FOLDER / "p_one_ohlc.head.csv")


def test_the_funds_own_statement_converts_by_its_rates() -> None:
    fund = {one.ticker: one for one in load_holdings(FOLDER / "fund_flex.csv").positions}
    assert fund["7203 JP"].value == pytest.approx(1856.0)
    assert fund["SAP"].value == pytest.approx(24360.0)
    option = fund["NVDA 260116C00200000"]
    assert (option.position_class.value, option.value) == ("option", -710.0)
    other = {one.ticker: one.value for one in load_holdings(FOLDER / "ibkr_flex.csv").positions}
    assert other == {"NVDA": 18136.0, "BRK.B": 4000.0, "SAP": pytest.approx(2436.0)}


def test_only_the_sheet_with_positions_is_a_portfolio() -> None:
    assert len(load_holdings(f"{FOLDER / 'book_multi.xlsx'}#Holdings").tickers) == 3
    with pytest.raises(UnreadableFile, match="on 2 sheets: Watchlist, Holdings"):
        load_holdings(FOLDER / "book_multi.xlsx")


def test_monthly_prices_are_told() -> None:
    assert spacing_of(load_prices(FOLDER / "p_monthly.head.csv").dates) is MONTHLY


def test_a_fund_with_a_row_of_its_own_has_beta_one_to_itself() -> None:
    etf = load_etf(FOLDER / "XAI.csv")
    held = Holdings.from_weights({etf.name: 1.0})
    result = neutralise(Question(held, (etf,), load_covariance(FOLDER / "a1_cov.csv")))
    assert result.before.beta[etf.name] == pytest.approx(1.0)
