"""What a pod has beside its network namespace: settings of the kernel, and on a wire its ports."""

from __future__ import annotations

from typing import Any, Final

from contract.loads import POD
from contract.ports import PROBE_PORT
from contract.sysctls import (
    ABORT_ON_OVERFLOW,
    PORT_RANGE,
    SOMAXCONN,
    SYN_LINEAR,
    TW_REUSE,
    UNPRIVILEGED_PORTS,
    dotted,
)
from experiments.machine.cores import Placement
from experiments.plan.trials import Trial
from experiments.run.container_names import SERVER_HOST, SERVER_POD, number_of

POD_SYSCTLS: Final = {
    # Room for 55,000 connections per address; the lab's own ports lie below.
    dotted(PORT_RANGE): "10240 65535",
    dotted(TW_REUSE): "1",
}
"""Kernel settings of every pod."""
ANY_PORT: Final = {dotted(UNPRIVILEGED_PORTS): "0"}
"""For a foreign server: lets it listen on port 80 without capabilities."""


def kernel_settings(trial: Trial, name: str) -> dict[str, str]:
    """Those of the trial's pod of this name; the server's is the load's too where that joins it."""
    settings = trial.point.settings
    sysctls = {
        **POD_SYSCTLS,
        dotted(SOMAXCONN): str(settings.somaxconn),
    }
    if settings.abort_on_overflow is not None and name == SERVER_POD:
        sysctls[dotted(ABORT_ON_OVERFLOW)] = str(int(settings.abort_on_overflow))
    loads = (name == SERVER_POD) == (settings.network == POD)
    if settings.syn_linear_timeouts is not None and loads:
        sysctls[dotted(SYN_LINEAR)] = str(settings.syn_linear_timeouts)
    if trial.point.foreign:
        sysctls |= ANY_PORT
    return sysctls


def on_wire(name: str, placement: Placement, address: str, port: int) -> dict[str, Any]:
    """What the pod of this name has more where server and load are on two hosts: the server's is
    at this address, and its server on this port."""
    if name != SERVER_POD:
        host = placement.load_hosts[number_of(name) - 1]
        return {"side": host.side, "cpus": host.others, "hosts": {SERVER_HOST: address}}
    return {"publish": {port: port}, "publish_at": address, "publish_udp": (PROBE_PORT,)}
