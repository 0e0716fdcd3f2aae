"""The channel with small scripts as workers: their actions are in the tests, their protocol in ``WORKER``."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from betaneutral_xl.hosts.remote.client.channel import MAX_STDERR_TAIL, STRIPPED_ENVIRONMENT, Channel, Request

TIMEOUT = 60.0
"""Seconds after which an expected event counts as missing."""

WORKER = """
import json, os, sys

def say(**message):
    print(json.dumps(message), flush=True)

def questions():
    return map(json.loads, sys.stdin)

def stop(code, last_words=""):
    print(last_words, file=sys.stderr, flush=True)
    os._exit(code)

with open({starts!r}, "a") as file:
    print(os.getpid(), file=file)
starts = len(open({starts!r}).readlines())
say(hello="0")
"""

ECHO = """
for question in questions():
    say(id=question["id"], rows=question.get("values"))
"""

WORKING = """
for question in questions():
    if starts == 1:
        say(id=question["id"], say="working")
    else:
        say(id=question["id"], rows=question.get("values"))
"""


class Fake(Channel):
    """A channel to workers that run a script."""

    def __init__(self, folder: Path, script: str) -> None:
        self.file, self.starts_file = folder / "worker.py", folder / "starts"
        self.file.write_text(WORKER.format(starts=str(self.starts_file)) + script, encoding="utf-8")
        super().__init__([sys.executable, "-S", str(self.file)])

    @property
    def starts(self) -> int:
        """Number of worker starts."""
        return len(self.starts_file.read_text().split()) if self.starts_file.exists() else 0

    def call(self, *values: object) -> Request:
        """Call a function's answer."""
        return self.ask({"call": "F", "values": list(values)})

    def working(self, message: dict[str, Any]) -> Request:
        """Send a request, and return once the worker processes it."""
        question = self.ask(message)
        assert reply(question)["say"] == "working"
        return question

    def kill(self) -> None:
        """End the worker from outside."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGTERM)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[[str], Fake]]:
    """Return a factory of channels to workers of a script; all must have ended after the test."""
    channels: list[Fake] = []

    def make(script: str) -> Fake:
        channels.append(Fake(tmp_path, script))
        return channels[-1]

    yield make
    for channel in channels:
        process = channel._process
        channel.end()
        if process is not None:
            process._process.wait(TIMEOUT)
            assert within(lambda process=process: process._errors.closed)  # type: ignore[misc]


def within(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            return False
    return True


def reply(question: Request) -> dict[str, Any]:
    message = question.wait(TIMEOUT)
    assert message is not None, "no answer"
    return message


# ---------------------------------------------------------------- requests


def test_a_worker_is_started_by_the_first_request_and_reused(worker: Callable[[str], Fake]) -> None:
    channel = worker(ECHO)
    channel.wait_ready(TIMEOUT)
    assert (channel.starts, channel.pid) == (0, None)
    assert reply(channel.call(1.0))["rows"] == [1.0]
    pid = channel.pid
    assert reply(channel.call(2.0))["rows"] == [2.0]
    assert (channel.starts, channel.pid) == (1, pid)


def test_concurrent_first_requests_start_one_worker(worker: Callable[[str], Fake]) -> None:
    channel, together = worker(ECHO), threading.Barrier(16)
    got: dict[int, Any] = {}

    def ask(number: int) -> None:
        together.wait(TIMEOUT)
        got[number] = reply(channel.call(number))["rows"]

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert got == {i: [i] for i in range(16)}
    assert channel.starts == 1


def test_replies_in_any_order_reach_their_requests(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
import itertools
for one in reversed(list(itertools.islice(questions(), 50))):
    say(id=one["id"], rows=one["values"])
sys.stdin.read()
""")
    questions = [channel.call(i, "Zürich\n") for i in range(50)]
    assert [reply(one)["rows"] for one in questions] == [[i, "Zürich\n"] for i in range(50)]


def test_waiting_for_a_worker_to_start_ends_with_its_first_message(worker: Callable[[str], Fake]) -> None:
    channel = worker("sys.stdin.read()")
    question = channel.call()
    channel.wait_ready(TIMEOUT)
    assert channel._process is not None
    assert channel._process.ready.is_set()
    assert question.wait(0) is None


def test_a_button_is_a_conversation(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
for question in questions():
    if "press" in question:
        number = question["id"]
        say(id=number, say="Solving ...")
        say(id=number, ask={"read": {"names": ["method"], "areas": []}})
    else:
        assert question["id"] == number
        say(id=number, done=question["answer"])
""")
    question = channel.ask({"press": "rebalance", "path": None})
    assert reply(question)["say"] == "Solving ..."
    assert reply(question)["ask"] == {"read": {"names": ["method"], "areas": []}}
    channel.answer(question, {"answer": "hedge"})
    assert reply(question)["done"] == "hedge"


def test_a_batch_has_a_reply_for_each_place_and_an_end(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
for question in questions():
    for place, (name, values) in reversed(list(enumerate(question["batch"]))):
        say(id=question["id"], place=place, rows=[[name]])
    say(id=question["id"], done=len(question["batch"]))
""")
    question = channel.ask({"batch": [["F", []], ["G", []]]})
    assert [(one["place"], one["rows"]) for one in (reply(question), reply(question))] == [
        (1, [["G"]]),
        (0, [["F"]]),
    ]
    assert reply(question)["done"] == 2


