"""The pane: the answer, the settings, keyboard and screen reader, both themes, 320 pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from office_browser import AddIn, node_modules

from betaneutral_xl.hosts.sheets.layout import SETTINGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from betaneutral_xl.hosts.office.place import Place

TABS = ("answer", "settings", "help")


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong in the page."""
    page.context.route(
        "**/axe.min.js", lambda route: route.fulfill(path=node_modules() / "axe-core/axe.min.js")
    )
    page.evaluate(
        """() => new Promise((done) => {
            const script = document.createElement("script");
            script.src = new URL("axe.min.js", location.href).href;
            script.onload = done;
            document.head.append(script);
        })"""
    )
    found: dict[str, Any] = page.evaluate("async () => await axe.run()")
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]


def wider_than_the_pane(page: Page) -> list[str]:
    """Return elements that reach beyond the pane, except what scrolls by itself."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((one) => !one.closest(".scroll") && one.getBoundingClientRect().right > innerWidth + 1)
            .map((one) => one.outerHTML.slice(0, 100))"""
    )
    return found


def test_the_answer_is_the_one_of_the_command_line(add_in: AddIn, home: Path) -> None:
    from office_browser import run

    add_in.press("rebalance")
    expected = json.loads(run(home, "rebalance", "--sample", "--json"))["answer"]
    shown = add_in.page.inner_text("#panel_answer")
    assert expected["verdict"] in shown
    assert expected["advice"] in shown
    for one in expected["trades"]:
        assert one["ticker"] in shown
    for one in expected["measures"]:
        assert one["label"] in shown
    for one in expected["alternatives"]:
        assert one["name"] in shown


def test_looking_at_the_answer_writes_nothing(add_in: AddIn) -> None:
    assert "Nothing was written" in add_in.press("answer")
    assert add_in.page.evaluate("excel.writes") == 0
    assert "Beta to JHAI" in add_in.page.inner_text("#panel_answer")


def test_what_is_not_feasible_says_so_and_what_would_help(add_in: AddIn) -> None:
    add_in.set("setting_method", "reweight")
    add_in.set("setting_target", -3)
    add_in.page.evaluate(
        """() => {
            const { sheet, row, column } = excel.names.get("setting_limits");
            const cells = excel.sheets.get(sheet);
            for (let i = row; i < row + 60; i += 1)
                if (cells.get(`${i},${column}`) === "Long only") cells.set(`${i},${column + 2}`, true);
        }"""
    )
    add_in.press("answer")
    shown = add_in.page.inner_text("#panel_answer")
    assert "Not feasible" in shown
    assert "Reachable beta" in shown


def test_the_settings_are_those_of_the_workbook_with_the_help_of_the_options(add_in: AddIn) -> None:
    add_in.page.click("#tab_settings")
    add_in.page.wait_for_selector("form")
    for group in SETTINGS.values():
        for one in group:
            field = add_in.page.locator(f"#field_{one.name}")
            assert field.count() == 1, one.name
            assert one.hint in (add_in.page.text_content(f"#field_{one.name}_hint") or "")
    assert add_in.page.input_value("#field_method") == "hedge"
    assert add_in.page.is_enabled("#field_long_only")


def test_a_changed_setting_is_entered_into_its_cell(add_in: AddIn) -> None:
    add_in.page.click("#tab_settings")
    add_in.page.wait_for_selector("form")
    add_in.page.fill("#field_target", "0.2")
    add_in.page.press("#field_target", "Tab")
    add_in.message()
    assert add_in.page.evaluate("excel.get('setting_target')") == 0.2
    add_in.page.select_option("#field_method", "reweight")
    add_in.page.wait_for_selector("#message:has-text('Method')")
    assert add_in.page.evaluate("excel.get('setting_method')") == "reweight"
    add_in.page.fill("#field_as_of", "2025-11-18")
    add_in.page.wait_for_selector("#message:has-text('as of')")
    assert add_in.page.evaluate("excel.get('setting_as_of')") == 45979


def test_a_setting_of_a_protected_sheet_says_so(add_in: AddIn) -> None:
    add_in.page.evaluate("excel.protected.add('Settings')")
    add_in.page.click("#tab_settings")
    add_in.page.wait_for_selector("form")
    add_in.page.select_option("#field_method", "reweight")
    assert "could not be entered" in add_in.message()


def test_tabs_and_buttons_work_with_the_keyboard_alone(add_in: AddIn) -> None:
    page = add_in.page
    page.focus("#tab_answer")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab_settings"
    assert page.get_attribute("#tab_settings", "aria-selected") == "true"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.id") == "tab_help"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab_answer"
    page.focus("#rebalance")
    page.keyboard.press("Enter")
    assert "Beta to JHAI" in add_in.message()


def test_a_second_press_while_one_is_at_work_does_nothing(add_in: AddIn) -> None:
    add_in.page.evaluate("for (const _ of [1, 2]) document.getElementById('rebalance').click()")
    add_in.page.wait_for_selector("#message:not(:empty)")
    add_in.page.wait_for_selector("body:not(.busy)")
    assert len([row for row in add_in.sheet("Log") if row[1:3] == ["Rebalance", "done"]]) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken_at_320_pixels(
    browser: Browser, place: Place, template: bytes, theme: Literal["light", "dark"]
) -> None:
    add_in = AddIn(browser, place, color_scheme=theme).open(template)
    add_in.page.set_viewport_size({"width": 320, "height": 700})
    add_in.press("rebalance")
    for tab in TABS:
        add_in.page.click(f"#tab_{tab}")
        if tab == "settings":
            add_in.page.wait_for_selector("form")
        assert violations(add_in.page) == [], tab
        assert wider_than_the_pane(add_in.page) == [], tab
    add_in.close()
    assert add_in.problems == []


