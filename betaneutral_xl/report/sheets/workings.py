"""The sheet Measures: every scalar of the result as a formula, next to Python's value."""

from __future__ import annotations

import math

import numpy as np

from betaneutral_xl.engine.intervals import LEVEL, quantile
from betaneutral_xl.engine.look_through import overlaps
from betaneutral_xl.engine.result import Exposure, Method
from betaneutral_xl.model.alignment import OnMissing
from betaneutral_xl.model.arrays import FloatArray
from betaneutral_xl.report.builder import Book
from betaneutral_xl.report.cells import Canvas
from betaneutral_xl.report.contents import Contents
from betaneutral_xl.report.measures import Measures
from betaneutral_xl.report.sheets import tickets
from betaneutral_xl.report.sheets.holdings import is_valued
from betaneutral_xl.report.sheets.risk_model import Model, benchmark_name

WELL_CONDITIONED = 1e4
"""Condition number up to which MINVERSE is accurate enough for the sheet Checks."""


def write(book: Book, canvas: Canvas, contents: Contents, model: Model) -> None:
    """Write all measures, in the order in which they depend on each other."""
    sheet = Measures(book, canvas)
    _portfolio(sheet, contents)
    _etfs(sheet, contents, model)
    _exposure(sheet, contents, model, "before", contents.result.before)
    _hedge(sheet, contents)
    _exposure(sheet, contents, model, "after", contents.result.after)
    _change(sheet, contents, model)
    _look_through(sheet, contents)
    if contents.orders is not None:
        tickets.measures(sheet, contents.orders)
    sheet.close()


def _portfolio(sheet: Measures, contents: Contents) -> None:
    holdings = contents.result.aligned.holdings
    sheet.section("Portfolio")
    if is_valued(holdings):
        assert holdings.nav is not None  # noqa: S101 - checked by is_valued
        sheet.add(
            "nav",
            "net asset value",
            "SUM(held_value)+cash_value",
            holdings.nav,
            "market value of all positions plus cash",
        )
        sheet.add("cash_before", "cash before", "cash_value/nav", holdings.cash, "cash over net asset value")
    else:
        sheet.add(
            "cash_before", "cash before", "cash_weight", holdings.cash, "weight not invested in any position"
        )


def _etfs(sheet: Measures, contents: Contents, model: Model) -> None:
    result = contents.result
    aligned = result.aligned
    variances = aligned.etf_variances.tolist()
    for k, (name, variance) in enumerate(zip(result.etf_names, variances, strict=True), start=1):
        sheet.section(f"ETF {k}: {name}")
        if aligned.coverage.etf_on_missing is OnMissing.RESCALE:
            inside = f'(etf_number={k})*(etf_in_basket="yes")*etf_printed'
            sheet.add(
                f"etf_scale_{k}",
                "scale of covered weights",
                f'SUMPRODUCT({inside})/SUMPRODUCT({inside}*(etf_covered="yes"))',
                _scale(contents, k - 1),
                "weight of the basket over weight of its names with risk data",
            )
        formula, definition = _variance(sheet, contents, model, k)
        sheet.add(f"etf_variance_{k}", "variance", formula, variance, definition)
        sheet.add(
            f"etf_volatility_{k}", "volatility", f"SQRT(etf_variance_{k})", math.sqrt(variance), "annual"
        )
        target, benchmark = float(result.targets[k - 1]), contents.benchmarks[k - 1]
        if benchmark is not None:
            column = benchmark_name(contents, benchmark)
            sheet.add(
                f"target_{k}",
                "target beta",
                None
                if contents.units[k - 1].own_row
                else f"{contents.scaled(k)}SUMPRODUCT({column},risk_etf_{k})/etf_variance_{k}",
                target,
                "the target's own beta to the ETF, v'f / (f'V f)",
            )


