"""The code blocks of the documentation, and how each language is run.

A ``text`` block after commands is their output: its lines must be in it, in order; its title states the exit
code of the last command, where that is not 0. ``console`` is for what changes a machine and is not run; its
commands of this program are parsed.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A code block: its language, the words after it, its lines and the number of its first line."""

    language: str
    words: tuple[str, ...]
    code: str
    line: int

    @property
    def exit_code(self) -> int:
        """The exit code that the block before it ends with."""
        stated = re.search(r'title="exit code (\d+)"', " ".join(self.words))
        return int(stated[1]) if stated else 0

    @property
    def commands(self) -> list[list[str]]:
        """The commands of a shell block, without comments; a backslash continues a line."""
        joined = self.code.replace("\\\n", " ")
        lines = (line.strip() for line in joined.splitlines())
        return [shlex.split(line, comments=True) for line in lines if line and not line.startswith("#")]


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        indent = match["indent"]
        code = "".join(line.removeprefix(indent) for line in match["code"].splitlines(keepends=True))
        found.append(Block(language, tuple(words), code, text[: match.start()].count("\n") + 1))
    return found


def pages() -> list[Path]:
    """Return all pages of the site and of the repository's root."""
    return sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
