"""A function and two buttons of the add-in, asked by the Python that is installed for this user; prints JSON.

The Python that runs this stands in for Excel, and the one that xlwings' DLL starts answers it over COM. It
needs what the installer brings and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # a Python with a ._pth file does not do that by itself

from add_in import LoadedAddIn, open_model  # noqa: E402 - found there
from excel_objects import Excel  # noqa: E402 - likewise
from xlwings_dll import served  # noqa: E402 - likewise

from betaneutral_xl.hosts.excel import user_files  # noqa: E402 - likewise


def main() -> None:
    """Call and press; print what came back."""
    profile = Path(os.environ["USERPROFILE"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(str(profile / "AddIns" / "betaneutral.xlam")) as server:
            add_in = LoadedAddIn(Excel(folder), server, open_model(folder, profile))
            found = {
                "python": user_files.interpreter(),
                "holdings": len(add_in.call("FETCH_HOLDINGS", "demo")),
                "insert": add_in.press("insert")[0],
                "rebalance": add_in.press("rebalance")[0],
                "check": add_in.press("check")[0],
            }
    print(json.dumps(found))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
