"""Client of the fund's web API: its requests, answers and errors.

Transport, cache and parsers are separate modules; this one has what is specific to the API.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from betaneutral_xl.errors import (
    BetaNeutralError,
    ChangedFormat,
    InputError,
    NoData,
    Refused,
    UncoveredRisk,
    UnknownFund,
    listing,
)
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.network.cache import Answer, Cache, Cached, Query
from betaneutral_xl.network.credentials import HOW_TO_SET, find_token
from betaneutral_xl.network.time_limit import time_limit
from betaneutral_xl.network.transport import Request, Transport, usual_refusal
from betaneutral_xl.readers.covariance_csv import parse_covariance
from betaneutral_xl.readers.formats import read_json, unreadable
from betaneutral_xl.readers.holdings_json import parse_holdings
from betaneutral_xl.readers.raw_input import Loaded, RawInput, Reader, with_nav

if TYPE_CHECKING:
    from betaneutral_xl.model.covariance_units import CovarianceUnit
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.network.transport import Reply
    from betaneutral_xl.system.settings import Settings

T = TypeVar("T")
V = TypeVar("V", bound=Holdings | Covariance)

FUNDS = ("undergrad", "quant", "brigham_capital", "grad", "quant_paper")
"""The API's funds."""

JSON, CSV = "application/json", "text/csv"

MEGABYTE = 2**20

CURRENT_TTL = timedelta(hours=1)
"""Time to live of answers that may still change: the risk model, today's holdings."""

CORRECTION_TIME = timedelta(days=1)
"""Time after a day until its data are final: they are loaded overnight, in another time zone."""

CRASH = b"Internal Server Error"
"""The body of a 500 from the API itself, not from a proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A request to the API.

    ``private`` is whether the token is sent; ``on_crash`` is the error of its plain 500 here; ``ttl`` is the
    time to live of an answer (unlimited if None); ``note`` is a short description.
    """

    path: str
    body: str | None
    accepts: str
    limit: int
    on_crash: BetaNeutralError
    note: str
    ttl: timedelta | None = CURRENT_TTL
    private: bool = True


def holdings_call(fund: str, start: date, end: date) -> ApiCall:
    """Return the request for a fund's holdings at the end of a range of days."""
    days = f"on {end}" if start == end else f"from {start} to {end}"
    on_crash: BetaNeutralError
    if fund in FUNDS:
        on_crash = NoData(
            f"The fund's API failed to return the holdings of {fund} {days} (500). That is usually a day "
            "without data: a weekend, a holiday, or one that is not loaded yet. Choose another day."
        )
    else:
        on_crash = UnknownFund(
            f"The fund's API has no fund {fund!r:.60} (500). Choose one of {', '.join(FUNDS)}."
        )
    return ApiCall(
        path="/all-holdings/summary",
        body=_json({"fund": fund, "start": start.isoformat(), "end": end.isoformat()}),
        accepts=JSON,
        limit=8 * MEGABYTE,
        on_crash=on_crash,
        note=f"{fund} {days}",
        ttl=None if end < datetime.now(UTC).date() - CORRECTION_TIME else CURRENT_TTL,
    )


def covariance_call(printed: Sequence[str]) -> ApiCall:
    """Return the request for the risk model of some names, in the API's own spelling."""
    return ApiCall(
        path="/covariance-matrix/latest",
        body=_json({"tickers": list(printed)}),
        accepts=CSV,
        limit=512 * MEGABYTE,
        on_crash=NoData(
            f"The fund's API failed to return the covariance of {len(printed)} names (500). That is usually "
            "a name that it no longer covers. Try again with --refresh."
        ),
        note=f"{len(printed)} names",
    )


