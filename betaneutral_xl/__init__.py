"""Make a stock portfolio beta-neutral to one or several ETFs.

The four worksheet functions as Python functions, and the types of their arguments and results.
Importing the package reads and fetches nothing.
"""

from __future__ import annotations

from betaneutral_xl.engine.checks import Check
from betaneutral_xl.engine.result import Exposure, Method, Rebalance
from betaneutral_xl.errors import BetaNeutralError, HostError, InputError, ModelError, SourceError
from betaneutral_xl.job.api import beta_neutral, covariance, fetch_holdings, load_etf, load_holdings
from betaneutral_xl.model.alignment import Coverage, OnMissing
from betaneutral_xl.model.constraints import Constraints, Range, Universe
from betaneutral_xl.model.portfolio import AssetClass, Constituent, Etf, Holdings
from betaneutral_xl.model.provenance import Provenance, Retrieval
from betaneutral_xl.model.risk import Covariance, Dense, Factors
from betaneutral_xl.system.settings import Settings

__version__ = "0.1.0"

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
    "Provenance",
    "Range",
    "Rebalance",
    "Retrieval",
    "Settings",
    "SourceError",
    "Universe",
    "beta_neutral",
    "covariance",
    "fetch_holdings",
    "load_etf",
    "load_holdings",
]
