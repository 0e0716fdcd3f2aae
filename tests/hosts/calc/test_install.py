from __future__ import annotations

import ast
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import small_extension

import betaneutral_xl
from betaneutral_xl.errors import HostError, InputError, UnreadableFile
from betaneutral_xl.hosts.calc import deployment, install, profile, within_office
from betaneutral_xl.hosts.calc.processes import open_offices
from betaneutral_xl.hosts.sheets import template
from betaneutral_xl.hosts.sheets.findings import Finding
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system import libreoffice
from betaneutral_xl.system.settings import Settings

if TYPE_CHECKING:
    from betaneutral_xl.system.libreoffice import Office

NOBODY = 65534
"""The user ID of nobody, for unopkg, which refuses root."""


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Return a session with a temporary cache folder."""
    return Session(Settings(cache=tmp_path / "cache"))


@pytest.fixture
def office(soffice: str, tmp_path: Path) -> Office:
    """Return the installed LibreOffice with a temporary profile."""
    found = libreoffice.find()[0]
    if not found.runs_python:
        pytest.skip("LibreOffice runs no Python (Debian: python3-uno)")
    return found.with_profile(tmp_path / "a profile")


@pytest.fixture
def laid_out(tmp_path: Path) -> Office:
    """Return a fake LibreOffice with the expected files."""
    programs = tmp_path / "program"
    programs.mkdir()
    (programs / "pythonloader.py").touch()
    return libreoffice.Office(
        soffice=programs / "soffice", version=(7, 4), default_profile=tmp_path / "profile"
    )


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_extension_is_installed_replaced_and_removed_completely(session: Session, office: Office) -> None:
    found = install.install(session, office, small_extension.build())
    assert found == profile.Installed(betaneutral_xl.__version__, enabled=True, python=Path(sys.executable))
    assert all(finding.fine for finding in install.findings(office))
    other = install.install(session, office, small_extension.build(Path("/gone/python"), "0.0.1"))
    assert (other.version, other.python) == ("0.0.1", Path("/gone/python"))
    assert install.choose(session) == office  # as it is in the record
    done = install.uninstall(session, office)
    assert done == install.Uninstalled(extension=True, workbook=None, workbook_removed=False)
    assert not list(office.profile.rglob("component.py"))
    assert install.installed(office) is None
    assert not install.uninstall(session, office).extension
    assert not (session.settings.cache / install.RECORD).exists()
    assert install.install(session, office, small_extension.build()) == found  # the swept profile works


def test_unopkg_is_tried_first(session: Session, soffice: str, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="betaneutral-test-"))
    try:
        folder.chmod(0o777)
        found = libreoffice.find()[0]
        unopkg = found.unopkg
        assert unopkg is not None
        become = f"import os; os.setgid({NOBODY}); os.setuid({NOBODY}); os.environ['HOME'] = {str(folder)!r}"
        if os.geteuid() == 0:
            command = f'exec /usr/bin/python3 -c "{become}; import sys; os.execv(sys.argv[1], sys.argv[1:])"'
        else:
            command = "exec"
        program(folder / "unopkg", f'{command} {unopkg} "$@"')
        office = replace(found, soffice=folder / "soffice").with_profile(folder / "profile")
        (folder / "pythonloader.py").touch()
        got = install.install(
            session, office, small_extension.build()
        )  # without a soffice there is no second method
        assert got.python == Path(sys.executable)
        assert install.uninstall(session, office).extension
        assert install.installed(office) is None
        assert not list(office.profile.rglob("component.py"))
    finally:
        shutil.rmtree(folder)


def test_the_extension_manager_is_used_if_unopkg_is_missing(session: Session, office: Office) -> None:
    folder = office.profile.parent / "without unopkg"
    folder.mkdir()
    program(folder / "soffice", f'exec "{office.soffice}" "$@"')
    (folder / "pythonloader.py").touch()
    bare = replace(office, soffice=folder / "soffice")
    assert bare.unopkg is None
    assert install.install(session, bare, small_extension.build()).enabled
    assert install.uninstall(session, bare).extension


def test_an_open_libreoffice_is_refused_and_the_lock_of_a_crashed_one_is_ignored(
    session: Session, office: Office
) -> None:
    command = [str(office.soffice), "--headless", "--norestore", "--nodefault", *office.profile_arguments]
    # With a new profile LibreOffice starts again by itself, and has no lock in between.
    subprocess.run([*command, "--terminate_after_init"], check=True, capture_output=True, timeout=120)  # noqa: S603 - LibreOffice without windows
    process = subprocess.Popen(  # noqa: S603 - likewise
        [*command, f"--accept=pipe,name=betaneutral{os.getpid()};urp"], start_new_session=True
    )
    try:
        end = time.monotonic() + 60
        while profile.holder(office) is None and time.monotonic() < end:
            assert process.poll() is None
        with pytest.raises(HostError, match=r"^LibreOffice is open with this profile\. Close it first"):
            install.install(session, office, small_extension.build())
        assert install.installed(office) is None
    finally:
        os.killpg(process.pid, 9)
        process.wait()
    while [line for line in open_offices() if office.profile_arguments[0] in line]:
        assert time.monotonic() < end  # the child of the finished process ends a little later
    assert (office.profile / ".lock").exists()
    assert install.install(session, office, small_extension.build()).enabled


def test_the_lock_of_a_crashed_unopkg_is_ignored(session: Session, office: Office) -> None:
    office.profile.mkdir()
    lock = f"[Lockdata]\nUser=root\nHost={socket.gethostname()}\nStamp=0\nTime=now\nIPCServer=false\n"
    (office.profile / ".lock").write_text(lock, encoding="utf-8")
    assert install.install(session, office, small_extension.build()).enabled


def test_an_invalid_extension_is_refused_with_libreoffices_reason(session: Session, office: Office) -> None:
    with pytest.raises(
        HostError, match=r"does not accept the extension: unopkg reports: .*; its ExtensionManager r"
    ):
        install.install(session, office, b"no archive")
    assert install.installed(office) is None
    assert not [line for line in open_offices() if office.profile_arguments[0] in line]


def test_an_installer_that_hangs_is_stopped(
    session: Session, laid_out: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(laid_out.soffice.with_name("unopkg"), "sleep 600")
    monkeypatch.setattr(deployment, "TIMEOUT", 1.0)
    monkeypatch.setattr(libreoffice.Office, "pythons", ())
    with pytest.raises(HostError) as caught:
        install.install(session, laid_out, small_extension.build())
    assert str(caught.value) == (
        "LibreOffice 7.4 does not accept the extension: unopkg reports: unopkg did not end within 1 seconds, "
        "and was stopped; no Python here has the module uno: install LibreOffice's Python (Debian and "
        "Ubuntu: apt install python3-uno)."
    )


def test_a_python_without_uno_is_skipped(
    session: Session, laid_out: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice.Office, "pythons", (Path(sys.executable),))
    with pytest.raises(HostError, match="its unopkg is missing; no Python here has the module uno"):
        install.install(session, laid_out, small_extension.build())


def test_the_script_for_libreoffices_python_needs_only_its_standard_library() -> None:
    tree = ast.parse(Path(within_office.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    foreign = {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert foreign == {"uno", "unohelper", "com"}


def test_the_exit_code_of_an_installer_is_not_trusted(
    session: Session, laid_out: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(laid_out.soffice.with_name("unopkg"), "exit 0")
    monkeypatch.setattr(libreoffice.Office, "pythons", ())
    with pytest.raises(HostError, match="reports success, but the profile has no such extension"):
        install.install(session, laid_out, small_extension.build())


def test_a_libreoffice_that_is_too_old_or_runs_no_python_is_refused(
    session: Session, laid_out: Office
) -> None:
    with pytest.raises(HostError, match=r"LibreOffice 7\.3: .* is older than 7\.4: install a newer one"):
        install.install(session, replace(laid_out, version=(7, 3)), b"")
    (laid_out.soffice.parent / "pythonloader.py").unlink()
    with pytest.raises(
        HostError, match=r"cannot run extensions written in Python: .*apt install python3-uno"
    ):
        install.install(session, laid_out, b"")


def test_installing_with_sudo_is_refused(
    session: Session, laid_out: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "analyst")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert not install.is_run_by_sudo()  # an administrator may become the analyst
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    with pytest.raises(HostError, match="Run this without sudo"):
        install.install(session, laid_out, b"")


def test_a_missing_libreoffice_is_refused_with_the_reason(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice, "find", lambda: ())
    monkeypatch.setattr(libreoffice, "sandboxed", lambda: ())
    with pytest.raises(
        HostError, match=r"not installed, or not in a default folder.*apt install libreoffice-calc"
    ):
        install.choose(session)
    monkeypatch.setattr(libreoffice, "sandboxed", lambda: ("flatpak",))
    with pytest.raises(HostError, match=r"is installed as a flatpak, which cannot start another Python"):
        install.choose(session)


@pytest.mark.parametrize(
    ("found", "name", "message"),
    [
        (None, "Extension", "is not installed: run betaneutral-xl calc install"),
        (
            ("9.9", True),
            "Extension org.betaneutral.xl",
            f"9.9, but this is {betaneutral_xl.__version__}: run",
        ),
        ((betaneutral_xl.__version__, False), "Extension org.betaneutral.xl", "is disabled"),
    ],
)
def test_problems_of_the_extension_are_findings(
    laid_out: Office, monkeypatch: pytest.MonkeyPatch, found: tuple[str, bool] | None, name: str, message: str
) -> None:
    there = profile.Installed(*found, python=Path(sys.executable)) if found else None
    monkeypatch.setattr(install, "installed", lambda _: there)
    problems = {finding.name: finding.text for finding in install.findings(laid_out) if not finding.fine}
    assert message in problems[name]


def test_the_python_of_the_functions_is_checked_for_its_version(tmp_path: Path) -> None:
    version = betaneutral_xl.__version__
    here = Path(sys.executable)
    assert install.python_finding(here, version) == Finding(
        "Python of the functions", fine=True, text=f"{here} has betaneutral_xl {version}"
    )
    assert "but the extension has version 0.0.1" in install.python_finding(here, "0.0.1").text
    assert "names none" in install.python_finding(None, version).text
    assert (
        "does not exist: run betaneutral-xl calc install again"
        in install.python_finding(tmp_path / "x", version).text
    )
    bare = program(tmp_path / "python", "echo No module named betaneutral_xl; exit 1")
    assert "has no betaneutral_xl" in install.python_finding(bare, version).text
    with pytest.raises(InputError, match=rf"has no betaneutral_xl {version}\. Install it there"):
        install.checked_python(bare)
    assert install.checked_python(here) == here


def test_a_python_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "TIMEOUT", 1.0)
    found = install.python_finding(program(tmp_path / "python", "sleep 600"), "1")
    assert not found.fine
    assert "did not end within 1 seconds" in found.text


def test_the_template_is_written_to_the_documents_once(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = itertools.count(1)
    monkeypatch.setattr(template, "build", lambda _: b"template %d" % next(built))
    folder = tmp_path / "Documents/Beta Neutral"
    target = install.workbook(session, folder)
    assert target == folder / "betaneutral.xlsx"
    assert install.workbook(session, folder) == target
    assert target.read_bytes() == b"template 1"
    monkeypatch.setattr(betaneutral_xl, "__version__", "9.9")
    install.workbook(session, folder)
    assert target.read_bytes() == b"template 2"  # a new version replaces an unmodified workbook
    target.write_bytes(b"my work")
    monkeypatch.setattr(betaneutral_xl, "__version__", "9.10")
    install.workbook(session, folder)
    assert target.read_bytes() == b"my work"


def test_a_modified_workbook_is_kept_on_uninstallation(
    session: Session, laid_out: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "build", lambda _: b"template")
    target = install.workbook(session, tmp_path)
    done = install.uninstall(session, laid_out)
    assert done == install.Uninstalled(extension=False, workbook=target, workbook_removed=True)
    assert not target.exists()
    install.workbook(session, tmp_path).write_bytes(b"my work")
    assert install.uninstall(session, laid_out).workbook_removed is False
    assert target.read_bytes() == b"my work"


def test_calc_is_started_with_the_document_and_not_waited_for(
    laid_out: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "my book.xlsx"
    with pytest.raises(UnreadableFile, match=r"There is no file my book\.xlsx"):
        install.start(laid_out, document)
    document.touch()
    printed = tmp_path / "printed"
    program(laid_out.soffice, f'printf "%s\\n" "$@" > {printed}; exec sleep 600')
    process = install.start(laid_out.with_profile(tmp_path / "other"), document)
    try:
        assert process.poll() is None
        arguments = printed.read_text(encoding="utf-8").splitlines()
        assert arguments == [f"-env:UserInstallation={(tmp_path / 'other').as_uri()}", "-o", str(document)]
    finally:
        process.kill()
        process.wait()
    program(laid_out.soffice, "exit 0")  # a running LibreOffice opens the document
    assert install.start(laid_out, document).returncode == 0
    program(laid_out.soffice, "exit 77")
    with pytest.raises(HostError, match=r"LibreOffice 7\.4 ended immediately with exit code 77"):
        install.start(laid_out, document)


def test_calc_is_not_started_unless_it_is_ready(laid_out: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostError, match="Run: betaneutral-xl calc install"):
        install.require_ready(laid_out)
    there = profile.Installed("1", enabled=True, python=None)
    monkeypatch.setattr(install, "installed", lambda _: replace(there, enabled=False))
    with pytest.raises(HostError, match="Enable it: Tools, Extension Manager"):
        install.require_ready(laid_out)
    monkeypatch.setattr(install, "installed", lambda _: there)
    monkeypatch.setattr(install, "has_display", lambda: False)
    with pytest.raises(HostError, match="no display"):
        install.require_ready(laid_out)


def test_windows_and_macos_always_have_a_display() -> None:
    assert install.has_display("win32", {})
    assert install.has_display("darwin", {})
    assert install.has_display("linux", {"WAYLAND_DISPLAY": "wayland-0"})
    assert not install.has_display("linux", {})
