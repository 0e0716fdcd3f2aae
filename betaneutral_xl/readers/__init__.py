"""Parsers of input files: from bytes to validated values, without network access.

What cannot be read is refused with a message of one line: ``UnreadableFile``, or ``ChangedFormat`` for the
answer of an API. Parameters named ``file_name``, ``name`` or ``what`` are for that message.
"""
