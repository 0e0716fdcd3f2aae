"""Installation, check and removal, on fake homes of the three systems."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from office_computer import Computer

from betaneutral_xl.errors import ChangedFormat, HostError
from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.office import certificate, check, deployment, install, metadata, offline, server
from betaneutral_xl.hosts.office.manifest import ID, manifest
from betaneutral_xl.hosts.office.systems.linux import Linux
from betaneutral_xl.hosts.office.systems.mac import EXCEL, Mac
from betaneutral_xl.hosts.office.systems.system import Ended, run
from betaneutral_xl.hosts.office.systems.windows import DEVELOPER, RUN, Windows
from betaneutral_xl.hosts.sheets.session import Session

if TYPE_CHECKING:
    from betaneutral_xl.hosts.office.place import Place
    from betaneutral_xl.hosts.office.systems.system import System


@pytest.fixture
def computer() -> Computer:
    return Computer()


@pytest.fixture(params=[Mac, Windows])
def system(request: pytest.FixtureRequest, tmp_path: Path, computer: Computer) -> System:
    """Return a system with a home in which Excel was started before."""
    home = tmp_path / "home of José"
    (home / EXCEL).mkdir(parents=True)
    made: System = request.param(home, computer)
    return made


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no server: that is tested with the installed add-in."""
    monkeypatch.setattr(install, "start", lambda _: True)
    monkeypatch.setattr(server, "running", lambda _: None)
    monkeypatch.setattr(server, "end", lambda _: False)


def installed(system: System, folder: Path, port: int | None = None) -> Place:
    return install.install(system, Session(), folder, lambda _: None, port=port)


