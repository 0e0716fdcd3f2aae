from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from betaneutral_xl.engine.neutral import Question, neutralise
from betaneutral_xl.errors import BetaNeutralError, InputError, UnreadableFile, Unwritable
from betaneutral_xl.job import sample
from betaneutral_xl.job.inputs import covariance_file, etf_file, holdings_file, read
from betaneutral_xl.job.snapshot import (
    MANIFEST,
    MANIFEST_HASH,
    pack,
    read_snapshot,
    unpack,
    versions,
    write_snapshot,
)
from betaneutral_xl.job.sources import from_snapshot
from betaneutral_xl.model.covariance_units import CovarianceUnit
from betaneutral_xl.model.portfolio import Etf, Holdings
from betaneutral_xl.model.provenance import Retrieval, digest
from betaneutral_xl.model.risk import Covariance
from betaneutral_xl.network.silverfund import SilverFund
from betaneutral_xl.readers.raw_input import Loaded, RawInput, Reader

if TYPE_CHECKING:
    from betaneutral_xl.network.stand_in import StandIn
    from betaneutral_xl.system.settings import Settings

PARAMETERS = {"method": "reweight", "target": ["IWV"], "constraints": {"upper": {"*": 0.1}}}


@pytest.fixture
def raw_inputs() -> tuple[RawInput, ...]:
    """Return the sample's raw inputs with the provenance that reading completed."""
    return (
        read(sample.raw_input(sample.HOLDINGS), Holdings).raw_input,
        read(sample.raw_input(sample.ETF), Etf).raw_input,
        read(sample.raw_input(sample.COVARIANCE), Covariance).raw_input,
    )


def test_a_snapshot_restores_inputs_parameters_and_versions(
    raw_inputs: tuple[RawInput, ...], tmp_path: Path
) -> None:
    write_snapshot(tmp_path / "run.zip", raw_inputs, PARAMETERS)
    snapshot = read_snapshot(tmp_path / "run.zip")
    assert dict(snapshot.parameters) == PARAMETERS
    assert dict(snapshot.versions) == versions()
    assert snapshot.differences() == ()
    for then, now in zip(raw_inputs, snapshot.raw_inputs, strict=True):
        assert (now.reader, now.name, now.content) == (then.reader, then.name, then.content)
        assert dict(now.options) == dict(then.options)
        assert now.provenance == then.provenance


def test_a_repeated_run_gives_the_same_bits(raw_inputs: tuple[RawInput, ...]) -> None:
    before = neutralise(Question(sample.load_holdings(), [sample.load_etf()], sample.load_covariance()))
    holdings, etf, covariance = unpack(pack(raw_inputs, {}), "run.zip").raw_inputs
    after = neutralise(
        Question(read(holdings, Holdings).value, [read(etf, Etf).value], read(covariance, Covariance).value)
    )
    assert after.new_weights.tobytes() == before.new_weights.tobytes()
    assert np.array_equal(after.predicted_beta, before.predicted_beta, equal_nan=True)
    assert after.tracking_error == before.tracking_error
    assert after.warnings == before.warnings
    assert after.aligned.risk_model.effective_days == before.aligned.risk_model.effective_days
    assert {source.retrieval for source in after.sources} == {Retrieval.SAMPLE}


def test_the_same_inputs_give_the_same_bytes(raw_inputs: tuple[RawInput, ...]) -> None:
    assert pack(raw_inputs, PARAMETERS) == pack(raw_inputs, dict(PARAMETERS))
    with zipfile.ZipFile(io.BytesIO(pack(raw_inputs, PARAMETERS))) as archive:
        assert archive.namelist() == [
            "manifest.json",
            "manifest.sha256",
            "inputs/1-holdings.json",
            "inputs/2-JHAI_sample.csv",
            "inputs/3-covariance.csv",
        ]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.create_system for info in archive.infolist()} == {3}
        assert archive.testzip() is None


def test_answers_of_the_api_survive_a_round_trip(
    fund_api: StandIn, settings_for: Callable[..., Settings]
) -> None:
    with SilverFund(settings_for(fund_api)) as fund:
        book = fund.loaded_holdings("quant_paper", "2025-11-18")
        model = fund.loaded_covariance(["NVDA", "BRK.B", "MSFT"])
    kept = unpack(pack([book.raw_input, model.raw_input], {}), "run.zip")
    (holdings,), (covariance,) = kept.of(Holdings), kept.of(Covariance)
    again = read(holdings, Holdings).value
    assert again.weights.tobytes() == book.value.weights.tobytes()
    assert again.provenance == replace(book.value.provenance, retrieval=Retrieval.SNAPSHOT)
    matrix = read(covariance, Covariance).value
    assert matrix.form.dense().tobytes() == model.value.form.dense().tobytes()
    assert b"not-to-be-seen" not in pack([book.raw_input, model.raw_input], {})


