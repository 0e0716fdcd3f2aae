from __future__ import annotations

from pathlib import Path

from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "functions.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tools/build_reference.py"


def test_the_page_has_every_function_with_its_arguments() -> None:
    text = page()
    for function in FUNCTIONS:
        assert f"\n## {function.name}\n" in text
        assert f"`{function.example}`" in text
        assert all(f"| `{argument.name}` |" in text for argument in function.arguments)
