from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.calc import processes
from betaneutral_xl.hosts.remote.client.channel import STRIPPED_ENVIRONMENT

CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
open({file!r}, "w").write(str(child.pid))
{then}
"""


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
    return condition()


def test_a_program_reads_its_script_and_its_output_comes_back() -> None:
    ended = processes.run([sys.executable, "-"], timeout=60, script="print('Zürich'); raise SystemExit(4)")
    assert ended == processes.Finished(4, "Zürich\n")


def test_variables_of_this_python_are_not_passed_to_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in STRIPPED_ENVIRONMENT:
        monkeypatch.setenv(name, "somewhere")
    monkeypatch.setenv("KEPT", "yes")
    script = f"import os; print(sorted(set(os.environ) & {{'KEPT', *{STRIPPED_ENVIRONMENT!r}}}))"
    assert processes.run([sys.executable, "-"], timeout=60, script=script).text.strip() == "['KEPT']"


def test_an_active_virtual_environment_is_not_on_the_path_of_other_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    others = os.pathsep.join(one for one in os.get_exec_path() if not Path(one, "../pyvenv.cfg").is_file())
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "venv" / "bin"), others]))
    script = "import os; print(os.environ['PATH'])"
    assert processes.run([sys.executable, "-"], timeout=60, script=script).text.strip() == others


@pytest.mark.skipif(sys.platform == "win32", reason="the processes are looked at in /proc")
def test_a_program_is_stopped_with_its_child_processes_after_the_timeout(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    script = CHILD.format(file=str(file), then="time.sleep(600)")
    with pytest.raises(HostError, match=r"did not end within 2 seconds, and was stopped"):
        processes.run([sys.executable, "-"], timeout=2, script=script)
    pid = int(file.read_text(encoding="utf-8"))
    assert within(10, lambda: not is_alive(pid))


@pytest.mark.skipif(sys.platform == "win32", reason="the process is ended by a signal")
def test_child_processes_of_a_finished_program_are_stopped_and_not_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    started = time.monotonic()
    ended = processes.run(
        [sys.executable, "-"],
        timeout=100,
        script=CHILD.format(file=str(file), then="import os; os._exit(0)"),
    )
    assert time.monotonic() - started < 60
    assert ended.code == 0
    assert within(10, lambda: not is_alive(int(ended.text)))


def test_a_missing_program_is_one_line(tmp_path: Path) -> None:
    for start in (lambda path: processes.run([path], timeout=1), lambda path: processes.launch([path])):
        with pytest.raises(HostError, match=r"^unopkg cannot be started: No such file or directory\.$"):
            start(tmp_path / "unopkg")


def test_a_launched_program_has_its_own_session(tmp_path: Path) -> None:
    process = processes.launch([sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"])
    assert process.wait(60) == 0
    assert process.pid != os.getpid()


def test_an_open_office_is_recognised_by_its_process_name(tmp_path: Path) -> None:
    pretender = tmp_path / "soffice.bin"
    pretender.symlink_to("/bin/sleep")
    process = subprocess.Popen([pretender, "600"])  # noqa: S603 - sleeps
    try:
        assert within(10, lambda: f"{pretender} 600" in processes.open_offices())
    finally:
        process.kill()
        process.wait()
    assert f"{pretender} 600" not in processes.open_offices()


@pytest.mark.parametrize(
    ("line", "office"),
    [
        (["/Applications/My Office.app/Contents/MacOS/soffice", "--calc"], True),
        (["C:\\Program Files\\LibreOffice\\program\\soffice.exe"], True),
        (["soffice.bin"], True),
        (["/usr/bin/vim", "soffice.py"], False),
        (["/usr/bin/python3", "-c", "import soffice"], False),
    ],
)
def test_a_command_line_is_an_office_by_its_program(line: list[str], *, office: bool) -> None:
    assert processes.is_office(line) is office


def test_a_program_that_replaces_itself_is_recognised_by_what_it_is_now(tmp_path: Path) -> None:
    office = tmp_path / "soffice.bin"
    office.symlink_to("/bin/sleep")
    starter = tmp_path / "oosplash"
    starter.write_text(f"#!/bin/sh\nread line\nexec {office} 600\n", encoding="utf-8")
    starter.chmod(0o700)
    with subprocess.Popen([starter], stdin=subprocess.PIPE) as process:  # noqa: S603 - waits, then sleeps
        try:
            assert f"{office} 600" not in processes.open_offices()
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
            assert within(10, lambda: f"{office} 600" in processes.open_offices())
        finally:
            process.kill()
