"""The shell of the web page: style, the one script, and elements with escaped text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from betaneutral_xl.report import drawing, style
from betaneutral_xl.report.cells import clean
from betaneutral_xl.report.pages.layout import LIGHTS
from betaneutral_xl.report.pictures import Picture

COLOURS = {
    "ink": style.INK,
    "muted": style.MUTED,
    "rule": style.RULE,
    "navy": style.NAVY,
    "soft": style.SOFT,
    "good": style.GOOD,
    "good-ink": style.GOOD_INK,
    "bad": style.BAD,
    "bad-ink": style.BAD_INK,
    "caution": style.CAUTION,
}

CSS = (
    f":root{{{''.join(f'--{name}:#{colour};' for name, colour in COLOURS.items())}}}"
    """
*{box-sizing:border-box}
body{font:14px/1.45 Arial,Helvetica,sans-serif;color:var(--ink);max-width:1080px}
body{margin:1.5rem auto;padding:0 1rem}
h1,h2{color:var(--navy);margin:1.4rem 0 .4rem} h1{margin-top:0;font-size:1.5rem} h2{font-size:1.1rem}
.muted{color:var(--muted);font-size:.9em}
.answer{padding:.8rem 1rem;font-weight:bold;font-size:1.15rem;margin:.4rem 0 0}
.answer{background:var(--good);color:var(--good-ink)}
.warned{background:var(--caution);color:var(--ink)}
.infeasible{background:var(--bad);color:var(--bad-ink)}
.advice{background:var(--soft);padding:.5rem 1rem;margin:0 0 .6rem;font-weight:bold;color:var(--navy)}
.warning{background:var(--caution);padding:.4rem 1rem;margin:.2rem 0}
.s0{background:var(--bad);color:var(--bad-ink)} .s2{background:var(--soft)}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:1rem}
svg{width:100%;height:auto;max-width:560px} svg text{font:10px Arial,Helvetica,sans-serif;fill:var(--ink)}
svg text.title{font-size:12px;font-weight:bold;fill:var(--navy);text-anchor:middle}
.scroll{overflow-x:auto;margin:.4rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
th{background:var(--navy);color:#fff;text-align:right;padding:.3rem .6rem}
th button{all:unset;cursor:pointer} th button:focus-visible{outline:2px solid #fff}
th[aria-sort=ascending] button::after{content:" \\25B2"}
th[aria-sort=descending] button::after{content:" \\25BC"}
td{border-bottom:1px solid var(--rule);text-align:right;padding:.2rem .6rem}
@media(min-width:601px){td{white-space:nowrap}}
th:first-child,td:first-child,.text td,.text th{text-align:left}
td:first-child,.text td{white-space:normal;overflow-wrap:break-word} td:first-child{min-width:8.5em}
.within{background:var(--good);color:var(--good-ink)} .near{background:var(--caution)}
.over{background:var(--bad)} .over,.short{color:var(--bad-ink);font-weight:bold}
summary{cursor:pointer;color:var(--navy);font-weight:bold;margin:1rem 0 .3rem}
@media(max-width:600px){body{font-size:12px;padding:0 .5rem} td,th{padding:.2rem .3rem}}
@media print{body{margin:0;max-width:none} thead{display:table-header-group} tr,svg{break-inside:avoid}
th button::after{content:none!important} *{print-color-adjust:exact}}
"""
)

SCRIPT = """
for(const b of document.querySelectorAll("th button"))b.addEventListener("click",()=>{
const h=b.parentElement,t=h.closest("table"),i=h.cellIndex,down=h.getAttribute("aria-sort")!=="descending";
for(const o of h.parentElement.children)o.removeAttribute("aria-sort");
h.setAttribute("aria-sort",down?"descending":"ascending");
const key=r=>{const c=r.cells[i],s=c?c.textContent.trim():"",n=parseFloat(s.replace(/[,%]/g,""));
return/^[-+]?[0-9.,]/.test(s)&&!isNaN(n)?n:s};
const order=(x,y)=>typeof x===typeof y?(x<y?-1:x>y?1:0):typeof x==="number"?1:-1;
const rows=[...t.tBodies[0].rows].sort((p,q)=>down?order(key(q),key(p)):order(key(p),key(q)));
t.tBodies[0].append(...rows)});
addEventListener("beforeprint",()=>{for(const d of document.querySelectorAll("details"))d.open=true});
"""
"""Sorts a table by the column whose heading is pressed, and prints what is folded."""

CLASSES = {
    **{LIGHTS[of][0]: str(of) for of in LIGHTS},
    "sell short": "short",
    "sell and sell short": "short",
}
"""Classes of cells by their text: whether a limit holds, and short sales."""


def document(title: str, body: str, page_style: str) -> str:
    """Return a whole page; a browser may run and load nothing but its own script and style."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{safe(title)}</title><style>{CSS}{page_style}</style></head>\n"
        f"<body>\n{body}\n<script>{SCRIPT}</script></body></html>\n"
    )


def safe(text: str) -> str:
    """Return text that is no markup."""
    return escape(clean(text))


def table(
    headings: Iterable[str],
    rows: Iterable[Sequence[str]],
    kind: str = "",
    *,
    sortable: bool = True,
    coloured: bool = False,
) -> str:
    """Return a table, which its reader may sort; coloured by whether limits hold and by short sales."""
    head = "".join(
        f"<th><button>{safe(one)}</button></th>" if sortable and one else f"<th>{safe(one)}</th>"
        for one in headings
    )
    body = "".join(f"<tr>{''.join(_data(text, coloured) for text in row)}</tr>\n" for row in rows)
    marked = f' class="{kind}"' if kind else ""
    top = f'<div class="scroll"><table{marked}><thead><tr>{head}</tr></thead>'
    return f"{top}<tbody>\n{body}</tbody></table></div>"


def folded(title: str, content: str) -> str:
    """Return content that its reader may unfold."""
    return f"<details><summary>{safe(title)}</summary>{content}</details>"


def drawn(pictures: Iterable[Picture]) -> str:
    """Return pictures side by side."""
    return f'<div class="pictures">{"".join(f"<div>{drawing.draw(one)}</div>" for one in pictures)}</div>'


def _data(text: str, coloured: bool) -> str:  # noqa: FBT001 - of the table
    name = CLASSES.get(text) if coloured else None
    return f'<td class="{name}">{safe(text)}</td>' if name else f"<td>{safe(text)}</td>"