class SilverFund:
    """A client of the fund's web API; use it in a ``with`` block.

    Its methods raise ``SourceError`` if the API cannot be reached, refuses, or answers in another format.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._transport = Transport(settings)
        self._cache = Cache(settings.cache, lock_timeout=settings.total_timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def holdings(self, fund: str, as_of: date | str, start: date | str | None = None) -> Holdings:
        """Fetch a fund's holdings on a day, with shares, prices and net asset value.

        Parameters
        ----------
        fund
            The fund's name, such as ``quant_paper``.
        as_of
            The day, a date or ``2025-11-18``.
        start
            First day of the requested range; by default the same day.

        Raises
        ------
        InputError
            If a day is invalid, the range is reversed, or the fund is unknown or empty.

        """
        return self.loaded_holdings(fund, as_of, start).value

    def loaded_holdings(
        self, fund: str, as_of: date | str, start: date | str | None = None, nav: float | None = None
    ) -> Loaded[Holdings]:
        """Fetch ``holdings`` with the bytes of the answer; ``nav`` is the net asset value if stated."""
        end = _day(as_of)
        first = end if start is None else _day(start)
        if first > end:
            msg = f"The range starts on {first}, after its end on {end}. Swap the two days."
            raise InputError(msg)
        if not fund.strip():
            msg = f"No fund is named. Choose one of {', '.join(FUNDS)}."
            raise InputError(msg)
        name = fund.strip()

        def parse(content: bytes, origin: Provenance) -> Loaded[Holdings]:
            holdings = parse_holdings(content, origin, nav)
            if holdings.fund != name:
                msg = (
                    f"The fund's API answered a request for {name!r:.60} with {holdings.fund!r:.60}. "
                    "Try again later."
                )
                raise ChangedFormat(msg)
            raw_input = RawInput(
                reader=Reader.API_HOLDINGS,
                name=f"{name}-{end}.json",
                content=content,
                provenance=holdings.provenance,
            )
            return Loaded(holdings, with_nav(raw_input, nav))

        return _with_warnings(self._get(holdings_call(name, first, end), parse))

    def covariance(self, tickers: Sequence[str], unit: CovarianceUnit | None = None) -> Covariance:
        """Fetch the risk model of some names.

        Parameters
        ----------
        tickers
            In any spelling. Those that the API does not cover are not requested; aligning the
            result with a portfolio reports them.
        unit
            The unit of the API's numbers; by default annual decimals.

        Returns
        -------
        Covariance
            Annual decimals. It always has the benchmark ``IWV``.

        Raises
        ------
        UncoveredRisk
            If the API covers none of the names.
        InputError, ModelError
            If the answer is a matrix but not a covariance of annual decimals.

        """
        return self.loaded_covariance(tickers, unit).value

    def loaded_covariance(
        self, tickers: Sequence[str], unit: CovarianceUnit | None = None
    ) -> Loaded[Covariance]:
        """Fetch ``covariance`` with the bytes of the answer."""
        names = tuple(dict.fromkeys(normalise(ticker) for ticker in tickers))
        spellings = self._spellings()
        printed = spellings.value
        covered = [ticker for ticker in names if ticker in printed]
        if not covered:
            msg = (
                f"The fund's risk model covers none of the {len(names)} requested names"
                f"{': ' + listing(names) if names else ''}. Check their spelling."
            )
            raise UncoveredRisk(msg, tickers=names)

        def parse(content: bytes, origin: Provenance) -> Loaded[Covariance]:
            covariance = parse_covariance(content, origin, unit)
            absent = sorted(set(covered) - set(covariance.tickers))
            if absent:
                msg = f"The fund's API covers {listing(absent)} but its answer lacks it. Try again later."
                raise ChangedFormat(msg, tickers=absent)
            raw_input = RawInput(
                reader=Reader.COVARIANCE,
                name="covariance.csv",
                content=content,
                options={} if unit is None else {"unit": unit.value},
                provenance=covariance.provenance,
            )
            return Loaded(covariance, raw_input)

        cached = self._get(covariance_call(sorted(printed[ticker] for ticker in covered)), parse)
        return _with_warnings(cached, spellings.warnings)

    def risk_forecast(self, fund: str) -> RiskForecast:
        """Fetch a fund's own forecast of its beta, volatility and tracking error."""
        if fund not in FUNDS:
            msg = f"The fund's API has no fund {fund!r:.60}. Choose one of {', '.join(FUNDS)}."
            raise UnknownFund(msg)
        call = ApiCall(
            path=f"/risk_forecast/{fund}",
            body=None,
            accepts=JSON,
            limit=8 * MEGABYTE,
            on_crash=NoData(f"The fund's API failed to return the risk forecast of {fund} (500). Try later."),
            note=f"risk forecast of {fund}",
        )
        return self._get(call, parse_risk_forecast).value

    def health(self) -> str:
        """Return ``ok`` if the API is available."""
        call = ApiCall(
            path="/health",
            body=None,
            accepts=JSON,
            limit=MEGABYTE,
            on_crash=NoData("The fund's API is up but reports an error (500). Try again later."),
            note="health",
            private=False,
        )
        answer = Answer.live(self._fetch(call))
        return _parse_health(answer.content, self._origin(call, answer))

    def _spellings(self) -> Cached[Mapping[str, str]]:
        """Return the API's own spelling by canonical ticker."""
        call = ApiCall(
            path="/covariance-matrix/tickers",
            body="{}",
            accepts=JSON,
            limit=8 * MEGABYTE,
            on_crash=NoData("The fund's API failed to list the names that it covers (500). Try again later."),
            note="names of the risk model",
        )
        return self._get(call, _parse_spellings)

    def _get(self, call: ApiCall, parse: Callable[[bytes, Provenance], T]) -> Cached[T]:
        """Return the parsed answer, cached or new."""
        key = f"{self._url(call)} {call.body}"
        with time_limit(self._settings.total_timeout):  # includes waiting for another process
            return self._cache.get_or_fetch(
                Query(key=key, note=call.note, ttl=call.ttl),
                fetch=lambda: self._fetch(call),
                parse=lambda answer: parse(answer.content, self._origin(call, answer)),
                refresh=self._settings.refresh,
                allow_stale=self._settings.allow_stale,
            )

    def _origin(self, call: ApiCall, answer: Answer) -> Provenance:
        return answer.origin("Silver Fund API", self._url(call), call.note)

    def _url(self, call: ApiCall) -> str:
        return self._settings.api_url + call.path

    def _fetch(self, call: ApiCall) -> bytes:
        """Return the body of a good answer, or raise the error of a bad one."""
        request = Request(
            url=self._url(call),
            body=call.body,
            accept=call.accepts,
            limit=call.limit,
            token=find_token(self._settings) if call.private else "",
        )
        reply = self._transport.send(request)
        refusal = _refusal(reply, call, request)
        if refusal is not None:
            raise refusal
        return reply.content


