"""Runs: inputs from files, the network, the sample or a snapshot; the Python API; results as plain data."""
