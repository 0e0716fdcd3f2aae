"""The fund's web API: what can be asked, and what its answers and refusals mean.

Transport, cache and parsers are modules of their own; here is what only this API is like.
"""

from __future__ import annotations

import json
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
    Unreachable,
    listing,
)
from betaneutral_xl.job.inputs import with_nav
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.portfolio import Holdings
from betaneutral_xl.model.provenance import Provenance
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.model.tickers import normalise
from betaneutral_xl.network.cache import Answer, Cache, Cached, Query
from betaneutral_xl.network.credentials import HOW_TO_SET, find_token
from betaneutral_xl.network.time_limit import time_limit
from betaneutral_xl.network.transport import RETRYABLE_STATUSES, Request, Transport
from betaneutral_xl.readers.covariance_csv import load_covariance, parse_covariance
from betaneutral_xl.readers.formats import read_json, unreadable
from betaneutral_xl.readers.holdings_json import parse_holdings
from betaneutral_xl.readers.raw_input import Loaded, RawInput, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from betaneutral_xl.network.transport import Reply
    from betaneutral_xl.system.settings import Settings

__all__ = ["FUNDS", "CovarianceUnit", "SilverFund", "load_covariance", "parse_covariance", "parse_holdings"]

T = TypeVar("T")
V = TypeVar("V", bound=Holdings | Covariance)

FUNDS = ("undergrad", "quant", "brigham_capital", "grad", "quant_paper")
"""The funds that the API is known to have."""

JSON, CSV = "application/json", "text/csv"

MEGABYTE = 2**20

OPEN = timedelta(hours=1)
"""How long an answer holds that may still change: the risk model, the holdings of today."""

CORRECTED = timedelta(days=1)
"""A day is closed when this is past too: its data come overnight, in another time zone."""

CRASH = b"Internal Server Error"
"""The body of a 500 that the API itself sends, not a proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask the API.

    ``on_crash`` is what its plain 500 means here; ``ttl`` is how long an answer holds (for ever
    without one); ``note`` says in a few words what is asked.
    """

    path: str
    body: str | None
    accepts: str
    limit: int
    on_crash: BetaNeutralError
    note: str
    ttl: timedelta | None = OPEN


def holdings_question(fund: str, start: date, end: date) -> Question:
    """Ask what a fund held at the end of a range of days."""
    days = f"on {end}" if start == end else f"from {start} to {end}"
    on_crash: BetaNeutralError
    if fund in FUNDS:
        on_crash = NoData(
            f"The fund's API failed over the holdings of {fund} {days} (500). That is usually a day without "
            "data: a weekend, a holiday, or one that is not loaded yet. Choose another day."
        )
    else:
        on_crash = UnknownFund(
            f"The fund's API knows no fund {fund!r:.60} (500). Choose one of {', '.join(FUNDS)}."
        )
    return Question(
        path="/all-holdings/summary",
        body=_json({"fund": fund, "start": start.isoformat(), "end": end.isoformat()}),
        accepts=JSON,
        limit=8 * MEGABYTE,
        on_crash=on_crash,
        note=f"{fund} {days}",
        ttl=None if end < datetime.now(UTC).date() - CORRECTED else OPEN,
    )


def tickers_question() -> Question:
    """Ask which names the risk model covers."""
    return Question(
        path="/covariance-matrix/tickers",
        body="{}",
        accepts=JSON,
        limit=8 * MEGABYTE,
        on_crash=NoData("The fund's API failed over the list of names that it covers (500). Try later."),
        note="names of the risk model",
    )


def covariance_question(printed: Sequence[str]) -> Question:
    """Ask for the risk model of some names, in the API's own spelling."""
    return Question(
        path="/covariance-matrix/latest",
        body=_json({"tickers": list(printed)}),
        accepts=CSV,
        limit=512 * MEGABYTE,
        on_crash=NoData(
            f"The fund's API failed over the covariance of {len(printed)} names (500). That is usually a "
            "name that it no longer covers. Try again with --refresh."
        ),
        note=f"{len(printed)} names",
    )


def health_question() -> Question:
    """Ask whether the API is up."""
    return Question(
        path="/health",
        body=None,
        accepts=JSON,
        limit=MEGABYTE,
        on_crash=NoData("The fund's API is up but not well (500). Try later."),
        note="health",
    )


