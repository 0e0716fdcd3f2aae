"""The spreadsheet programs: one registry of functions and one Rebalance, whatever runs them."""
