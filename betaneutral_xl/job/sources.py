"""Where the three inputs of a run come from: a file, the network, the sample, prices, or a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from betaneutral_xl.engine.estimators import WINDOW
from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.job import sample
from betaneutral_xl.job.input_options import Role, option
from betaneutral_xl.job.inputs import (
    covariance_file,
    drift_file,
    etf_file,
    holdings_file,
    is_file_name,
    kept_etf,
    market_file,
    prices_file,
    read,
    with_drift,
    with_groups,
)
from betaneutral_xl.job.options import BY_NAME, SAMPLE, is_sample
from betaneutral_xl.job.request import Request, flat, net_asset_value, read_as
from betaneutral_xl.job.run import Inputs
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.values import count
from betaneutral_xl.readers.flex_query import is_query, query_id
from betaneutral_xl.readers.raw_input import with_nav
from betaneutral_xl.system.files import read_bytes, shown_name

if TYPE_CHECKING:
    from betaneutral_xl.job.snapshot import Snapshot
    from betaneutral_xl.model.quotes import Quotes
    from betaneutral_xl.readers.raw_input import Loaded, RawInput
    from betaneutral_xl.system.settings import Settings


Progress: TypeAlias = "Callable[[str], AbstractContextManager[Any]]"
"""Shows what is being done while it lasts."""


def _silent(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the portfolio, the ETFs and the risk model come from, as the options of these names say.

    Attributes
    ----------
    sample
        Whether the embedded sample stands in for what is not named.
    market
        The market: a fund's holdings file, or a ticker.
    also
        Tickers that the risk model must cover besides those of portfolio and ETFs.

    """

    holdings: str | None = None
    account: str | None = None
    fx: tuple[str, ...] = ()
    fund: str | None = None
    as_of: date | None = None
    nav: float | None = None
    groups_file: str | None = None
    etf: tuple[str, ...] = ()
    etf_fund: str | None = None
    tickers: str | None = None
    covariance: str | None = None
    covariance_unit: CovarianceUnit | None = None
    prices: str | None = None
    estimator: str | None = None
    window: int | None = None
    drift_prices: str | None = None
    sample: bool = False
    market: str = ""
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse sources that exclude each other, and options that would have no effect."""
        estimated = self.estimator is not None or self.window is not None
        unit_is_known = bool(self.prices) or (self.sample and not self.covariance)
        rules = (
            (
                self.holdings and self.fund,
                "Both {holdings} and {fund} are given. Choose one source of the portfolio.",
            ),
            (
                (self.account or self.fx) and not (self.holdings or (self.fund and is_query(self.fund))),
                "{account} and {fx} are for a {holdings} file, and none is given.",
            ),
            (
                self.as_of and not (self.fund or self.holdings),
                "{as_of} is for {fund} or a {holdings} file, and none is given.",
            ),
            (
                self.as_of and self.fund and is_query(self.fund),
                "A Flex query has the days that it was set up for, so {as_of} cannot be given with it.",
            ),
            (
                self.etf_fund and not self.etf,
                "{etf_fund} selects a fund of an {etf} file, and none is given.",
            ),
            (
                self.tickers and not (self.etf or self.holdings),
                "{tickers} has the tickers of an {etf} or a {holdings} file, and none is given.",
            ),
            (
                self.covariance and self.prices,
                "Both {covariance} and {prices} are given. Choose one risk model.",
            ),
            (
                self.covariance_unit is not None and unit_is_known,
                "{covariance_unit} is for a covariance file or the API; prices and sample have a known unit.",
            ),
            (
                estimated and not self.prices,
                "{estimator} and {window} are for {prices}; a covariance has been estimated already.",
            ),
            (
                self.drift_prices and self.prices,
                "{drift_prices} is for a covariance; one that is estimated from {prices} has its history.",
            ),
        )
        for wrong, message in rules:
            if wrong:
                raise InputError(message.format(**_FLAGS))

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Sources:
        """Read sources as they were typed; ``None`` is one that was not given.

        Raises
        ------
        InputError
            If one cannot be read, or two exclude each other.

        """
        given = {name: value for name, value in options.items() if value is not None}
        return cls(
            **{name: _READERS[name](value) if name in _READERS else value for name, value in given.items()}
        )

    def load(self, settings: Settings, progress: Progress = _silent) -> Inputs:
        """Read or fetch the three inputs; ``progress`` shows what is being done while it lasts.

        Raises
        ------
        InputError
            If one is not named, or cannot be read.
        SourceError
            If one cannot be fetched.

        """
        holdings = self._grouped(self._holdings(settings, progress))
        etfs = self._etfs(settings)
        market = kept_etf(market_file(self.market, settings), settings) if is_file_name(self.market) else None
        baskets = [one.value for one in etfs]
        covariance = self._covariance(
            settings, progress, holdings.value, [*baskets, *([market.value] if market else [])]
        )
        beside = (market.raw_input,) if market else ()
        risk = covariance.value
        history: tuple[RawInput, ...] = ()
        if self.drift_prices:
            day = holdings.value.as_of
            beside_risk = read(drift_file(self.drift_prices, risk.tickers, day), Covariance)
            history = (beside_risk.raw_input,)
            risk = with_drift(risk, *history)
        return Inputs(
            holdings.value,
            tuple(baskets),
            risk,
            (holdings.raw_input, *(one.raw_input for one in etfs), *beside, covariance.raw_input, *history),
            market.value if market else None,
        )

    def holdings_of(self, settings: Settings) -> Holdings:
        """Read or fetch the portfolio alone; raises what ``load`` raises."""
        return self._holdings(settings, _silent).value

    def _holdings(self, settings: Settings, progress: Progress) -> Loaded[Holdings]:
        query = next((one for one in (self.holdings, self.fund) if one and is_query(one)), None)
        if query is not None:
            rates = ",".join(self.fx)
            return flex_holdings(
                query, settings, account=self.account, rates=rates, nav=self.nav, progress=progress
            )
        if self.holdings and not is_sample(self.holdings):
            file = holdings_file(self.holdings, self.account, ",".join(self.fx), self.as_of, self.tickers)
            return read(with_nav(file, self.nav), Holdings)
        if self.fund and not is_sample(self.fund):
            from betaneutral_xl.network.silverfund import SilverFund

            as_of = self.as_of or last_weekday(date.today())  # noqa: DTZ011 - the analyst's own calendar
            with progress(f"Fetching holdings of {self.fund} on {as_of} ..."), SilverFund(settings) as api:
                return api.loaded_holdings(self.fund, as_of, nav=self.nav)
        if self.holdings or self.fund or self.sample:
            found = read(with_nav(sample.raw_input(sample.HOLDINGS), self.nav), Holdings)
            require_day_of_sample(self.as_of, found.value)
            return found
        msg = "No portfolio is given. Use {holdings} FILE, {fund} NAME, or --sample to try things out."
        raise InputError(msg.format(**_FLAGS))

    def _grouped(self, holdings: Loaded[Holdings]) -> Loaded[Holdings]:
        """Return the portfolio with the groups of the table that is named, which a snapshot keeps."""
        if self.groups_file is None:
            return holdings
        return read(with_groups(holdings.raw_input, self.groups_file), Holdings)

    def _etfs(self, settings: Settings) -> list[Loaded[Etf]]:
        if self.etf:
            return [
                read(sample.raw_input(sample.ETF), Etf)
                if is_sample(file)
                else kept_etf(etf_file(file, self.etf_fund, settings, self.tickers), settings)
                for file in self.etf
            ]
        if self.sample:
            return [read(sample.raw_input(sample.ETF), Etf)]
        msg = (
            "No ETF is given. Use {etf} FILE with the issuer's holdings file, or --sample to try things out."
        )
        raise InputError(msg.format(**_FLAGS))

    def _covariance(
        self, settings: Settings, progress: Progress, holdings: Holdings, etfs: Sequence[Etf]
    ) -> Loaded[Covariance]:
        named = [self.market] if self.market and not is_file_name(self.market) else []
        names = sorted({*named, *holdings.tickers, *(ticker for etf in etfs for ticker in etf.tickers)})
        own = [etf.own_ticker for etf in etfs if etf.own_ticker]
        if self.covariance and not is_sample(self.covariance):
            return read(covariance_file(self.covariance, self.covariance_unit), Covariance)
        if self.prices:
            with progress(f"Estimating the covariance of {len(names)} names ..."):
                how, window = self.estimator or "default", WINDOW if self.window is None else self.window
                every = [*names, *self.also]
                file = prices_file(self.prices, every, how, holdings.as_of, window, if_there=own)
                return read(file, Covariance)
        if self.covariance or self.sample:
            return read(sample.raw_input(sample.COVARIANCE), Covariance)
        from betaneutral_xl.network.silverfund import SilverFund

        with progress(f"Fetching the covariance of {len(names)} names ..."), SilverFund(settings) as api:
            return api.loaded_covariance([*names, *self.also, *own], self.covariance_unit)


def flex_holdings(
    query: str,
    settings: Settings,
    *,
    account: str | None = None,
    rates: str = "",
    nav: float | None = None,
    progress: Progress = _silent,
) -> Loaded[Holdings]:
    """Fetch the holdings of a Flex query of Interactive Brokers, such as ``ibkr:123456``.

    Raises
    ------
    InputError
        If it is none, there is no token, or the statement has no positions.
    SourceError
        If it cannot be fetched.

    """
    from betaneutral_xl.network.flex import Flex

    options = {name: text for name, text in (("fund", account), ("rates", rates)) if text}
    with progress(f"Fetching Flex query {query_id(query)} ..."), Flex(settings) as flex:
        return read(with_nav(flex.statement(query, options), nav), Holdings)


def loaded_market(market: str, settings: Settings) -> Etf | None:
    """Return a market of a file; None where it is a ticker of the risk model."""
    return kept_etf(market_file(market, settings), settings).value if is_file_name(market) else None


_FLAGS = {name: option.flag for name, option in BY_NAME.items()}


def load_holdings(
    path: Path | str,
    account: str | None = None,
    fx: Iterable[str] = (),
    nav: float | None = None,
    *,
    as_of: date | str | None = None,
    groups: Path | str | None = None,
    tickers: Path | str | None = None,
) -> Holdings:
    """Load a portfolio from a file: the API's JSON, a broker's export, or a table.

    Parameters
    ----------
    path
        The file; ``FILE.xlsx#Sheet`` where several sheets have a portfolio; ``demo`` for the sample.
    account
        Which account of the file, or ``all`` to add them.
    fx
        Base currency per unit of a currency, such as ``EUR=1.16``.
    nav
        Net asset value, base currency, where the file does not state it.
    as_of
        The day, of a file with several days or none.
    groups
        A table of tickers and their groups, such as ``ticker,sector``, for limits of groups.
    tickers
        A table of identifiers (ISIN, CUSIP, SEDOL, FIGI) and tickers, for rows without a ticker.

    Raises
    ------
    InputError
        If the file cannot be read as a portfolio.

    """
    day = None if as_of is None else _day(as_of)
    if is_sample(str(path)):
        file = sample.raw_input(sample.HOLDINGS)
        require_day_of_sample(day, read(file, Holdings).value)
    else:
        file = holdings_file(path, account, ",".join(fx), day, tickers)
    return read(with_groups(with_nav(file, nav), groups), Holdings).value


def order_quotes(holdings: Holdings, file: str | None) -> Quotes:
    """Return the prices that orders are made with: of the holdings, and for other names of a price file.

    The file may be the name of the sample; without one, the sample's holdings have their own.

    Raises
    ------
    InputError
        If the file cannot be read as prices.

    """
    from betaneutral_xl.model.quotes import Quotes

    own = Quotes.of_holdings(holdings)
    if file is None and holdings.provenance.retrieval is Retrieval.SAMPLE:
        file = SAMPLE
    return own if file is None else own.with_fallback(quotes_of(file, holdings.as_of))


def quotes_of(name: str, as_of: date | None) -> Quotes:
    """Return the last closes of a price file, or of the sample, on a day or before it.

    Raises
    ------
    InputError
        If the file cannot be read as prices.

    """
    from betaneutral_xl.model.quotes import Quotes

    if is_sample(name):
        return Quotes.last_closes(sample.load_prices(), as_of)
    from betaneutral_xl.readers.prices import parse_prices
    from betaneutral_xl.readers.tabular.grid import LIMIT
    from betaneutral_xl.readers.volumes import average_volumes

    content, shown = read_bytes(name, LIMIT), shown_name(name)
    quotes = Quotes.last_closes(parse_prices(content, shown), as_of)
    return replace(quotes, volumes=average_volumes(content, shown, as_of))


def require_day_of_sample(as_of: date | str | None, holdings: Holdings) -> None:
    """Refuse another day than the sample's.

    Raises
    ------
    InputError
        With the day that the sample has.

    """
    if as_of is not None and _day(as_of) != holdings.as_of:
        msg = f"The sample has the holdings of {holdings.as_of} only. Give that day, or leave it out."
        raise InputError(msg)


def of_day(holdings: Holdings, as_of: date | None) -> Holdings:
    """Return the holdings of a file as of a stated day, which must be the file's own where it has one.

    Raises
    ------
    InputError
        If the file is of another day.

    """
    if as_of is None or holdings.as_of == as_of:
        return holdings
    if holdings.as_of is not None:
        msg = f"The holdings file is of {holdings.as_of}, not of {as_of}. Give that day, or leave it out."
        raise InputError(msg)
    return replace(holdings, provenance=replace(holdings.provenance, as_of=as_of))


def last_weekday(today: date) -> date:
    """Return the day itself, or the Friday before a weekend."""
    return today - timedelta(days=max(0, today.weekday() - 4))


def from_snapshot(path: Path | str, nav: float | None = None) -> tuple[Inputs, dict[str, Any]]:
    """Read the inputs of a snapshot, and the options that it was made with.

    ``nav`` is another net asset value than the snapshot's, base currency.

    Raises
    ------
    UnreadableFile
        If it is no snapshot, or a damaged one.
    InputError
        If it does not have one portfolio, one risk model and at least one ETF, or its options cannot be used.

    """
    from betaneutral_xl.job.snapshot import read_snapshot

    snapshot, name = read_snapshot(path), shown_name(path)
    inputs = _inputs_of(snapshot, name, nav)
    options = flat(snapshot.parameters)
    try:
        Request.parse(options, inputs.etf_names, inputs.groups)
    except InputError as error:
        msg = f"The snapshot {name} has options that cannot be used. {error}"
        raise InputError(msg) from None
    return inputs, options


def _inputs_of(snapshot: Snapshot, name: str, nav: float | None) -> Inputs:
    portfolios, funds, models = (snapshot.of(kind) for kind in (Holdings, Etf, Covariance))
    markets = [one for one in funds if option(one, "role") is Role.MARKET]
    etfs = [one for one in funds if one not in markets]
    histories = [one for one in models if option(one, "role") is Role.DRIFT]
    models = tuple(one for one in models if one not in histories)
    if len(portfolios) != 1 or not etfs or len(models) != 1:
        msg = (
            f"The snapshot {name} has {len(portfolios)} portfolios, {len(etfs)} ETFs and {len(models)} risk "
            "models; a run needs one portfolio, at least one ETF and one risk model."
        )
        raise InputError(msg)
    portfolio = read(with_nav(portfolios[0], nav), Holdings)
    holdings = portfolio.value
    return Inputs(
        replace(holdings, warnings=(*holdings.warnings, *snapshot.differences())),
        tuple(read(etf, Etf).value for etf in etfs),
        _risk_of(models[0], histories),
        tuple(portfolio.raw_input if one is portfolios[0] else one for one in snapshot.raw_inputs),
        read(markets[0], Etf).value if markets else None,
    )


def _risk_of(model: RawInput, histories: Sequence[RawInput]) -> Covariance:
    risk = read(model, Covariance).value
    return with_drift(risk, histories[0]) if histories else risk


def beside_snapshot(options: Mapping[str, Any]) -> None:
    """Refuse sources beside a snapshot, which has all inputs.

    Raises
    ------
    InputError
        With the options that are one too many.

    """
    beside = [
        _FLAGS.get(name, f"--{name}")
        for name, value in options.items()
        if value and name not in {"nav", "also", "market"}
    ]
    if beside:
        msg = f"--from-snapshot has all inputs, so {listing(beside)} cannot be given with it."
        raise InputError(msg)


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        msg = f"{str(value)!r:.60} is not a day. Write it as 2025-11-18."
        raise InputError(msg) from None


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "as_of": _day,
    "nav": net_asset_value,
    "window": lambda value: read_as("window of days", value, count),
    "covariance_unit": CovarianceUnit.of,
    "etf": tuple,
    "fx": tuple,
    "also": tuple,
}
