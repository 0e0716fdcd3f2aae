from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from betaneutral_xl.hosts.calc.client import shortening

LONG = "ORG.BETANEUTRAL.XL.ADDIN."
SHEET = "xl/worksheets/sheet1.xml"
PARTS = {
    "[Content_Types].xml": f"<Types>{LONG}</Types>",
    SHEET: f'<f>{LONG}LOAD_ETF("demo")</f>',
    "xl/vbaProject.bin": f"{LONG}LOAD_ETF",
    "xl/empty.xml": "",
}


def written(path: Path, parts: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return path


def test_formulas_get_plain_names_and_all_else_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", PARTS)
    path.chmod(0o640)
    before = path.stat()
    assert shortening.shorten(str(path), LONG)
    with zipfile.ZipFile(path) as file:
        assert {name: file.read(name).decode() for name in file.namelist()} == {
            **PARTS,
            SHEET: '<f>LOAD_ETF("demo")</f>',
        }
    assert (path.stat().st_mode, path.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_without_the_functions_is_not_rewritten(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", {**PARTS, SHEET: "<f>SUM(A1)</f>"})
    number = path.stat().st_ino
    assert not shortening.shorten(str(path), LONG)
    assert path.stat().st_ino == number


@pytest.mark.parametrize("damage", ["cut", "flipped", "no zip", "gone"])
def test_a_damaged_file_is_not_changed(tmp_path: Path, damage: str) -> None:
    path = written(tmp_path / "a.xlsx", PARTS)
    content = path.read_bytes()
    at = content.index(b"sheet1.xml") + len("sheet1.xml") + 4
    damaged = {
        "cut": content[:-30],
        "flipped": content[:at] + bytes(255 - byte for byte in content[at : at + 20]) + content[at + 20 :],
        "no zip": b"notes",
        "gone": None,
    }[damage]
    path.unlink()
    if damaged is not None:
        path.write_bytes(damaged)
    assert not shortening.shorten(str(path), LONG)
    assert (path.read_bytes() if path.exists() else None) == damaged
    assert list(tmp_path.iterdir()) == ([] if damaged is None else [path])


def test_a_very_large_file_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortening, "MAX_PART_BYTES", 30)
    path = written(tmp_path / "a.xlsx", PARTS)
    before = path.read_bytes()
    assert not shortening.shorten(str(path), LONG)
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs the right to make links")
def test_a_file_saved_through_a_symbolic_link_is_changed_in_place(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlsx", PARTS)
    link = tmp_path / "link.xlsx"
    link.symlink_to(path)
    assert shortening.shorten(str(link), LONG)
    assert link.is_symlink()
    assert not shortening.shorten(str(path), LONG)
