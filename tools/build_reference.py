"""Write docs/functions.md from the registry of worksheet functions.

Usage: python tools/build_reference.py
"""

from __future__ import annotations

from pathlib import Path

from betaneutral_xl.hosts.sheets.reference import page

if __name__ == "__main__":
    target = Path(__file__).parent.parent / "docs" / "functions.md"
    target.write_bytes(page().encode())
    print(f"{target.name}: {target.stat().st_size:,} bytes")
