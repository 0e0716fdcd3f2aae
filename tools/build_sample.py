"""Create the embedded sample from data that the package does not publish.

Usage: python tools/build_sample.py ../shared/data

Reads the fund's 33 largest weights, the AI ETF's constituents and a panel of daily adjusted
closes; writes six small files to ``betaneutral_xl/job/sample``. They contain computed figures
only: an estimated covariance, past forecast errors of its betas, the closing prices of one day, shares.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from betaneutral_xl.engine.estimators.fitting import fit, observe
from betaneutral_xl.engine.forecast_errors import forecast_errors
from betaneutral_xl.engine.past_blocks import MAX_BLOCKS as BLOCKS
from betaneutral_xl.job.inputs import drift_rows, load_etf
from betaneutral_xl.model.history import RecordedErrors
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.returns import Prices
from betaneutral_xl.readers.covariance_csv import load_covariance

AS_OF = date(2025, 11, 18)
NAV = 10_000_000.0
HALF_LIFE = 63
TRADING_DAYS = 252
BENCHMARK = "IWV"
FUND = "quant_paper"
ETF_NAME, ETF_TICKER = "Janus Henderson Transformational AI ETF", "JHAI"
ETF_NET_ASSETS = 100_000_000.0
OUT = Path(__file__).parent.parent / "betaneutral_xl" / "job" / "sample"

HEADER = (
    "Security,Ticker,Cusip,Underlying Security,Underlying Security Type,Strike Price,"
    "Quantity (Shares/ Par/ Units/ Contracts),Notional Value,Market Value,Weight %,Current Market Value"
)


NAMES = {
    "TSM": "Taiwan Semiconductor Manufacturing Co Ltd",
    "NVDA": "NVIDIA Corp",
    "AVGO": "Broadcom Inc",
    "MSFT": "Microsoft Corp",
    "GOOG": "Alphabet Inc - Class C",
    "AMZN": "Amazon.com Inc",
    "CDNS": "Cadence Design Systems Inc",
    "LRCX": "Lam Research Corp",
    "MELI": "MercadoLibre Inc",
    "PGR": "Progressive Corp",
    "INTU": "Intuit Inc",
    "WDAY": "Workday Inc",
    "KLAC": "KLA Corp",
    "ORCL": "Oracle Corp",
    "APP": "AppLovin Corp",
    "APH": "Amphenol Corp",
    "MU": "Micron Technology Inc",
    "DE": "Deere & Co",
    "SNOW": "Snowflake Inc",
    "ISRG": "Intuitive Surgical Inc",
    "VST": "Vistra Corp",
    "NBIS": "Nebius Group NV",
    "VRT": "Vertiv Holdings Co",
    "CEG": "Constellation Energy Corp",
    "ETN": "Eaton Corp PLC",
    "SHOP": "Shopify Inc",
    "BABA": "Alibaba Group Holding Ltd",
    "SPOT": "Spotify Technology SA",
    "NVMI": "Nova Ltd",
    "LLY": "Eli Lilly & Co",
    "HWM": "Howmet Aerospace Inc",
    "IOT": "Samsara Inc",
    "SFTBY": "SoftBank Group Corp",
    "TEAM": "Atlassian Corp",
    "DDOG": "Datadog Inc",
    "BX": "Blackstone Inc",
    "LITE": "Lumentum Holdings Inc",
    "ASML": "ASML Holding NV",
    "COIN": "Coinbase Global Inc",
    "DASH": "DoorDash Inc",
    "CRDO": "Credo Technology Group Holding Ltd",
    "TTAN": "ServiceTitan Inc",
    "ANET": "Arista Networks Inc",
    "MNDY": "monday.com Ltd",
    "VIA": "Via Transportation Inc",
    "CRWV": "CoreWeave Inc",
    "NTSK": "Netskope Inc",
}
"""Names of the constituents, which the source does not have."""


def read_panel(path: Path) -> tuple[list[str], list[str], npt.NDArray[np.float64]]:
    """Return dates, tickers and prices (T, N) up to the sample's date; NaN where missing."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        tickers = next(reader)[1:]
        rows = [row for row in reader if row[0] <= AS_OF.isoformat()]
    prices = [[float(cell) if cell else np.nan for cell in row[1:]] for row in rows]
    return [row[0] for row in rows], tickers, np.array(prices)


