"""The optimiser: limits become a quadratic problem, and its solution comes with a proof.

``conditions`` poses the problem (``quadratic``) from constraints on names, ``solvers`` answer it, by
``closed_forms`` where no limit binds, ``dual_newton`` or a library; ``cardinality`` limits the number and
size of trades, ``reachable`` says which betas the limits allow; ``linear`` is both of theirs.
"""
