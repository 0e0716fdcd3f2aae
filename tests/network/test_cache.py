from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from betaneutral_xl.errors import (
    BetaNeutralError,
    ChangedFormat,
    EmptyFund,
    InputError,
    NoData,
    Refused,
    SourceError,
    UnknownFund,
    Unreachable,
)
from betaneutral_xl.model.provenance import Retrieval
from betaneutral_xl.network import cache as cache_module
from betaneutral_xl.network.cache import NEGATIVE, Answer, Cache, Cached, Query
from betaneutral_xl.network.silverfund import SilverFund, holdings_call

if TYPE_CHECKING:
    from betaneutral_xl.network.stand_in import StandIn
    from betaneutral_xl.system.settings import Settings

NOON = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
HOUR = Query(key="POST https://x.org/latest {}", note="three names", ttl=timedelta(hours=1))
NO_EXPIRY = Query(key="POST https://x.org/summary {}", note="a closed day", ttl=None)


class Source:
    """Counts its requests, and answers or raises an error."""

    def __init__(self) -> None:
        self.requests = 0
        self.error: Exception | None = None

    def fetch(self) -> bytes:
        self.requests += 1
        if self.error is not None:
            raise self.error
        return f"answer\n{self.requests}".encode()


def read(answer: Answer) -> tuple[str, Retrieval]:
    return answer.content.decode(), answer.retrieval


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", lock_timeout=0.2)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set the cache's clock to noon; return a function that sets it to a time after noon."""

    def set_clock(later: timedelta) -> None:
        monkeypatch.setattr(cache_module, "_clock", lambda: NOON + later)

    set_clock(timedelta(0))
    return set_clock


def test_a_cached_answer_is_not_requested_again(cache: Cache, source: Source) -> None:
    assert cache.get_or_fetch(HOUR, source.fetch, read) == Cached(("answer\n1", Retrieval.LIVE))
    assert cache.get_or_fetch(HOUR, source.fetch, read) == Cached(("answer\n1", Retrieval.CACHED))
    assert source.requests == 1


def test_answers_expire_after_their_time_to_live_if_they_have_one(
    cache: Cache, source: Source, at: Callable[[timedelta], None]
) -> None:
    for query in (HOUR, NO_EXPIRY):
        cache.get_or_fetch(query, source.fetch, read)
    at(timedelta(minutes=59))
    for query in (HOUR, NO_EXPIRY):
        cache.get_or_fetch(query, source.fetch, read)
    assert source.requests == 2
    at(timedelta(minutes=60))
    assert cache.get_or_fetch(HOUR, source.fetch, read).value == ("answer\n3", Retrieval.LIVE)
    at(timedelta(days=4000))
    assert cache.get_or_fetch(NO_EXPIRY, source.fetch, read).value == ("answer\n2", Retrieval.CACHED)


def test_an_answer_from_the_future_is_ignored(
    cache: Cache, source: Source, at: Callable[[timedelta], None]
) -> None:
    at(timedelta(days=1))
    cache.get_or_fetch(NO_EXPIRY, source.fetch, read)
    at(timedelta(0))
    assert cache.get_or_fetch(NO_EXPIRY, source.fetch, read).value == ("answer\n2", Retrieval.LIVE)


def test_refresh_requests_again_and_caches_the_new_answer(cache: Cache, source: Source) -> None:
    cache.get_or_fetch(NO_EXPIRY, source.fetch, read)
    assert cache.get_or_fetch(NO_EXPIRY, source.fetch, read, refresh=True).value == (
        "answer\n2",
        Retrieval.LIVE,
    )
    assert cache.get_or_fetch(NO_EXPIRY, source.fetch, read).value == ("answer\n2", Retrieval.CACHED)


@pytest.mark.parametrize("kind", NEGATIVE)
def test_a_refusal_is_cached_for_a_minute(
    kind: type[InputError | SourceError], cache: Cache, source: Source, at: Callable[[timedelta], None]
) -> None:
    source.error = kind("No such thing.")
    with pytest.raises(kind, match=r"^No such thing\.$"):
        cache.get_or_fetch(NO_EXPIRY, source.fetch, read)
    at(timedelta(seconds=59))
    with pytest.raises(kind) as caught:
        cache.get_or_fetch(NO_EXPIRY, source.fetch, read)
    assert str(caught.value) == "No such thing. (Cached 59 seconds ago; --refresh requests it again.)"
    assert source.requests == 1
    at(timedelta(seconds=60))
    source.error = None
    assert cache.get_or_fetch(NO_EXPIRY, source.fetch, read).value == ("answer\n2", Retrieval.LIVE)


