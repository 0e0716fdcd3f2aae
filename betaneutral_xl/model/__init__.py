"""The values that all layers speak of: holdings, ETFs, risk, limits; each validates itself."""
