"""Make a stock portfolio beta-neutral to one or several ETFs.

The names of ``__all__`` are the public interface; all other modules and names are internal and change
without notice. Importing the package reads and fetches nothing.

>>> import betaneutral_xl as bn
>>> result = bn.demo()
>>> result.before.beta["JHAI"] > 0.5, abs(result.after.beta["JHAI"]) < 1e-10
(True, True)
"""

from __future__ import annotations

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
