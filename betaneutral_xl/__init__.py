"""Make a stock portfolio beta-neutral to ETFs."""
