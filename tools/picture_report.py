"""Picture the report, its web page and its slide in three situations: docs/report-*.png, docs/pictures/*.png.

Usage: python tools/picture_report.py (with LibreOffice, poppler's pdftoppm, ImageMagick and Chromium). ETF
files of issuers are read from the folder that BETANEUTRAL_PICTURED_ETFS names; without it that situation is
left out. The slide to edit is pictured where LibreOffice has Impress.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = DOCS / "pictures"

DPI, PAGES = "88", 4
"""Dots an inch of a page, and the pages of the short report."""

COLOURS = "64"
"""Colours of a picture, which keep it small."""

ANNEX = {"report-betas.png": "Betas", "report-checks.png": "Checks"}
"""Pictures of the annex, and the sheets that they show the first page of."""

WEB = (
    ("sample", "web-sample.png", "1000,1400"),
    ("sample", "web-sample-480.png", "480,1500"),
    ("warnings", "web-warnings-480.png", "480,1500"),
    ("infeasible", "web-infeasible-480.png", "480,1500"),
)
"""Pictures of the web page: situation, file, and size in pixels."""


def situations() -> dict[str, list[str]]:
    """Return the arguments of each situation."""
    found = {"sample": [], "infeasible": ["--method", "reweight", "--long-only", "--upper", "4%"]}
    folder = os.environ.get("BETANEUTRAL_PICTURED_ETFS")
    if folder:
        files = [next(Path(folder).glob(f"*/{name}*")) for name in ("JHAI", "AIQ", "SMH")]
        found["warnings"] = ["--etf", *map(str, files)]
    return found


def run(*command: str | Path, fails: bool = False) -> str:
    """Run a program, and return what it prints."""
    done = subprocess.run(command, check=not fails, capture_output=True, text=True)  # noqa: S603 - ours
    return done.stdout


def report(folder: Path, arguments: list[str], *formats: str) -> None:
    """Write a report of the sample; that of an infeasible request ends with an exit code of its own."""
    command = (
        "betaneutral-xl",
        "report",
        "--sample",
        *arguments,
        "-o",
        str(folder / "report.xlsx"),
        *formats,
    )
    run(*command, fails=True)


def keep(picture: Path, target: Path, *changes: str) -> None:
    """Save a picture with few colours."""
    target.parent.mkdir(exist_ok=True)
    run("convert", picture, *changes, "+dither", "-colors", COLOURS, "-strip", target)
    print(f"{target.relative_to(DOCS)}: {target.stat().st_size:,} bytes")


def pages(folder: Path, situation: str) -> None:
    """Picture the pages of the short report."""
    run("pdftoppm", "-r", DPI, "-png", folder / "report.pdf", folder / "page")
    for n in range(1, PAGES + 1):
        first = situation == "sample" and n == 1
        keep(
            folder / f"page-{n}.png",
            DOCS / "report-summary.png" if first else PICTURES / f"report-{situation}-{n}.png",
        )


def web(folder: Path, situation: str) -> None:
    """Picture the web page."""
    shot = folder / "web.png"
    for _, name, size in (one for one in WEB if one[0] == situation):
        chromium = ("chromium", "--headless", "--no-sandbox", "--hide-scrollbars")
        run(*chromium, f"--screenshot={shot}", f"--window-size={size}", (folder / "report.html").as_uri())
        keep(shot, PICTURES / name)


def annex(folder: Path) -> None:
    """Picture pages of the annex of the whole report: each has its sheet's name as its title."""
    texts = run("pdftotext", "-layout", folder / "report.pdf", "-").split("\f")
    for name, title in ANNEX.items():
        page = str(1 + next(n for n, text in enumerate(texts) if title in text.split("\n", 1)[0].split()))
        run(
            "pdftoppm",
            "-r",
            DPI,
            "-png",
            "-singlefile",
            "-f",
            page,
            "-l",
            page,
            folder / "report.pdf",
            folder / name,
        )
        keep(folder / f"{name}.png", DOCS / name)


def slide_to_edit(folder: Path) -> None:
    """Picture the slide that PowerPoint opens."""
    report(folder, [], "--slide", str(folder / "slide.pptx"))
    run("soffice", f"-env:UserInstallation={folder.as_uri()}/profile", "--headless", "--convert-to", "png",
        "--outdir", folder, folder / "slide.pptx", fails=True)  # fmt: skip
    if (folder / "slide.png").exists():
        keep(folder / "slide.png", PICTURES / "slide-powerpoint.png", "-resize", "1067x600")


def main() -> None:
    """Write the pictures of every situation."""
    for situation, arguments in situations().items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            slide = folder / "answer.png"
            report(folder, arguments, "--pdf", "short", "--html", "--slide", str(slide))
            pages(folder, situation)
            web(folder, situation)
            keep(slide, PICTURES / f"slide-{situation}.png", "-resize", "1100x619")
            if situation == "sample":
                report(folder, arguments, "--pdf", "full")
                annex(folder)
                slide_to_edit(folder)


if __name__ == "__main__":
    main()
