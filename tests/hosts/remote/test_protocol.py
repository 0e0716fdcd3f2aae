"""The protocol without a transport: a message in, messages out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from platformdirs import user_documents_path

from betaneutral_xl.hosts.calc.values import for_calc, from_calc
from betaneutral_xl.hosts.remote import protocol
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.remote.protocol import Conversation, Dialect
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.buttons import BUTTONS, VIEWS
from betaneutral_xl.hosts.sheets.layout import Sheet
from betaneutral_xl.hosts.sheets.session import LOG, Session
from betaneutral_xl.system.settings import Settings

DIALECT = Dialect(name="Page", argument=from_calc, rows=for_calc, template="Open it.", renewal="Renew it.")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(Settings(cache=tmp_path_factory.mktemp("cache")))


@pytest.fixture
def page(session: Session) -> Conversation:
    return Conversation(session, DIALECT)


@pytest.fixture(scope="module")
def book(session: Session, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    path = tmp_path_factory.mktemp("book") / "fund.xlsx"
    path.write_bytes(template.build(session))
    return openpyxl.load_workbook(path, data_only=True)


def read(book: openpyxl.Workbook, question: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a client to what is to be read."""
    names = []
    for name in question["names"]:
        ((sheet, cells),) = book.defined_names[name].destinations
        area = book[sheet][cells.replace("$", "")]
        rows = area if isinstance(area, tuple) else ((area,),)
        names.append([["" if cell.value is None else cell.value for cell in row] for row in rows])
    return {"names": names, "areas": [[[""]] for _ in question["areas"]]}


def pressed(page: Conversation, book: openpyxl.Workbook, path: str | None, button: str = "rebalance") -> Any:
    """Press a button, answer its reading, and return the replies until its writing."""
    (asked,) = page.replies({"id": 1, "press": button, "path": path, "protocol": wire.PROTOCOL})
    return page.replies({"id": 1, "answer": read(book, asked["ask"]["read"])})


def test_a_call_has_its_rows(page: Conversation, session: Session) -> None:
    (reply,) = page.replies({"id": 7, "call": "BN_VERSION", "values": []})
    assert reply["id"] == 7
    assert str(reply["rows"][0][0]).startswith("betaneutral_xl ")


def test_a_batch_has_a_reply_for_each_call_and_an_end(page: Conversation) -> None:
    calls: list[list[Any]] = [["LOAD_ETF", ["demo"]], ["BN_NEW", []], ["BN_VERSION", []], ["BN_BETAS", []]]
    *replies, end = page.replies({"id": 3, "batch": calls})
    assert end == {"id": 3, "done": 4}
    by_place = {one["place"]: one for one in replies}
    assert sorted(by_place) == [0, 1, 2, 3]
    assert wire.unpack(by_place[0]["rows"])[0][0] == "ticker"
    assert "has no BN_NEW" in by_place[1]["error"]
    assert by_place[3]["rows"][0][0].startswith("#BETA! ")
    assert all(("rows" in one) != ("error" in one) for one in replies)


