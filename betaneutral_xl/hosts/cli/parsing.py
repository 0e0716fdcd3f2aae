"""What the parsers of all commands share: errors of one line, negative values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Generator, Iterable, Sequence
from typing import Any, NoReturn

NEGATIVE = re.compile(r"-\.?\d.*|-inf.*", re.IGNORECASE)
"""A value such as ``-2%`` or ``-0.1:0.3``; no option begins like that."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and where to read on."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong in one line, and exit with 2."""
        self.exit(2, f"{self.prog}: {message.rstrip('.')}. See {self.prog} --help.\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is not among the choices, with all of them and the nearest."""
        choices = [str(one) for one in action.choices or ()]
        if action.choices is not None and value not in action.choices:
            hint = _nearest(str(value), choices)
            msg = f"invalid choice: {str(value)!r} (choose from {', '.join(choices)}){hint}"
            raise argparse.ArgumentError(action, msg)


class CommandsFormatter(argparse.RawDescriptionHelpFormatter):
    """Leaves argparse's own list of commands out: the parser's epilog has them by task."""

    def _iter_indented_subactions(self, _: argparse.Action) -> Generator[argparse.Action, None, None]:
        yield from ()


def command_of(words: Sequence[str]) -> str | None:
    """Return the word that names the command, if there is one: no option before it has a value."""
    return next((word for word in words if not word.startswith("-")), None)


def refuse_command(name: str, names: Iterable[str], parser: Parser) -> NoReturn:
    """Exit with the nearest command to a name that none has."""
    parser.error(f"there is no command {name!r}{_nearest(name, names)}")


def show_help_of_group(words: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Print the help of a command without the action that it needs (``excel install``), and exit."""
    if len(words) != 1:
        return
    command = _actions_of(parser).get(words[0])
    if command is not None and _actions_of(command):
        command.print_help()
        command.exit()


def _actions_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))  # noqa: SLF001 - argparse has no other list
    return {name: command for one in found for name, command in one.choices.items()}


def refuse_unknown(unknown: Sequence[str], parser: argparse.ArgumentParser) -> NoReturn:
    """Exit with the words that no option of a command takes, and the nearest option."""
    options = [word.partition("=")[0] for word in unknown if word.startswith("--")]
    hint = _nearest(options[0], parser._option_string_actions) if options else ""  # noqa: SLF001 - argparse has no other list
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")


def refuse_unknown_before_command(words: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Exit if an option that stands without a command is none of the program's own."""
    known = parser._option_string_actions  # noqa: SLF001 - argparse has no other list
    unknown = [word for word in words if not any(one.startswith(word) for one in known)]
    if unknown:
        refuse_unknown(unknown, parser)


def _nearest(name: str, names: Iterable[str]) -> str:
    from betaneutral_xl.system.words import nearest

    found = nearest(name, names)
    return f" (did you mean {found}?)" if found else ""


def join_negative_values(words: Sequence[str]) -> list[str]:
    """Return the words with a negative value joined to its option, which argparse would take for an option.

    >>> join_negative_values(["rebalance", "--lower", "-2%", "--beta", "AI=0.1"])
    ['rebalance', '--lower=-2%', '--beta', 'AI=0.1']
    """
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        if NEGATIVE.fullmatch(word) and before.startswith("--") and "=" not in before:
            joined[-1] = f"{before}={word}"
        else:
            joined.append(word)
    return joined
