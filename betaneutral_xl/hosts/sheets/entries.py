"""Entries of the registry: a worksheet function, its arguments and its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError
from betaneutral_xl.hosts.sheets.cells import Grid

if TYPE_CHECKING:
    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.portfolio import Holdings
    from betaneutral_xl.model.provenance import Provenance
    from betaneutral_xl.model.quotes import Quotes


@dataclass(frozen=True, slots=True)
class Origins:
    """The provenance of a result's inputs, for a result whose cells have no other value behind them."""

    parts: tuple[tuple[str, Provenance], ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices, and the portfolio that they were collected for."""

    quotes: Quotes
    holdings: Holdings


@dataclass(frozen=True, slots=True)
class Solved:
    """New weights, with all that is known of them."""

    result: Rebalance


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a function: rows for the cells, and the value behind them where it holds more."""

    rows: Sequence[Sequence[Any]]
    value: object = None


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name, a sentence of help, and whether it is optional."""

    name: str
    help: str
    optional: bool = False

    @property
    def blank_line(self) -> str:
        """What a cell says if the argument is blank."""
        return f"{self.name} is blank. Give {self.help[0].lower()}{self.help[1:]}"


def optional(name: str, help: str) -> Argument:  # noqa: A002 - as the attribute
    """Return an argument that may be blank."""
    return Argument(name, help, optional=True)


def _nothing(_: object, *__: Grid) -> object:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One worksheet function.

    Attributes
    ----------
    name
        Name in formulas.
    help
        One sentence, under 255 characters.
    arguments
        In order, the optional ones last.
    run
        Computes the result from the session and one grid per argument.
    example
        A formula, for the reference page.
    may_fetch
        Whether it may access the network: a host may show "loading..." meanwhile, and does not call
        it while the function wizard is open.
    cacheable
        Whether the result depends only on the arguments and ``external_state``.
    external_state
        Returns the other state that the result depends on, such as that of a file.

    """

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    run: Callable[..., Result]
    example: str
    may_fetch: bool = False
    cacheable: bool = True
    external_state: Callable[..., object] = _nothing

    def require_count(self, count: int) -> None:
        """Raise ``InputError`` if there are more values than arguments."""
        if count > len(self.arguments):
            msg = f"{self.name} takes {len(self.arguments)} arguments, not {count}."
            raise InputError(msg)
