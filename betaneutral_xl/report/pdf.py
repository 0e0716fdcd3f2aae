"""Conversion of the workbook to PDF by LibreOffice."""

from __future__ import annotations

import json
import subprocess

from betaneutral_xl.errors import HostError
from betaneutral_xl.system import libreoffice
from betaneutral_xl.system.saving import temporary_folder

TIMEOUT = 300.0
"""Seconds allowed for the conversion."""


def to_pdf(workbook: bytes, pages: int | None = None) -> bytes:
    """Return a workbook as a PDF: the first pages, or all of them.

    Raises
    ------
    HostError
        If LibreOffice is not installed or fails.
    Unwritable
        If the temporary files cannot be written.

    """
    command = _command()
    with temporary_folder({"report.xlsx": workbook}) as here:
        try:
            subprocess.run(  # noqa: S603 - LibreOffice on our own file
                [
                    command,
                    f"-env:UserInstallation={(here / 'profile').as_uri()}",  # the default may be in use
                    "--headless",
                    "--convert-to",
                    _filter(pages),
                    "--outdir",
                    str(here),
                    str(here / "report.xlsx"),
                ],
                check=True,
                capture_output=True,
                timeout=TIMEOUT,
            )
            return (here / "report.pdf").read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            msg = (
                f"LibreOffice did not print the report ({type(error).__name__}). Nothing was written. "
                "Leave out the PDF, and print the workbook."
            )
            raise HostError(msg) from None


def _filter(pages: int | None) -> str:
    """Return the name of LibreOffice's export, with the pages to print."""
    if pages is None:
        return "pdf"
    shown = json.dumps({"PageRange": {"type": "string", "value": f"1-{pages}"}})
    return f"pdf:calc_pdf_Export:{shown}"


def _command() -> str:
    command = libreoffice.command()
    if command is None:
        msg = (
            "A PDF is printed by LibreOffice, which is not installed. Install it (Debian: apt install "
            "libreoffice-calc), or leave out --pdf and print the workbook."
        )
        raise HostError(msg)
    return str(command)
