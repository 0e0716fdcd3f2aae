from __future__ import annotations

import pytest

from betaneutral_xl.hosts.excel import excel_version
from betaneutral_xl.hosts.excel import registry as windows


@pytest.mark.parametrize(
    ("products", "expected"),
    [
        ("O365ProPlusRetail", True),
        ("O365BusinessRetail,ProjectPro2019Retail", True),
        ("HomeBusiness2021Retail", True),
        ("ProPlus2024Volume", True),
        ("ProPlus2019Volume", False),
        ("ProPlusRetail", False),
        ("", False),
    ],
)
def test_dynamic_arrays_came_with_the_subscription_and_2021(products: str, expected: object) -> None:
    assert excel_version.spills(products) is expected


def registry(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    def value(_root: str, key: str, name: str) -> str | None:
        return values.get(name or key.rpartition("\\")[2])

    monkeypatch.setattr(windows, "value", value)


def test_an_excel_without_dynamic_arrays_is_told_with_its_consequence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry(
        monkeypatch,
        CurVer="Excel.Application.16",
        ProductReleaseIds="ProPlus2019Volume",
        VersionToReport="16.0.10417.20012",
    )
    name, met, text = excel_version.finding()
    assert (name, met) == ("Excel", False)
    assert text.startswith("16.0.10417.20012 (ProPlus2019Volume) has no dynamic arrays: ")


def test_an_excel_before_click_to_run_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    registry(monkeypatch, CurVer="Excel.Application.16")
    assert excel_version.finding()[2].startswith("Excel.Application.16 has no dynamic arrays")


def test_a_current_excel_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    registry(
        monkeypatch,
        CurVer="Excel.Application.16",
        ProductReleaseIds="O365ProPlusRetail",
        VersionToReport="16.0.19127.20240",
    )
    assert excel_version.finding() == ("Excel", True, "16.0.19127.20240 (O365ProPlusRetail)")


def test_no_excel_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    registry(monkeypatch)
    assert excel_version.finding() == ("Excel", False, "is not installed for this user")
