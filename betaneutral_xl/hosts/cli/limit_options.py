"""Options for the limits on the new weights."""

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
  a RANGE is a number, or LOW:HIGH of which one end may be omitted: 0.1:0.3, :0.3, 0.1:
  limits in a file, --constraints limits.toml:
      long_only = true
      upper = {"*" = 0.05, NVDA = 0.08}
      groups = {Semis = ["NVDA", "AMD", "TSM"]}
      group_limits = {Semis = [0.1, 0.3]}
      turnover = 0.25
"""


SINGLE_VALUES = (
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
"""Options with one value, named as the fields of ``Constraints``."""


def add_arguments(parser: argparse.ArgumentParser, *, with_cost_bp: bool = True) -> None:
    """Add an option for every limit, and one for a file of limits.

    Without ``with_cost_bp`` there is no ``--cost-bp``: in a backtest that option is the cost paid, and
    the cost weighed against tracking error is ``cost_bp`` in the file.
    """
    limits = parser.add_argument_group("limits on the new weights (not for hedge and scaled)")
    limits.add_argument(
        "--constraints",
        metavar="FILE.toml",
        type=Path,
        help="read limits from a file; an option overrides the same limit of the file",
    )
    limits.add_argument("--long-only", action="store_const", const=True, help="no negative weights")
    for side, extreme in (("lower", "minimum"), ("upper", "maximum")):
        limits.add_argument(
            f"--{side}",
            metavar="[TICKER=]WEIGHT",
            action="append",
            help=f"{extreme} weight of every name, or of one; repeatable",
        )
    limits.add_argument("--frozen", metavar="TICKER", nargs="+", action="extend", help="names not to trade")
    limits.add_argument(
        "--universe", choices=list(Universe), help="names to trade: held, in an ETF, or both (default: union)"
    )
    limits.add_argument("--net", metavar="RANGE", help="sum of the weights (default: unchanged)")
    limits.add_argument(
        "--beta",
        metavar="[ETF=]RANGE",
        action="append",
        help="range for the beta to every ETF, or to one, instead of a target",
    )
    limits.add_argument("--turnover", metavar="MAX", help="maximum one-way turnover, sum of |trades| / 2")
    limits.add_argument("--gross", metavar="MAX", help="maximum gross exposure, sum of |weights|")
    limits.add_argument(
        "--group", metavar="NAME=TICKER,...", action="append", help="tickers of a group, such as a sector"
    )
    limits.add_argument(
        "--group-limit", metavar="NAME=RANGE", action="append", help="sum of the weights of a group"
    )
    if with_cost_bp:
        limits.add_argument("--cost-bp", metavar="BP", help="cost of a trade, weighed against tracking error")
    limits.add_argument(
        "--risk-aversion", metavar="NUMBER", help="weight of tracking variance against the cost (default: 10)"
    )
    limits.add_argument("--max-trades", metavar="M", help="maximum number of names traded")
    limits.add_argument("--min-trade", metavar="WEIGHT", help="smallest trade that may be made in a name")


def read_limits(args: argparse.Namespace, *, with_cost_bp: bool = True) -> dict[str, Any]:
    """Return the limits of the options and of the ``--constraints`` file as plain values.

    Raises
    ------
    InputError
        If a limit is given twice, or lacks the name that it needs.

    """
    if not hasattr(args, "constraints"):
        return {}
    limits = Constraints.read(args.constraints) if args.constraints else {}
    single = [name for name in SINGLE_VALUES if with_cost_bp or name != "cost_bp"]
    limits |= {name: value for name in single if (value := getattr(args, name)) is not None}
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
    """Return the values of VALUE and NAME=VALUE texts by name, each name once."""
    values: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.rpartition("=")
        key = name.strip() if sign else ALL
        if (named and not sign) or key in values:
            reason = "needs NAME=VALUE" if named and not sign else f"has two values for {key}: give one"
            msg = f"The option --{option} {text} {reason}."
            raise InputError(msg)
        values[key] = value
    return values
