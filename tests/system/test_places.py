from __future__ import annotations

import pytest

from betaneutral_xl.system import places


@pytest.mark.parametrize("name", [r"C:\x\NUL", "con.csv", "lpt1:", "/dev/tty", "COM¹.txt", "AUX .csv"])
def test_devices_are_recognised(name: str) -> None:
    assert places.is_device(name)


@pytest.mark.parametrize(
    "name", ["console.csv", "nulls.csv", "CONN", "device/x.csv", "a.con.csv", "/home/dev/x.csv"]
)
def test_files_that_are_named_like_a_device_are_none(name: str) -> None:
    assert not places.is_device(name)


@pytest.mark.parametrize("name", ["PRN", "con", "AUX.x", "../x", "", "日本", "a" * 300, r"C:\x"])
def test_the_folder_of_a_name_is_one_on_every_system(name: str) -> None:
    folder = places.folder_name(name)
    assert not places.is_device(folder)
    assert set(folder) <= set("-_") | {one for one in folder if one.isascii() and one.isalnum()}
    assert len(folder) < 60


def test_names_that_windows_takes_for_one_have_two_folders() -> None:
    assert len({places.folder_name(name).lower() for name in ("AI", "ai", "A/B", "A_B", "A.B")}) == 5
