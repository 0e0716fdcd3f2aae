from __future__ import annotations

import sys
from pathlib import Path

import pytest

from betaneutral_xl.errors import HostError
from betaneutral_xl.system import libreoffice


def installation(
    programs: Path,
    version: str,
    *,
    resources: Path | None = None,
    profile: str = "$SYSUSERCONFIG/libreoffice/4",
    names: tuple[str, ...] = ("soffice", "unopkg"),
    rc: str = "bootstraprc",
) -> Path:
    """Create the files of an installation that are read; return its program folder."""
    resources = resources or programs
    for folder in (programs, resources):
        folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    lines = ("InstallMode=<installmode>", f"ProductKey=LibreOffice {version}", f"UserInstallation={profile}")
    text = "\n".join(("[Bootstrap]", *lines, ""))
    (resources / rc).write_text(text, encoding="utf-8")
    return programs


def test_on_linux_installations_in_usr_and_opt_are_found_newest_first(tmp_path: Path) -> None:
    system = installation(tmp_path / "usr/lib/libreoffice/program", "7.4")
    newer = installation(tmp_path / "opt/libreoffice25.2/program", "25.2")
    oldest = installation(tmp_path / "opt/libreoffice6.4/program", "6.4")
    (tmp_path / "opt/libreoffice-notes").mkdir()
    found = libreoffice.find(platform="linux", environ={}, home=tmp_path / "home", root=tmp_path)
    assert [office.soffice.parent for office in found] == [newer, system, oldest]
    assert [office.version for office in found] == [(25, 2), (7, 4), (6, 4)]
    assert {office.profile for office in found} == {tmp_path / "home/.config/libreoffice/4"}
    assert found[1].unopkg == system / "unopkg"
    assert str(found[0]) == "LibreOffice 25.2"


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows soffice on PATH is no link")
def test_the_installation_on_path_comes_first_and_once(tmp_path: Path) -> None:
    system = installation(tmp_path / "usr/lib/libreoffice/program", "7.4")
    installation(tmp_path / "opt/libreoffice25.2/program", "25.2")
    on_path = tmp_path / "usr/bin"
    on_path.mkdir()
    (on_path / "soffice").symlink_to(system / "soffice")
    environ = {"PATH": str(on_path)}
    found = libreoffice.find(platform="linux", environ=environ, home=tmp_path, root=tmp_path)
    assert [office.version for office in found] == [(7, 4), (25, 2)]


def test_the_profile_is_where_libreoffice_looks_for_it(tmp_path: Path) -> None:
    programs = installation(tmp_path / "opt/libreoffice25.2/program", "25.2")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "configuration")}

    def profile() -> Path:
        return libreoffice.at(programs, platform="linux", environ=environ, home=tmp_path).profile

    assert profile() == tmp_path / ".config/libreoffice/4"  # an absent folder is ignored
    (tmp_path / "configuration").mkdir()
    assert profile() == tmp_path / "configuration/libreoffice/4"


def test_on_macos_programs_and_resources_are_in_separate_folders(tmp_path: Path) -> None:
    contents = tmp_path / "Applications/LibreOffice.app/Contents"
    programs = installation(
        contents / "MacOS",
        "24.8",
        resources=contents / "Resources",
        profile="$SYSUSERCONFIG/LibreOffice/4",
    )
    (contents / "Resources/pythonloader.py").touch()
    (contents / "Resources/python").touch()
    (office,) = libreoffice.find(platform="darwin", environ={}, home=tmp_path / "home", root=tmp_path)
    assert office.soffice == programs / "soffice"
    assert office.version == (24, 8)
    assert office.profile == tmp_path / "home/Library/Application Support/LibreOffice/4"
    assert office.runs_python
    assert office.pythons[0] == contents / "Resources/python"
    assert libreoffice.at(
        tmp_path / "Applications/LibreOffice.app", platform="darwin", environ={}
    ).version == (
        24,
        8,
    )


def test_on_windows_program_files_are_searched_and_unopkg_com_is_preferred(tmp_path: Path) -> None:
    programs = installation(
        tmp_path / "Program Files/LibreOffice/program",
        "25.2",
        profile="$SYSUSERCONFIG/LibreOffice/4",
        names=("soffice.exe", "unopkg.exe", "unopkg.com", "python.exe"),
        rc="bootstrap.ini",
    )
    environ = {"ProgramFiles": str(tmp_path / "Program Files"), "APPDATA": str(tmp_path / "Roaming")}
    (office,) = libreoffice.find(platform="win32", environ=environ, home=tmp_path, root=tmp_path)
    assert office.soffice == programs / "soffice.exe"
    assert office.profile == tmp_path / "Roaming/LibreOffice/4"
    assert office.unopkg == programs / "unopkg.com"
    assert office.pythons[0] == programs / "python.exe"
    assert not office.runs_python


def test_a_portable_installation_has_its_own_profile(tmp_path: Path) -> None:
    programs = installation(tmp_path / "portable/App/program", "7.6", profile="$ORIGIN/../../Data/settings")
    office = libreoffice.at(programs.parent, platform="linux", environ={}, home=tmp_path)
    assert office.profile == tmp_path / "portable/Data/settings"


def test_an_installation_is_found_from_any_of_its_folders(tmp_path: Path) -> None:
    programs = installation(tmp_path / "opt/libreoffice25.2/program", "25.2")
    for folder in (programs, programs.parent, programs / "soffice"):
        assert libreoffice.at(folder).soffice == programs / "soffice"
    with pytest.raises(
        HostError, match=r"No LibreOffice is in the folder opt\. Give the one that has program"
    ):
        libreoffice.at(tmp_path / "opt")


def test_a_folder_without_a_valid_bootstrap_file_is_ignored(tmp_path: Path) -> None:
    programs = installation(tmp_path / "usr/lib/libreoffice/program", "7.4")
    for text in ("", "[Bootstrap]\n", "no section\n", "[Bootstrap]\nProductKey=x\nUserInstallation=y\n"):
        (programs / "bootstraprc").write_text(text, encoding="utf-8")
        assert libreoffice.find(platform="linux", environ={}, home=tmp_path, root=tmp_path) == ()


def test_a_snap_and_a_flatpak_are_reported_but_not_used(tmp_path: Path) -> None:
    assert libreoffice.sandboxed(home=tmp_path / "home", root=tmp_path) == ()
    inside = installation(tmp_path / "snap/libreoffice/current/lib/libreoffice/program", "25.2")
    (tmp_path / "home/.local/share/flatpak/app/org.libreoffice.LibreOffice").mkdir(parents=True)
    assert libreoffice.sandboxed(home=tmp_path / "home", root=tmp_path) == ("snap", "flatpak")
    assert libreoffice.find(platform="linux", environ={}, home=tmp_path, root=tmp_path) == ()
    with pytest.raises(HostError, match="No LibreOffice"):
        libreoffice.at(inside)


def test_another_profile_is_passed_as_an_argument_and_the_default_one_is_not(tmp_path: Path) -> None:
    office = libreoffice.at(installation(tmp_path / "program", "7.4"))
    assert office.profile_arguments == ()
    other = office.with_profile(tmp_path / "my profile")
    assert other.profile == tmp_path / "my profile"
    assert other.profile_arguments == (f"-env:UserInstallation={(tmp_path / 'my profile').as_uri()}",)
    assert other.with_profile(None) == office
    assert other.with_profile(office.default_profile) == office


def test_the_installed_libreoffice_is_found(soffice: str) -> None:
    office = libreoffice.find()[0]
    assert office.version >= (7, 4)
    assert office.soffice.is_file()
    assert libreoffice.command() is not None
