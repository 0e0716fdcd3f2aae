"""Where any operation on files or any command fails, an installation can be repeated or removed."""

from __future__ import annotations

import copy
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pytest
from failing_files import Faults, Kind, contents, failing, undisturbed
from office_computer import Computer

from betaneutral_xl import __version__
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.office import install, place, server, systems, template
from betaneutral_xl.hosts.office.systems.commands import Ended
from betaneutral_xl.hosts.office.systems.linux import Linux
from betaneutral_xl.hosts.office.systems.mac import EXCEL, Mac
from betaneutral_xl.hosts.office.systems.windows import Windows
from betaneutral_xl.system.optional import file_lock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from betaneutral_xl.hosts.office.systems.system import System

ALL = 10**9
"""The number of an operation that never comes."""

State: TypeAlias = tuple[set[str], int, int, int]

NOTHING: State = (set(), 0, 0, 0)

INSTALL, UNINSTALL = ("office", "install", "--folder", "documents"), ("office", "uninstall")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its faults are of POSIX systems")


class FailingComputer(Computer):
    """A computer whose n-th command fails, counted from 1."""

    def __init__(self) -> None:
        """Let no command fail."""
        super().__init__()
        self.failing = ALL

    def __call__(self, command: Sequence[str]) -> Ended:
        """Run a command."""
        if len(self.commands) + 1 == self.failing:
            self.commands.append(list(command))
            return Ended(1, "The operation could not be completed.")
        with undisturbed():
            return super().__call__(command)


@dataclass
class Machine:
    """A home, the system's commands, and a way back to an earlier state of both."""

    system: type[System]
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    computer: FailingComputer

    def start(self) -> None:
        """Begin with a home in which Excel was started before."""
        self.home = self.folder / "home"
        (self.home / EXCEL).mkdir(parents=True)
        cache = self.home / "AppData/Local/Microsoft/Office/16.0/Wef"
        cache.mkdir(parents=True)
        (self.home / "documents").mkdir()
        self.monkeypatch.chdir(self.home)
        self.monkeypatch.setenv("BETANEUTRAL_CACHE", str(self.home / "cache"))
        self.monkeypatch.setattr(systems, "current", lambda: self.system(self.home, self.computer))

    def keep(self) -> None:
        """Keep the state to go back to."""
        shutil.copytree(self.home, self.folder / "kept", dirs_exist_ok=True)
        self.kept = copy.deepcopy(self.computer)

    def go_back(self) -> None:
        """Go back to the state that was kept."""
        self.monkeypatch.chdir(self.folder)
        shutil.rmtree(self.home)
        shutil.copytree(self.folder / "kept", self.home)
        self.monkeypatch.chdir(self.home)
        self.computer = copy.deepcopy(self.kept)
        self.computer.commands.clear()

    def run(self, words: Sequence[str]) -> tuple[int, list[str]]:
        """Return a command's exit code and its error lines."""
        code = main(list(words))
        return code, self.capsys.readouterr().err.splitlines()

    def state(self) -> State:
        """Return what an installation changes: the names of files, and the system's own lists.

        Not what is loaded: a server that is asked to end is not started again.
        """
        left = ("cache/", ".pki/")  # the record's folder, and the browser's store, which others use too
        names = {name for name in contents(self.home) if not name.startswith(left)}
        known = self.computer
        return names, len(known.trusted), len(known.registry), len(known.browser)


@pytest.fixture
def machine(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Machine:
    """Return a machine on which no server is started, and the template is a short one."""
    monkeypatch.setattr(install, "start", lambda _: True)
    monkeypatch.setattr(server, "running", lambda _: server.Running(__version__))
    monkeypatch.setattr(server, "end", lambda _: False)
    monkeypatch.setattr(server, "is_free", lambda _: True)
    monkeypatch.setattr(template, "build", lambda _: b"template")
    made = Machine(request.param, tmp_path, monkeypatch, capsys, FailingComputer())
    made.start()
    return made


def require_repeatable(machine: Machine, words: Sequence[str], kind: Kind | None) -> None:
    """Let each operation fail in turn, or each command: a second try, and a removal, end as if none had."""
    machine.keep()
    assert machine.run(words)[0] == 0
    done = machine.state()
    for number in range(1, ALL):
        for again, expected in ((words, done), (UNINSTALL, NOTHING)):
            machine.go_back()
            machine.computer.failing = ALL if kind else number
            with failing(Faults(machine.home, number if kind else ALL, kind or Kind.ONE)) as faults:
                code, lines = machine.run(words)
            asked = faults.seen if kind else [" ".join(one) for one in machine.computer.commands]
            if len(asked) < number:
                return
            where = f"{asked[number - 1]}: exit code {code}, {lines}"
            assert code in {0, 2, 5, 130}, where
            assert len(lines) == (code != 0), where
            assert "The output cannot be written" not in str(lines), where  # it is not the output that failed
            if words == UNINSTALL and code == 0:
                assert machine.state() == NOTHING, f"left, and not said, after {where}"
            machine.computer.failing = ALL
            second, lines = machine.run(again)
            assert second == 0 or (second == 5 and again == UNINSTALL), f"{lines} after {where}"
            assert machine.state() == expected, where


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
    machine: Machine, kind: Kind | None
) -> None:
    require_repeatable(machine, INSTALL, kind)


@each
def test_a_removal_says_what_it_left_and_can_be_repeated_whatever_failed(
    machine: Machine, kind: Kind | None
) -> None:
    assert machine.run(INSTALL)[0] == 0
    require_repeatable(machine, UNINSTALL, kind)


def lock(machine: Machine) -> Path:
    folder = machine.home / "cache"
    folder.mkdir(exist_ok=True)
    return folder / install.LOCK


@pytest.mark.parametrize("machine", [Linux], indirect=True)
@pytest.mark.parametrize("words", [INSTALL, UNINSTALL])
def test_two_at_one_moment_do_not_both_choose_a_port_and_a_secret(
    machine: Machine, words: Sequence[str], monkeypatch: pytest.MonkeyPatch
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
def test_a_folder_without_locks_is_named(machine: Machine) -> None:
    lock(machine).mkdir()
    code, (line,) = machine.run(INSTALL)
    assert code == 2
    assert "The cache cannot be locked: " in line


@pytest.mark.parametrize("machine", [Windows], indirect=True)
def test_a_certificate_that_stays_trusted_is_not_called_removed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.run(INSTALL)[0] == 0
    with monkeypatch.context() as declining:
        declining.setattr(Windows, "distrust", lambda *_: None)
        code, (line,) = machine.run(UNINSTALL)
    assert (code, "still trusts the add-in's certificate: perhaps you declined" in line) == (5, True)
    assert machine.computer.trusted
    assert machine.run(UNINSTALL)[0] == 0
    assert machine.state() == NOTHING


@pytest.mark.parametrize("machine", [Linux], indirect=True)
def test_a_removal_with_a_damaged_record_takes_the_trust_back_too(machine: Machine) -> None:
    assert machine.run(INSTALL)[0] == 0
    (systems.current().folder / place.RECORD).write_bytes(b"{")
    assert machine.run(UNINSTALL)[0] == 0
    assert machine.state() == NOTHING
