"""Pages of the documentation site that are made from the code when it is built."""

from __future__ import annotations

import argparse
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

import json_schemas

from betaneutral_xl import errors
from betaneutral_xl.hosts.cli import build_parser
from betaneutral_xl.hosts.cli.commands import TASKS
from betaneutral_xl.system import settings

MADE = "<!-- made from the code by tools/generated_pages.py -->\n"


def pages(root: Path) -> dict[str, str]:
    """Return the contents of generated pages and files by their place on the site."""
    schemas = json_schemas.schemas()
    return {
        "reference/command-line.md": command_line(),
        "reference/settings.md": settings_page(),
        "reference/errors.md": errors_page(),
        "reference/json.md": json_page(schemas),
        "changes.md": _for_site((root / "CHANGELOG.md").read_text(encoding="utf-8")),
        "contributing.md": _for_site((root / "CONTRIBUTING.md").read_text(encoding="utf-8")),
        "security.md": _for_site((root / "SECURITY.md").read_text(encoding="utf-8")),
        "llms.txt": (root / "llms.txt").read_text(encoding="utf-8"),
        **{
            f"reference/schemas/{name}.json": json.dumps(schema, indent=2) + "\n"
            for name, schema in schemas.items()
        },
    }


def _for_site(text: str) -> str:
    """Return a page of the repository's root with its links as seen from the site's root."""
    return text.replace("](docs/", "](")


# ---------------------------------------------------------------- the command line


def command_line() -> str:
    """Return the page of all commands and their options, from the parsers."""
    parser = build_parser()
    commands = _commands(parser)
    parts = [
        MADE,
        "# Command line\n",
        "`betaneutral-xl COMMAND --help` shows the same in a terminal. What the values of shared options",
        "mean is in [Options](../options.md).\n",
        *_exit_codes(parser.epilog or ""),
    ]
    for task, names in TASKS.items():
        parts += [f"## {task[0].upper()}{task[1:]}\n"]
        for name in names:
            parts += _command(name, commands[name])
    return "\n".join(parts)


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _exit_codes(epilog: str) -> list[str]:
    codes = dict(re.findall(r"(?:^|\s{2,})(\d{1,3})  (\S.*?)(?=\s{2,}|$)", epilog, re.MULTILINE))
    rows = [f"| {code} | {meaning} |" for code, meaning in sorted(codes.items(), key=lambda one: int(one[0]))]
    return ["| exit code | meaning |", "|---|---|", *rows, ""]


def _command(name: str, parser: argparse.ArgumentParser, depth: int = 3) -> list[str]:
    lines = [f"{'#' * depth} {name}\n", f"{_text(parser.description or '')}\n"]
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no other list
        rows = [row for action in group._group_actions if (row := _row(action))]  # noqa: SLF001
        if rows:
            lines += [f"**{(group.title or '').capitalize()}**\n", "| option | |", "|---|---|", *rows, ""]
    if parser.epilog:
        lines += ["```text", parser.epilog.strip("\n").replace("%%", "%"), "```", ""]
    for action, command in _commands(parser).items():
        lines += _command(f"{name} {action}", command, depth + 1)
    return lines


def _row(action: argparse.Action) -> str:
    if isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)):  # noqa: SLF001
        return ""
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else "")
    shown = " ".join(value) if isinstance(value, tuple) else str(value)
    names = ", ".join(f"`{one}`" for one in action.option_strings) or f"`{shown or action.dest}`"
    written = f"{names} `{shown}`" if shown and action.option_strings else names
    words = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
    return f"| {_text(written)} | {_text(words)} |"


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


# ---------------------------------------------------------------- settings


