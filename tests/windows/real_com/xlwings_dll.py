"""Calls of xlwings' DLL as the workbook's Visual Basic makes them: start the server, stop it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pythoncom
import win32com.client
import xlwings

from betaneutral_xl.hosts.excel import user_files

BSTR = 8
START, STOP = 1, -1


class Variant(ctypes.Structure):
    """A value of Visual Basic, as far as it is needed here."""

    _fields_ = (
        ("kind", ctypes.c_ushort),
        ("reserved", ctypes.c_ushort * 3),
        ("pointer", ctypes.c_void_p),
        ("rest", ctypes.c_void_p),
    )


def library() -> Path:
    """Return xlwings' DLL where the workbook's Visual Basic loads it."""
    return user_files.folder() / f"xlwings64-{xlwings.__version__}.dll"


def command(workbook: str, interpreter: str) -> str:
    """Return what ``XLPyCommand`` of ``xlwings.bas`` returns for our settings of xlwings."""
    path = f"False;{workbook};{workbook};;;;"
    for character, escaped in (("\\", "\\\\"), ("'", "\\'"), ("&", "^&")):
        path = path.replace(character, escaped)
    code = (
        rf"import sys, os;import xlwings.utils;xlwings.utils.prepare_sys_path(\"{path}\");"
        "import xlwings; xlwings.serve('$(CLSID)')"
    )
    return f'cmd.exe  /K ""{interpreter}" -B -c "{code}""'


def activate(workbook: str, mode: int = START) -> Any:
    """Call ``XLPyDLLActivateAuto`` as ``XLPy`` does; return the server's object."""
    result = Variant()
    interpreter = user_files.interpreter()
    assert interpreter is not None
    failed = ctypes.WinDLL(str(library())).XLPyDLLActivateAuto(  # type: ignore[attr-defined] # Windows only
        ctypes.byref(result), ctypes.c_char_p(command(workbook, interpreter).encode("mbcs")), mode
    )
    if failed:
        raise OSError(ctypes.wstring_at(result.pointer) if result.kind == BSTR else f"code {failed}")
    if mode == STOP:
        return None
    return win32com.client.Dispatch(pythoncom.ObjectFromAddress(result.pointer, pythoncom.IID_IDispatch))


@contextmanager
def served(workbook: str) -> Iterator[Any]:
    """Return the server of a workbook, and stop it at the end."""
    pythoncom.CoInitialize()
    try:
        yield activate(workbook)
    finally:
        activate(workbook, STOP)
