"""Running LibreOffice's programs with a time-out, and ending all their child processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.remote.client.channel import STRIPPED_ENVIRONMENT

OFFICES = ("soffice.bin", "soffice")
"""Program names of a running LibreOffice."""

MAC_OFFICE = ".app/Contents/MacOS/soffice"
"""The end of its program on macOS."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished program: its exit code, and its standard output and error."""

    code: int
    text: str


def environment() -> dict[str, str]:
    """Return the environment variables for a program outside this Python.

    LibreOffice's Python looks for itself on PATH: in a virtual environment it finds no UNO, and
    LibreOffice then opens no document at all.
    """
    kept = {name: text for name, text in os.environ.items() if name not in STRIPPED_ENVIRONMENT}
    folders = [one for one in os.get_exec_path() if not Path(one).with_name("pyvenv.cfg").is_file()]
    return kept | {"PATH": os.pathsep.join(folders)}


def run(command: Sequence[str | Path], *, timeout: float, script: str = "") -> Finished:
    """Run a program to its end or the time-out in seconds; then end its child processes too.

    Its output goes to a file, because a child process may keep a pipe open forever. ``script`` is its
    standard input.

    Raises
    ------
    HostError
        If it does not start, or does not end in time.

    """
    name = Path(command[0]).name
    with contextlib.ExitStack() as held:
        try:
            source = held.enter_context(tempfile.TemporaryFile())
            printed = held.enter_context(tempfile.TemporaryFile())
            source.write(script.encode())
            source.seek(0)
            process = subprocess.Popen(  # noqa: S603 - LibreOffice's own programs, and the Python of a worker
                [str(part) for part in command],
                stdin=source,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=environment(),
                cwd=tempfile.gettempdir(),  # modules in the current folder must not shadow others
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            msg = f"{name} cannot be started: {error.strerror or type(error).__name__}."
            raise HostError(msg) from None
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            msg = f"{name} did not end within {timeout:g} seconds, and was stopped."
            raise HostError(msg) from None
        finally:
            _end(process)
        printed.seek(0)
        return Finished(process.returncode, printed.read().decode(errors="replace"))


def launch(command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    """Start a program that outlives this one.

    Raises
    ------
    HostError
        If it does not start.

    """
    detached = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        return subprocess.Popen(  # noqa: S603 - LibreOffice, on a file of the user's
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
            creationflags=detached,
        )
    except OSError as error:
        msg = f"{Path(command[0]).name} cannot be started: {error.strerror or type(error).__name__}."
        raise HostError(msg) from None


def open_offices() -> list[str]:
    """Return the command lines of the running LibreOffices; the name of one that is not readable."""
    import psutil

    lines = []
    # Not process_iter: it caches names, and a starter of LibreOffice becomes soffice.bin.
    for number in psutil.pids():
        with contextlib.suppress(psutil.Error):  # it has just ended
            process = psutil.Process(number)
            try:
                line = process.cmdline()
            except psutil.AccessDenied:
                line = [process.name()]
            lines.append(line or [process.name()] if process.status() != psutil.STATUS_ZOMBIE else [])
    return [" ".join(line) for line in lines if line and is_office(line)]


def is_office(line: Sequence[str]) -> bool:
    """Whether a command line is that of a LibreOffice.

    >>> is_office(["/usr/lib/libreoffice/program/soffice.bin", "--calc"]), is_office(["grep", "soffice.bin"])
    (True, False)
    """
    program = line[0].replace("\\", "/")
    return program.rpartition("/")[2].removesuffix(".exe") in OFFICES or MAC_OFFICE in program


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its child processes, if they still run."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError):  # all have ended
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        kill = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(kill, check=False, capture_output=True)  # noqa: S603 - Windows' own
    process.wait()
