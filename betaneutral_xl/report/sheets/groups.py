"""The groups of names, such as sectors, as columns of a sheet where they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from betaneutral_xl.report import style
from betaneutral_xl.report.checked_tables import CheckedColumn

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from betaneutral_xl.engine.result import Rebalance
    from betaneutral_xl.model.portfolio import Holdings


def with_groups(
    columns: Sequence[CheckedColumn], result: Rebalance, tickers: Sequence[str]
) -> list[CheckedColumn]:
    """Return columns, then one of each kind of group that the holdings have or a table of groups gives."""
    holdings = result.aligned.holdings
    taken = {one.heading.casefold() for one in columns}
    return [
        *columns,
        *(_column(holdings, kind, tickers, taken) for kind in holdings.kinds_of_groups),
    ]


def _column(holdings: Holdings, kind: str, tickers: Sequence[str], taken: Collection[str]) -> CheckedColumn:
    heading = kind.capitalize()
    return CheckedColumn(
        heading=f"Group {heading}" if heading.casefold() in taken else heading,
        values=[holdings.groups_of.get(ticker, {}).get(kind, "") for ticker in tickers],
        look=style.LABEL,
    )
