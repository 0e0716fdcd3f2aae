"""The client's side of the protocol, for programs with a Python of their own: standard library, Python 3.8.

The extension for Calc contains this folder beside its client.
"""