@pytest.mark.parametrize(("theme", "ground"), [("dark", "rgb(27, 31, 38)"), ("light", "rgb(255, 255, 255)")])
def test_the_theme_that_office_says_overrides_that_of_the_system(
    add_in: AddIn, theme: str, ground: str
) -> None:
    add_in.page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    assert add_in.page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
    add_in.page.evaluate("delete document.documentElement.dataset.theme")


def test_the_measured_betas_of_past_months_are_drawn_and_said(add_in: AddIn) -> None:
    add_in.press("answer")
    chart = add_in.page.locator("svg.months")
    assert chart.locator("polyline.past.after").count() == 1
    assert chart.locator("rect.expected").count() == 1
    assert "18 of 18 months are in the band of" in (chart.get_attribute("aria-label") or "")


def test_a_report_that_was_written_can_be_opened(add_in: AddIn, home: Path) -> None:
    message = add_in.press("report")
    with add_in.page.expect_download() as download:  # there is no program for it here
        add_in.page.click("#files button")
    assert download.value.suggested_filename in message
    assert "Saved by your browser" in add_in.message()
    written = home / "Documents" / download.value.suggested_filename
    assert Path(download.value.path()).read_bytes() == written.read_bytes()


def test_another_button_takes_the_offer_to_open_away(add_in: AddIn) -> None:
    add_in.press("report")
    add_in.press("answer")
    assert add_in.page.locator("#files button").count() == 0


# ---------------------------------------------------------------- in an ordinary browser


def in_browser(browser: Browser, place: Place, query: str = "") -> tuple[Page, list[str]]:
    """Open the page without Excel, and wait for the answer."""
    page = browser.new_context().new_page()
    outside: list[str] = []
    page.on("request", lambda one: outside.append(one.url) if not one.url.startswith(place.base) else None)
    page.goto(f"{place.base}/browser.html{query}")
    page.wait_for_selector(".verdict")
    page.wait_for_selector("body:not(.busy)")
    return page, outside


def press(page: Page, button: str) -> str:
    page.click(f"#{button}")
    page.wait_for_selector("body:not(.busy)")
    return page.text_content("#message") or ""


def test_a_user_without_excel_sees_the_answer_for_the_sample(browser: Browser, place: Place) -> None:
    page, outside = in_browser(browser, place)
    assert "Beta to JHAI" in page.inner_text("#panel_answer")
    assert violations(page) == []
    assert outside == []
    assert page.locator("#connect").count() == 0
    page.click("#tab_settings")
    page.wait_for_selector("form")
    page.fill("#field_target", "0.2")
    page.press("#field_target", "Tab")
    page.wait_for_selector("#message:has-text('entered')")
    assert "0.20" in press(page, "rebalance")
    page.reload()
    page.wait_for_selector(".verdict")
    assert "0.52 -> 0.00" in page.inner_text("#panel_answer")


def test_buttons_in_a_browser_change_the_file_as_the_command_does(
    browser: Browser, place: Place, template: bytes, tmp_path: Path
) -> None:
    from urllib.parse import quote

    from betaneutral_xl.hosts.files.workbook_file import FileWorkbook

    file = tmp_path / "my fund.xlsx"
    file.write_bytes(template)
    page, _ = in_browser(browser, place, f"?file={quote(str(file))}")
    assert page.text_content("#book") == "my fund.xlsx"
    assert "Beta to JHAI" in press(page, "rebalance")
    rows = FileWorkbook(file).below("Proposal", 2)
    assert isinstance(rows, list)
    assert "quant_paper to JHAI" in rows[0][0]
    assert "my fund report" in press(page, "report")
    assert len(list(tmp_path.glob("my fund report*.xlsx"))) == 1


def test_a_workbook_that_is_chosen_in_the_browser_is_changed_as_a_copy_and_saved(
    browser: Browser, place: Place, template: bytes, tmp_path: Path
) -> None:
    from betaneutral_xl.hosts.files.workbook_file import FileWorkbook

    file, kept = tmp_path / "chosen.xlsx", tmp_path / "kept.xlsx"
    file.write_bytes(template)
    page, _ = in_browser(browser, place)
    page.set_input_files("#chooser", file)
    page.wait_for_selector("#book:has-text('A copy of chosen.xlsx')")
    page.wait_for_selector("body:not(.busy) .verdict")
    assert "Beta to JHAI" in press(page, "rebalance")
    with page.expect_download() as download:
        page.click("#copy")
    assert download.value.suggested_filename == "chosen.xlsx"
    download.value.save_as(kept)
    rows = FileWorkbook(kept).below("Proposal", 2)
    assert isinstance(rows, list)
    assert "quant_paper to JHAI" in rows[0][0]
    assert file.read_bytes() == template


def test_a_chosen_file_that_is_no_workbook_is_told(browser: Browser, place: Place, tmp_path: Path) -> None:
    (tmp_path / "notes.xlsx").write_text("not a workbook")
    page, _ = in_browser(browser, place)
    page.set_input_files("#chooser", tmp_path / "notes.xlsx")
    page.wait_for_selector("#message.failed")
    assert "not a readable workbook" in (page.text_content("#message") or "")
    assert "The sample" in (page.text_content("#book") or "")


def test_a_file_that_is_no_workbook_is_one_line(browser: Browser, place: Place, tmp_path: Path) -> None:
    from urllib.parse import quote

    file = tmp_path / "notes.xlsx"
    file.write_text("not a workbook")
    page = browser.new_context().new_page()
    page.goto(f"{place.base}/browser.html?file={quote(str(file))}")
    page.wait_for_selector("#message:not(:empty)")
    assert "not a readable workbook" in (page.text_content("#message") or "")
