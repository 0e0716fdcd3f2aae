"""The commands of the operating system that an installation runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SECONDS = 120.0
"""Time that a command has: some of them ask the user for a password."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code, and what it wrote."""

    code: int
    text: str = ""

    @property
    def fine(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0

    @property
    def reason(self) -> str:
        """The last line that it wrote."""
        lines = self.text.strip().splitlines()
        return lines[-1].strip() if lines else f"exit code {self.code}"


Run = Callable[[Sequence[str]], Ended]
"""Runs a command."""


def run(command: Sequence[str]) -> Ended:
    """Run a command and wait for its end; one that is not installed, or does not end, has failed."""
    try:
        done = subprocess.run(  # noqa: S603 - the commands of this package
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except FileNotFoundError:
        return Ended(127, f"{command[0]} is not installed")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Ended(126, f"{command[0]}: {error}")
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"))
