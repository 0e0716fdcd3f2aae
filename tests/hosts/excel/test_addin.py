from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xlwings", reason="xlwings is not installed (pip install 'betaneutral-xl[excel]')")

from collections.abc import Callable

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.excel import addin, check, install, policies, registry, repair, user_files
from betaneutral_xl.hosts.files.addin_links import LinkedFile
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system.settings import Settings

OTHER, SOLVER = r'"C:\Tools\other.xlam"', r'/A "SOLVER.XLAM"'
MINE = r"C:\Users\bob\AppData\Roaming\Microsoft\AddIns\betaneutral.xlam"


# ---------------------------------------------------------------- the registration


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"OPEN": f'"{MINE}"'}),
        ({"OPEN": OTHER}, {"OPEN1": f'"{MINE}"'}),
        ({"OPEN": OTHER, "OPEN1": SOLVER}, {"OPEN2": f'"{MINE}"'}),
        ({"OPEN": f'"{MINE}"'}, {}),
        ({"OPEN": "betaneutral.xlam"}, {"OPEN": f'"{MINE}"'}),
        (
            {"OPEN": r'/R "D:\old\BetaNeutral.xlam"', "OPEN1": OTHER},
            {"OPEN": OTHER, "OPEN1": f'"{MINE}"'},
        ),
        ({"OPEN": OTHER, "OPEN3": SOLVER}, {"OPEN1": SOLVER, "OPEN2": f'"{MINE}"', "OPEN3": None}),
        ({"Font": "Calibri", "OPENING": "x"}, {"OPEN": f'"{MINE}"'}),
    ],
)
def test_excel_is_told_to_load_the_add_in_behind_the_others(
    options: dict[str, str], expected: dict[str, str | None]
) -> None:
    assert addin.registered(options, MINE) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {}),
        ({"OPEN": OTHER}, {}),
        ({"OPEN": f'"{MINE}"'}, {"OPEN": None}),
        (
            {"OPEN": f'"{MINE}"', "OPEN1": OTHER, "OPEN2": SOLVER},
            {"OPEN": OTHER, "OPEN1": SOLVER, "OPEN2": None},
        ),
        ({"OPEN": "betaneutral.xlam", "OPEN1": f'"{MINE}"'}, {"OPEN": None, "OPEN1": None}),
    ],
)
def test_those_behind_it_move_up_when_it_is_removed(
    options: dict[str, str], expected: dict[str, str | None]
) -> None:
    assert addin.unregistered(options) == expected


def test_more_than_ten_add_ins_keep_their_order() -> None:
    options = {f"OPEN{n or ''}": f'"C:\\{n}.xlam"' for n in range(12)}
    assert addin.registered(options, MINE) == {"OPEN12": f'"{MINE}"'}


