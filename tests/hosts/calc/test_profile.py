from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from small_extension import description

from betaneutral_xl.hosts.calc import profile
from betaneutral_xl.hosts.calc.extension import IDENTIFIER
from betaneutral_xl.hosts.calc.profile import DATABASE, PACKAGES, SETTINGS
from betaneutral_xl.system.libreoffice import Office

LOCK = "[Lockdata]\nUser=me\nHost={host}\nStamp=0\nTime=Mon Jan  5 09:00:00 2026\nIPCServer=true\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a profile with the extension, another one, and a removed one."""
    cache = tmp_path / PACKAGES
    for name, identifier in (("lu1.tmp_", "org.other"), ("lu2.tmp_", IDENTIFIER), ("lu3.tmp_", IDENTIFIER)):
        folder = cache / "uno_packages" / name / "beta neutral.oxt"
        folder.mkdir(parents=True)
        (folder / "description.xml").write_text(description("1.2.3", identifier), encoding="utf-8")
        (folder / SETTINGS).parent.mkdir(parents=True)
        (folder / SETTINGS).write_text(json.dumps({"python": "/env/bin/python"}), encoding="utf-8")
    register(tmp_path, ["lu1.tmp_", "lu2.tmp_"])
    return tmp_path


def register(home: Path, names: list[str], attributes: str = "") -> None:
    (home / PACKAGES / DATABASE).parent.mkdir(parents=True, exist_ok=True)
    start = "vnd.sun.star.expand:$UNO_USER_PACKAGES_CACHE/uno_packages"
    rows = [f'<x:extension url="{start}/{name}/beta%20neutral.oxt" {attributes}/>' for name in names]
    text = f'<?xml version="1.0"?><x:db xmlns:x="http://example.org/x">{"".join(rows)}</x:db>'
    (home / PACKAGES / DATABASE).write_text(text, encoding="utf-8")


def office_of(home: Path) -> Office:
    return Office(soffice=home / "soffice", version=(7, 4), default_profile=home)


def opened(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(profile, "open_offices", lambda: list(lines))


def test_the_extension_is_read_from_the_files_of_the_profile(home: Path) -> None:
    found = profile.installed(home, IDENTIFIER)
    assert found == profile.Installed("1.2.3", enabled=True, python=Path("/env/bin/python"))
    assert profile.installed(home, "org.unknown") is None
    assert profile.installed(home / "nothing here", IDENTIFIER) is None


def test_a_disabled_extension_is_reported_as_such(home: Path) -> None:
    register(home, ["lu2.tmp_"], 'revoked="true"')
    found = profile.installed(home, IDENTIFIER)
    assert found is not None
    assert not found.enabled


def test_unreadable_files_are_not_an_extension(home: Path) -> None:
    folder = home / PACKAGES / "uno_packages/lu2.tmp_/beta neutral.oxt"
    (folder / SETTINGS).write_text("[]", encoding="utf-8")
    found = profile.installed(home, IDENTIFIER)
    assert found is not None
    assert found.python is None
    (folder / "description.xml").write_text("<description", encoding="utf-8")
    assert profile.installed(home, IDENTIFIER) is None
    (home / PACKAGES / DATABASE).write_text("<db", encoding="utf-8")
    assert profile.installed(home, IDENTIFIER) is None


def test_an_extension_for_all_users_is_found_in_the_installation(tmp_path: Path) -> None:
    folder = tmp_path / "share/uno_packages/cache/uno_packages/lu1.tmp_/betaneutral.oxt"
    folder.mkdir(parents=True)
    (folder / "description.xml").write_text(description("1.2.3"), encoding="utf-8")
    found = profile.installed_for_all_users(tmp_path / "program", IDENTIFIER)
    assert found is not None
    assert (found.version, found.for_all_users, found.python) == ("1.2.3", True, None)
    assert profile.installed_for_all_users(tmp_path / "program", "org.unknown") is None


def test_only_the_files_of_the_removed_extension_are_deleted(home: Path) -> None:
    profile.sweep(home, IDENTIFIER)
    left = sorted(folder.name for folder in (home / PACKAGES / "uno_packages").iterdir())
    assert left == ["lu1.tmp_", "lu2.tmp_"]


def test_a_profile_is_held_by_an_open_office_that_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "my profile"
    home.mkdir()
    own = f"/opt/libreoffice/program/soffice.bin -env:UserInstallation={home.as_uri()} --calc"
    opened(monkeypatch, own)
    assert profile.holder(office_of(home)) is None  # without a lock it is not held
    (home / ".lock").write_text(LOCK.format(host=socket.gethostname()), encoding="utf-8")
    assert profile.holder(office_of(home)) == "LibreOffice"
    opened(monkeypatch, "/usr/lib/libreoffice/program/soffice.bin --calc a.xlsx")
    assert (
        profile.holder(office_of(home)) == "LibreOffice"
    )  # without a profile in its command line it uses the default one
    assert profile.holder(office_of(tmp_path).with_profile(home)) is None
    with monkeypatch.context() as windows:
        windows.setattr("sys.platform", "win32")  # where no command line has a profile
        assert profile.holder(office_of(tmp_path).with_profile(home)) == "LibreOffice"
    opened(monkeypatch, own.replace("my%20profile", "another"))
    assert profile.holder(office_of(home)) is None


def test_a_profile_may_be_held_on_another_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(monkeypatch)
    (tmp_path / ".lock").write_text(LOCK.format(host="elsewhere.example.org"), encoding="utf-8")
    assert profile.holder(office_of(tmp_path)) == "LibreOffice on the computer elsewhere.example.org"
    profile.clear_stale_lock(office_of(tmp_path))
    assert (tmp_path / ".lock").exists()


@pytest.mark.parametrize("text", [LOCK.format(host=socket.gethostname()), "", "no section"])
def test_the_lock_of_a_crash_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    opened(monkeypatch)
    (tmp_path / ".lock").write_text(text, encoding="utf-8")
    assert profile.holder(office_of(tmp_path)) is None
    profile.clear_stale_lock(office_of(tmp_path))
    profile.clear_stale_lock(office_of(tmp_path))
    assert not (tmp_path / ".lock").exists()


def test_a_documents_lock_is_cleared_only_if_it_cannot_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, document = tmp_path / "profile", tmp_path / "book.xlsx"
    home.mkdir()
    lock = tmp_path / ".~lock.book.xlsx#"
    profile.clear_stale_document_lock(document, office_of(home))
    others = f",her,there,05.01.2026 09:00,{(tmp_path / 'hers').as_uri()};"
    lock.write_text(others, encoding="utf-8")
    opened(monkeypatch)
    profile.clear_stale_document_lock(document, office_of(home))
    assert lock.exists()
    lock.write_text(others.replace("hers", "profile"), encoding="utf-8")
    (home / ".lock").write_text(LOCK.format(host=socket.gethostname()), encoding="utf-8")
    opened(monkeypatch, "/usr/lib/libreoffice/program/soffice.bin")
    profile.clear_stale_document_lock(document, office_of(home))
    assert lock.exists()
    opened(monkeypatch)
    profile.clear_stale_document_lock(document, office_of(home))
    assert not lock.exists()