def test_warnings_are_repeated(raw_inputs: tuple[RawInput, ...]) -> None:
    line = "x.org cannot be reached. Used instead: the answer of yesterday."
    kept = unpack(pack([replace(raw_inputs[0], warnings=(line,))], {}), "run.zip")
    assert line in read(kept.raw_inputs[0], Holdings).value.warnings


def test_files_survive_a_round_trip(tmp_path: Path) -> None:
    (tmp_path / "fund.csv").write_text("ticker,weight\nA,0.4\nB,0.6\n", encoding="utf-8")
    (tmp_path / "AI.csv").write_text("ticker,weight\nA,50%\nB,50%\n", encoding="utf-8")
    (tmp_path / "v.csv").write_text("ticker,A,B\nA,400,100\nB,100,900\n", encoding="utf-8")
    sourced: list[Loaded[Any]] = [
        read(holdings_file(tmp_path / "fund.csv"), Holdings),
        read(etf_file(tmp_path / "AI.csv"), Etf),
        read(covariance_file(tmp_path / "v.csv", CovarianceUnit.PERCENT_SQUARED), Covariance),
    ]
    content = pack([one.raw_input for one in sourced], {})
    assert str(tmp_path).encode() not in content
    holdings, etf, covariance = unpack(content, "run.zip").raw_inputs
    assert read(holdings, Holdings).value.weights.tolist() == [0.4, 0.6]
    assert read(etf, Etf).value.weights.tolist() == [0.5, 0.5]
    assert read(covariance, Covariance).value.form.variances() == pytest.approx([0.04, 0.09])
    for then, now in zip(sourced, (holdings, etf, covariance), strict=True):
        assert now.provenance == replace(then.value.provenance, retrieval=Retrieval.SNAPSHOT)


def test_a_raw_input_of_another_type_is_refused(raw_inputs: tuple[RawInput, ...]) -> None:
    with pytest.raises(InputError, match=r"^covariance\.csv is a covariance, not holdings\.$"):
        read(raw_inputs[2], Holdings)


def test_other_versions_give_a_warning(raw_inputs: tuple[RawInput, ...]) -> None:
    snapshot = unpack(edited(pack(raw_inputs, {}), lambda m: m["versions"].update(numpy="1.0")), "run.zip")
    assert snapshot.differences() == (
        f"The snapshot was made with numpy 1.0 (here {np.__version__}): last digits may differ.",
    )


def test_a_path_that_cannot_be_written_raises(raw_inputs: tuple[RawInput, ...], tmp_path: Path) -> None:
    with pytest.raises(Unwritable):
        write_snapshot(tmp_path / "absent" / "run.zip", raw_inputs, {})


def test_file_names_in_the_archive_are_valid_on_every_system(raw_inputs: tuple[RawInput, ...]) -> None:
    names = ["../../etc/passwd", "C:\\con.csv", ".bashrc", "größe?.csv", "x" * 300, "a\x00b", ""]
    content = pack([replace(raw_inputs[0], name=name) for name in names], {})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist()[2:] == [
            "inputs/1-_.._etc_passwd",
            "inputs/2-C__con.csv",
            "inputs/3-bashrc",
            "inputs/4-gr__e_.csv",
            f"inputs/5-{'x' * 60}",
            "inputs/6-a_b",
            "inputs/7-input",
        ]


# ------------------------------------------------------------------ damaged or hostile


def edited(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return a snapshot whose manifest has been changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files[MANIFEST])
    change(manifest)
    files[MANIFEST] = json.dumps(manifest).encode()
    files[MANIFEST_HASH] = digest(files[MANIFEST]).encode()
    return zipped(files)


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_a_changed_input_is_found(raw_inputs: tuple[RawInput, ...]) -> None:
    content = pack(raw_inputs, {})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["inputs/1-holdings.json"] = files["inputs/1-holdings.json"].replace(b"1834.0", b"1835.0")
    with pytest.raises(UnreadableFile) as caught:
        unpack(zipped(files), "run.zip")
    assert str(caught.value) == (
        "run.zip has a changed 'inputs/1-holdings.json': its SHA-256 is not that of the manifest. "
        "Use a snapshot file written by betaneutral-xl."
    )


