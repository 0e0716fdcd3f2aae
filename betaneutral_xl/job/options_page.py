"""The reference page of the options, written from their table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from betaneutral_xl.job.options import OPTIONS, REQUESTED, Host, Option, Section, of_section

HEAD = """\
# Options

What can be requested, and how each front end spells it. This page is written from one table
(`betaneutral_xl/job/options.py`) by `python tools/build_reference.py`; a test compares the two.

- One parser reads all values: `5%`, `0.05` and `0,05` are the same; yes is `yes`, `true`, `on`, `y` or 1;
  names of options and choices may have blanks, hyphens or capitals. A weight or turnover above 1 without a
  percent sign is refused: 5 was meant as 5%.
- Method, target and limits have one name everywhere: an option of the command line (`--long-only`), a key of
  a TOML file for `--constraints` (`long_only`), a row of a worksheet's constraints and of the limits on the
  sheet Settings, a key of `constraints` in Python.
- Several targets are `AI=0.1; CHIPS=IWV`, or in the order of the ETFs `0.1; 0.2`.
- A file `betaneutral.toml` in the working folder has defaults of the command line: any option of this page
  but those of the network, by its name (`order_prices = "prices.csv"`). What is typed goes before it.
- `demo` names the embedded sample wherever a fund, an ETF, a covariance or a file of order prices is named.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *map(_section, Section), _absent()])


_PLACES = (Host.FUNCTION, Host.SETTINGS, Host.PYTHON)


def _section(section: Section) -> str:
    title = f"## {section.value[0].upper()}{section.value[1:]}"
    options = of_section(section)
    if section in REQUESTED:
        head = ["name", "command line", "value", "default", ""]
        rows: list[Sequence[str]] = [
            (f"`{one.name}`", f"`{one.flag}`", one.metavar, _default(one), one.help) for one in options
        ]
    else:
        head = ["command line", "value", "default", "worksheet", "Settings", "Python", ""]
        rows = [
            (f"`{one.flag}`", one.metavar, _default(one), *map(one.spelled, _PLACES), one.help)
            for one in options
        ]
    return "\n".join([title, "", *_table(head, rows), ""])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def _default(option: Option) -> str:
    if option.default is None:
        return ""
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)


def _absent() -> str:
    """Return the table of options that a host does not have, with the reasons."""
    rows = [
        (f"`{one.flag}`", host.value, reason)
        for one in OPTIONS
        for host, reason in one.absent.items()
        if host is not Host.TOML
    ]
    rows.append(
        ("all options of the inputs and of orders", "TOML file", "it has what is required of the answer")
    )
    title = "## Where an option is missing, and why"
    return "\n".join([title, "", *_table(("option", "not in", "because"), rows), ""])