def settings_page() -> str:
    """Return the page of environment variables, from the class of settings."""
    described = dict(_attributes(inspect.getdoc(settings.Settings) or ""))
    defaults = settings.Settings()
    rows = []
    for variable, (attribute, _) in settings._READERS.items():  # noqa: SLF001 - the table of variables
        names = next(key for key in described if attribute in key.split(", "))
        default = "" if attribute in {"token", "cache", "downloads"} else _shown(getattr(defaults, attribute))
        rows.append(f"| `{settings.PREFIX}{variable}` | {default} | {_sentence(described[names])} |")
    fields = [f"| `{names}` | {_sentence(text)} |" for names, text in described.items()]
    return "\n".join(
        [
            MADE,
            "# Settings\n",
            "Settings are environment variables, the same for every host. Excel and Calc read them when they",
            "start Python: after a change, start the program again.\n",
            "| variable | default | |",
            "|---|---|---|",
            *rows,
            "",
            "The token is read from `BETANEUTRAL_TOKEN`, else from the keyring of the operating system",
            "(`pip install 'betaneutral-xl[keyring]'`, then `keyring set betaneutral-xl silverfund`). It",
            "is in no workbook, log or report. `NO_COLOR` turns off all escape sequences.\n",
            "In Python the same are fields of `Settings`, which every function that fetches takes:\n",
            "| field | |",
            "|---|---|",
            *fields,
            "",
        ]
    )


def _attributes(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of a numpydoc section Attributes."""
    section = docstring.partition("Attributes\n----------\n")[2]
    for entry in re.split(r"\n(?=\S)", section):
        names, _, text = entry.partition("\n")
        yield names.strip(), " ".join(text.split())


def _sentence(text: str) -> str:
    return _text(text.replace("``", "`"))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if isinstance(value, frozenset) else f"`{value}`"


# ---------------------------------------------------------------- errors


def errors_page() -> str:
    """Return the page of errors: what each means and what to do, from their docstrings."""
    lines = [
        MADE,
        "# Errors\n",
        "An error is one line: what, where, the value, and what to do. On the command line it is on standard",
        "error with the exit code of its family; in a cell it begins with `#BETA!`; in Python it is an",
        "exception whose `tickers` are the names that it is about.\n",
    ]
    for family in errors.BetaNeutralError.__subclasses__():
        lines += [f"## {family.__name__}\n", f"Exit code {family.exit_code}. {summary(family)}\n"]
        lines += ["| error | cause | remedy |", "|---|---|---|"]
        lines += [f"| `{kind.__name__}` | {summary(kind)} | {remedy(kind)} |" for kind in _kinds(family)]
        lines.append("")
    return "\n".join(lines)


def _kinds(family: type[errors.BetaNeutralError]) -> Iterator[type[errors.BetaNeutralError]]:
    for kind in family.__subclasses__():
        if kind.__module__ == errors.__name__:  # others are caught where they are raised
            yield kind
            yield from _kinds(kind)


def summary(kind: type) -> str:
    """Return the first paragraph of a class's docstring."""
    return _sentence(" ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split()))


def remedy(kind: type) -> str:
    """Return what to do about an error: the paragraph of its docstring that begins with Remedy."""
    found = re.search(r"Remedy: (.*?)(?:\n\n|\Z)", inspect.getdoc(kind) or "", re.DOTALL)
    if found is None:
        msg = f"{kind.__name__} has no remedy in its docstring"
        raise ValueError(msg)
    text = " ".join(found[1].split())
    return _sentence(f"{text[0].upper()}{text[1:]}")


# ---------------------------------------------------------------- JSON


def json_page(schemas: dict[str, dict[str, object]]) -> str:
    """Return the page of the JSON outputs, from their schemas."""
    lines = [
        MADE,
        "# JSON\n",
        "`--json` prints one object. Numbers have all their digits; weights, exposures and volatilities are",
        "decimals, amounts are in the base currency, and what is unknown is `null`. Keys stay; new ones may",
        "be added.\n",
        "Each schema is [JSON Schema](https://json-schema.org) 2020-12; a test validates the outputs.\n",
    ]
    for name, schema in schemas.items():
        lines += [f"## {name}\n", f"[The schema](schemas/{name}.json)\n", "| key | type | |", "|---|---|---|"]
        lines += [f"| `{key}` | {kind} | {_text(text)} |" for key, kind, text in json_schemas.rows(schema)]
        lines.append("")
    return "\n".join(lines)