def test_the_replies_of_a_batch_do_not_wait_for_a_slower_call(
    page: Conversation, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    others, plain = Event(), Session.call

    def call(self: Session, function: Any, *values: object) -> Any:
        if function.name == "LOAD_ETF":
            assert others.wait(60.0)
        return plain(self, function, *values)

    monkeypatch.setattr(Session, "call", call)
    places: list[int] = []

    def emit(message: wire.Message) -> None:
        places.append(message.get("place", -1))
        if len(places) == 2:
            others.set()

    page.receive({"id": 1, "batch": [["LOAD_ETF", ["demo"]], ["BN_VERSION", []], ["BN_VERSION", []]]}, emit)
    assert places[2:] == [0, -1]


def test_a_button_reads_once_reports_progress_and_writes_once(
    page: Conversation, book: openpyxl.Workbook, tmp_path: Path
) -> None:
    *said, asked = pressed(page, book, str(tmp_path / "fund.ods"))
    assert {tuple(one) for one in said} == {("id", "say")}
    assert said[0]["say"] == "Fetching holdings ..."
    changes = asked["ask"]["apply"]
    assert [change[:3] for change in changes] == [
        ["replace", "Proposal", 2],
        ["append", "Log", 0],
        ["show", "Proposal", 0],
    ]
    assert wire.unpack(changes[0][3])[0][0] == "quant_paper to JHAI: beta 0 by hedge"
    (end,) = page.replies({"id": 1, "answer": {}})
    assert (end["id"], end["failed"]) == (1, False)
    assert end["done"].startswith("Beta to JHAI 0.52")


def test_what_is_to_be_read_is_plain_data(page: Conversation) -> None:
    (asked,) = page.replies({"id": 1, "press": "rebalance", "protocol": wire.PROTOCOL})
    areas = asked["ask"]["read"]["areas"]
    assert wire.decode(wire.encode(asked))["ask"]["read"]["areas"] == [
        [sheet, row, None if unless is None else list(unless)] for sheet, row, unless in areas
    ]
    assert [sheet for sheet, _, unless in areas if unless is None] == ["Proposal"]
    assert asked["ask"]["read"]["names"][0] == "setting_fund"


def test_a_report_is_written_with_the_changes(
    page: Conversation, book: openpyxl.Workbook, tmp_path: Path
) -> None:
    pressed(page, book, str(tmp_path / "fund.ods"), "report")
    assert list(tmp_path.glob("fund report *")) == []  # it has a temporary name until the changes are made
    (end,) = page.replies({"id": 1, "answer": {}})
    (report,) = tmp_path.glob("fund report *.xlsx")
    assert end["done"].startswith(f"Report: {report.name}")
    assert [one.name for one in tmp_path.iterdir()] == [report.name]


@pytest.mark.parametrize("end", ["error", "close", "nothing"])
def test_a_report_whose_changes_are_not_made_leaves_no_file(
    page: Conversation, book: openpyxl.Workbook, tmp_path: Path, end: str
) -> None:
    pressed(page, book, str(tmp_path / "fund.ods"), "report")
    if end == "close":
        page.close()
    else:
        answer = {"error": "The sheet Log is protected."} if end == "error" else None
        (reply,) = page.replies({"id": 1, "answer": answer})
        assert reply["failed"] is True
        assert reply["done"] == (answer or {"error": "Page did not answer. Press the button again."})["error"]
    assert list(tmp_path.iterdir()) == []


def test_a_client_that_cannot_read_is_the_message(page: Conversation) -> None:
    page.replies({"id": 1, "press": "rebalance", "protocol": wire.PROTOCOL})
    assert page.replies({"id": 1, "answer": {"error": "The document has been closed."}}) == [
        {"id": 1, "done": "The document has been closed.", "failed": True, "files": []}
    ]


@pytest.mark.parametrize("answer", [{}, {"names": [], "areas": []}, {"names": None, "areas": 3}])
def test_a_malformed_answer_is_a_defect_in_the_log(
    page: Conversation, session: Session, answer: dict[str, Any]
) -> None:
    page.replies({"id": 1, "press": "rebalance", "protocol": wire.PROTOCOL})
    (end,) = page.replies({"id": 1, "answer": answer})
    assert end["failed"] is True
    assert end["done"].endswith(f"a defect of this program. The traceback is in {LOG}.")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"id": 1, "press": "hedge_all", "protocol": wire.PROTOCOL}, "has no hedge_all"),
        ({"id": 1, "press": "rebalance"}, "does not understand the buttons of another version. Renew it."),
        ({"id": 1, "press": "rebalance", "protocol": 1}, "buttons of another version. Renew it."),
        ({"id": 1, "call": "BN_NEW", "values": []}, "has no BN_NEW"),
        ({"id": 1, "answer": {}}, "No button waits for this answer."),
        ({"id": 1, "call": "BN_VERSION"}, "KeyError: a defect of this program."),
        ({"id": 1, "batch": [3]}, "TypeError: a defect of this program."),
        ({"id": 1}, "No button waits for this answer."),
    ],
)
def test_what_cannot_be_answered_is_refused(page: Conversation, message: wire.Message, line: str) -> None:
    (reply,) = page.replies(message)
    assert (reply["id"], line in reply["error"]) == (1, True), reply


def test_a_missing_range_is_named_with_the_workbook(page: Conversation) -> None:
    (asked,) = page.replies({"id": 1, "press": "rebalance", "path": "Book1.xlsx", "protocol": wire.PROTOCOL})
    question = asked["ask"]["read"]
    nothing = {what: [None] * len(question[what]) for what in ("names", "areas")}
    (asked,) = page.replies({"id": 1, "answer": nothing})
    assert [change[0] for change in asked["ask"]["apply"]] == ["append"]  # the entry in the log
    (end,) = page.replies({"id": 1, "answer": {"error": "There is no sheet Log."}})
    assert end == {
        "id": 1,
        "done": "Book1.xlsx has no range named setting_fund. Open it.",
        "failed": True,
        "files": [],
    }


@pytest.mark.parametrize(
    ("path", "stem"),
    [(None, "Untitled"), ("", "Untitled"), ("My fund.v2.xlsx", "My fund.v2"), ("../a.xlsx", "a")],
)
def test_files_of_a_workbook_without_a_folder_are_for_the_users_documents(
    page: Conversation, path: str | None, stem: str
) -> None:
    press = protocol._Press(1, path, DIALECT)
    assert (press._folder, press._stem) == (user_documents_path(), stem)


def test_of_many_buttons_that_wait_the_oldest_is_given_up(
    page: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_PRESSES", 2)
    for number in (1, 2, 3):
        page.replies({"id": number, "press": "restore", "protocol": wire.PROTOCOL})
    assert "No button waits" in page.replies({"id": 1, "answer": {"names": [], "areas": []}})[0]["error"]
    for number in (2, 3):
        (asked,) = page.replies({"id": number, "answer": {"names": [], "areas": [[[""]], [[""]]]}})
        assert "apply" in asked["ask"]


def test_every_button_can_be_asked_for(page: Conversation) -> None:
    for name in BUTTONS:
        (asked,) = page.replies({"id": 1, "press": name, "protocol": wire.PROTOCOL})
        sheets = {sheet for sheet, _, _ in asked["ask"]["read"]["areas"]}
        assert sheets <= set(map(str, Sheet))


@pytest.mark.parametrize("button", [*BUTTONS, *VIEWS])
def test_no_button_reads_or_writes_twice(
    page: Conversation, book: openpyxl.Workbook, tmp_path: Path, button: str
) -> None:
    *_, last = pressed(page, book, str(tmp_path / "fund.ods"), button)
    if "ask" in last:
        assert list(last["ask"]) == ["apply"]
        *_, last = page.replies({"id": 1, "answer": {}})
    else:
        assert button in {*VIEWS, "check", "log"}
    assert {"done", "failed"} <= set(last)


def test_a_log_entry_has_no_reply(page: Conversation, session: Session) -> None:
    assert page.replies({"log": "Traceback of the page"}) == []
    assert " Page\nTraceback of the page\n" in session.log.read_text(encoding="utf-8")
