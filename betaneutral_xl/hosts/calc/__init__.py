"""LibreOffice Calc: an extension made from the registry, its thin client, and the worker that answers it.

Calc's own Python has none of the package's libraries. So what Calc loads (``client``, standard
library only) starts this package's interpreter (``worker``) and speaks JSON lines over its pipes.
"""
