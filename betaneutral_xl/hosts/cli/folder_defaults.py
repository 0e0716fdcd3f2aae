"""Defaults of a folder: options that stand in ``betaneutral.toml`` instead of being typed each time.

Each is put where the command line has none, as if it had been typed there: what it means is decided by the
parser of all options.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from betaneutral_xl.errors import InputError, listing
from betaneutral_xl.hosts.cli import output
from betaneutral_xl.job.option_files import read_options
from betaneutral_xl.job.options import BY_NAME, Kind, Option, Section
from betaneutral_xl.model.constraints import ALL
from betaneutral_xl.model.values import option_name
from betaneutral_xl.system.words import did_you_mean

FILE_NAME = "betaneutral.toml"
"""The file, in the current folder."""

_INSTEAD: tuple[frozenset[str], ...] = (
    frozenset({"holdings", "account", "fx", "fund", "as_of", "nav"}),
    frozenset({"etf", "etf_fund", "tickers"}),
    frozenset({"covariance", "covariance_unit", "prices", "estimator", "window", "drift_prices"}),
    frozenset({"target", "beta"}),
)
"""Options of the file that a typed one of the same set replaces, if that names a source or an aim."""

_NAMING = frozenset({"holdings", "fund", "etf", "covariance", "prices", "target", "beta"})


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that leaves the file out."""
    parser.add_argument(
        "--no-defaults",
        action="store_true",
        help=f"leave out the options in {FILE_NAME} of this folder, if there is one",
    )


def fill(args: argparse.Namespace, file: Path | None = None) -> None:
    """Put the options of the file where the command line has none, and say which on standard error.

    The sample and a snapshot have inputs and options of their own: beside them the file is left out.

    Raises
    ------
    InputError
        If the file cannot be read, or has an option that there is not.

    """
    path = Path(FILE_NAME) if file is None else file
    if getattr(args, "no_defaults", True) or args.sample or args.from_snapshot or not path.is_file():
        return
    used = list(_usable(read(path), args))
    for option, value in used:
        setattr(args, option.destination, value)
    if used:
        names = listing([option.name for option, _ in used], limit=len(used))
        output.say(f"Defaults of {path.name}: {names}", "dim", stderr=True)


def read(path: Path) -> dict[str, Any]:
    """Return the options of the file by their names.

    Raises
    ------
    InputError
        If there is no option of a name, or it is of one run only.

    """
    found: dict[str, Any] = {}
    for key, value in read_options(path).items():
        name = option_name(key)
        if name not in BY_NAME or BY_NAME[name].section is Section.NETWORK:
            nearest = did_you_mean(name, BY_NAME)
            msg = f"{path.name} has {key!r:.60}, which is no option that can be a default.{nearest}"
            raise InputError(msg)
        found[name] = value
    return found


def _usable(options: Mapping[str, Any], args: argparse.Namespace) -> Iterator[tuple[Option, Any]]:
    """Yield the options that the command has and the command line does not give, as typed."""
    typed = {name for name, option in BY_NAME.items() if getattr(args, option.destination, None) is not None}
    replaced = {name for group in _INSTEAD if typed & group & _NAMING for name in group}
    method = option_name(getattr(args, "method", None) or "")
    for name, value in options.items():
        option = BY_NAME[name]
        has_effect = not method or method in option.methods
        if hasattr(args, option.destination) and has_effect and name not in typed | replaced:
            yield option, as_typed(option, value)


def as_typed(option: Option, value: Any) -> Any:
    """Return a value of TOML as the command line would have it.

    Raises
    ------
    InputError
        If it is a table where the option has one value.

    """
    if option.kind is Kind.YES_NO and isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        if not option.per:
            msg = f"The option {option.name} of {FILE_NAME} has values by name, but it has one for all."
            raise InputError(msg)
        return [_text(one) if name == ALL else f"{name}={_text(one)}" for name, one in value.items()]
    if option.several:
        return [str(one) for one in value] if isinstance(value, list) else [str(value)]
    return [_text(value)] if option.per else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        numbers = all(isinstance(one, (int, float)) for one in value)
        return (":" if numbers else ",").join(map(str, value))
    return str(value)