def _with_warnings(cached: Cached[Loaded[V]], others: Sequence[str] = ()) -> Loaded[V]:
    """Return the cached value with all warnings of its retrieval, each once."""
    retrieval: tuple[str, ...] = tuple(dict.fromkeys((*others, *cached.warnings)))
    value: V = replace(cached.value.value, warnings=(*cached.value.value.warnings, *retrieval))
    return Loaded(value, replace(cached.value.raw_input, warnings=retrieval))


def _refusal(  # noqa: PLR0911 - a table: one return per status
    reply: Reply, call: ApiCall, request: Request
) -> BetaNeutralError | None:
    """Return the error of a bad reply, None for a good one."""
    host = request.host
    usual = usual_refusal(reply, host, "BETANEUTRAL_API_URL")
    if usual is not None:
        return usual
    match reply.status:
        case 200 if reply.media_type == call.accepts:
            return None
        case 200:
            return _not_the_format(reply, call, host)
        case 401 | 403 as status:
            state = "refuses the token" if request.token else "requires a token, and none is set"
            return Refused(f"{host} {state} ({status}). {HOW_TO_SET}")
        case 404 | 405 as status:
            return ChangedFormat(f"{host} has no {call.path} ({status}). Check BETANEUTRAL_API_URL.")
        case 422:
            return Refused(f"{host} rejects the request: {_field_messages(reply.content)} (422).")
        case 500 if reply.content.strip() == CRASH:
            return call.on_crash
        case status:
            return Refused(
                f"{host} answered with status {status}. "
                "Try again later; contact the API's maintainers if it persists."
            )