def test_large_requests_and_large_replies_do_not_deadlock(
    worker: Callable[[str], Fake],
) -> None:
    channel = worker(ECHO)
    large = "x" * 3_000_000  # more than a pipe holds
    questions = [channel.call(large, i) for i in range(5)]
    assert [reply(one)["rows"] == [large, i] for i, one in enumerate(questions)] == [True] * 5


def test_variables_of_libreoffices_python_are_not_passed_on(
    worker: Callable[[str], Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in STRIPPED_ENVIRONMENT:
        monkeypatch.setenv(name, "of-libreoffice")
    monkeypatch.setenv("KEPT", "yes")
    channel = worker("""
for question in questions():
    say(id=question["id"], rows=dict(os.environ))
""")
    got = reply(channel.call())["rows"]
    assert got["KEPT"] == "yes"
    assert not set(STRIPPED_ENVIRONMENT) & set(got)
    assert os.environ["PYTHONHOME"] == "of-libreoffice"


# ---------------------------------------------------------------- workers that die


def test_open_requests_of_a_killed_worker_are_retried_once(worker: Callable[[str], Fake]) -> None:
    channel = worker(WORKING)
    questions = [channel.working({"call": "F", "values": [i]}) for i in range(3)]
    channel.kill()
    assert [reply(one)["rows"] for one in questions] == [[0], [1], [2]]
    assert channel.starts == 2


def test_a_request_that_kills_a_worker_is_retried_only_once(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
for question in questions():
    if question["values"] == ["poison"]:
        stop(1, "Traceback ...\\nMemoryError: it was too much")
    say(id=question["id"], rows=question["values"])
""")
    question = channel.call("poison")
    assert reply(question)["error"] == (
        "The worker of betaneutral_xl ended (MemoryError: it was too much). "
        "Try again, or run betaneutral-xl calc status."
    )
    assert channel.starts == 2
    assert reply(channel.call("fine"))["rows"] == ["fine"]
    assert channel.starts == 3
    assert question.wait(0) is None  # a single reply


def test_a_button_is_not_pressed_twice(worker: Callable[[str], Fake]) -> None:
    channel = worker(WORKING)
    pressed = channel.working({"press": "orders", "path": None})
    called = channel.working({"call": "F", "values": [7]})
    channel.kill()
    assert reply(pressed)["error"].startswith("The worker of betaneutral_xl ended. Try again,")
    assert reply(called)["rows"] == [7]
    channel.answer(pressed, {"answer": None})  # a late answer is ignored
    assert reply(channel.call(8))["rows"] == [8]
    assert channel.starts == 2


def test_the_error_quotes_the_truncated_last_line_of_standard_error(worker: Callable[[str], Fake]) -> None:
    channel = worker('stop(1, "first\\n" + "é" * 10_000 + "\\n\\n")')
    assert f"({'é' * MAX_STDERR_TAIL})" in reply(channel.call())["error"]


GARBAGE = {
    "no JSON": ("Welcome to another Python!\\n", "Welcome to another Python!"),
    "no object": ("[1, 2]\\n", "[1, 2]"),
    "no number": ('{"id": [], "rows": []}\\n', '{"id": [], "rows": []}'),
    "no text": ("\\xff\\xfe\\n", "\ufffd\ufffd"),
    "an empty line": ("\\n", None),
}


@pytest.mark.parametrize(("written", "quoted"), GARBAGE.values(), ids=GARBAGE)
def test_a_worker_that_writes_no_messages_counts_as_dead_and_is_ended(
    worker: Callable[[str], Fake], written: str, quoted: str | None
) -> None:
    channel = worker(f"""
question = next(questions())
sys.stdout.buffer.write(b'{written}')
sys.stdout.flush()
sys.stdin.read()  # and goes on
""")
    question = channel.call()
    first = channel._process
    tail = f" ({quoted})" if quoted else ""
    assert reply(question)["error"].startswith(f"The worker of betaneutral_xl ended{tail}. Try again,")
    assert channel.starts == 2
    assert first is not None
    assert within(lambda: not first.alive)


def test_an_incomplete_line_is_not_a_reply(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
for question in questions():
    line = json.dumps({"id": question["id"], "rows": question["values"]})
    print(line if starts == 2 else line[:-3], end="\\n" if starts == 2 else "", flush=True)
    if starts == 1:
        stop(0)
""")
    assert reply(channel.call(1.5))["rows"] == [1.5]
    assert channel.starts == 2


def test_a_worker_that_closes_its_output_counts_as_dead(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
question = next(questions())
os.close(1)
sys.stdin.read()  # and goes on
""")
    assert "The worker of betaneutral_xl ended." in reply(channel.call())["error"]
    assert channel.starts == 2


def test_a_missing_interpreter_is_one_line(tmp_path: Path) -> None:
    channel = Channel([str(tmp_path / "python"), "-m", "x"])
    for _ in range(2):
        error = reply(channel.ask({"call": "F", "values": []}))["error"]
        assert error.startswith(f"{tmp_path / 'python'} cannot be started (")
        assert error.endswith(
            "). Install the extension again with the Python that has betaneutral_xl: "
            "betaneutral-xl calc install."
        )
        assert "\n" not in error
    assert channel.pid is None
    channel.end()


def test_an_interpreter_removed_while_a_cell_is_loading_is_reported_to_the_cell(
    worker: Callable[[str], Fake], tmp_path: Path
) -> None:
    channel = worker(WORKING)
    question = channel.working({"call": "F", "values": []})
    late: queue.Queue[Request] = queue.Queue()
    assert question.when_late(late.put)
    channel.command[0] = str(tmp_path / "gone")
    channel.kill()
    assert "cannot be started" in reply(late.get(timeout=TIMEOUT))["error"]
    assert "cannot be started" in reply(channel.call())["error"]


# ---------------------------------------------------------------- late replies


def test_a_late_reply_is_notified_once(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
one, other = next(questions()), next(questions())
for question in (one, other):
    say(id=question["id"], rows=[])
sys.stdin.read()
""")
    question, late = channel.call(), queue.Queue[Request]()
    assert question.when_late(late.put)
    assert question.wait(0) is None
    reply(channel.call())  # now both have their replies
    assert late.get(timeout=TIMEOUT) is question
    assert reply(question)["rows"] == []
    assert late.empty()


def test_a_reply_in_the_inbox_is_not_notified(worker: Callable[[str], Fake]) -> None:
    question = worker(ECHO).call()
    assert within(lambda: not question._inbox.empty())
    assert not question.when_late(lambda _: pytest.fail("notified"))
    assert reply(question)["rows"] == []


def test_no_late_reply_is_lost_or_notified_twice_in_a_race(worker: Callable[[str], Fake]) -> None:
    channel, late = worker(ECHO), queue.Queue[Request]()
    reply(channel.call())
    there: list[Request] = []
    pending: list[Request] = []
    for number in range(500):
        question = channel.call(number)
        (pending if question.when_late(late.put) else there).append(question)
    notified = [late.get(timeout=TIMEOUT) for _ in pending]
    assert {id(one) for one in notified} == {id(one) for one in pending}
    assert sorted(reply(one)["rows"][0] for one in [*there, *notified]) == list(range(500))
    assert late.empty()


def test_a_failing_callback_is_logged_and_the_others_are_called(worker: Callable[[str], Fake]) -> None:
    channel = worker("""
logs, loading = [], []
for question in questions():
    if "log" in question:
        logs.append(question["log"])
    elif question["values"] == ["load"]:
        loading.append(question["id"])
    else:
        while loading:
            say(id=loading.pop(0), rows=[])
        say(id=question["id"], rows=logs)
""")
    late: queue.Queue[Request] = queue.Queue()
    first, second = channel.call("load"), channel.call("load")

    def fail(_: Request) -> None:
        msg = "the document is closed"
        raise ValueError(msg)

    assert first.when_late(fail)
    assert second.when_late(late.put)
    reply(channel.call())
    assert late.get(timeout=TIMEOUT) is second
    assert within(lambda: bool(reply(channel.call())["rows"]))
    (log,) = reply(channel.call())["rows"]
    assert log.endswith("ValueError: the document is closed\n")


# ---------------------------------------------------------------- the end


def test_a_worker_ends_when_its_input_does(worker: Callable[[str], Fake]) -> None:
    channel = worker(ECHO + 'open(__file__ + ".ended", "w").close()')
    channel.end()  # before there is any
    reply(channel.call())
    process = channel._process
    assert process is not None
    channel.end()
    assert channel.pid is None
    process._process.wait(TIMEOUT)
    assert channel.file.with_name("worker.py.ended").exists()
    channel.end()


def test_open_requests_at_the_end_start_no_new_worker(worker: Callable[[str], Fake]) -> None:
    channel = worker(WORKING)
    called = channel.working({"call": "F", "values": [1]})
    channel.end()
    assert reply(called)["error"].startswith("The worker of betaneutral_xl ended. ")
    assert (channel.starts, channel.pid) == (1, None)


def test_a_request_after_the_end_starts_a_new_worker(worker: Callable[[str], Fake]) -> None:
    channel = worker(ECHO)
    reply(channel.call(1))
    channel.end()
    assert reply(channel.call(2))["rows"] == [2]
    assert channel.starts == 2
