"""Picture the add-in's pane in both themes: PYTHONPATH=tests python tools/picture_office.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

from office_browser import AddIn, installed, started_browser
from PIL import Image

TARGET = Path(__file__).parent.parent / "docs" / "pictures" / "office-pane.png"

HEIGHT = 1180

SHOTS = (("light", "answer"), ("light", "settings"), ("dark", "answer"), ("dark", "help"))


def main() -> None:
    """Write the picture: the answer and the settings, light and dark."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with installed(home) as place, started_browser(home) as browser:
            workbook = (home / "Documents" / "Beta Neutral" / "betaneutral-office.xlsx").read_bytes()
            shots = []
            for theme, tab in SHOTS:
                add_in = AddIn(browser, place, color_scheme=theme).open(workbook)
                add_in.page.set_viewport_size({"width": 350, "height": HEIGHT})
                add_in.press("answer")
                add_in.page.click(f"#tab_{tab}")
                if tab == "settings":
                    add_in.page.wait_for_selector("form")
                shots.append(home / f"{theme}-{tab}.png")
                add_in.page.screenshot(path=shots[-1])
                add_in.close()
            joined = Image.new("RGB", (350 * len(shots), HEIGHT))
            for place_, shot in enumerate(shots):
                joined.paste(Image.open(shot), (350 * place_, 0))
            TARGET.parent.mkdir(exist_ok=True)
            joined.quantize(128).save(TARGET, optimize=True)
    print(TARGET)


if __name__ == "__main__":
    main()