def _variance(sheet: Measures, contents: Contents, model: Model, k: int) -> tuple[str | None, str]:
    """Write the scale of a scaled basket, and return the formula and definition of the ETF's variance."""
    unit = contents.units[k - 1]
    if unit.own_row:
        return None, f"of the ETF's own row {unit.own_row} of the risk model, annual, decimals"
    if not contents.scaled(k):
        return model.variance(f"etf_{k}"), "f'V f, annual, decimals"
    rows = f"(etf_number={k})"
    equities = f"SUMPRODUCT({rows}*etf_equity_exposure)"
    whole = f"SUMPRODUCT({rows}*ABS(etf_equity_exposure))"
    covered = f'SUMPRODUCT({rows}*(etf_covered="yes")*ABS(etf_weight))'
    derivatives = f"SUMPRODUCT({rows}*etf_derivative_exposure)"
    leverage = f"({equities}+{derivatives})/{equities}*" if unit.derivatives else ""
    sheet.add(
        f"etf_unit_{k}",
        "scale of the covered basket to the ETF",
        f"{leverage}{whole}/{covered}",
        unit.scale,
        "all of the ETF's exposure, swaps and futures included, over that of its names with risk data",
    )
    return (
        f"etf_unit_{k}*SUMPRODUCT(etf_covariance_{k},risk_etf_{k})",
        "of the scaled basket, annual, decimals",
    )


def _scale(contents: Contents, k: int) -> float:
    aligned = contents.result.aligned
    etf = aligned.etfs[k]
    covered = set(aligned.covered_tickers)
    inside = sum(w for t, w in zip(etf.tickers, etf.weights.tolist(), strict=True) if t in covered)
    return float(etf.weights.sum() / inside)


def _exposure(sheet: Measures, contents: Contents, model: Model, when: str, exposure: Exposure) -> None:
    result = contents.result
    column = "weight" if when == "before" else "new_weight"
    sheet.section(f"Portfolio {when}")
    sheet.add(
        f"volatility_{when}",
        f"volatility {when}",
        _root(model.variance(column)),
        exposure.volatility,
        "annual, sqrt(w'V w)",
        squared=True,
    )
    spread = _spread(sheet, contents, when, column)
    for k, name in enumerate(result.etf_names, start=1):
        sheet.add(
            f"beta_{when}_{k}",
            f"beta to {name} {when}",
            f"SUMPRODUCT({column},beta_{k})",
            exposure.beta[name],
            "predicted beta of the portfolio, beta'w",
        )
        error = exposure.beta_error[name]
        if math.isfinite(error):
            left = f"MAX(0,volatility_{when}^2-beta_{when}_{k}^2*etf_variance_{k})"
            sheet.add(
                f"beta_error_{when}_{k}",
                f"standard error of beta to {name} {when}",
                f"SQRT({left}/etf_variance_{k}*{spread})",
                error,
                "of a least-squares slope, sqrt((w'V w - beta^2 f'V f) / (f'V f) / (T - 2))",
                squared=True,
            )
            _interval(sheet, contents, when, k)
    for name, formula, value, definition in (
        ("gross", f"SUMPRODUCT(ABS({column}))", exposure.gross, "sum of absolute weights"),
        ("net", f"SUM({column})", exposure.net, "sum of weights"),
    ):
        sheet.add(f"{name}_{when}", f"{name} exposure {when}", formula, value, definition)
    if when == "after":
        sheet.add(
            "cash_after",
            "cash after",
            "cash_before+net_before-net_after",
            exposure.cash,
            "cash before plus sales minus purchases",
        )