@pytest.mark.parametrize(
    ("executable", "expected"),
    [
        (r"C:\Users\a\AppData\Local\Microsoft\WindowsApps\python3.13.exe", True),
        (r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13_3.13.1\python.exe", True),
        (r"C:\Program Files\Python313\python.exe", False),
    ],
)
def test_a_python_of_the_store_is_known_by_its_place(executable: str, expected: object) -> None:
    assert addin.is_store_python(executable) is expected


# ---------------------------------------------------------------- installation


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(cache=tmp_path / "cache"))


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the registry's values of a user for whom pip installed xlwings' DLLs."""
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path / "AppData"))
    library = tmp_path / "xlwings64-0.37.8.dll"
    library.write_bytes(b"library")
    monkeypatch.setattr(user_files, "libraries", lambda: [library])
    held: dict[str, str] = {"OPEN": OTHER}

    def change(_: str, changes: dict[str, str | None]) -> None:
        for name, text in changes.items():
            held.pop(name, None)
            if text is not None:
                held[name] = text

    monkeypatch.setattr(registry, "values", lambda _, key: dict(held) if key == addin.OPTIONS else {})
    monkeypatch.setattr(registry, "change", change)
    monkeypatch.setattr(addin, "is_running", lambda: False)
    return held


def test_add_in_and_template_are_installed_and_removed(
    session: Session, options: dict[str, str], tmp_path: Path
) -> None:
    done = install.install(session, tmp_path / "docs", with_add_in=True)
    assert done.add_in == tmp_path / "AppData" / "Microsoft" / "AddIns" / "betaneutral.xlam"
    assert options == {"OPEN": OTHER, "OPEN1": f'"{done.add_in}"'}
    assert LinkedFile(done.workbook.read_bytes()).add_ins == [str(done.add_in)]
    assert (user_files.folder() / user_files.TEMPLATE).read_bytes() == done.workbook.read_bytes()
    assert addin.finding() == ("Add-in", True, f"loaded by Excel from {done.add_in}")
    removed = install.uninstall(session)
    assert set(removed.values()) == {install.Removal.REMOVED}
    assert set(removed) == {done.add_in, done.workbook, user_files.folder()}
    assert options == {"OPEN": OTHER}
    assert not any(path.exists() for path in removed)
    with pytest.raises(HostError, match="Nothing is installed"):
        install.uninstall(session)


def test_a_second_installation_updates_the_add_in_and_keeps_the_user_s_workbook(
    session: Session, options: dict[str, str], tmp_path: Path
) -> None:
    done = install.install(session, tmp_path / "docs", with_add_in=True)
    assert done.add_in is not None
    mine = done.workbook.read_bytes() + b" "
    done.workbook.write_bytes(mine)
    done.add_in.write_bytes(b"an old one")
    again = install.install(session, tmp_path / "docs", with_add_in=True)
    assert (again.is_kept, again.workbook.read_bytes()) == (True, mine)
    assert again.add_in is not None
    assert again.add_in.read_bytes() != b"an old one"
    assert list(options) == ["OPEN", "OPEN1"]
    assert install.uninstall(session)[done.workbook] is install.Removal.MODIFIED


@pytest.mark.parametrize("what", ["install", "uninstall"])
def test_while_excel_is_open_nothing_is_changed(
    what: str,
    session: Session,
    options: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if what == "uninstall":
        install.install(session, tmp_path / "docs", with_add_in=True)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}, dict(options)
    monkeypatch.setattr(addin, "is_running", lambda: True)
    actions: dict[str, Callable[[], Any]] = {
        "install": lambda: install.install(session, tmp_path / "docs", with_add_in=True),
        "uninstall": lambda: install.uninstall(session),
    }
    with pytest.raises(HostError, match=rf"^Excel is open\. Close it, then run excel {what} again\."):
        actions[what]()
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}, dict(options)
    assert after == before


def test_an_add_in_that_excel_does_not_load_is_told(
    session: Session, options: dict[str, str], tmp_path: Path
) -> None:
    install.install(session, tmp_path / "docs", with_add_in=True)
    options.pop("OPEN1")
    _, met, text = addin.finding() or ("", True, "")
    assert (met, "but Excel does not load it. Run: py -m betaneutral_xl excel install" in text) == (
        False,
        True,
    )


def test_an_add_in_that_is_loaded_from_elsewhere_is_told(
    session: Session, options: dict[str, str], tmp_path: Path
) -> None:
    options["OPEN1"] = r'"D:\old\betaneutral.xlam"'
    _, met, text = addin.finding() or ("", True, "")
    assert (met, text.startswith(r"Excel would load D:\old\betaneutral.xlam, which is not there.")) == (
        False,
        True,
    )
    install.install(session, tmp_path / "docs", with_add_in=True)
    assert (addin.finding() or ("", False))[1]


class Excel:
    """What a Python from the Microsoft Store asks of Excel."""

    def __init__(self) -> None:
        self.history: list[str] = []
        self.Workbooks = types.SimpleNamespace(Add=lambda: self.history.append("workbook"))
        self.AddIns = self
        self.items: list[Any] = []

    def Add(self, path: str, copy: object) -> Any:  # noqa: N802 - as Excel
        assert copy is False
        self.items.append(types.SimpleNamespace(Name=Path(path).name, path=path, Installed=False))
        return self.items[-1]

    def __iter__(self) -> Any:
        return iter(self.items)

    def Quit(self) -> None:  # noqa: N802 - likewise
        self.history.append("quit")


def test_for_a_python_of_the_store_excel_itself_registers_the_add_in(
    session: Session, options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a Python has a registry and a folder AppData of its own."""
    excel = Excel()
    monkeypatch.setattr(addin, "_is_store", lambda: True)
    monkeypatch.setattr(addin, "_start", lambda: excel)
    done = install.install(session, tmp_path / "docs", with_add_in=True)
    assert done.add_in == user_files.folder() / "betaneutral.xlam"
    assert [(one.path, one.Installed) for one in excel.items] == [(str(done.add_in), True)]
    assert excel.history == ["workbook", "quit"]
    assert options == {"OPEN": OTHER}
    install.uninstall(session)
    assert [one.Installed for one in excel.items] == [False]
    assert not done.add_in.exists()


