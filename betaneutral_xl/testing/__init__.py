"""Contracts that estimators, limits and hosts keep to, as checks for your own.

Each raises ``AssertionError`` with what does not hold, and needs no test framework::

    from betaneutral_xl.testing import check_estimator

    check_estimator(my_covariance)

The tests of this package hold its own estimators, limits and hosts to the same checks.
"""

from betaneutral_xl.testing.estimators import check_estimator
from betaneutral_xl.testing.hosts import check_host
from betaneutral_xl.testing.limits import check_limit

__all__ = ["check_estimator", "check_host", "check_limit"]
