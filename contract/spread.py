"""How chance spreads connections over the processes of a server, and how many one of them gets.

With SO_REUSEPORT the kernel chooses a listener by a hash of both ends' addresses and ports: each
connection falls to each of N processes with a chance of 1/N, whatever the others did. So a process
gets a binomial number of them, and the one that gets most has more than its share: of 100,000
connections to 6 processes, 16,667 on average and at most 17,328. It is that one that meets its
limit of descriptors first.

The bound is Chernoff's, in the form with the relative entropy (Hoeffding 1963, theorem 1), summed
over the processes: it holds for every N and number of connections, and needs no tables. At 100,000
connections it is 0.3% above the binomial's own.
"""

from __future__ import annotations

import math

SPREADING = ("reuseport_epoll",)
"""Servers whose `workers` each have a listener of their own on the port."""
SELDOM = 1e-6
"""How seldom any process may have more than is reckoned: once in a million trials."""


def most_of_one(connections: int, processes: int) -> int:
    """The most that any process has of so many, but once in a million times."""
    low, high = connections // processes, connections
    while low < high:
        middle = (low + high) // 2
        if _chance_beyond(middle, connections, processes) <= SELDOM:
            high = middle
        else:
            low = middle + 1
    return low


def most_together(each: int, processes: int) -> int:
    """The most connections of which no process gets more than `each`, as seldom."""
    low, high = 0, max(each, 0) * processes
    while low < high:
        middle = (low + high + 1) // 2
        if most_of_one(middle, processes) <= each:
            low = middle
        else:
            high = middle - 1
    return low


def _chance_beyond(each: int, connections: int, processes: int) -> float:
    """At most how likely it is that one of the processes has more than `each`."""
    if each >= connections:
        return 0.0
    share, seen = 1 / processes, (each + 1) / connections
    if seen <= share:
        return 1.0
    entropy = seen * math.log(seen / share)
    if seen < 1:
        entropy += (1 - seen) * math.log((1 - seen) / (1 - share))
    return processes * math.exp(-connections * entropy)
