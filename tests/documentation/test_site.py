"""The pages that are made from the code, and the check of the built site."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import check_site
import generated_pages
import json_schemas
import jsonschema
import pytest
from documentation.blocks import ROOT

from betaneutral_xl import errors
from betaneutral_xl.hosts.cli.commands import COMMANDS
from betaneutral_xl.system import settings

OTHER_RUNS: dict[str, list[tuple[str, ...]]] = {
    "rebalance": [
        ("--sample", "--method", "fewest_trades", "--target", "0.3"),
        ("--sample", "--etf", "demo", "second.csv", "--ridge", "0.1"),
    ],
    "orders": [("--sample", "--order-prices", "demo", "--lot", "100")],
    "compare": [("--sample", "--cost-bp", "5")],
    "feasible": [("--sample", "--long-only", "--target", "0.9")],
    "betas": [("--sample", "--market", "IWV")],
    "etf": [("JHAI.csv",)],
}
"""Runs whose outputs the schemas were not made from."""


@pytest.mark.parametrize("command", json_schemas.RUNS)
def test_the_schema_of_a_command_describes_other_runs_too(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    json_schemas.write_inputs(tmp_path)
    schema = json_schemas.schemas_of([command])[command]
    jsonschema.Draft202012Validator.check_schema(schema)
    monkeypatch.setitem(json_schemas.RUNS, command, OTHER_RUNS[command])
    found = json_schemas.outputs(command, tmp_path)
    assert found
    for output in found:
        jsonschema.validate(output, schema, cls=jsonschema.Draft202012Validator)


def test_a_schema_refuses_an_output_that_lacks_a_key() -> None:
    schema = json_schemas.schemas_of(["orders"])["orders"]
    with pytest.raises(jsonschema.ValidationError, match="is a required property"):
        jsonschema.validate({"fund": "x"}, schema)


def test_the_page_of_commands_has_every_command_and_exit_code() -> None:
    page = generated_pages.command_line()
    assert {f"\n### {name}\n" for name in COMMANDS} <= set(re.findall(r"\n### .+\n", page))
    codes = {error.exit_code for error in errors.BetaNeutralError.__subclasses__()}
    shown = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert shown == {0, 1, 10, 130, 141} | codes


def test_the_page_of_settings_has_every_variable_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETANEUTRAL_TOKEN", "secret-token")
    page = generated_pages.settings_page()
    for name in settings._READERS:
        assert f"`BETANEUTRAL_{name}`" in page
    assert "secret-token" not in page


def test_every_error_has_a_cause_and_a_remedy() -> None:
    page = generated_pages.errors_page()
    kinds = [
        one for one in vars(errors).values() if inspect.isclass(one) and one.__module__ == errors.__name__
    ]
    families = errors.BetaNeutralError.__subclasses__()
    for kind in kinds:
        if kind is not errors.BetaNeutralError and kind not in families:
            assert f"| `{kind.__name__}` |" in page
            assert len(generated_pages.remedy(kind)) > 20


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="other.html">x</a>', ""),
        ('<a href="other.html#there">x</a>', ""),
        ('<a href="other.html#gone">x</a>', "index.html links to other.html#gone"),
        ('<a href="gone.html">x</a>', "index.html links to gone.html"),
        ('<img src="gone.png">', "index.html links to gone.png"),
        ('<script src="https://cdn.example/x.js"></script>', "index.html loads https://cdn.example/x.js"),
        (
            '<link rel="stylesheet" href="https://fonts.example/x.css">',
            "index.html loads https://fonts.example",
        ),
        ('<a href="https://example.org">x</a>', ""),
    ],
)
def test_the_check_of_the_site_finds_dead_links_and_what_needs_the_network(
    tmp_path: Path, body: str, fault: str
) -> None:
    (tmp_path / "other.html").write_text('<p id="there">', encoding="utf-8")
    (tmp_path / "index.html").write_text(body, encoding="utf-8")
    found = check_site.faults(tmp_path)
    assert len(found) == bool(fault)
    assert not fault or found[0].startswith(fault)


def test_the_index_for_machines_names_pages_that_exist() -> None:
    text = (ROOT / "llms.txt").read_text(encoding="utf-8")
    made = set(generated_pages.pages(ROOT))
    for link in re.findall(r"\]\(([^)]+)\)", text):
        page = link.replace(".html", ".md")
        assert page in made or (ROOT / "docs" / page).is_file(), link
