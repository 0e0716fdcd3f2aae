"""Write what is made from the registry of functions and the table of options, but for the workbooks.

docs/functions.md, docs/options.md, and the script of workbook/lite. Usage: python tools/build_reference.py
"""

from __future__ import annotations

from pathlib import Path

from betaneutral_xl.hosts.office import lite_script
from betaneutral_xl.hosts.sheets import reference
from betaneutral_xl.job import options_page

ROOT = Path(__file__).parent.parent

if __name__ == "__main__":
    made = {
        "docs/functions.md": reference.page().encode(),
        "docs/options.md": options_page.page().encode(),
        "workbook/lite/main.py": lite_script.main_py(),
        "workbook/lite/requirements.txt": lite_script.requirements_txt(),
    }
    for name, content in made.items():
        (ROOT / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")
