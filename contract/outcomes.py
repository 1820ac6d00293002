"""How a trial ends, and what a machine may do beside it; who spoiled one is in void_causes.py."""

OUTCOMES = ("completed", "failed")
VALIDITIES = ("server_bound", "generator_bound", "unsaturated", "void")
STEAL = 0.10
"""A tenth of the machine taken by the hypervisor changes the figure itself."""
FOREIGN = 0.5
"""Half a core's worth of other programs on the server's and the load's cores."""
