"""The options for what the new weights must keep to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from betaneutral_xl.errors import InputError
from betaneutral_xl.model.constraints import ALL, Constraints, Universe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

EPILOG = """\
limits (for reweight, least_squares and fewest_trades):
  weights are decimals or percent: 0.05 and 5% are the same; a negative one needs =, as in --lower=-2%
  without a percent sign, a weight or turnover above 1 (or a gross exposure above 5) is refused
  a RANGE is a number, or LOW:HIGH where one end may be missing: 0.1:0.3, :0.3, 0.1:
  the same limits in a file, --constraints limits.toml:
      long_only = true
      upper = {"*" = 0.05, NVDA = 0.08}
      groups = {Semis = ["NVDA", "AMD", "TSM"]}
      group_limits = {Semis = [0.1, 0.3]}
      turnover = 0.25
"""


PLAIN = (
    "long_only",
    "frozen",
    "universe",
    "net",
    "turnover",
    "gross",
    "cost_bp",
    "risk_aversion",
    "max_trades",
    "min_trade",
)
"""Options of one value, named as the limits are."""


def add_arguments(parser: argparse.ArgumentParser, *, weighs_cost: bool = True) -> None:
    """Add an option for every limit, and one for a file of them.

    Without ``weighs_cost`` there is no ``--cost-bp``, for commands in which that is the cost that is
    paid; one to be weighed against tracking error can then be given in the file only.
    """
    limits = parser.add_argument_group("what the new weights must keep to (not for hedge and scaled)")
    limits.add_argument(
        "--constraints",
        metavar="FILE.toml",
        type=Path,
        help="limits from a file; an option given beside it counts instead of the file's",
    )
    limits.add_argument("--long-only", action="store_const", const=True, help="no weight below zero")
    for word, what in (("lower", "least"), ("upper", "most")):
        limits.add_argument(
            f"--{word}",
            metavar="[TICKER=]WEIGHT",
            action="append",
            help=f"{what} weight of every name, or of one; may be repeated",
        )
    limits.add_argument(
        "--frozen", metavar="TICKER", nargs="+", action="extend", help="names that are not traded"
    )
    limits.add_argument(
        "--universe", choices=list(Universe), help="which names may be traded (default: union)"
    )
    limits.add_argument("--net", metavar="RANGE", help="sum of the weights (default: as it is)")
    limits.add_argument(
        "--beta",
        metavar="[ETF=]RANGE",
        action="append",
        help="the beta to every ETF, or to one, within a range in place of on a target",
    )
    limits.add_argument("--turnover", metavar="MOST", help="most one-way turnover, sum of trades / 2")
    limits.add_argument("--gross", metavar="MOST", help="most gross exposure, sum of absolute weights")
    limits.add_argument(
        "--group", metavar="NAME=TICKER,...", action="append", help="tickers of a group, such as a sector"
    )
    limits.add_argument(
        "--group-limit", metavar="NAME=RANGE", action="append", help="sum of the weights of a group"
    )
    if weighs_cost:
        limits.add_argument("--cost-bp", metavar="BP", help="cost of a trade, weighed against tracking error")
    limits.add_argument(
        "--risk-aversion", metavar="NUMBER", help="price of tracking variance against the cost (default: 10)"
    )
    limits.add_argument("--max-trades", metavar="M", help="most names that are traded")
    limits.add_argument("--min-trade", metavar="WEIGHT", help="smallest trade, if there is one")


def given(args: argparse.Namespace, *, weighs_cost: bool = True) -> dict[str, Any]:
    """Return the limits of the options and of the file that they name, as plain values.

    ``weighs_cost`` as for ``add_arguments``.

    Raises
    ------
    InputError
        If one is given twice, or without a name where it needs one.

    """
    if not hasattr(args, "constraints"):
        return {}
    limits = Constraints.read(args.constraints) if args.constraints else {}
    plain = [name for name in PLAIN if weighs_cost or name != "cost_bp"]
    limits |= {name: value for name in plain if (value := getattr(args, name)) is not None}
    for name, texts in (("lower", args.lower), ("upper", args.upper), ("beta", args.beta)):
        if texts:
            limits[name] = _by_name(name, texts)
    if args.group:
        limits["groups"] = {
            name: tickers.split(",") for name, tickers in _by_name("group", args.group, named=True).items()
        }
    if args.group_limit:
        limits["group_limits"] = _by_name("group-limit", args.group_limit, named=True)
    return limits


def _by_name(option: str, texts: Sequence[str], *, named: bool = False) -> dict[str, Any]:
    """Read VALUE and NAME=VALUE, each name once."""
    values: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.rpartition("=")
        key = name.strip() if sign else ALL
        if (named and not sign) or key in values:
            reason = "needs NAME=VALUE" if named and not sign else f"has two values for {key}"
            msg = f"The option --{option} {text} {reason}."
            raise InputError(msg)
        values[key] = value
    return values
