"""Large covariance files: memory, what is kept of them, and that a changed file is read again."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.job import matrix_cache
from betaneutral_xl.job.inputs import covariance_file, read
from betaneutral_xl.job.snapshot import pack, unpack
from betaneutral_xl.model.provenance import digest
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.readers.raw_input import Reader
from betaneutral_xl.system import files
from betaneutral_xl.system.files import LargeFile

NAMES = ("AAA", "BBB", "CCC")
LONG_AGO = 1_700_000_000


def table(variance: str = "0.09") -> str:
    rows = [f"AAA,{variance},0.02,0.01", "BBB,0.02,0.16,0.03", "CCC,0.01,0.03,0.25"]
    return "\n".join(["ticker," + ",".join(NAMES), *rows, "# effective_days,100", ""])


@pytest.fixture(autouse=True)
def _all_files_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LIMIT", 10)
    monkeypatch.setattr(matrix_cache, "SETTLED", -60.0)
    monkeypatch.setenv("BETANEUTRAL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "v.csv"
    path.write_text(table(), encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def covariance(path: Path) -> Covariance:
    return read(covariance_file(path), Covariance).value


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "cache").rglob("*.answer"))


def refuse_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_: object) -> None:
        pytest.fail("the text was parsed again")

    monkeypatch.setattr(matrix_cache, "parse_plain_file", parse)


@pytest.mark.usefixtures("simdjson")
def test_what_is_kept_gives_the_same_covariance_without_the_text(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = covariance(file)
    refuse_parsing(monkeypatch)
    again = covariance(file)
    assert again.tickers == first.tickers == NAMES
    assert again.form.dense().tobytes() == first.form.dense().tobytes()
    assert again.effective_days == first.effective_days == 100.0
    assert again.provenance.sha256 == first.provenance.sha256 == digest(file.read_bytes())


def test_a_file_in_memory_gives_the_same_covariance(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = covariance(file)
    monkeypatch.setattr(files, "LIMIT", 2**20)
    small = covariance(file)
    assert small.form.dense().tobytes() == large.form.dense().tobytes()
    assert small.provenance.sha256 == large.provenance.sha256


def test_a_change_that_leaves_size_and_date_is_seen(file: Path) -> None:
    assert covariance(file).form.variances()[0] == 0.09
    for variance in ("0.10", "0.11"):
        file.write_text(table(variance), encoding="utf-8")
        os.utime(file, (LONG_AGO, LONG_AGO))
        assert covariance(file).form.variances()[0] == float(variance)


def test_a_file_in_the_place_of_another_is_seen(file: Path, tmp_path: Path) -> None:
    covariance(file)
    other = tmp_path / "other.csv"
    other.write_text(table("0.12"), encoding="utf-8")
    os.utime(other, (LONG_AGO, LONG_AGO))
    other.replace(file)
    assert covariance(file).form.variances()[0] == 0.12


@pytest.mark.usefixtures("simdjson")
def test_the_hash_decides_where_the_system_does_not_record_changes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"size": 1, "changed": [0, 0], "identity": [0, 0]}
    monkeypatch.setattr(matrix_cache, "_state", lambda _: state)
    monkeypatch.setattr(matrix_cache, "RECORDS_CHANGES", False)
    covariance(file)
    file.write_text(table("0.10"), encoding="utf-8")
    assert covariance(file).form.variances()[0] == 0.10
    refuse_parsing(monkeypatch)
    assert covariance(file).form.variances()[0] == 0.10


def test_a_file_that_was_just_changed_is_not_kept(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_cache, "SETTLED", 3600.0)
    covariance(file)
    assert not kept(tmp_path)


def test_nothing_is_kept_where_that_is_switched_off(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BETANEUTRAL_CACHE_MATRICES", "no")
    covariance(file)
    assert not kept(tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda _: b"{}"])
@pytest.mark.usefixtures("simdjson")
def test_damaged_numbers_are_not_used(file: Path, tmp_path: Path, damage: object) -> None:
    first = covariance(file)
    (one,) = kept(tmp_path)
    assert callable(damage)
    one.write_bytes(damage(one.read_bytes()))
    assert covariance(file).form.dense().tobytes() == first.form.dense().tobytes()


def test_a_cache_that_cannot_be_written_does_not_stop_a_run(file: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the place of the folder", encoding="utf-8")
    assert covariance(file).tickers == NAMES


def test_cells_that_are_not_plain_are_read_with_care_and_not_kept(file: Path, tmp_path: Path) -> None:
    file.write_text(table('"0.09"'), encoding="utf-8")
    assert covariance(file).form.variances()[0] == 0.09
    assert not kept(tmp_path)


def test_a_snapshot_has_the_bytes_of_a_large_file(file: Path) -> None:
    loaded = read(covariance_file(file), Covariance)
    assert isinstance(loaded.raw_input.content, LargeFile)
    (again,) = unpack(pack([loaded.raw_input], {}), "run.zip").raw_inputs
    assert again.reader is Reader.COVARIANCE
    assert again.data == file.read_bytes()


def test_a_snapshot_of_a_file_that_has_changed_since_is_refused(file: Path) -> None:
    loaded = read(covariance_file(file), Covariance)
    file.write_text(table("0.10"), encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"v\.csv has changed since it was read"):
        pack([loaded.raw_input], {})


def plain(n: int) -> bytes:
    """Return a covariance whose text is quickly made."""
    names = [f"T{i}" for i in range(n)]
    rows = (f"{name}," + "0.01," * i + "0.06" + ",0.01" * (n - 1 - i) for i, name in enumerate(names))
    return "\n".join(["ticker," + ",".join(names), *rows, ""]).encode()


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.usefixtures("simdjson")
def test_no_more_than_the_matrix_and_a_third_is_in_memory(tmp_path: Path, *, again: bool) -> None:
    path, n = tmp_path / "v.csv", 2400
    path.write_bytes(plain(n))
    if again:
        covariance(path)
    else:
        covariance(tmp_path / "v.csv").form.variances()  # what is imported on the way
        for one in kept(tmp_path):
            one.unlink()
    tracemalloc.start()
    found = covariance(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(found.form.variances(), 0.06)
    assert peak < 1.3 * 8 * n * n
