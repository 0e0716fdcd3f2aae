"""Portfolio optimisation under limits: quadratic programs whose solutions are certified.

``conditions`` formulates the program (``quadratic``) from constraints on names; ``solvers`` solves it,
with ``closed_forms`` if there are only equalities, else ``dual_newton`` or ``interior_point``.
``cardinality`` limits the number and size of trades, ``reachable`` computes the betas within the limits;
both use the linear programs of ``linear``.
"""
