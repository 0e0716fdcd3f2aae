from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from betaneutral_xl.hosts.cli import main
from betaneutral_xl.hosts.excel import signing

ADD_IN = Path(__file__).parents[3] / "workbook" / "betaneutral.xlam"

SIGNTOOL = """\
#!{python}
import sys, zipfile
arguments = sys.argv[1:]
assert arguments[:3] == ["sign", "/fd", "SHA256"], arguments
if "unknown" in arguments:
    sys.exit("SignTool Error: No certificates were found that met all the given criteria.")
if "idle" not in arguments:
    with zipfile.ZipFile(arguments[-1], "a") as package:
        package.writestr("xl/vbaProjectSignatureV3.bin", " ".join(arguments[3:-1]))
"""
"""Signs as signtool does: it adds a part to the file."""


@pytest.fixture
def signtool(tmp_path: Path) -> Path:
    if sys.platform == "win32":
        pytest.skip("the stand-in for signtool is a script with a first line for Unix")
    program = tmp_path / "signtool"
    program.write_text(SIGNTOOL.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.fixture
def add_in(tmp_path: Path) -> Path:
    return Path(shutil.copy(ADD_IN, tmp_path / "betaneutral.xlam"))


def sign(file: Path, signtool: Path, *options: str) -> int:
    return main(["excel", "sign", str(file), "--signtool", str(signtool), *options])


def test_the_macros_are_signed_with_the_certificate_that_is_named(
    add_in: Path, signtool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert signing.signatures(add_in) == []
    assert sign(add_in, signtool, "--subject", "Desk Ltd") == 0
    assert capsys.readouterr().out == f"Signed (V3): {add_in}\n"
    assert signing.signatures(add_in) == ["V3"]


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("unknown", "signtool did not sign: SignTool Error: No certificates were found"),
        ("idle", "signtool left betaneutral.xlam without a signature. Install the Microsoft Office Subject"),
    ],
)
def test_a_file_that_was_not_signed_is_as_it_was(
    add_in: Path, signtool: Path, capsys: pytest.CaptureFixture[str], subject: str, reason: str
) -> None:
    assert sign(add_in, signtool, "--subject", subject) == 5
    assert reason in capsys.readouterr().err
    assert add_in.read_bytes() == ADD_IN.read_bytes()


def test_what_is_missing_is_one_line(
    add_in: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PROGRAMFILES(X86)", str(tmp_path))
    assert main(["excel", "sign", str(add_in), "--thumbprint", "00"]) == 5
    assert main(["excel", "sign", str(tmp_path / "none.xlam"), "--thumbprint", "00"]) == 5
    assert sign(add_in, tmp_path / "none", "--thumbprint", "00") == 5
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "signtool is not found. Install the Windows SDK" in lines[0]
