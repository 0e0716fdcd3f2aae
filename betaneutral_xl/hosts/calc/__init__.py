"""LibreOffice Calc: an extension generated from the registry, its thin client, and the worker process.

LibreOffice's Python has none of the package's libraries. So the client, which Calc loads (standard
library only), starts this package's interpreter (``worker``) and exchanges JSON lines over pipes.
"""
