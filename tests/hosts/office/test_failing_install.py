"""Where any operation on files or any command fails, an installation can be repeated or removed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from failing_files import Kind, undisturbed
from fake_home import NEVER, NOTHING, FakeHome, Installation
from office_computer import Computer

from betaneutral_xl import __version__
from betaneutral_xl.hosts.office import install, place, server, systems, template
from betaneutral_xl.hosts.office.systems.linux import Linux
from betaneutral_xl.hosts.office.systems.mac import EXCEL, Mac
from betaneutral_xl.hosts.office.systems.system import Ended
from betaneutral_xl.hosts.office.systems.windows import CACHE, Windows
from betaneutral_xl.system.optional import file_lock

INSTALL, UNINSTALL = ("office", "install", "--folder", "documents"), ("office", "uninstall")

ADD_IN = Installation(INSTALL, UNINSTALL)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its faults are of POSIX systems")


class FailingComputer(Computer):
    """A computer whose n-th command fails, counted from 1."""

    def __init__(self) -> None:
        """Let no command fail."""
        super().__init__()
        self.failing = NEVER

    def __call__(self, command: Sequence[str]) -> Ended:
        """Run a command."""
        if len(self.commands) + 1 == self.failing:
            self.commands.append(list(command))
            return Ended(1, "The operation could not be completed.")
        with undisturbed():
            return super().__call__(command)

    @property
    def entries(self) -> int:
        """Entries in lists; not what is loaded: a server that is asked to end is not started again."""
        return len(self.trusted) + len(self.registry) + len(self.browser)


@pytest.fixture
def machine(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> FakeHome:
    """Return a home in which Excel was started before, without a server, and with a short template."""
    monkeypatch.setattr(install, "start", lambda _: True)
    monkeypatch.setattr(server, "running", lambda _: __version__)
    monkeypatch.setattr(server, "end", lambda _: False)
    monkeypatch.setattr(server, "is_free", lambda _: True)
    monkeypatch.setattr(template, "build", lambda _: b"template")
    made = FakeHome(tmp_path, monkeypatch, capsys, FailingComputer())
    for folder in (EXCEL, CACHE):
        (made.home / folder).mkdir(parents=True)
    monkeypatch.setattr(systems, "current", lambda: request.param(made.home, made.computer))
    return made


FAILING = [
    *[(system, None) for system in (Mac, Windows, Linux)],
    *[(Mac, Kind.ONE), (Windows, Kind.FULL), (Linux, Kind.INTERRUPT)],
]
"""Each system with failing commands, and with one kind of failing operations on files."""

each = pytest.mark.parametrize(
    ("machine", "kind"),
    FAILING,
    indirect=["machine"],
    ids=[f"{one.__name__}, {kind.name if kind else 'command'}" for one, kind in FAILING],
)


@each
def test_an_installation_can_be_repeated_or_removed_whatever_failed(
    machine: FakeHome, kind: Kind | None
) -> None:
    ADD_IN.require_repeatable(machine, INSTALL, kind)


@each
def test_a_removal_says_what_it_left_and_can_be_repeated_whatever_failed(
    machine: FakeHome, kind: Kind | None
) -> None:
    assert machine.run(INSTALL)[0] == 0
    ADD_IN.require_repeatable(machine, UNINSTALL, kind)


def lock(machine: FakeHome) -> Path:
    folder = machine.home / "cache"
    folder.mkdir(exist_ok=True)
    return folder / install.LOCK


@pytest.mark.parametrize("machine", [Linux], indirect=True)
@pytest.mark.parametrize("words", [INSTALL, UNINSTALL])
def test_two_at_one_moment_do_not_both_choose_a_port_and_a_secret(
    machine: FakeHome, words: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "LOCK_SECONDS", 0.0)
    before = machine.state()
    with file_lock(lock(machine), timeout=0):
        code, (line,) = machine.run(words)
    assert code == 5
    assert "Another installation or removal of the add-in is running" in line
    assert machine.state() == before
    assert machine.run(INSTALL)[0] == 0


@pytest.mark.parametrize("machine", [Linux], indirect=True)
def test_a_folder_without_locks_is_named(machine: FakeHome) -> None:
    lock(machine).mkdir()
    code, (line,) = machine.run(INSTALL)
    assert code == 2
    assert "The cache cannot be locked: " in line


@pytest.mark.parametrize("machine", [Windows], indirect=True)
def test_a_certificate_that_stays_trusted_is_not_called_removed(
    machine: FakeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.run(INSTALL)[0] == 0
    with monkeypatch.context() as declining:
        declining.setattr(Windows, "distrust", lambda *_: None)
        code, (line,) = machine.run(UNINSTALL)
    assert (code, "still trusts the add-in's certificate: perhaps you declined" in line) == (5, True)
    assert machine.state()[1]
    assert machine.run(UNINSTALL)[0] == 0
    assert machine.state() == NOTHING


@pytest.mark.parametrize("machine", [Linux], indirect=True)
def test_a_removal_with_a_damaged_record_takes_the_trust_back_too(machine: FakeHome) -> None:
    assert machine.run(INSTALL)[0] == 0
    (systems.current().folder / place.RECORD).write_bytes(b"{")
    assert machine.run(UNINSTALL)[0] == 0
    assert machine.state() == NOTHING