@pytest.mark.parametrize("kind", [Unreachable, Refused, ChangedFormat, InputError, RuntimeError])
def test_other_failures_are_not_cached(kind: type[Exception], cache: Cache, source: Source) -> None:
    source.error = kind("not now")
    with pytest.raises(kind):
        cache.get_or_fetch(HOUR, source.fetch, read)
    source.error = None
    assert cache.get_or_fetch(HOUR, source.fetch, read).value == ("answer\n2", Retrieval.LIVE)


def test_an_answer_that_cannot_be_parsed_is_not_cached(cache: Cache, source: Source) -> None:
    def strict(answer: Answer) -> str:
        if answer.content.endswith(b"1"):
            msg = "not this"
            raise ChangedFormat(msg)
        return answer.content.decode()

    with pytest.raises(ChangedFormat, match="not this"):
        cache.get_or_fetch(HOUR, source.fetch, strict)
    assert cache.entries() == ()
    assert cache.get_or_fetch(HOUR, source.fetch, strict).value == "answer\n2"


def test_a_stale_answer_is_used_only_if_the_network_is_down_and_it_is_allowed(
    cache: Cache, source: Source, at: Callable[[timedelta], None]
) -> None:
    cache.get_or_fetch(HOUR, source.fetch, read)
    at(timedelta(hours=30))
    source.error = Unreachable("x.org cannot be reached.")
    with pytest.raises(Unreachable) as caught:
        cache.get_or_fetch(HOUR, source.fetch, read)
    assert str(caught.value) == (
        "x.org cannot be reached. Or use the answer of 2025-11-20 12:00 UTC, 30 hours old: --allow-stale."
    )
    assert cache.get_or_fetch(HOUR, source.fetch, read, allow_stale=True) == Cached(
        ("answer\n1", Retrieval.CACHED),
        (
            "x.org cannot be reached. Used instead for three names: "
            "the answer of 2025-11-20 12:00 UTC, 30 hours old.",
        ),
    )


def test_a_stale_answer_does_not_replace_a_refusal(
    cache: Cache, source: Source, at: Callable[[timedelta], None]
) -> None:
    cache.get_or_fetch(HOUR, source.fetch, read)
    at(timedelta(hours=2))
    source.error = Refused("the token is refused")
    with pytest.raises(Refused):
        cache.get_or_fetch(HOUR, source.fetch, read, allow_stale=True)


def test_a_stale_refusal_does_not_replace_an_answer(
    cache: Cache, source: Source, at: Callable[[timedelta], None]
) -> None:
    source.error = UnknownFund("no such fund")
    with pytest.raises(UnknownFund):
        cache.get_or_fetch(HOUR, source.fetch, read)
    at(timedelta(hours=2))
    source.error = Unreachable("x.org cannot be reached.")
    with pytest.raises(Unreachable, match=r"^x\.org cannot be reached\.$"):
        cache.get_or_fetch(HOUR, source.fetch, read, allow_stale=True)


def only_file(folder: Path) -> Path:
    (path,) = (folder / "cache" / "answers").iterdir()
    return path


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:-1] + b"2",
        lambda content: b"",
        lambda content: b"\x00" * len(content),
        lambda content: content.replace(b'"version": 1', b'"version": 0'),
        lambda content: content.replace(b"x.org", b"y.org"),
        lambda content: content.replace(b'"fetched_at": "2', b'"fetched_at": "x'),
        lambda content: b"[]" + content[content.index(b"\n") :],
        lambda content: b"[" * 200_000 + content[content.index(b"\n") :],
    ],
    ids=["cut", "changed", "empty", "zeros", "version", "query", "time", "list", "nested"],
)
def test_a_damaged_answer_is_requested_again(
    damage: Callable[[bytes], bytes], cache: Cache, source: Source, tmp_path: Path
) -> None:
    cache.get_or_fetch(HOUR, source.fetch, read)
    path = only_file(tmp_path)
    before = path.read_bytes()
    path.write_bytes(damage(before))
    assert path.read_bytes() != before
    assert cache.get_or_fetch(HOUR, source.fetch, read).value == ("answer\n2", Retrieval.LIVE)
    assert cache.get_or_fetch(HOUR, source.fetch, read).value == ("answer\n2", Retrieval.CACHED)


