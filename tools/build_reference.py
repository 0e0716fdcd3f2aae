"""Write docs/functions.md and docs/options.md from the registry of functions and the table of options.

Usage: python tools/build_reference.py
"""

from __future__ import annotations

from pathlib import Path

from betaneutral_xl.hosts.sheets import reference
from betaneutral_xl.job import options_page

if __name__ == "__main__":
    docs = Path(__file__).parent.parent / "docs"
    for name, page in (("functions.md", reference.page()), ("options.md", options_page.page())):
        (docs / name).write_bytes(page.encode())
        print(f"{name}: {(docs / name).stat().st_size:,} bytes")
