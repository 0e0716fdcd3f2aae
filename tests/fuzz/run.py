"""Coverage-guided fuzzing of what reads outside bytes, with atheris.

    python -m pip install -e '.[fuzz]'
    python tests/fuzz/run.py holdings -max_total_time=600 FOLDER_FOR_INPUTS

The first argument is a name in ``fuzz_targets.TARGETS``; the others are libFuzzer's. The same ``-seed`` and
``-runs`` try the same inputs. An input that fails is written to a file ``crash-...``: put it into
``tests/fuzz/findings/NAME``, where ``test_targets.py`` reads it from then on.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["betaneutral_xl"]):
    from fuzz_targets import TARGETS

DEFAULTS = ("-timeout=20", "-rss_limit_mb=2048", "-max_len=20000", "-verbosity=0")


def main(name: str, options: list[str]) -> None:
    """Fuzz one target; libFuzzer ends the process."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds()):
            (Path(folder) / str(number)).write_bytes(seed)
        chosen = {one.partition("=")[0] for one in options}
        defaults = [one for one in DEFAULTS if one.partition("=")[0] not in chosen]
        atheris.Setup([name, *defaults, *options, folder], target.attempt)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
