from __future__ import annotations

from pathlib import Path

import pytest

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel import user_files

VERSION = "0.37.8"
PYTHON = r"C:\Program Files\Python313\python.exe"


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a user for whom pip installed xlwings' DLLs somewhere."""
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "alice"))
    (tmp_path / "alice").mkdir()
    installed = tmp_path / "AppData" / "Python"
    installed.mkdir(parents=True)
    libraries = [installed / f"xlwings{bits}-{VERSION}.dll" for bits in (32, 64)]
    for path in libraries:
        path.write_bytes(path.name.encode())
    monkeypatch.setattr(user_files, "libraries", lambda: libraries)
    return tmp_path / "alice"


@pytest.fixture
def python(tmp_path: Path) -> str:
    (tmp_path / "python.exe").touch()
    return str(tmp_path / "python.exe")


def test_the_files_are_where_visual_basic_looks_for_them(profile: Path) -> None:
    user_files.write(PYTHON)
    folder = profile / ".betaneutral_xl"
    assert (folder / "betaneutral_xl.conf").read_bytes() == f'"INTERPRETER_WIN","{PYTHON}"\r\n'.encode()
    names = [path.name for path in folder.glob("*.dll")]
    assert sorted(names) == [f"xlwings32-{VERSION}.dll", f"xlwings64-{VERSION}.dll"]
    assert user_files.interpreter() == PYTHON


def test_excel_s_python_is_this_one_after_the_installation(profile: Path, python: str) -> None:
    assert user_files.finding(python, VERSION)[1:] == (
        False,
        "Excel finds no Python for this user. Run: py -m betaneutral_xl excel install",
    )
    user_files.write(python)
    assert user_files.finding(python, VERSION)[1]


def test_another_python_is_named(profile: Path, python: str) -> None:
    user_files.write(python)
    _, met, text = user_files.finding(PYTHON, VERSION)
    assert (met, text.startswith(f"Excel starts {python}, not this Python.")) == (False, True)


def test_a_python_that_was_removed_is_named(profile: Path, python: str) -> None:
    user_files.write(python)
    Path(python).unlink()
    _, met, text = user_files.finding(python, VERSION)
    assert (met, text.startswith(f"Excel would start {python}, which does not exist.")) == (False, True)


def test_the_library_of_another_version_is_no_library(profile: Path, python: str) -> None:
    user_files.write(python)
    _, met, text = user_files.finding(python, "0.38.0")
    assert (met, text.startswith("xlwings64-0.38.0.dll is not in ")) == (False, True)


def test_a_library_that_excel_has_loaded_is_not_written_again(
    profile: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_files.write(python)
    saved: list[str] = []
    monkeypatch.setattr(user_files, "save", lambda path, _: saved.append(path.name))
    user_files.write(python)
    assert saved == ["betaneutral_xl.conf"]


def test_xlwings_without_its_libraries_is_an_error(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_files, "libraries", list)
    with pytest.raises(HostError, match=r"^xlwings is installed without its DLLs"):
        user_files.write(PYTHON)


@pytest.mark.skipif(user_files.CODE_PAGE == "mbcs", reason="depends on the code page of this Windows")
def test_a_path_that_the_library_cannot_be_given_is_an_error(profile: Path) -> None:
    with pytest.raises(HostError, match=r"^Excel cannot start what is in C:\\Łódź: the path has letters"):
        user_files.write("C:\\Łódź")


def test_what_is_not_ours_stays(profile: Path) -> None:
    user_files.write(PYTHON)
    mine = profile / ".betaneutral_xl" / "notes.txt"
    mine.write_text("mine", encoding="utf-8")
    assert user_files.present()
    assert user_files.remove()
    assert not user_files.present()
    assert [path.name for path in mine.parent.iterdir()] == ["notes.txt"]
    mine.unlink()
    assert user_files.remove()


def test_a_library_that_excel_has_loaded_is_not_removed(
    profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(5, "Access is denied", str(path))

    user_files.write(PYTHON)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert not user_files.remove()