class SilverFund:
    """A client of the fund's web API; use it in a ``with`` block.

    Parameters
    ----------
    settings
        Address, token, time-outs.

    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._transport = Transport(settings)
        self._cache = Cache(settings.cache, lock_timeout=settings.total_timeout)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def holdings(self, fund: str, as_of: date | str, start: date | str | None = None) -> Holdings:
        """Fetch what a fund held on a day.

        Parameters
        ----------
        fund
            The fund's name, such as ``quant_paper``.
        as_of
            The day, a date or ``2025-11-18``.
        start
            First day of the range that is asked for; by default the same day.

        Raises
        ------
        InputError
            If the days are none or the wrong way round, there is no such fund, or it is empty.
        SourceError
            If the API cannot be reached, refuses, or answers something else.

        """
        return self.loaded_holdings(fund, as_of, start).value

    def loaded_holdings(
        self, fund: str, as_of: date | str, start: date | str | None = None, nav: float | None = None
    ) -> Loaded[Holdings]:
        """Fetch the same, with the bytes of the answer; ``nav`` is the net asset value where it is stated."""
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
                msg = f"The fund's API was asked for {name!r:.60} and got {holdings.fund!r:.60}. Try later."
                raise ChangedFormat(msg)
            raw_input = RawInput(
                reader=Reader.API_HOLDINGS,
                name=f"{name}-{end}.json",
                content=content,
                provenance=holdings.provenance,
            )
            return Loaded(holdings, with_nav(raw_input, nav))

        return _with_warnings(self._ask(holdings_question(name, first, end), parse))

    def covariance(self, tickers: Sequence[str], unit: CovarianceUnit | None = None) -> Covariance:
        """Fetch the risk model of some names.

        Parameters
        ----------
        tickers
            In any spelling. Those that the API does not cover are not asked for; aligning the
            result with a portfolio says which.
        unit
            What the API's numbers are; by default annual decimals.

        Returns
        -------
        Covariance
            Annual decimals. It has the benchmark ``IWV`` too, asked for or not.

        Raises
        ------
        UncoveredRisk
            If the API covers none of the names.
        InputError, ModelError
            If the answer is a matrix, but not a covariance of annual decimals.
        SourceError
            If the API cannot be reached, refuses, or answers something else.

        """
        return self.loaded_covariance(tickers, unit).value

    def loaded_covariance(
        self, tickers: Sequence[str], unit: CovarianceUnit | None = None
    ) -> Loaded[Covariance]:
        """Fetch the same, with the bytes of the answer."""
        wanted = tuple(dict.fromkeys(normalise(ticker) for ticker in tickers))
        names = self._spellings()
        printed = names.value
        asked = [ticker for ticker in wanted if ticker in printed]
        if not asked:
            msg = (
                f"The fund's risk model covers none of the {len(wanted)} names asked for"
                f"{': ' + listing(wanted) if wanted else ''}. Check their spelling."
            )
            raise UncoveredRisk(msg, tickers=wanted)

        def parse(content: bytes, origin: Provenance) -> Loaded[Covariance]:
            covariance = parse_covariance(content, origin, unit)
            absent = sorted(set(asked) - set(covariance.tickers))
            if absent:
                msg = f"The fund's API covers {listing(absent)} but left it out of its answer. Try later."
                raise ChangedFormat(msg, tickers=absent)
            raw_input = RawInput(
                reader=Reader.COVARIANCE,
                name="covariance.csv",
                content=content,
                options={} if unit is None else {"unit": unit.value},
                provenance=covariance.provenance,
            )
            return Loaded(covariance, raw_input)

        cached = self._ask(covariance_question(sorted(printed[ticker] for ticker in asked)), parse)
        return _with_warnings(cached, names.warnings)

    def covered_tickers(self) -> tuple[str, ...]:
        """Fetch the names that the risk model covers, canonical and sorted."""
        return tuple(sorted(self._spellings().value))

    def health(self) -> str:
        """Return ``ok`` if the API is up.

        Raises
        ------
        SourceError
            If it is not.

        """
        question = health_question()
        answer = Answer.live(self._fetch(question))
        return _parse_health(answer.content, self._origin(question, answer))

    def _spellings(self) -> Cached[Mapping[str, str]]:
        """Return canonical ticker to the API's own spelling."""
        return self._ask(tickers_question(), _parse_spellings)

    def _ask(self, question: Question, parse: Callable[[bytes, Provenance], T]) -> Cached[T]:
        """Return what the API's answer says, kept or new."""
        key = f"{self._url(question)} {question.body}"
        with time_limit(self._settings.total_timeout):  # for a wait until another has asked, too
            return self._cache.get_or_fetch(
                Query(key=key, note=question.note, ttl=question.ttl),
                fetch=lambda: self._fetch(question),
                parse=lambda answer: parse(answer.content, self._origin(question, answer)),
                refresh=self._settings.refresh,
                allow_stale=self._settings.allow_stale,
            )

    def _origin(self, question: Question, answer: Answer) -> Provenance:
        return Provenance(
            source="Silver Fund API",
            location=self._url(question),
            retrieval=answer.retrieval,
            as_of=None,
            rows=0,
            sha256=answer.sha256,
            fetched_at=answer.fetched_at.replace(microsecond=0),
            note=question.note,
        )

    def _url(self, question: Question) -> str:
        return self._settings.api_url + question.path

    def _fetch(self, question: Question) -> bytes:
        """Return the body of a good answer, or raise what a bad one means."""
        request = Request(
            url=self._url(question),
            body=question.body,
            accept=question.accepts,
            limit=question.limit,
            token="" if question.body is None else find_token(self._settings),
        )
        reply = self._transport.send(request)
        refusal = _refusal(reply, question, request)
        if refusal is not None:
            raise refusal
        return reply.content


