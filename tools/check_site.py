"""Check a built site: local links and anchors exist, and no page loads anything from the network.

Usage: python tools/check_site.py build/site
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Attributes by tag whose address a browser loads by itself."""

HARMLESS_LINKS = {"canonical", "next", "prev", "edit"}
"""Relations of links that a browser does not load."""


class Page(HTMLParser):
    """The addresses and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what a tag refers to."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        address = values.get(LOADED.get(tag, ""), "")
        if address and values.get("rel") not in HARMLESS_LINKS:
            self.loaded.append(address)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])


def faults(root: Path) -> list[str]:
    """Return what is wrong with a site, one line each."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        place = path.relative_to(root).as_posix()
        found += [f"{place} loads {one}" for one in page.loaded if urlsplit(one).netloc]
        local = [one for one in (*page.links, *page.loaded) if not urlsplit(one).scheme and "//" not in one]
        found += [f"{place} links to {one}" for one in local if not _exists(root, path, one, pages)]
    return found


def _exists(root: Path, page: Path, address: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(address)
    base = root if parts.path.startswith("/") else page.parent
    target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else page.resolve()
    if target.is_dir():
        target /= "index.html"
    known = {path.resolve(): one for path, one in pages.items()}
    if target not in known or not parts.fragment:
        return target.exists()
    return unquote(parts.fragment) in known[target].anchors | {"__consent", "__search", "__skip", "__toc"}


if __name__ == "__main__":
    lines = faults(Path(sys.argv[1]))
    print("\n".join(lines) or "every local link exists, and nothing is loaded from the network")
    sys.exit(bool(lines))