def read_weights(path: Path) -> dict[str, tuple[str, float]]:
    """Return CUSIP and weight by ticker, as printed in the file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["ticker"]: (row.get("cusip", ""), float(row["weight"])) for row in csv.DictReader(file)}


def weighted_covariance(returns: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Return the annual covariance with exponential weights, and its effective days.

    Daily weights ``q_t`` are proportional to ``0.5 ** (age / HALF_LIFE)`` and sum to 1;
    ``V = 252 * sum q_t (r_t - m)(r_t - m)' / (1 - sum q_t**2)`` with ``m`` the weighted mean.
    """
    q = 0.5 ** (np.arange(len(returns))[::-1] / HALF_LIFE)
    q /= q.sum()
    centred = returns - q @ returns
    scale = TRADING_DAYS / (1.0 - float(q @ q))
    return scale * (centred.T * q) @ centred, 1.0 / float(q @ q)


def main(folder: Path) -> None:
    """Write the six files."""
    held = read_weights(folder / "silverfund" / "quant_paper_weights_2025-11-18.csv")
    constituents = read_weights(folder / "silverfund" / "jhai_constituents.csv")
    days, stocks, stock_prices = read_panel(folder / "prices" / "panel.csv.gz")
    etf_days, funds, fund_prices = read_panel(folder / "prices" / "etf_panel.csv.gz")
    if days != etf_days or days[-1] != AS_OF.isoformat():
        sys.exit("The two panels have different dates, or do not end on the sample's date.")
    column = {name.replace("-", "."): stock_prices[:, i] for i, name in enumerate(stocks)}
    column[BENCHMARK] = fund_prices[:, funds.index(BENCHMARK)]

    canonical = {ticker: ticker.removesuffix(" US").replace(" ", ".") for ticker in (*held, *constituents)}
    union = sorted(set(canonical.values()))
    covered = [name for name in union if name in column]
    panel = np.column_stack([column[name] for name in (*covered, BENCHMARK)])
    complete = np.asarray(np.isfinite(panel).all(axis=1))
    start = len(complete) - int(np.argmin(complete[::-1])) if not complete.all() else 0
    window = panel[start:]
    covariance, effective_days = weighted_covariance(window[1:] / window[:-1] - 1.0)

    OUT.mkdir(parents=True, exist_ok=True)
    write_holdings(held, {ticker: float(column[canonical[ticker]][-1]) for ticker in held})
    write_etf(constituents)
    write_covariance([*covered, BENCHMARK], covariance)
    write_forecast_errors([*covered, BENCHMARK], days, panel, round(effective_days, 2))
    column[ETF_TICKER] = fund_prices[:, funds.index(ETF_TICKER)]
    write_prices({name: float(column[name][-1]) for name in (*covered, ETF_TICKER, BENCHMARK)})
    note = {
        "what": "The sample is for trying things out. It is not the fund's portfolio.",
        "holdings": (
            f"The 33 largest weights of fund {FUND} on {AS_OF}, rescaled to be the whole sample, as whole "
            f"shares of a net asset value of about {NAV:,.0f} USD. Prices are closes adjusted for what was "
            "paid or split after that day, so they differ a little from the printed ones."
        ),
        "etf": (
            f"The constituents of {ETF_TICKER} in its issuer's layout, undated in the source and dated with "
            f"the holdings here; market values for net assets of {ETF_NET_ASSETS:,.0f} USD; no quantities."
        ),
        "covariance": (
            f"Annual, decimals. Exponential weights with a half-life of {HALF_LIFE} days over the "
            f"{len(window) - 1} daily returns from {days[start + 1]} to {days[-1]}, the days on which all "
            f"{len(covered) + 1} names have prices. Not covered, for want of prices: "
            f"{', '.join(name for name in union if name not in column)}. Below the matrix: the errors of "
            f"forecasts of the betas to {ETF_TICKER} in the {BLOCKS} months before, with the same weights "
            "over the days before each, of all names; for names listed later than that, of their expected "
            "returns."
        ),
        "prices": (
            f"The closes of {AS_OF} of all these names, of {BENCHMARK} and of {ETF_TICKER} itself, of the "
            "panel behind the covariance: adjusted for what was paid or split after that day, and so a "
            "little off the printed ones. For trying out orders, not for trading. "
            f"None of {', '.join(name for name in union if name not in column)}."
        ),
        "as_of": AS_OF.isoformat(),
    }
    write(OUT / "sample.json", json.dumps(note, indent=2) + "\n")


