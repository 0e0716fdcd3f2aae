"""What an entry of the registry is: a worksheet function, its arguments, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from betaneutral_xl.hosts.sheets.cells import Grid
    from betaneutral_xl.model.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the parts came from of which an answer was made, if it has nothing more to say than its cells."""

    parts: tuple[tuple[str, Provenance], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What a function answers: rows for the cells, and the value that they show, if it has more to say."""

    rows: Sequence[Sequence[Any]]
    value: object = None


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name, a sentence of help, and whether it may be left out."""

    name: str
    help: str
    optional: bool = False

    @property
    def hint(self) -> str:
        """The help with a small first letter, to go on in a sentence."""
        return self.help[0].lower() + self.help[1:]


def _nothing(_: object, *__: Grid) -> object:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One worksheet function.

    Attributes
    ----------
    name
        As it is typed in a cell.
    help
        One sentence, under 255 characters.
    arguments
        In order, the optional ones last.
    run
        What computes it, from the session and one grid an argument.
    example
        A formula, for the reference page.
    may_fetch
        Whether it can go to the network: a host may show "loading..." meanwhile, and does not call
        it while the function wizard is open.
    kept
        Whether the result depends on nothing but the arguments and ``outside``.
    outside
        What else it depends on, such as the state of a file.

    """

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    run: Callable[..., Result]
    example: str
    may_fetch: bool = False
    kept: bool = True
    outside: Callable[..., object] = _nothing

    def require_count(self, given: int) -> None:
        """Raise if there are more values than arguments."""
        if given > len(self.arguments):
            msg = f"{self.name} takes {len(self.arguments)} arguments, not {given}."
            raise InputError(msg)
