"""Coverage-guided fuzzing of the readers of files, with atheris (which pytest does not run).

    pip install atheris
    python tests/fuzz/fuzz_etf.py -max_total_time=300 FOLDER_OF_SEEDS

Anything but an ``InputError`` is a defect; so is an input on which the reader takes long
(``-timeout``) or much memory (``-rss_limit_mb``).
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["betaneutral_xl"]):
    from betaneutral_xl.errors import InputError
    from betaneutral_xl.model import printed  # noqa: F401 - to be instrumented
    from betaneutral_xl.readers import asset_classes, columns  # noqa: F401 - to be instrumented
    from betaneutral_xl.readers.etf_files import parse_etf
    from betaneutral_xl.readers.holdings_files import parse_holdings_file
    from betaneutral_xl.readers.tabular import delimited, markup, records, workbooks  # noqa: F401 - to be instrumented


def read(content: bytes) -> None:
    """Read the bytes as both kinds of files."""
    for reader in (parse_etf, parse_holdings_file):
        try:
            reader(content, "fuzzed.csv")
        except InputError:
            continue


if __name__ == "__main__":
    options = sys.argv if any(one.startswith("-timeout") for one in sys.argv) else [*sys.argv, "-timeout=5"]
    atheris.Setup([*options, "-rss_limit_mb=1024"], read)
    atheris.Fuzz()