def write_forecast_errors(
    names: list[str], days: list[str], prices: npt.NDArray[np.float64], effective_days: float
) -> None:
    """Append effective days and forecast errors of betas to the covariance file, in place of returns."""
    provenance = Provenance.given(len(names), AS_OF)
    table = Prices(tuple(names), np.array(days, dtype="datetime64[D]"), prices, provenance)
    estimate = fit(observe(table.returns()), "exponential", half_life=float(HALF_LIFE))
    etf = load_etf(OUT / "JHAI_sample.csv")
    weights = dict(zip(etf.tickers, etf.weights.tolist(), strict=True))
    unit = np.array([weights.get(name, 0.0) for name in names])
    found = forecast_errors(estimate.history, names, unit)
    if found is None or len(found.errors) != BLOCKS:
        sys.exit(f"The drift takes {BLOCKS} months of forecasts.")
    record = RecordedErrors(
        tuple(names), unit, _rounded(found.errors), found.own, _rounded(found.sampling_matrix())
    )
    covariance = load_covariance(OUT / "covariance.csv")
    lines = drift_rows(
        replace(covariance, history=(record,), effective_days=effective_days), covariance.tickers
    )
    with (OUT / "covariance.csv").open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(
            ",".join(f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row) + "\n"
            for row in lines
        )


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(values, 7)


def write_holdings(held: dict[str, tuple[str, float]], prices: dict[str, float]) -> None:
    """Write the holdings in the format of the fund's API."""
    total = sum(weight for _, weight in held.values())
    holdings = []
    for ticker, (_, weight) in held.items():
        shares = float(round(NAV * weight / total / prices[ticker]))
        holdings.append(
            {
                "ticker": ticker,
                "active": True,
                "shares": shares,
                "price": prices[ticker],
                "value": round(shares * prices[ticker], 6),
                **dict.fromkeys(
                    ("total_return", "volatility", "dividends", "dividends_per_share", "dividend_yield"),
                ),
                "alpha": None,
                "beta": None,
            }
        )
    holdings.sort(key=lambda row: -row["value"])  # type: ignore[operator] # a float in every row
    day = AS_OF.isoformat()
    answer = {"fund": FUND, "start": day, "end": day, "trading_days": 1, "holdings": holdings}
    write(OUT / "holdings.json", json.dumps(answer, indent=1) + "\n")


def write_etf(constituents: dict[str, tuple[str, float]]) -> None:
    """Write the constituents in the issuer's file format."""
    lines = [f'"{ETF_NAME}","{ETF_TICKER}"', f'"Full Portfolio Holdings (As of {AS_OF:%m/%d/%Y})"', ""]
    lines.append(HEADER)
    for ticker, (cusip, weight) in constituents.items():
        # The source lost the leading zeros of CUSIPs, which have nine characters.
        value = f'"${ETF_NET_ASSETS * weight / 100.0:,.0f}"'
        identity = f"{NAMES[ticker.removesuffix(' US')]},{ticker},{cusip.zfill(9)}"
        lines.append(f"{identity},,,-,-,{value},{value},{weight:.2f},{value}")
    lines += ["", '"Sample data: not the issuer\'s file. Quantities are left out."']
    write(OUT / "JHAI_sample.csv", "\n".join(lines) + "\n")


def write_covariance(tickers: list[str], matrix: npt.NDArray[np.float64]) -> None:
    """Write the covariance in the format of the fund's API."""
    lines = [",".join(["date", "ticker", *tickers])]
    for name, row in zip(tickers, matrix, strict=True):
        lines.append(",".join([AS_OF.isoformat(), name, *(f"{value:.10g}" for value in row)]))
    write(OUT / "covariance.csv", "\n".join(lines) + "\n")


def write_prices(prices: dict[str, float]) -> None:
    """Write one day's closes as a price file."""
    lines = [",".join(["date", *prices]), ",".join([AS_OF.isoformat(), *map(repr, prices.values())])]
    write(OUT / "prices.csv", "\n".join(lines) + "\n")


def write(path: Path, text: str) -> None:
    """Write text with the same bytes on every system."""
    path.write_bytes(text.encode())
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the script and its one argument
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
