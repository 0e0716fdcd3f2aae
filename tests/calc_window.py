"""A virtual screen for the tests: windows, a mouse, a keyboard, pictures."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from calc_office import until

if TYPE_CHECKING:
    from calc_office import Office

PACKAGES = {"Xvfb": "xvfb", "openbox": "openbox", "xdotool": "xdotool", "import": "imagemagick"}
"""Programs and their Debian packages."""

SIZE = "1280x800x24"

STEADY, STILL = 4, 30.0
"""Number of equal consecutive pictures, and the seconds after which the last one is used anyway."""


class Screen:
    """A display with a window manager.

    Parameters
    ----------
    name
        As ``DISPLAY`` has it.

    """

    def __init__(self, name: str) -> None:
        """Keep the name."""
        self.name = name

    def run(self, *command: str) -> str:
        """Run a program on the display, and return its output."""
        ended = subprocess.run(  # noqa: S603 - programs of the tests' own
            command,
            env={**os.environ, "DISPLAY": self.name},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return ended.stdout.strip()

    def click(self, x: int, y: int) -> None:
        """Click with the mouse."""
        self.run("xdotool", "mousemove", str(x), str(y), "click", "1")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        self.run("xdotool", "key", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self.run("xdotool", "type", "--delay", "20", text)

    def windows(self, name: str) -> list[str]:
        """Return the visible windows with a name."""
        return self.run("xdotool", "search", "--onlyvisible", "--name", name).split()

    def fill(self, name: str) -> None:
        """Make a window as large as the screen, and give it the keyboard."""
        window = until(lambda: self.windows(name))[0]
        width, height, _ = SIZE.split("x")
        self.run("xdotool", "windowmove", window, "0", "0", "windowsize", window, width, height)
        assert until(lambda: self._is_active(window))

    def focus(self, name: str) -> None:
        """Give a window the keyboard: a closed dialog returns it a little later."""
        window = until(lambda: self.windows(name))[0]
        assert until(lambda: self._is_active(window))

    def _is_active(self, window: str) -> bool:
        self.run("xdotool", "windowactivate", window)
        return self.run("xdotool", "getactivewindow") == window

    def picture(self, path: Path) -> None:
        """Save a picture of the display once it no longer changes."""
        same, last = 0, b""
        end = time.monotonic() + STILL
        while same < STEADY and time.monotonic() < end:
            self.run("import", "-window", "root", "-define", "png:exclude-chunks=date,time", str(path))
            taken = path.read_bytes()
            same, last = (same + 1 if taken == last else 0), taken


def message_box(office: Office) -> list[str]:
    """Wait for a message box, and return its title and texts; what it shows may come a little later."""
    seen: list[list[list[str]]] = [[]]

    def steady() -> bool:
        seen.append(office.do("boxes"))
        return bool(seen[-1]) and seen[-1] == seen[-2]

    assert until(steady), "no message box"
    (box,) = seen[-1]
    return box


AGAIN = 10.0
"""Seconds after which a key is pressed again: a message box may have no focus yet when it is seen."""


def confirm(office: Office, display: Screen, *keys: str) -> None:
    """Answer the message box by a key, Return if none is given, and wait until it has closed.

    Of several keys the next one is pressed where the one before does nothing.
    """
    box = message_box(office)
    pressed = cycle(keys or ("Return",))

    def answered() -> bool:
        display.press(next(pressed))
        return until(lambda: box not in office.do("boxes"), AGAIN)

    assert until(answered), f"{box} stays open"


@contextlib.contextmanager
def screen() -> Iterator[Screen]:
    """Start a screen with a free number, and end it."""
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no screen can be had (Debian: {' '.join(missing)})")
    with tempfile.TemporaryDirectory(prefix="betaneutral-screen-") as folder:
        number = Path(folder) / "number"
        with number.open("wb") as file:
            server = subprocess.Popen(  # noqa: S603 - the screen
                ["Xvfb", "-displayfd", str(file.fileno()), "-screen", "0", SIZE, "-nolisten", "tcp"],  # noqa: S607
                pass_fds=(file.fileno(),),
                stderr=subprocess.DEVNULL,
            )
        try:
            assert until(lambda: number.read_text(encoding="ascii").endswith("\n"))
            display = Screen(f":{number.read_text(encoding='ascii').strip()}")
            environment = {**os.environ, "DISPLAY": display.name}
            manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)  # noqa: S607
            try:
                yield display
            finally:
                manager.terminate()
                manager.wait()
        finally:
            server.terminate()
            server.wait()
