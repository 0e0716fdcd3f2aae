"""Portfolio optimisation in arrays: quadratic programs whose solutions are certified.

``engine.limits`` formulates the program (``quadratic``) from limits on names; ``solvers`` solves it,
with ``closed_forms`` if there are only equalities, else ``dual_newton`` or ``interior_point``.
``cardinality`` limits the number and size of trades; ``linear`` has the linear programs.
"""