def test_entries_list_cached_answers_newest_first(
    cache: Cache, source: Source, at: Callable[[timedelta], None]
) -> None:
    cache.get_or_fetch(NO_EXPIRY, source.fetch, read)
    at(timedelta(hours=1))
    cache.get_or_fetch(HOUR, source.fetch, read)
    newest, oldest = cache.entries()
    assert (newest.note, newest.size) == ("three names", 8)
    assert (newest.fetched_at, newest.expires) == (NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert (oldest.note, oldest.expires) == ("a closed day", None)


def test_clear_removes_all_answers(cache: Cache, source: Source) -> None:
    for query in (HOUR, NO_EXPIRY):
        cache.get_or_fetch(query, source.fetch, read)
    assert cache.clear() == 2
    assert cache.entries() == ()
    assert cache.clear() == 0


def test_an_absent_cache_is_empty(cache: Cache, tmp_path: Path) -> None:
    assert cache.entries() == ()
    assert cache.clear() == 0
    assert not list(tmp_path.iterdir())


def test_expired_answers_are_removed_after_a_month(
    cache: Cache, source: Source, tmp_path: Path, at: Callable[[timedelta], None]
) -> None:
    cache.get_or_fetch(NO_EXPIRY, source.fetch, read)
    cache.get_or_fetch(HOUR, source.fetch, read)
    for path in (tmp_path / "cache" / "answers").iterdir():
        os.utime(path, (0, 0))
    cache.get_or_fetch(Query(key="another", note="another", ttl=None), source.fetch, read)
    assert {entry.note for entry in cache.entries()} == {"a closed day", "another"}


def test_where_the_cache_is_not_writable_the_answer_has_a_warning(source: Source, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = Cache(tmp_path / "file" / "cache")
    for times in (1, 2):
        assert cache.get_or_fetch(HOUR, source.fetch, read) == Cached(
            (f"answer\n{times}", Retrieval.LIVE),
            ("Network answers could not be cached: the cache folder is not writable.",),
        )


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_other_users_cannot_read_the_cache(cache: Cache, source: Source, tmp_path: Path) -> None:
    cache.get_or_fetch(HOUR, source.fetch, read)
    (tmp_path / "cache" / "answers").chmod(0o755)  # as an earlier version made it
    cache.get_or_fetch(Query(key="another", note="another", ttl=None), source.fetch, read)
    for path in (tmp_path / "cache" / "answers", *(tmp_path / "cache" / "answers").iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_the_oldest_answers_go_where_all_are_larger_than_the_limit(
    cache: Cache, source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    queries = [Query(key=f"{n}", note=f"{n}", ttl=None) for n in range(4)]
    for n, query in enumerate(queries[:3]):
        cache.get_or_fetch(query, source.fetch, read)
        (path,) = (one for one in (tmp_path / "cache" / "answers").iterdir() if query.name in one.name)
        os.utime(path, (1_000_000 + n, 1_000_000 + n))
    size = path.stat().st_size
    monkeypatch.setattr("betaneutral_xl.network.cache.MAX_BYTES", 2 * size + size // 2)
    cache.get_or_fetch(queries[3], source.fetch, read)
    assert {entry.note for entry in cache.entries()} == {"2", "3"}


def test_waiting_too_long_for_the_lock_is_an_error(cache: Cache, source: Source) -> None:
    with cache._locked(HOUR), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.get_or_fetch, HOUR, source.fetch, read)
        with pytest.raises(Unreachable) as caught:
            waiting.result()
    assert str(caught.value) == (
        "Another run has been requesting three names for 0 s. Wait until it ends, or end it."
    )
    assert source.requests == 0


def test_after_waiting_the_answer_of_the_other_is_used(tmp_path: Path, source: Source) -> None:
    cache = Cache(tmp_path / "cache")
    with ThreadPoolExecutor(16) as pool:
        found = list(
            pool.map(lambda _: cache.get_or_fetch(HOUR, source.fetch, read, refresh=True).value[0], range(16))
        )
    assert set(found) <= {f"answer\n{times}" for times in range(1, source.requests + 1)}
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: cache.get_or_fetch(NO_EXPIRY, source.fetch, read), range(16)))
    assert len(cache.entries()) == 2


@contextmanager
def lock_that_fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Iterator[None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("filelock.FileLock.acquire", fail)
        yield


@pytest.mark.parametrize("error", [NotImplementedError("no flock"), OSError("no locks available")])
def test_without_locks_the_answer_is_still_fetched(
    error: Exception, cache: Cache, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock_that_fails(monkeypatch, error):
        assert cache.get_or_fetch(HOUR, source.fetch, read).value == ("answer\n1", Retrieval.LIVE)


def test_holdings_of_a_day_are_final_after_the_next_day() -> None:
    today = datetime.now(UTC).date()
    ttls = {
        days: holdings_call("quant", day, day).ttl
        for days in (0, 1, 2, 3)
        for day in [today - timedelta(days=days)]
    }
    assert [ttls[days] is None for days in (0, 1, 2, 3)] == [False, False, True, True]


def test_the_cache_key_does_not_depend_on_the_token(
    fund_api: StandIn, settings_for: Callable[..., Settings]
) -> None:
    for token in ("", "not-to-be-seen-anywhere"):
        with SilverFund(settings_for(fund_api, token=token)) as fund:
            holdings = fund.holdings("quant_paper", date(2025, 11, 18))
    assert holdings.provenance.retrieval is Retrieval.CACHED
    assert fund_api.requested == ["/all-holdings/summary"]


def test_the_risk_model_of_the_same_names_is_requested_once(
    fund_api: StandIn, settings_for: Callable[..., Settings]
) -> None:
    with SilverFund(settings_for(fund_api)) as fund:
        first = fund.covariance(["NVDA", "MSFT", "TSM"])
        second = fund.covariance(["msft us", "NVDA"])
    assert fund_api.requested == ["/covariance-matrix/tickers", "/covariance-matrix/latest"]
    assert second.provenance.retrieval is Retrieval.CACHED
    assert second.provenance.sha256 == first.provenance.sha256
    assert (second.form.dense() == first.form.dense()).all()


@pytest.mark.parametrize(
    ("name", "day", "kind"),
    [
        ("quant_paper", "2025-11-17", EmptyFund),
        ("hedgy", "2025-11-18", UnknownFund),
        ("grad", "2025-11-18", NoData),
    ],
)
def test_refusals_of_the_api_are_requested_once(
    name: str,
    day: str,
    kind: type[BetaNeutralError],
    fund_api: StandIn,
    settings_for: Callable[..., Settings],
) -> None:
    for _ in range(3):
        with SilverFund(settings_for(fund_api)) as fund, pytest.raises(kind):
            fund.holdings(name, day)
    assert fund_api.requested == ["/all-holdings/summary"]


MANY = 200

RUN_MANY = """\
import json, os, sys
import filelock, requests, urllib3  # once, before forking
from pathlib import Path
from betaneutral_xl.system.settings import Settings
from betaneutral_xl.network.silverfund import SilverFund

url, cache, many = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
start, go = os.pipe()
children = []
for _ in range(many):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(go)
            os.read(start, 1)  # until the parent closes its end
            with SilverFund(Settings(api_url=url, cache=cache, retries=0)) as fund:
                code = 0 if fund.holdings("quant_paper", "2025-11-18").nav == 50_000.0 else 2
        finally:
            os._exit(code)
    children.append(child)
os.close(go)
print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork, two hundred interpreters take minutes")
def test_two_hundred_processes_at_once_make_one_request(fund_api: StandIn, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", RUN_MANY, fund_api.url, str(tmp_path / "cache"), str(MANY)],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert json.loads(done.stdout) == [0] * MANY, done.stderr
    assert fund_api.requested == ["/all-holdings/summary"]
