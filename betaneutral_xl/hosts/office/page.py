"""The page as a file: where office.js comes from, and whether a server or the page itself runs Python."""

from __future__ import annotations

import html as markup
from pathlib import Path

from betaneutral_xl.hosts.office.guard import MICROSOFT

STATIC = Path(__file__).parent / "static"

PAGE = "page.html"

FROM_MICROSOFT = f"{MICROSOFT}/lib/1/hosted/office.js"
"""The address at which Microsoft asks for office.js to be loaded."""

OFFICE_JS, POLICY = "{{ office.js }}", "{{ policy }}"
"""The places in the page of the element that loads office.js, and of the content security policy."""


def html(script: str | None, *, policy: str = "") -> str:
    """Return the page, with the address of office.js; None in an ordinary browser.

    ``policy`` is the content security policy of a page that runs Python itself; else a server sends it.
    """
    text = (STATIC / PAGE).read_text(encoding="utf-8")
    if policy:
        text = text.replace("<html ", '<html data-python="worker" ')
        policy = f'<meta http-equiv="Content-Security-Policy" content="{markup.escape(policy)}">'
    element = f'<script src="{script}"></script>' if script else ""
    return text.replace(OFFICE_JS, element).replace(POLICY, policy)
