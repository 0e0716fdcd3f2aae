"""Self-validating value types: holdings, ETFs, covariance, prices, limits, tickers, provenance."""
