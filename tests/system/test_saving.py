from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from pathlib import Path

import pytest
from failing_files import Faults, failing
from hypothesis import given
from hypothesis import strategies as st

from betaneutral_xl.errors import Unwritable
from betaneutral_xl.system.saving import (
    as_text,
    make_private_folder,
    remove,
    save,
    temporary_folder,
    to_csv,
    to_json,
)


def test_a_file_is_replaced_atomically(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    save(target, b"old")
    save(target, b"new")
    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["out.bin"]


def test_an_absent_folder_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match=r"Cannot write out\.xlsx: No such file or directory\."):
        save(tmp_path / "absent" / "out.xlsx", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unwritable, match="Nothing was changed there"):
        save(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]


def test_a_file_that_is_read_only_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"old")
    target.chmod(0o444)
    with pytest.raises(Unwritable) as refused:
        save(target, b"new")
    assert str(refused.value) == (
        "Cannot write out.xlsx: it is read-only. Allow writing to it, or choose another file."
    )
    assert target.read_bytes() == b"old"
    target.chmod(0o644)
    save(target, b"new")
    assert target.read_bytes() == b"new"


def test_a_folder_of_the_files_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.xlsx").mkdir()
    with pytest.raises(Unwritable, match=r"Cannot write out.xlsx: it is a folder. Name a file in it."):
        save(tmp_path / "out.xlsx", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]


@given(st.text(min_size=1))
def test_no_text_reaches_a_csv_file_as_a_formula(text: str) -> None:
    assert not as_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_table_keeps_every_digit_and_a_missing_number_is_empty() -> None:
    text = to_csv(["ticker", "weight"], [("=A1", 0.1 + 0.2), ("B", float("nan"))])
    assert list(csv.reader(io.StringIO(text))) == [
        ["ticker", "weight"],
        ["'=A1", "0.30000000000000004"],
        ["B", ""],
    ]


def test_json_has_null_for_a_missing_number() -> None:
    assert json.loads(to_json({"a": [float("nan"), 1.5, "x", None, True]})) == {
        "a": [None, 1.5, "x", None, True]
    }


def test_a_value_without_a_json_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_json({"a": object()})


def test_a_file_a_folder_and_what_is_missing_are_removed(tmp_path: Path) -> None:
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "file").touch()
    for name in ("folder", "file", "missing"):
        remove(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "folder"])
def test_what_cannot_be_removed_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with (
        failing(Faults(tmp_path, 1)),
        pytest.raises(Unwritable, match=rf"^Cannot remove {name}: .*try again"),
    ):
        remove(tmp_path / name)
    assert (tmp_path / name).exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_what_is_confidential_is_readable_by_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "private"
    make_private_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    file = folder / "holdings.json"
    file.touch(0o644)
    save(file, b"NVDA", private=True)
    assert file.read_bytes() == b"NVDA"
    assert file.stat().st_mode & 0o777 == 0o600


def test_temporary_files_are_there_within_the_block_alone() -> None:
    with temporary_folder({"a.xlsx": b"content"}) as folder:
        assert (folder / "a.xlsx").read_bytes() == b"content"
    assert not folder.exists()


@pytest.mark.parametrize("operation", [1, 2])
def test_temporary_files_that_cannot_be_written_are_told(
    operation: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        failing(Faults(tmp_path, operation)),
        pytest.raises(Unwritable, match=r"^Temporary files cannot be written: .* or set TMPDIR"),
        temporary_folder({"a.xlsx": b"content"}),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
