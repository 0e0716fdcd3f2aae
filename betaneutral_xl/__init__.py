"""Make a stock portfolio beta-neutral to one or several ETFs.

The names of ``__all__`` are the public interface; all other modules and names are internal and change
without notice. Importing the package reads and fetches nothing.

>>> import betaneutral_xl as bn
>>> result = bn.demo()
>>> result.before.beta["JHAI"] > 0.5, abs(result.after.beta["JHAI"]) < 1e-10
(True, True)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from betaneutral_xl.engine.checks import Check
    from betaneutral_xl.engine.result import Exposure, Method, Rebalance
    from betaneutral_xl.errors import BetaNeutralError, HostError, InputError, ModelError, SourceError
    from betaneutral_xl.job.api import covariance, fetch_holdings, load_etf, load_holdings
    from betaneutral_xl.model.alignment import Coverage, OnMissing
    from betaneutral_xl.model.constraints import Constraints, Range, Universe
    from betaneutral_xl.model.portfolio import AssetClass, Constituent, Etf, Holdings
    from betaneutral_xl.model.provenance import Provenance, Retrieval
    from betaneutral_xl.model.risk import Covariance, Dense, Factors
    from betaneutral_xl.notebook.api import beta_neutral, demo
    from betaneutral_xl.notebook.orders import OrderList
    from betaneutral_xl.notebook.result import Result
    from betaneutral_xl.system.settings import Settings

__version__ = "0.2.0"

__all__ = [
    "AssetClass",
    "BetaNeutralError",
    "Check",
    "Constituent",
    "Constraints",
    "Covariance",
    "Coverage",
    "Dense",
    "Etf",
    "Exposure",
    "Factors",
    "Holdings",
    "HostError",
    "InputError",
    "Method",
    "ModelError",
    "OnMissing",
    "OrderList",
    "Provenance",
    "Range",
    "Rebalance",
    "Result",
    "Retrieval",
    "Settings",
    "SourceError",
    "Universe",
    "beta_neutral",
    "covariance",
    "demo",
    "fetch_holdings",
    "load_etf",
    "load_holdings",
]

_PLACES = {
    "AssetClass": "model.portfolio",
    "BetaNeutralError": "errors",
    "Check": "engine.checks",
    "Constituent": "model.portfolio",
    "Constraints": "model.constraints",
    "Covariance": "model.risk",
    "Coverage": "model.alignment",
    "Dense": "model.risk",
    "Etf": "model.portfolio",
    "Exposure": "engine.result",
    "Factors": "model.risk",
    "Holdings": "model.portfolio",
    "HostError": "errors",
    "InputError": "errors",
    "Method": "engine.result",
    "ModelError": "errors",
    "OnMissing": "model.alignment",
    "OrderList": "notebook.orders",
    "Provenance": "model.provenance",
    "Range": "model.constraints",
    "Rebalance": "engine.result",
    "Result": "notebook.result",
    "Retrieval": "model.provenance",
    "Settings": "system.settings",
    "SourceError": "errors",
    "Universe": "model.constraints",
    "beta_neutral": "notebook.api",
    "covariance": "job.api",
    "demo": "notebook.api",
    "fetch_holdings": "job.api",
    "load_etf": "job.api",
    "load_holdings": "job.api",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, as the command line and hosts use few of them."""
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