@pytest.mark.parametrize("at", ["start", "load"])
def test_a_python_of_the_store_without_an_excel_that_works_leaves_nothing(
    at: str, session: Session, options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    excel = Excel()

    def fail(*_: object) -> None:
        raise OSError(at)

    monkeypatch.setattr(addin, "_is_store", lambda: True)
    monkeypatch.setattr(addin, "_start", fail if at == "start" else lambda: excel)
    monkeypatch.setattr(excel, "Add", fail)
    with pytest.raises(HostError, match=r"Install Python from python\.org, and run excel install with that"):
        install.install(session, tmp_path / "docs", with_add_in=True)
    assert excel.history == ([] if at == "start" else ["workbook", "quit"])
    assert not user_files.folder().exists()
    assert not (tmp_path / "docs").exists()


def test_a_python_of_the_store_is_removed_without_excel(
    session: Session, options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addin, "_is_store", lambda: True)
    monkeypatch.setattr(addin, "_start", Excel)
    done = install.install(session, tmp_path / "docs", with_add_in=True)

    def gone() -> None:
        raise OSError

    monkeypatch.setattr(addin, "_start", gone)
    assert set(install.uninstall(session).values()) == {install.Removal.REMOVED}
    assert done.add_in is not None
    assert not done.add_in.exists()


def test_the_check_compares_the_versions_of_the_add_in(
    session: Session, options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = install.install(session, tmp_path / "docs", with_add_in=True)
    assert done.add_in is not None

    def told() -> dict[str, tuple[bool, str]]:
        return {name: (met, text) for name, met, text in check.of_this_user("0.37.8")}

    assert told()["betaneutral.xlam"][0]
    monkeypatch.setattr("betaneutral_xl.hosts.sheets.template.__version__", "9.9.9")
    assert "but 9.9.9 is installed; run: py -m betaneutral_xl excel install" in told()["betaneutral.xlam"][1]
    done.add_in.write_bytes(b"cut off")
    assert told()["betaneutral.xlam"] == (
        False,
        "The add-in cannot be read (BadZipFile). run: py -m betaneutral_xl excel install",
    )


# ---------------------------------------------------------------- workbooks of other computers


@pytest.fixture
def of_alice(tmp_path: Path) -> Path:
    template = Path(__file__).parents[3] / "workbook" / "betaneutral.xlsx"
    path = tmp_path / "alice.xlsx"
    path.write_bytes(LinkedFile(template.read_bytes()).connect(r"C:\Users\alice\betaneutral.xlam"))
    return path


def test_the_workbook_of_a_colleague_is_told_and_repaired(
    session: Session, options: dict[str, str], tmp_path: Path, of_alice: Path
) -> None:
    done = install.install(session, tmp_path / "docs", with_add_in=True)
    told = {name: (met, text) for name, met, text in check.findings(of_alice)}
    assert told["alice.xlsx"][0] is False
    assert told["alice.xlsx"][1].startswith(
        r"takes its functions from C:\Users\alice\betaneutral.xlam, not from "
    )
    assert repair.repair(of_alice).startswith(
        f"alice.xlsx takes its functions from {done.add_in}; before, from C:"
    )
    told = {name: (met, text) for name, met, text in check.findings(of_alice)}
    assert told["alice.xlsx"] == (True, "takes its functions from the add-in of this user")
    with pytest.raises(HostError, match=r"already\. Nothing was changed"):
        repair.repair(of_alice)


def test_nothing_is_repaired_without_an_add_in(options: dict[str, str], of_alice: Path) -> None:
    with pytest.raises(HostError, match="No add-in is installed for this user"):
        repair.repair(of_alice)


# ---------------------------------------------------------------- what keeps macros from running


@pytest.mark.parametrize(
    ("values", "met", "text"),
    [
        ({}, True, "allowed by Excel's settings"),
        ({"VBAWarnings": "2"}, True, "allowed by Excel's settings"),
        ({"VBAWarnings": "3"}, False, "Excel runs signed macros only"),
        ({"RequireAddinSig": "1"}, False, "Excel runs signed macros only"),
        ({"VBAWarnings": "4"}, False, "Excel runs no macros, but those in trusted locations"),
        ({"DisableAllAddins": "1"}, False, "Excel loads no add-in at all"),
    ],
)
def test_settings_that_keep_macros_from_running_are_told(
    values: dict[str, str], met: object, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {policies.POLICIES: values, policies.SECURITY: {"VBAWarnings": "1"}}
    monkeypatch.setattr(registry, "values", lambda _, key: keys.get(key, {}))
    ((_, was, said),) = policies.findings()
    assert (was, said.startswith(text)) == (met, True)


def test_an_office_add_in_with_the_same_functions_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = {"{0}": r"C:\Users\bob\.betaneutral_xl\manifest.xml"}
    monkeypatch.setattr(registry, "values", lambda _, key: manifest if key == policies.DEVELOPER else {})
    name, met, text = policies.findings()[-1]
    assert (name, met) == ("Office add-in", False)
    assert text.startswith("is registered too, with functions of the same names")