def _not_the_format(reply: Reply, call: ApiCall, host: str) -> ChangedFormat:
    if reply.content[:64].lstrip().startswith(b"<"):
        return ChangedFormat(
            f"{host} answered with a web page instead of data. A proxy or a log-in page intercepts the "
            "request: open the address in a browser, or check the VPN."
        )
    return ChangedFormat(
        f"{host} answered {call.path} with {reply.media_type or 'no content type'!s:.40}, "
        f"not {call.accepts}. Check BETANEUTRAL_API_URL, or try again later."
    )


def _field_messages(content: bytes) -> str:
    """Return FastAPI's message on each field: ``start: Field required``."""
    try:
        details = json.loads(content)["detail"]
        lines = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in details]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "no reason given"
    return listing([line[:120] for line in lines])


def _parse_spellings(content: bytes, origin: Provenance) -> dict[str, str]:
    names = read_json(content, origin).get("tickers")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise unreadable(origin, "has no list of tickers")
    spellings: dict[str, str] = {}
    for name in names:
        try:
            ticker = normalise(name)
        except InputError:
            continue  # no request can name it
        if ticker == name or ticker not in spellings:
            spellings[ticker] = name
    return spellings


def _parse_health(content: bytes, origin: Provenance) -> str:
    status = read_json(content, origin).get("status")
    if status != "ok":
        raise unreadable(origin, f"has the status {status!r:.40}, not ok")
    return "ok"


PERCENT_FROM = 1.5
"""An annual volatility above which a forecast is taken to be in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskForecast:
    """A fund's own forecast: annual decimals, and the weights that it is of.

    ``note`` says how its unit was read.
    """

    fund: str
    weights: Mapping[str, float]
    beta: float
    volatility: float
    tracking_error: float
    fetched_at: datetime
    note: str = ""


def parse_risk_forecast(content: bytes, origin: Provenance) -> RiskForecast:
    """Read the API's answer on the risk of a fund; a missing part, or one that is no number, is refused."""
    answer = read_json(content, origin)
    names, weights = answer.get("tickers"), answer.get("weights")
    numbers: dict[str, Any] = {name: answer.get(name) for name in ("beta", "volatility", "tracking_error")}
    if not isinstance(names, list) or not isinstance(weights, list) or len(names) != len(weights):
        raise unreadable(origin, "has no list of tickers with as many weights")
    for name, value in (*numbers.items(), *zip(map(str, names), weights, strict=True)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise unreadable(origin, f"has the {name:.20} {value!r:.40}, not a number")
    percent = numbers["volatility"] > PERCENT_FROM
    scale = 0.01 if percent else 1.0
    return RiskForecast(
        fund=origin.location.rpartition("/")[2],
        weights={normalise(str(name)): float(one) for name, one in zip(names, weights, strict=True)},
        beta=float(numbers["beta"]),
        volatility=scale * float(numbers["volatility"]),
        tracking_error=scale * float(numbers["tracking_error"]),
        fetched_at=origin.fetched_at,
        note="its volatility is read as percent" if percent else "",
    )


def _day(day: date | str) -> date:
    try:
        return day if isinstance(day, date) else date.fromisoformat(day.strip())
    except ValueError:
        msg = f"{day!r:.40} is not a day. Write it as 2025-11-18."
        raise InputError(msg) from None


def _json(body: Mapping[str, Any]) -> str:
    """Serialise a body canonically, so that equal requests have equal cache keys."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
