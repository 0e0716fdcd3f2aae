"""A snapshot that is damaged and mended in any order gives the answer of its run, or is refused."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from betaneutral_xl.hosts.cli import main


def run(*words: str) -> tuple[int, str, str]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(list(words))
    return code, out.getvalue(), err.getvalue()


@cache
def saved(target: str) -> tuple[bytes, str]:
    """Return a snapshot of the sample's run to a target, and the run's weights."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.zip"
        code, out, err = run("rebalance", "--sample", "--target", target, "--snapshot", str(file), "--json")
        assert code == 0, err
        return file.read_bytes(), weights_of(out)


def weights_of(out: str) -> str:
    return json.dumps(json.loads(out)["weights"])


class SnapshotStates(RuleBasedStateMachine):
    """A snapshot's file beside the one that was saved."""

    @initialize(beta=st.sampled_from(["0", "0.1"]))
    def start(self, beta: str) -> None:
        """Save a run."""
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "run.zip"
        self.save(beta)

    def teardown(self) -> None:
        """Remove the folder."""
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(beta=st.sampled_from(["0", "0.1"]))
    def save(self, beta: str) -> None:
        """Save a run over what is there."""
        self.good, self.weights = saved(beta)
        self.path.write_bytes(self.good)

    @rule(place=st.floats(0.0, 0.999), change=st.integers(1, 255))
    def alter(self, place: float, change: int) -> None:
        """Alter one byte."""
        content = bytearray(self.path.read_bytes())
        if content:
            content[int(place * len(content))] ^= change
        self.path.write_bytes(content)

    @rule(part=st.floats(0.0, 0.999))
    def cut(self, part: float) -> None:
        """Keep the beginning alone."""
        content = self.path.read_bytes()
        self.path.write_bytes(content[: int(part * len(content))])

    @rule(behind=st.sampled_from([b"\0", b"PK\x05\x06", b"\n"]))
    def lengthen(self, behind: bytes) -> None:
        """Add something behind its end."""
        self.path.write_bytes(self.path.read_bytes() + behind)

    @rule()
    def replay(self) -> None:
        """Repeat the run: the same answer to the last digit, or a refusal."""
        code, out, err = run("rebalance", "--from-snapshot", str(self.path), "--json")
        if code:
            assert code == 2, err
            (line,) = err.splitlines()
            assert line.isprintable()
            assert self.path.read_bytes() != self.good, line
        else:
            assert weights_of(out) == self.weights


SnapshotStates.TestCase.settings = settings(max_examples=30, stateful_step_count=8, derandomize=True)
TestSnapshotStates = SnapshotStates.TestCase