def _interval(sheet: Measures, contents: Contents, when: str, k: int) -> None:
    """Write half the length of the interval of next month's beta, where the drift is known."""
    result = contents.result
    name = result.etf_names[k - 1]
    one = (result.before_forecast if when == "before" else result.after_forecast)[name]
    if not math.isfinite(one.half_width()):
        return
    past = f"standard deviation over {one.blocks} past months beyond sampling error, measured in Python"
    if when == "after" and result.leave_one_out.size:
        past += "; of each month with the weights that the others would have given"
    sheet.add(f"beta_drift_{when}_{k}", f"drift of beta to {name} {when}", None, one.drift, past)
    label = f"quantile of the interval of beta to {name} {when}"
    t = quantile(LEVEL, one.blocks)
    meaning = f"of Student's t, 95 % two-sided, {one.blocks} months"
    sheet.add(f"beta_quantile_{when}_{k}", label, None, t, meaning)
    sheet.add(
        f"beta_interval_{when}_{k}",
        f"± of next month's beta to {name} {when}, 95 %",
        f"beta_quantile_{when}_{k}*SQRT(beta_error_{when}_{k}^2+beta_drift_{when}_{k}^2)",
        one.half_width(),
        "quantile times sqrt(standard error^2 + drift^2)",
        squared=True,
    )


def _spread(sheet: Measures, contents: Contents, when: str, column: str) -> str:
    """Return the formula of 1 / (T - 2), averaged if names were observed on different numbers of days."""
    covariance = contents.result.aligned.covariance
    if covariance.effective_days is None or covariance.seen is None:
        return "1/(effective_days-2)"
    w = contents.result.weights if when == "before" else contents.result.new_weights
    w = w[contents.result.aligned.covered]
    days = covariance.seen * covariance.effective_days
    own = w**2 * covariance.form.variances()
    if not own.any() or not (days > 2.0).all():  # noqa: PLR2004 - as in the standard error
        return "1/(effective_days-2)"
    size = f"(risk_{column}*risk_volatility)^2"
    sheet.add(
        f"per_day_{when}",
        f"1 / (T - 2) {when}",
        f"SUMPRODUCT({size}/(risk_days-2))/SUMPRODUCT({size})",
        float(np.average(1.0 / (days - 2.0), weights=own)),
        "averaged over names with the weights w_i^2 V_ii",
    )
    return f"per_day_{when}"


def _hedge(sheet: Measures, contents: Contents) -> None:
    """Write the system of the hedge ratios, solved by formula if it is well-conditioned."""
    result = contents.result
    names, ratios = result.etf_names, result.hedge_ratios.tolist()
    system = result.aligned.etf_betas
    hedged = [_hedged_beta(contents, k) for k in contents.etfs]
    sheet.section("Hedge: (B'F) h = B'w - t")
    market = _market_leg(sheet, contents)
    sold = (result.market_ratio * market).tolist()
    beside = [f"-market_ratio*market_to_etf_{k}" if result.market_ratio else "" for k in contents.etfs]
    gap = [
        result.before.beta[name] - value - part
        for name, (_, value), part in zip(names, hedged, sold, strict=True)
    ]
    _own_rows(sheet, contents)
    sheet.matrix(
        "hedge_gap",
        "beta to hedge, B'w - t",
        [
            [
                f"beta_before_{k}-{formula}{beside[k - 1]}"
                for k, (formula, _) in zip(contents.etfs, hedged, strict=True)
            ]
        ],
        [gap],
    )
    sheet.matrix(
        "hedge_system",
        "beta of one ETF to another, B'F",
        [[f"{_between(contents, j, k)}/etf_variance_{k}" for j in contents.etfs] for k in contents.etfs],
        system.tolist(),
    )
    solvable = result.legs.exact and result.condition_number <= WELL_CONDITIONED
    for k, (name, ratio) in enumerate(zip(names, ratios, strict=True), start=1):
        solved = _solved("hedge_system", "hedge_gap", k, len(names))
        sheet.add(
            f"hedge_ratio_{k}",
            f"hedge ratio {name}",
            solved if solvable else None,
            ratio,
            "ETF to sell against the original portfolio, in its net asset value",
        )
    sheet.add(
        "condition_number",
        "condition number",
        None,
        result.condition_number,
        "of B'F; large if ETFs are nearly collinear",
    )
    if result.method is Method.HEDGE and (contents.has_own_rows or contents.has_scaled_units):
        _baskets(sheet, contents)