def test_a_changed_manifest_is_found(raw_inputs: tuple[RawInput, ...]) -> None:
    content = pack(raw_inputs, {"method": "hedge"})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[MANIFEST] = files[MANIFEST].replace(b'"hedge"', b'"scaled"')
    with pytest.raises(UnreadableFile, match="has a changed manifest: its SHA-256 is another"):
        unpack(zipped(files), "run.zip")


def test_a_snapshot_of_format_1_is_read(raw_inputs: tuple[RawInput, ...]) -> None:
    content = edited(pack(raw_inputs, {"constraints": {"upper": 0.1}}), lambda m: m.update(version=1))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != MANIFEST_HASH}
    assert unpack(zipped(files), "run.zip").parameters == {"constraints": {"upper": 0.1}}


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another format": lambda m: m.update(format="other"),
    "a later version": lambda m: m.update(version=3),
    "no inputs": lambda m: m.pop("inputs"),
    "an input that is not there": lambda m: m["inputs"][0].update(file="inputs/9"),
    "an input twice": lambda m: m["inputs"].append(m["inputs"][0]),
    "an input that is not named": lambda m: m["inputs"].pop(),
    "an unknown reader": lambda m: m["inputs"][0].update(reader="pickle"),
    "no provenance": lambda m: m["inputs"][0].pop("provenance"),
    "an invalid date": lambda m: m["inputs"][0]["provenance"].update(as_of="soon"),
    "parameters that are a list": lambda m: m.update(parameters=[1]),
    "options that are a list": lambda m: m["inputs"][0].update(options=[1]),
    "a file name that is a list": lambda m: m["inputs"][0].update(file=[]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_inconsistent_manifest_is_refused(
    change: Callable[[dict[str, Any]], object], raw_inputs: tuple[RawInput, ...]
) -> None:
    with pytest.raises(
        UnreadableFile, match=r"^run\.zip .* Use a snapshot file written by betaneutral-xl\.$"
    ):
        unpack(edited(pack(raw_inputs, {}), change), "run.zip")


def overlapping(content: bytes) -> bytes:
    """Return an archive whose directory lists the bytes of one file as many files."""
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        (info,) = [info for info in archive.infolist() if info.filename.endswith("covariance.csv")]
        for number in range(20):
            twin = zipfile.ZipInfo(f"{number}{info.filename[1:]}")
            for name in ("header_offset", "CRC", "file_size", "compress_size", "flag_bits", "extra"):
                setattr(twin, name, getattr(info, name))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive._didModify = True  # type: ignore[attr-defined] # write the directory again
    return stream.getvalue()


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no archive": (lambda _: b"ticker,weight\n", "is not a snapshot, or damaged (BadZipFile)"),
    "nothing": (lambda _: b"", "is not a snapshot, or damaged (BadZipFile)"),
    "cut off": (lambda good: good[: len(good) // 2], "is not a snapshot, or damaged (BadZipFile)"),
    "a workbook": (lambda _: zipped({"xl/workbook.xml": b"<x/>"}), "is a ZIP archive, but not a snapshot"),
    "a bomb": (
        lambda _: zipped({MANIFEST: b" " * 10_000_000}, zipfile.ZIP_DEFLATED),
        "is compressed, or its uncompressed size exceeds the limit",
    ),
    "overlapping files": (overlapping, "is compressed, or its uncompressed size exceeds the limit"),
    "many files": (
        lambda _: zipped({MANIFEST: b"{}", **{f"inputs/{i}": b"" for i in range(100)}}),
        "has 101 files, more than 64, or two with the same name",
    ),
    "a manifest that is too large": (
        lambda _: zipped({MANIFEST: b" " * 5_000_000}),
        "has a manifest that exceeds the size limit",
    ),
    "a manifest that is not JSON": (
        lambda _: zipped({MANIFEST: b"{"}),
        "is not a snapshot, or damaged (JSONDecodeError)",
    ),
    "a manifest that is a list": (
        lambda _: zipped({MANIFEST: b"[]"}),
        "is not a snapshot, or damaged (TypeError)",
    ),
    "a manifest nested too deeply": (
        lambda _: zipped({MANIFEST: b"[" * 200_000}),
        "is not a snapshot, or damaged (RecursionError)",
    ),
    "a path out of the archive": (
        lambda good: edited_with(good, "../../outside", b"x"),
        "has '../../outside', which is not in its manifest",
    ),
}


def edited_with(content: bytes, name: str, extra: bytes) -> bytes:
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(name, extra)
    return stream.getvalue()


@pytest.mark.parametrize(("make", "words"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_archives_are_refused(
    make: Callable[[bytes], bytes], words: str, raw_inputs: tuple[RawInput, ...]
) -> None:
    with pytest.raises(UnreadableFile) as caught:
        unpack(make(pack(raw_inputs, {})), "run.zip")
    assert str(caught.value).startswith(f"run.zip {words}. Use ")


def test_a_damaged_byte_is_found(raw_inputs: tuple[RawInput, ...]) -> None:
    good = pack(raw_inputs, {})
    place = good.index(b"date,ticker") + 2000
    bad = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
    with pytest.raises(UnreadableFile, match="BadZipFile"):
        unpack(bad, "run.zip")


SMALL = RawInput(
    reader=Reader.COVARIANCE,
    name="v.csv",
    content=b"ticker,A\nA,0.04\n",
    provenance=replace(
        Covariance.from_matrix(["A"], np.array([[0.04]])).provenance,
        as_of=date(2025, 11, 18),
        fetched_at=datetime(2025, 11, 18, tzinfo=UTC),
    ),
)


@given(st.data())
def test_any_damage_raises_the_packages_own_error(data: st.DataObject) -> None:
    good = pack([SMALL], {"method": "hedge"})
    place = data.draw(st.integers(0, len(good) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=8))
    bad = good[:place] + patch + good[place + len(patch) :]
    try:
        snapshot = unpack(bad, "run.zip")
        contents = [read(one, Covariance).raw_input.data for one in snapshot.raw_inputs]
    except BetaNeutralError:
        return
    assert [digest(content) for content in contents] == [digest(SMALL.data)]


ODD_TEXTS = ("", "yesterday", "inf", "nan", "-1", "1e999", "9" * 400, "a\nb\x1b[31m", "\ud800", "2025-13-45")
ODD_VALUES: tuple[Any, ...] = (None, True, -1, 1e308, 2**70, [], [[[]]], {}, {"": None}, ["IWV", 3])


def leaves(value: object, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of all values within lists and mappings."""
    within = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(leaf for key, one in within for leaf in leaves(one, (*place, key)))]


def put(value: Any, place: tuple[Any, ...], new: object) -> None:
    for key in place[:-1]:
        value = value[key]
    value[place[-1]] = new


ASKED = {
    "method": "reweight",
    "target": ["IWV"],
    "max_trades": 5,
    "turnover": 0.2,
    "upper": {"*": 0.1},
    "long_only": True,
    "net": "0%..100%",
    "lot_size": 1,
    "confidence": 0.95,
}


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_odd_value_in_a_manifest_is_used_or_refused_in_one_line(
    data: st.DataObject, raw_inputs: tuple[RawInput, ...], tmp_path: Path
) -> None:
    full = (
        replace(raw_inputs[0], options={**raw_inputs[0].options, "nav": "1e6"}),
        replace(raw_inputs[1], options={**raw_inputs[1].options, "today": "2025-11-18", "tickers": "X=Y"}),
        replace(raw_inputs[2], options={**raw_inputs[2].options, "unit": "annual"}),
    )
    manifest: dict[str, Any] = {}
    edited(pack(full, ASKED), manifest.update)
    place = data.draw(st.sampled_from(leaves(manifest)[1:]))
    new = data.draw(st.sampled_from([*ODD_TEXTS, *ODD_VALUES]))
    path = tmp_path / "run.zip"
    path.write_bytes(edited(pack(full, ASKED), lambda one: put(one, place, new)))
    line = ""
    try:
        from_snapshot(path)
    except BetaNeutralError as error:
        line = str(error)
    assert line.isprintable()


OPTIONS: dict[str, tuple[int, dict[str, str]]] = {
    "a day that is none": (1, {"today": "yesterday"}),
    "a unit that is none": (2, {"unit": "furlongs"}),
    "a value that is not finite": (0, {"nav": "inf"}),
    "days that are not finite": (2, {"effective_days": "nan"}),
    "a retrieval that is none": (1, {"retrieval": "pigeon"}),
    "an unknown option": (0, {"sheets": "1"}),
}


@pytest.mark.parametrize(("number", "options"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_cannot_be_used_are_found_on_reading(
    number: int, options: dict[str, str], raw_inputs: tuple[RawInput, ...]
) -> None:
    changed = [replace(one, options=options) if i == number else one for i, one in enumerate(raw_inputs)]
    with pytest.raises(UnreadableFile, match=r"^run\.zip has an option that cannot be used\. .*"):
        unpack(pack(changed, {}), "run.zip")
