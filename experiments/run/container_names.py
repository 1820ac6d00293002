"""What the containers of a trial are called, for the engine, for the master and for each other."""

from __future__ import annotations

from typing import Final

from contract.loads import POD
from contract.settings.trial import Settings
from experiments.plan.trials import Trial

MASTER: Final = "master"
"""The Locust master in the lab's network, on each host that loads."""
SERVER_POD: Final = "pod"
"""The pod that the server is in; under network `pod` the load too."""
SERVER_HOST: Final = "server"
"""Host name of that pod for a load that is not in it."""


def server_host(settings: Settings) -> str:
    """Under which name or address the load finds the server."""
    return "127.0.0.1" if settings.network == POD else SERVER_HOST


def load_name(number: int) -> str:
    """Name of a trial's load worker, from 1, and of its log."""
    return _numbered("load", number)


def client_name(number: int) -> str:
    """Name of the pod on the host of this number, from 1, among those that load."""
    return _numbered("client", number)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def number_of(name: str) -> int:
    """The number that a name was made of."""
    return int(name.partition("-")[2] or 1)


def hostname(trial: Trial) -> str:
    """Host name of the trial's pod, by which the master knows its load workers. Each attempt has
    its own: what an engine has not yet removed of the one before is not in its way."""
    again = f"a{trial.attempt}" if trial.attempt > 1 else ""
    return f"t{trial.position:03d}{again}"
