"""Prints who listens in this network namespace: `python3 listeners.py`, executed in the probe's
container where the load could not reach the server. Like the probe alone there: the standard
library, and what stands beside this file.
"""

from __future__ import annotations

import json

from experiments.probe.sock_diag import Listener, listeners

DOCKER_S_OWN = "127.0.0.11"
"""The engine answers questions for names there, in each namespace."""
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - to be recognised, not to be bound


def programs_listeners() -> list[Listener]:
    """Those of programs in the containers."""
    return [one for one in listeners() if one.address != DOCKER_S_OWN]


def takes(one: Listener, to: str) -> bool:
    """Whether it takes connections that come by IPv4 to this address of its namespace; `""`: from
    another namespace.
    """
    own = one.address.removeprefix("::ffff:")
    if own in EVERY_ADDRESS:
        return not one.only_ipv6
    return own == to if to else "." in own and not own.startswith("127.")


if __name__ == "__main__":
    print(json.dumps(programs_listeners()))
