"""The options with which a container is created: confinement stands here.

Every container of the lab, a foreign server's included, is non-root, read-only
and without capabilities. Plain values only, for `docker_driver.py` to send.
"""

from __future__ import annotations

from typing import Any, Final

from experiments.docker.driver import ContainerSpec, DriverError

USER: Final = "10001:10001"
TMPFS: Final = {"/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777"}  # noqa: S108 - a mount point
LOG: Final = {"type": "json-file", "config": {"max-size": "5m", "max-file": "2"}}
"""Of one file nothing is left when it is full, not even the last line."""
LEAST_QUOTA_US: Final = 1_000


def settings(spec: ContainerSpec) -> dict[str, Any]:
    """Options that say what the container is: image, command, user, ports."""
    asked: dict[str, Any] = {
        "image": spec.image,
        "command": list(spec.command) or None,
        "entrypoint": None if spec.keep_entrypoint else [],
        "name": spec.name,
        "hostname": spec.hostname,
        "user": USER,
        "environment": dict(spec.environment),
        "ports": list(spec.publish),
        "stop_signal": spec.stop_signal,
        # A check that an image brings along would run inside the windows.
        "healthcheck": {"test": ["NONE"]},
        # A proxy of the user's would stand between the load and the server.
        "use_config_proxy": False,
    }
    if spec.aliases:
        endpoint = {"Aliases": list(spec.aliases)}
        asked["networking_config"] = {"EndpointsConfig": {spec.network: endpoint}}
    return asked


def host_settings(spec: ContainerSpec) -> dict[str, Any]:
    """Options that say what it may use. Raises DriverError for what no engine would take."""
    joins = spec.network.startswith("container:")
    if joins and (spec.sysctls or spec.publish or spec.aliases or spec.hostname):
        raise DriverError(
            f"container {spec.name}: sysctls, published ports, aliases and the host name "
            "belong to the container that owns the network namespace"
        )
    asked: dict[str, Any] = {
        "network_mode": spec.network,
        "pid_mode": f"container:{spec.pid_of}" if spec.pid_of else None,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "tmpfs": TMPFS,
        "log_config": LOG,
        "cpuset_cpus": spec.cpus or None,
        "sysctls": dict(spec.sysctls) or None,
        "port_bindings": {port: ("127.0.0.1", own) for port, own in spec.publish.items()},
    }
    if spec.cpu_quota is not None:
        asked |= {"cpu_period": spec.cpu_period_us, "cpu_quota": quota_us(spec, spec.cpu_quota)}
    if spec.pids_limit is not None:
        asked["pids_limit"] = spec.pids_limit
    if spec.memory_bytes is not None:
        # Both are equal: what does not fit would else be swapped out, and no figure would tell.
        asked |= {"mem_limit": spec.memory_bytes, "memswap_limit": spec.memory_bytes}
    limits = {"nofile": spec.nofile, "sigpending": spec.sigpending}
    asked["ulimits"] = [
        {"name": name, "soft": limit, "hard": limit}
        for name, limit in limits.items()
        if limit is not None
    ]
    return asked


def quota_us(spec: ContainerSpec, cores: float) -> int:
    """The quota in us of each period. Raises DriverError below what the kernel grants."""
    quota = round(cores * spec.cpu_period_us)
    if quota < LEAST_QUOTA_US:
        raise DriverError(
            f"container {spec.name}: {cores} of a core in periods of "
            f"{spec.cpu_period_us} us is {quota} us, below the kernel's {LEAST_QUOTA_US}; "
            "use a longer period"
        )
    return quota
