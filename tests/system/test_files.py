from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.system import files
from betaneutral_xl.system.files import is_inside, listed, read_bytes, shown_name

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the system has no such files")


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\r\n\x1a\x00")  # what text mode on Windows would change or stop at
    assert read_bytes(path) == b"\r\n\x1a\x00"
    assert read_bytes(str(path)) == b"\r\n\x1a\x00"


def test_relative_parts_are_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.csv").write_bytes(b"x")
    assert read_bytes(tmp_path / "in" / ".." / "a.csv") == b"x"


@POSIX
def test_a_link_is_followed_because_the_user_named_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    assert read_bytes(tmp_path / "link.csv") == b"x"


def refusal(path: Path | str, limit: int = 100) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_bytes(path, limit)
    return str(caught.value)


def test_an_error_names_the_file_without_its_folder(tmp_path: Path) -> None:
    (tmp_path / "large.csv").write_bytes(b"x" * 101)
    messages = {
        "There is no file absent.csv": refusal(tmp_path / "absent.csv"),
        "is a folder": refusal(tmp_path),
        "large.csv has 0 MB, more than": refusal(tmp_path / "large.csv"),
        "Cannot open a": refusal("a\0b.csv"),
        "There is no file": refusal(tmp_path / "absent" / ".." / ".." / "x.csv"),
    }
    for words, message in messages.items():
        assert words in message
        assert str(tmp_path.parent) not in message


@POSIX
def test_a_loop_of_links_and_a_name_too_long_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "Cannot open loop" in refusal(tmp_path / "loop")
    assert "Cannot open" in refusal(tmp_path / ("x" * 5000))


@POSIX
def test_a_pipe_is_refused_without_blocking(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not a regular file" in refusal(tmp_path / "pipe.csv")


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied", "/home/ann/a.csv")

    monkeypatch.setattr(os, "open", denied)
    assert "No permission to read a.csv" in refusal(tmp_path / "a.csv")


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 10)
    regular = files._require_regular

    def grow(*arguments: object) -> None:
        regular(*arguments)  # type: ignore[arg-type] # passed through
        with path.open("ab") as file:
            file.write(b"y")

    monkeypatch.setattr(files, "_require_regular", grow)
    assert "changed while it was read" in refusal(path)


def test_concurrent_reads_of_a_file_are_equal(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 50_000)
    read: list[bytes] = []
    threads = [threading.Thread(target=lambda: read.append(read_bytes(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read) == {b"x" * 50_000}


def test_control_characters_in_a_name_are_replaced() -> None:
    assert shown_name("/home/ann/\x1b[31mred\n.csv") == "?[31mred?.csv"


@POSIX
def test_a_link_out_of_a_folder_is_not_inside_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.csv").write_bytes(b"x")
    (tmp_path / "in" / "own.csv").write_bytes(b"x")
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "out.csv")
    assert is_inside(tmp_path / "in" / "own.csv", tmp_path / "in")
    assert not is_inside(tmp_path / "in" / "link.csv", tmp_path / "in")


class Piped(io.TextIOWrapper):
    """Standard input with some bytes in it."""

    def __init__(self, content: bytes, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content))
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def test_a_hyphen_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Piped(b"Ticker,Weight\nNVDA,100%\n"))
    assert read_bytes("-") == b"Ticker,Weight\nNVDA,100%\n"
    monkeypatch.setattr(sys, "stdin", Piped(b"x" * 101))
    assert "Standard input has more than" in refusal("-")
    monkeypatch.setattr(sys, "stdin", Piped(b"", terminal=True))
    assert "nothing is piped into it" in refusal("-")


@POSIX
def test_a_file_of_the_system_that_would_block_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blocking(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override] # as io says
            return None  # such as /proc/kmsg, opened without waiting

    monkeypatch.setattr(os, "fdopen", Blocking)
    (tmp_path / "messages").write_bytes(b"x")
    assert "messages changed while it was read" in refusal(tmp_path / "messages")


@POSIX
def test_standard_input_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", (tmp_path / "written.csv").open("w", encoding="utf-8"))
    assert "Cannot read standard input" in refusal("-")
    sys.stdin.close()


def test_a_folder_is_listed_by_name_and_one_that_is_not_there_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b", "a"):
        (tmp_path / name).touch()
    assert [one.name for one in listed(tmp_path)] == ["a", "b"]
    assert listed(tmp_path / "absent") == []
    assert listed(tmp_path / "a" / "below a file") == []
    with pytest.raises(UnreadableFile, match="Cannot list the folder a: "):
        listed(tmp_path / "a")
