"""Parsers of input files: from bytes to validated values, without network access."""
