"""The page's code keeps its types and the linter's rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

from office_browser import FOLDER, node_modules

from betaneutral_xl.hosts.office.page import STATIC

ROOT = Path(__file__).parent.parent.parent.parent


def run(*command: str | Path) -> str:
    done = subprocess.run(  # noqa: S603 - what npm installed
        [str(one) for one in command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_types_hold() -> None:
    assert run(node_modules() / ".bin" / "tsc", "--project", FOLDER / "tsconfig.json") == ""


def test_the_linter_finds_nothing() -> None:
    rules = ("--config", FOLDER / "eslint.config.mjs")
    assert run(node_modules() / ".bin" / "eslint", *rules, STATIC, FOLDER / "excel.js") == ""


def test_every_module_that_is_imported_is_there_and_nothing_else() -> None:
    modules = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}
    imported = {name for text in modules.values() for name in modules if f'"./{name}"' in text}
    assert imported == set(modules) - {"main.js"}
    assert "Microsoft Corporation" not in "".join(modules.values())
