"""How a trial ends, and who spoiled one that is void."""

OUTCOMES = ("completed", "failed")
VALIDITIES = ("server_bound", "generator_bound", "unsaturated", "void")
BY_SERVER = ("server_wrong", "server_gone", "server_limit", "server_starved")
"""What a server under test did itself: it answered wrongly or with errors, ended or hung, met a
limit of its own, or served hardly anybody."""
SPOILED_BY = (*BY_SERVER, "load", "probe", "surroundings", "lab")
"""Who spoiled a void trial. `surroundings` are the machine, its engine and other programs; `lab`
is a fault in the lab's own arithmetic or clocks: a figure that its column cannot hold."""
STEAL = 0.10
"""A tenth of the machine taken by the hypervisor changes the figure itself."""
FOREIGN = 0.5
"""Half a core's worth of other programs on the server's and the load's cores."""