def _with_warnings(cached: Cached[Loaded[V]], others: Sequence[str] = ()) -> Loaded[V]:
    """Return what was recalled with everything in its warnings that was said on the way, once."""
    said: tuple[str, ...] = tuple(dict.fromkeys((*others, *cached.warnings)))
    value: V = replace(cached.value.value, warnings=(*cached.value.value.warnings, *said))
    return Loaded(value, replace(cached.value.raw_input, warnings=said))


def _refusal(  # noqa: PLR0911 - a table: one return a status
    reply: Reply, question: Question, request: Request
) -> BetaNeutralError | None:
    """Return what a bad reply means, nothing for a good one."""
    host = request.host
    match reply.status:
        case 200 if reply.media_type == question.accepts:
            return None
        case 200:
            return _not_the_format(reply, question, host)
        case status if 300 <= status < 400:  # noqa: PLR2004 - redirections
            return ChangedFormat(
                f"{host} sends us on to {reply.redirect or 'nowhere'} ({status}), which is not followed. "
                "Check BETANEUTRAL_API_URL."
            )
        case 401 | 403 as status:
            state = "refuses the token" if request.token else "wants a token, and none is set"
            return Refused(f"{host} {state} ({status}). {HOW_TO_SET}")
        case 404 | 405 as status:
            return ChangedFormat(f"{host} has no {question.path} ({status}). Check BETANEUTRAL_API_URL.")
        case 422:
            return Refused(f"{host} does not accept the question: {_field_messages(reply.content)} (422).")
        case 429:
            wait = f"in {reply.retry_after:,.0f} s" if reply.retry_after else "later"
            return Refused(f"{host} has been asked too often (429). Try again {wait}.")
        case status if status in RETRYABLE_STATUSES:
            return Unreachable(f"{host} is down or behind a gateway that fails ({status}). Try later.")
        case 500 if reply.content.strip() == CRASH:
            return question.on_crash
        case status:
            return Refused(
                f"{host} answered with status {status}. "
                "Try again later; contact the API's maintainers if it persists."
            )


def _not_the_format(reply: Reply, question: Question, host: str) -> ChangedFormat:
    if reply.content[:64].lstrip().startswith(b"<"):
        return ChangedFormat(
            f"{host} answered with a web page instead of data. A proxy or a log-in page stands in between: "
            "open the address in a browser, or check the VPN."
        )
    return ChangedFormat(
        f"{host} answered {question.path} with {reply.media_type or 'no content type'!s:.40}, "
        f"not {question.accepts}. Check BETANEUTRAL_API_URL, or try later."
    )


def _field_messages(content: bytes) -> str:
    """Return what FastAPI says about each field: ``start: Field required``."""
    try:
        details = json.loads(content)["detail"]
        lines = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in details]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "it does not say why"
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
            continue  # nobody can ask for it
        if ticker == name or ticker not in spellings:
            spellings[ticker] = name
    return spellings


def _parse_health(content: bytes, origin: Provenance) -> str:
    status = read_json(content, origin).get("status")
    if status != "ok":
        raise unreadable(origin, f"has the status {status!r:.40}, not ok")
    return "ok"


def _day(day: date | str) -> date:
    """Read a day as people and scripts write it: 2025-11-18."""
    try:
        return day if isinstance(day, date) else date.fromisoformat(day.strip())
    except ValueError:
        msg = f"{day!r:.40} is not a day. Write it as 2025-11-18."
        raise InputError(msg) from None


def _json(body: Mapping[str, Any]) -> str:
    """Return the one spelling of a body, so that the same question has the same text."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