def _market_leg(sheet: Measures, contents: Contents) -> FloatArray:
    """Write how much of the market is sold, as values; return the market's beta to each ETF, shape (K,)."""
    aligned, market = contents.result.aligned, contents.result.aligned.market
    if market is None or not contents.result.market_ratio:
        return np.zeros(len(aligned.etf_names))
    betas: FloatArray = aligned.instrument_betas.T @ market.unit
    meaning = f"of {market.name}: {market.share:.4g} of its leg in the hedge of ETFs and market together"
    sheet.add("market_ratio", f"hedge ratio {market.name}", None, contents.result.market_ratio, meaning)
    for k, (name, beta) in enumerate(zip(aligned.etf_names, betas.tolist(), strict=True), start=1):
        label = f"beta of {market.name} to {name}"
        sheet.add(f"market_to_etf_{k}", label, None, beta, "the market's own predicted beta to the ETF")
    return betas


def _own_rows(sheet: Measures, contents: Contents) -> None:
    """Write the covariances between ETFs that are rows of the risk model, as values."""
    aligned = contents.result.aligned
    own = [k for k in contents.etfs if contents.units[k - 1].own_row]
    for k in own:
        for j in own:
            if j < k:
                between = float(aligned.etf_betas[k - 1, j - 1] * aligned.etf_variances[k - 1])
                sheet.add(
                    f"etf_between_{j}_{k}",
                    f"covariance of {aligned.etf_names[j - 1]} and {aligned.etf_names[k - 1]}",
                    None,
                    between,
                    "of the risk model's own rows, annual, decimals",
                )


def _between(contents: Contents, j: int, k: int) -> str:
    """Return the formula of the covariance of two ETFs."""
    first, second = (bool(contents.units[at - 1].own_row) for at in (j, k))
    if first and j == k:
        return f"etf_variance_{k}"
    if first and second:
        return f"etf_between_{min(j, k)}_{max(j, k)}"
    if first:
        return f"{contents.scaled(k)}SUMPRODUCT(risk_etf_{k},etf_covariance_{j})"
    return f"{contents.scaled(j)}SUMPRODUCT(risk_etf_{j},etf_covariance_{k})"


def _baskets(sheet: Measures, contents: Contents) -> None:
    """Write the amount of each covered basket to sell in place of the ETFs."""
    result, aligned = contents.result, contents.result.aligned
    ratios = result.hedge_ratios
    name, definition = "basket_ratio_{}", "covered basket to sell in place of the ETF, in net asset value"
    if not contents.has_own_rows:
        for k, ratio in zip(contents.etfs, ratios.tolist(), strict=True):
            scale = contents.units[k - 1].scale
            formula = f"{contents.scaled(k)}hedge_ratio_{k}"
            label = f"basket ratio {result.etf_names[k - 1]}"
            sheet.add(name.format(k), label, formula, scale * ratio, definition)
        return
    count = len(contents.etfs)
    need = [
        "+".join(f"{entry('hedge_system', k, j, count)}*hedge_ratio_{j}" for j in contents.etfs)
        for k in contents.etfs
    ]
    sheet.matrix("basket_need", "beta hedged by the ETFs", [need], [(aligned.etf_betas @ ratios).tolist()])
    sheet.matrix(
        "basket_system",
        "beta of a covered basket to an ETF",
        [
            [f"SUMPRODUCT(risk_etf_{j},etf_covariance_{k})/etf_variance_{k}" for j in contents.etfs]
            for k in contents.etfs
        ],
        aligned.basket_betas.tolist(),
    )
    solvable = float(np.linalg.cond(aligned.basket_betas)) <= WELL_CONDITIONED
    sold = np.linalg.solve(aligned.basket_betas, aligned.etf_betas @ ratios).tolist()
    for k, ratio in zip(contents.etfs, sold, strict=True):
        solved = _solved("basket_system", "basket_need", k, count)
        label = f"basket ratio {result.etf_names[k - 1]}"
        sheet.add(name.format(k), label, solved if solvable else None, ratio, definition)


