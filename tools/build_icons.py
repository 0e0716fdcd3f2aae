"""Draw the pictures of the buttons: python tools/build_icons.py (needs Chromium and playwright)."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HOSTS = Path(__file__).parent.parent / "betaneutral_xl" / "hosts"

FOLDERS = {HOSTS / "office" / "static" / "icons": (16, 32, 64, 80), HOSTS / "calc" / "icons": (16, 26)}
"""The folders of the add-in and of Calc's extension, and the sizes that each program shows."""

INK, ACCENT = "#1E3A5F", "#1D4ED8"

STROKE = f'fill="none" stroke="{INK}" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"'
SECOND = STROKE.replace(INK, ACCENT)

DRAWINGS = {
    # a line above and one below the level of zero
    "pane": f'<path d="M3 16H29" {STROKE}/><path d="M4 24C9 24 9 8 16 8S23 24 28 24" {SECOND}/>',
    # a balance
    "rebalance": f'<path d="M16 5V27M9 27H23M6 9H26" {STROKE}/>'
    f'<path d="M2 18a4 4 0 0 0 8 0L6 9ZM22 18a4 4 0 0 0 8 0L26 9Z" {SECOND}/>',
    "restore": f'<path d="M6 10H19a8 8 0 0 1 0 16H9" {STROKE}/><path d="M11 4L5 10L11 16" {SECOND}/>',
    "orders": f'<path d="M6 4H26V28H6Z" {STROKE}/><path d="M11 11H21M11 16H21M11 21H17" {SECOND}/>',
    "report": f'<path d="M7 3H20L26 9V29H7Z" {STROKE}/><path d="M12 24V19M16.500 24V14M21 24V17" {SECOND}/>',
    "accept": f'<path d="M5 5H27V27H5Z" {STROKE}/><path d="M10 16.500L14.500 21L22 11" {SECOND}/>',
    # a sheet of a calendar
    "today": f'<path d="M5 7H27V28H5ZM5 13H27M11 3V9M21 3V9" {STROKE}/>'
    f'<path d="M12 21H20M16 17V25" {SECOND}/>',
    "refresh": f'<path d="M26 11A11 11 0 1 0 27 18" {STROKE}/><path d="M27 4V11H20" {SECOND}/>',
    "check": f'<circle cx="16" cy="16" r="12" {STROKE}/><path d="M10 16.500L14.500 21L22 12" {SECOND}/>',
    "log": f'<path d="M4 8H12L15 11H28V26H4Z" {STROKE}/><path d="M9 17H23M9 21.500H18" {SECOND}/>',
    "settings": f'<path d="M4 9H28M4 16H28M4 23H28" {STROKE}/>'
    f'<g fill="white" stroke="{ACCENT}" stroke-width="2.400"><circle cx="11" cy="9" r="3"/>'
    '<circle cx="21" cy="16" r="3"/><circle cx="13" cy="23" r="3"/></g>',
    "help": f'<circle cx="16" cy="16" r="12" {STROKE}/>'
    f'<path d="M12 12.5a4 4 0 1 1 5.5 3.7C16.4 16.7 16 17.4 16 18.5M16 22.5V22.6" {SECOND}/>',
}


def main() -> None:
    """Write every picture in every size."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for name, drawing in DRAWINGS.items():
            for folder, size in ((folder, size) for folder, sizes in FOLDERS.items() for size in sizes):
                folder.mkdir(exist_ok=True)
                page.set_viewport_size({"width": size, "height": size})
                page.set_content(
                    "<style>body{margin:0}svg{display:block}</style>"
                    f'<svg width="{size}" height="{size}" viewBox="0 0 32 32">{drawing}</svg>'
                )
                page.screenshot(path=folder / f"{name}-{size}.png", omit_background=True)
        browser.close()
    print(f"{len(DRAWINGS) * sum(map(len, FOLDERS.values()))} pictures")


if __name__ == "__main__":
    main()