def files(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


def test_installation_trusts_registers_starts_at_login_and_writes_the_template(
    system: System, computer: Computer, tmp_path: Path
) -> None:
    place = installed(system, tmp_path / "Documents")
    known = certificate.read(place.certificate)
    assert known is not None
    assert computer.trusted == {known.sha1}
    assert system.registered(place.folder / install.MANIFEST)
    assert system.starts_at_login(install.serve_command())
    assert (tmp_path / "Documents" / install.WORKBOOK).is_file()
    assert (place.folder / install.MANIFEST).read_bytes() == manifest(place.base)
    unmet = [one.name for one in check.findings(system, tmp_path / "Documents") if not one.fine]
    assert unmet == ["server"]


def test_uninstallation_leaves_nothing(system: System, computer: Computer, tmp_path: Path) -> None:
    before = files(system.home)
    installed(system, tmp_path / "Documents")
    install.uninstall(system, Session())
    assert files(system.home) == before
    assert not computer.trusted
    assert not computer.registry
    assert not computer.loaded
    assert not (tmp_path / "Documents").exists()
    with pytest.raises(HostError, match=r"not installed\. Nothing was removed"):
        install.uninstall(system, Session())


def test_a_workbook_that_was_changed_is_kept(system: System, tmp_path: Path) -> None:
    installed(system, tmp_path)
    workbook = tmp_path / install.WORKBOOK
    workbook.write_bytes(b"mine")
    installed(system, tmp_path)
    assert workbook.read_bytes() == b"mine"
    assert install.uninstall(system, Session()) == [workbook]
    assert workbook.read_bytes() == b"mine"


def test_a_second_installation_keeps_secret_certificate_and_port(system: System, tmp_path: Path) -> None:
    first = installed(system, tmp_path)
    known = certificate.read(first.certificate)
    second = installed(system, tmp_path)
    assert (second, certificate.read(second.certificate)) == (first, known)
    assert second.secret == first.secret
    assert len(first.secret) >= 32


def test_a_certificate_that_is_due_is_replaced_and_the_old_one_no_longer_trusted(
    system: System, computer: Computer, tmp_path: Path
) -> None:
    place = installed(system, tmp_path)
    old = certificate.make(place.certificate, place.key, datetime.now(UTC) - timedelta(days=800))
    computer.trusted = {old.sha1}
    (finding,) = (one for one in check.findings(system, tmp_path) if one.name == "certificate")
    assert not finding.fine
    assert f"ends on {old.ends:%Y-%m-%d}" in finding.text
    installed(system, tmp_path)
    new = certificate.read(place.certificate)
    assert new is not None
    assert new != old
    assert computer.trusted == {new.sha1}


def test_who_declines_to_trust_the_certificate_is_told_so(
    system: System, computer: Computer, tmp_path: Path
) -> None:
    computer.declines = True
    installed(system, tmp_path)
    (finding,) = (one for one in check.findings(system, tmp_path) if one.name == "certificate")
    assert not finding.fine
    assert "does not trust it: perhaps you declined. Run: betaneutral-xl office install" in finding.text


def test_a_port_that_is_asked_for_is_in_the_manifest(system: System, tmp_path: Path) -> None:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    place = installed(system, tmp_path, port)
    assert f"https://localhost:{port}/" in (place.folder / install.MANIFEST).read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(HostError, match=f"Port {port} is used"):
            installed(system, tmp_path, port)
        assert installed(system, tmp_path).port != port


def test_a_manifest_of_another_version_is_found(system: System, tmp_path: Path) -> None:
    place = installed(system, tmp_path)
    (place.folder / install.MANIFEST).write_text("<OfficeApp/>")
    (finding,) = (one for one in check.findings(system, tmp_path) if one.name == "manifest")
    assert not finding.fine
    assert "another version" in finding.text


def test_what_office_keeps_of_the_add_in_is_removed_and_nothing_of_others(
    system: System, tmp_path: Path
) -> None:
    caches = {
        "Mac": f"{EXCEL}/Library/Application Support/Microsoft/Office/16.0/Wef",
        "Windows": "AppData/Local/Microsoft/Office/16.0/Wef",
    }
    cache = system.home / caches[type(system).__name__]
    cache.mkdir(parents=True)
    (cache / f"{ID}.xml").write_text("ours")
    (cache / "functions.bin").write_bytes(f"... {ID} ...".encode("utf-16-le"))
    (cache / "other.xml").write_text("another add-in")
    installed(system, tmp_path)
    install.uninstall(system, Session())
    assert [one.name for one in cache.iterdir()] == ["other.xml"]


def test_nothing_is_installed_says_what_to_run(system: System, tmp_path: Path) -> None:
    findings = check.findings(system, tmp_path)
    assert [one.name for one in findings if not one.fine] == ["installation"]
    assert "Run: betaneutral-xl office install" in findings[-1].text


# ---------------------------------------------------------------- one system


def test_on_a_mac_the_manifest_is_in_the_folder_of_excel_and_the_agent_can_be_read(
    tmp_path: Path, computer: Computer
) -> None:
    (tmp_path / EXCEL).mkdir(parents=True)
    mac = Mac(tmp_path, computer)
    place = installed(mac, tmp_path / "Documents")
    wef = tmp_path / "Library/Containers/com.microsoft.Excel/Data/Documents/wef" / f"{ID}.manifest.xml"
    assert wef.read_bytes() == manifest(place.base)
    agent = plistlib.loads((tmp_path / "Library/LaunchAgents/betaneutral-xl-office.plist").read_bytes())
    assert agent["ProgramArguments"] == install.serve_command()
    assert agent["RunAtLoad"] is True
    trust = next(one for one in computer.commands if "add-trusted-cert" in one)
    assert trust[2:6] == ["-r", "trustRoot", "-p", "ssl"]
    assert place.secret not in str(computer.commands)


def test_on_a_mac_on_which_excel_was_never_started_the_check_says_so(
    tmp_path: Path, computer: Computer
) -> None:
    mac = Mac(tmp_path, computer)
    installed(mac, tmp_path / "Documents")
    (finding,) = (one for one in check.findings(mac, tmp_path / "Documents") if one.name == "manifest")
    assert not finding.fine
    assert "it was not started on this Mac yet" in finding.text


def test_on_windows_the_registry_names_the_manifest_and_the_server(
    tmp_path: Path, computer: Computer
) -> None:
    place = installed(Windows(tmp_path, computer), tmp_path / "Documents")
    assert computer.registry[DEVELOPER, ID] == str(place.folder / "manifest.xml")
    assert computer.registry[RUN, "betaneutral-xl-office"] == subprocess.list2cmdline(install.serve_command())


def test_a_python_of_the_microsoft_store_is_refused(
    tmp_path: Path, computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/mnt/c/Program Files/WindowsApps/python.exe")
    with pytest.raises(HostError, match=r"Microsoft Store.*python\.org"):
        installed(Windows(tmp_path, computer), tmp_path)
    assert files(tmp_path) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="the browser's certificates on Linux")
def test_on_linux_the_browser_trusts_the_certificate_of_one_server(tmp_path: Path) -> None:
    if shutil.which("certutil") is None:
        pytest.skip("certutil is not installed (Debian: libnss3-tools)")
    linux = Linux(tmp_path, run)
    place = installed(linux, tmp_path / "Documents")
    known = certificate.read(place.certificate)
    assert known is not None
    assert linux.trusted(place.certificate, known.sha1)
    other = certificate.make(place.certificate, place.key)
    assert not linux.trusted(place.certificate, other.sha1)
    install.uninstall(linux, Session())
    listed = run(["certutil", "-d", f"sql:{linux.store}", "-L"]).text
    assert certificate.NAME not in listed


def test_on_linux_without_certutil_the_check_says_how_to_install_it(tmp_path: Path) -> None:
    linux = Linux(tmp_path, lambda command: Ended(127, f"{command[0]} is not installed"))
    installed(linux, tmp_path / "Documents")
    (finding,) = (one for one in check.findings(linux, tmp_path / "Documents") if one.name == "certificate")
    assert "apt install libnss3-tools" in finding.text


# ---------------------------------------------------------------- files and office.js


def test_files_for_an_administrator_are_those_that_the_server_gives(system: System, tmp_path: Path) -> None:
    import json

    place = installed(system, tmp_path / "Documents")
    written = list(deployment.write(place, tmp_path / "deploy"))
    assert [one.name for one in written] == ["manifest.xml", "functions.json", "page"]
    assert written[0].read_bytes() == manifest(place.base)
    assert json.loads(written[1].read_text(encoding="utf-8")) == metadata.functions()
    assert (written[2] / "main.js").is_file()
    page = (written[2] / "taskpane.html").read_text(encoding="utf-8")
    assert '<script src="https://appsforoffice.microsoft.com/lib/1/hosted/office.js"></script>' in page
    assert "{{" not in page


def test_a_package_of_office_js_that_is_another_one_is_not_used(system: System, tmp_path: Path) -> None:
    place = installed(system, tmp_path / "Documents")
    package = tmp_path / "office.tgz"
    package.write_bytes(b"something else")
    with pytest.raises(ChangedFormat, match="another file"):
        offline.fetch(place, Session().settings, package)
    assert not place.has_office_js


@pytest.mark.parametrize("port", ["80", "65536", "x", "-1", ""])
def test_a_port_that_no_program_of_a_user_can_have_is_refused(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["office", "install", f"--port={port}"])
    assert "must be a port from 1024 to 65535" in capsys.readouterr().err
