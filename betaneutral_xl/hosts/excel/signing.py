"""Signing of the macros with a certificate of the user's, by Microsoft's own program.

Only Windows' ``signtool`` with the Office subject interface packages can sign a macro project. It takes the
certificate from Windows' store of certificates, so that no password is on a command line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from betaneutral_xl.errors import HostError
from betaneutral_xl.system.archives import DAMAGED
from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import save, temporary_folder

SIGNATURES = {
    "xl/vbaProjectSignature.bin": "legacy",
    "xl/vbaProjectSignatureAgile.bin": "agile",
    "xl/vbaProjectSignatureV3.bin": "V3",
}
"""The parts with the signatures of a macro project, the latest kind last."""

PACKAGES = "Microsoft Office Subject Interface Packages for Digitally Signing VBA Projects"
TIMESTAMP = "http://timestamp.digicert.com"
TIMEOUT = 120.0


def sign(file: Path, certificate: tuple[str, str], timestamp: str, signtool: Path | None = None) -> list[str]:
    """Sign the macros of a file, which is replaced only if it then has a signature; return the kinds it has.

    Parameters
    ----------
    file
        An .xlam or .xlsm.
    certificate
        How to find it in the user's store: ``("/sha1", its thumbprint)`` or ``("/n", its subject)``.
    timestamp
        Address of a timestamp server, so that the signature outlives the certificate; "" for none.
    signtool
        The program; by default from PATH or the Windows SDK.

    Raises
    ------
    HostError
        If the program is missing, refuses, or leaves the file without a signature.
    Unwritable
        If the file cannot be written.

    """
    program = signtool or _signtool()
    if not file.is_file():
        msg = f"{file} is not there. Run excel install, or name a file."
        raise HostError(msg)
    stamped = ["/tr", timestamp, "/td", "SHA256"] if timestamp else []
    with temporary_folder({file.name: read_bytes(file)}) as folder:
        copy = folder / file.name
        _run([str(program), "sign", "/fd", "SHA256", *certificate, *stamped, str(copy)])
        kinds = signatures(copy)
        if not kinds:
            msg = f"{program.name} left {file.name} without a signature. Install the {PACKAGES}."
            raise HostError(msg)
        save(file, read_bytes(copy))
    return kinds


def signatures(file: Path) -> list[str]:
    """Return the kinds of signatures that a file's macros have."""
    try:
        with zipfile.ZipFile(file) as package:
            there = set(package.namelist())
    except DAMAGED:
        return []
    return [kind for part, kind in SIGNATURES.items() if part in there]


def _signtool() -> Path:
    found = shutil.which("signtool")
    if found is not None:
        return Path(found)
    kits = (
        Path(os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)")) / "Windows Kits" / "10" / "bin"
    )
    built = sorted(kits.glob("*/x86/signtool.exe"))  # the packages are for 32-bit programs
    if built:
        return built[-1]
    msg = f"signtool is not found. Install the Windows SDK and the {PACKAGES}, or give --signtool."
    raise HostError(msg)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the program that the user names
            command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{Path(command[0]).name} could not be run ({type(error).__name__})."
        raise HostError(msg) from None
    if done.returncode:
        output = " ".join((done.stderr or done.stdout).split())[:300]
        msg = f"{Path(command[0]).name} did not sign: {output or f'exit code {done.returncode}'}"
        raise HostError(msg)