def entry(matrix: str, row: int, column: int, count: int) -> str:
    """Return the formula of an entry of a square matrix, which may be one cell."""
    return matrix if count == 1 else f"INDEX({matrix},{row},{column})"


def _solved(matrix: str, right: str, k: int, count: int) -> str:
    """Return the formula of an entry of the solution of a linear system, which may be of one number."""
    return f"{right}/{matrix}" if count == 1 else f"SUMPRODUCT(INDEX(MINVERSE({matrix}),{k},0),{right})"


def _hedged_beta(contents: Contents, k: int) -> tuple[str, float]:
    """Return the beta after the hedge as a formula and a value.

    It is the target; the beta before, clipped to a range; or 0 for a method without a target.
    """
    result = contents.result
    name, target = result.etf_names[k - 1], float(result.targets[k - 1])
    limit = result.constraints.beta_range(name)
    if math.isfinite(target) and (limit is None or contents.benchmarks[k - 1] is not None):
        return f"target_{k}", target
    if limit is None:
        return "0", 0.0
    formula, value = f"beta_before_{k}", result.before.beta[name]
    if math.isfinite(limit.low):
        formula, value = f"MAX({formula},beta_lower_{k})", max(value, limit.low)
    if math.isfinite(limit.high):
        formula, value = f"MIN({formula},beta_upper_{k})", min(value, limit.high)
    return formula, value


def _change(sheet: Measures, contents: Contents, model: Model) -> None:
    result = contents.result
    sheet.section("Change")
    sheet.add(
        "tracking_error",
        "tracking error",
        _root(model.variance("trade")),
        result.tracking_error,
        "annual, sqrt((x-w)'V(x-w))",
        squared=True,
    )
    sheet.add(
        "turnover",
        "turnover",
        "SUMPRODUCT(ABS(trade))/2",
        result.turnover,
        "one-way, sum of absolute trades / 2",
    )
    sheet.add(
        "names_traded",
        "names traded",
        "SUMPRODUCT(--(ABS(trade)>smallest_trade))",
        float(len(contents.by_size)),
        "names whose weight changes",
        count=True,
    )


def _look_through(sheet: Measures, contents: Contents) -> None:
    for k, one in enumerate(overlaps(contents.result.aligned), start=1):
        sheet.section(f"Look-through: the current portfolio and {one.etf}")
        both = f"(weight<>0)*(etf_weight_{k}<>0)"
        long = f"(weight>0)*(etf_weight_{k}>0)"
        smaller = f"((weight<etf_weight_{k})*weight+(weight>=etf_weight_{k})*etf_weight_{k})"
        for name, label, formula, value, definition in (
            ("shared_names", "shared names", f"SUMPRODUCT({both})", float(len(one.shared)), "in both"),
            (
                "shared_of_portfolio",
                "portfolio's weight in shared names",
                f"SUMPRODUCT({both}*weight)",
                one.portfolio_weight,
                "of net asset value",
            ),
            (
                "shared_of_etf",
                "ETF's weight in shared names",
                f"SUMPRODUCT({both}*etf_weight_{k})",
                one.etf_weight,
                "of the ETF's net assets",
            ),
            (
                "shared_weight",
                "shared weight",
                f"SUMPRODUCT({long}*{smaller})",
                one.shared_weight,
                "sum of the smaller weight where both are long",
            ),
            (
                "active_share",
                "active share",
                f"SUMPRODUCT(ABS(weight-etf_weight_{k}))/2",
                one.active_share,
                "sum of absolute differences of weights / 2",
            ),
        ):
            sheet.add(f"{name}_{k}", label, formula, value, definition, count=name == "shared_names")


def _root(variance: str | None) -> str | None:
    """Return the formula of a root; rounding may make a zero variance negative."""
    return None if variance is None else f"SQRT(MAX(0,{variance}))"
