"""The options for what is required of the answer, made from the table of options."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from betaneutral_xl.errors import InputError
from betaneutral_xl.job.option_files import read_options
from betaneutral_xl.job.options import BY_NAME, Kind, Option, Section, of_section
from betaneutral_xl.model.constraints import ALL

REQUIRED = (Section.AIM, Section.LIMITS, Section.LEGS)
"""Sections of the table whose options say what is required of the answer."""

EPILOG = """\
limits (for reweight, least_squares and fewest_trades):
  weights are decimals or percent: 0.05 and 5% are the same; a negative one needs =, as in --lower=-2%
  without a percent sign, a weight or turnover above 1 (or a gross exposure above 5) is refused
  a RANGE is a number, or LOW:HIGH of which one end may be omitted: 0.1:0.3, :0.3, 0.1:
  limits in a file, --constraints limits.toml:
      long_only = true
      upper = {"*" = 0.05, NVDA = 0.08}
      groups = {Semis = ["NVDA", "AMD", "TSM"]}
      group_limits = {Semis = [0.1, 0.3]}
      turnover = 0.25
"""


def add_arguments(
    parser: argparse.ArgumentParser, *sections: Section, leave_out: Collection[str] = ()
) -> None:
    """Add the options of some sections of the table, a group of ``--help`` each.

    With the limits comes the file that they can stand in.
    """
    for section in sections:
        group = parser.add_argument_group(section.value)
        if section is Section.LIMITS:
            group.add_argument(
                "--constraints",
                metavar="FILE.toml",
                type=Path,
                help="read limits and other options of these groups from a file; an option given beside it "
                "replaces the file's",
            )
        for option in of_section(section):
            if option.name not in leave_out:
                add_option(group, option)


def add_options(group: argparse._ActionsContainer, *names: str) -> None:
    """Add some options of the table by their names."""
    for name in names:
        add_option(group, BY_NAME[name])


def destination(name: str) -> str:
    """Return the attribute of the parsed command line that an option of the table has."""
    return BY_NAME[name].destination


def add_option(group: argparse._ActionsContainer, option: Option) -> None:
    """Add one option of the table; its value stays text, which ``Request`` reads."""
    if option.kind is Kind.YES_NO and option.section in REQUIRED:  # a file or a snapshot may say yes
        group.add_argument(option.flag, action=argparse.BooleanOptionalAction, help=_help(option))
    elif option.kind is Kind.YES_NO:
        group.add_argument(option.flag, action="store_const", const=True, help=_help(option))
    elif option.several:
        add_several(group, option.flag, option.metavar.partition(",")[0], _help(option))
    elif option.per:
        group.add_argument(option.flag, metavar=option.metavar, action="append", help=_help(option))
    else:
        metavar = f"{{{','.join(option.choices)}}}" if option.kind is Kind.CHOICE else option.metavar
        group.add_argument(option.flag, metavar=metavar, help=_help(option))


def add_several(group: argparse._ActionsContainer, flag: str, metavar: str, text: str, **more: Any) -> None:
    """Add an option that takes several values, and may be repeated; ``text`` is its help."""
    group.add_argument(flag, metavar=metavar, nargs="+", action="extend", help=text, **more)


def _help(option: Option) -> str:
    words = option.help + ("; may be repeated" if option.per else "")
    if option.default is not None:
        shown = f"{option.default:g}" if isinstance(option.default, float) else str(option.default)
        words += f" (default: {shown})"
    return words.replace("%", "%%")


def typed(args: argparse.Namespace, *sections: Section, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return the options of some sections that a command line gives, by name, as typed.

    With the limits come the options of the ``--constraints`` file that are not given beside it.

    Raises
    ------
    InputError
        If one is given twice, or without a name where it needs one.

    """
    file = getattr(args, "constraints", None) if Section.LIMITS in sections else None
    found = read_options(file) if file else {}
    for option in of_section(*sections):
        value = getattr(args, option.destination, None)
        if value is not None and option.name not in leave_out:
            listed = option.per and option.kind is not Kind.TARGET
            found[option.name] = _by_name(option, value) if listed else value
    return found


def _by_name(option: Option, texts: Sequence[str]) -> dict[str, Any]:
    """Read VALUE and NAME=VALUE, each name once."""
    values: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=") if option.named else text.rpartition("=")
        key = name.strip() if sign else ALL
        if (option.named and not sign) or key in values or (not option.named and "=" in key):
            reason = f"has two values for {key}"
            if option.named and not sign:
                reason = f"needs {option.metavar}"
            elif "=" in key:
                reason = f"has several names: give {option.flag} once for each"
            msg = f"The option {option.flag} {text} {reason}."
            raise InputError(msg)
        values[key] = value
    return values
