"""A home in which each operation on files, or each change to the system's lists, fails in turn."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from failing_files import Faults, Kind, contents, failing

from betaneutral_xl.hosts.cli import main

if TYPE_CHECKING:
    import pytest

NEVER = 10**9
"""The number of an operation that never comes."""

State: TypeAlias = "tuple[set[str], int]"
"""The names of files, and the number of entries in the system's lists."""

NOTHING: State = (set(), 0)


class Computer(Protocol):
    """The system's lists besides files, whose n-th change or question can fail."""

    failing: int
    """The number of the command that fails, from 1."""

    commands: list[Any]
    """The commands so far."""

    @property
    def entries(self) -> int:
        """The entries of an installation that the lists have."""


class NoLists:
    """A system on which an installation changes nothing but files."""

    entries = 0

    def __init__(self) -> None:
        """Have no commands."""
        self.failing = NEVER
        self.commands: list[Any] = []


@dataclass
class FakeHome:
    """A home, the system's lists, and a way back to an earlier state of both."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    computer: Computer = field(default_factory=NoLists)

    def __post_init__(self) -> None:
        """Begin with an empty folder for documents."""
        self.home = self.folder / "home"
        (self.home / "documents").mkdir(parents=True)
        self.monkeypatch.chdir(self.home)
        self.monkeypatch.setenv("BETANEUTRAL_CACHE", str(self.home / "cache"))

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
        """Return what an installation changes, except the cache and what other programs use too."""
        others = ("cache/", ".pki/", "program/", "profile/user/uno_packages/cache/registry/", "tmp/")
        return {name for name in contents(self.home) if not name.startswith(others)}, self.computer.entries


@dataclass(frozen=True)
class Installation:
    """The commands of an installation and its removal."""

    install: Sequence[str]
    uninstall: Sequence[str]
    not_installed: int = 5
    """The exit code of a removal where nothing is installed."""

    def require_repeatable(self, home: FakeHome, words: Sequence[str], kind: Kind | None) -> None:
        """Let each operation fail in turn: a second try, and a removal, end as if none had.

        Parameters
        ----------
        home
            What the command finds.
        words
            The one of the two commands that is disturbed.
        kind
            How operations on files fail; None lets commands of the system fail.

        """
        home.keep()
        assert home.run(words)[0] == 0
        done = home.state()
        for number in range(1, NEVER):
            for again, expected in ((words, done), (self.uninstall, NOTHING)):
                home.go_back()
                home.computer.failing = NEVER if kind else number
                with failing(Faults(home.home, number if kind else NEVER, kind or Kind.ONE)) as faults:
                    code, lines = home.run(words)
                asked = faults.seen if kind else home.computer.commands
                if len(asked) < number:
                    return
                where = f"{asked[number - 1]}: exit code {code}, {lines}"
                assert code in {0, 2, 5, 130}, where
                assert len(lines) == (code != 0), where
                assert "The output cannot be written" not in str(lines), where  # that is not what failed
                if words == self.uninstall and code == 0:
                    assert home.state() == NOTHING, f"left, and not said, after {where}"
                home.computer.failing = NEVER
                second, lines = home.run(again)
                gone = again == self.uninstall and second == self.not_installed
                assert second == 0 or gone, f"{lines} after {where}"
                assert home.state() == expected, where
