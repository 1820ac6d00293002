"""The options with which a container is created: confinement stands here.

Every container is non-root, read-only and without capabilities, a foreign server's
too, as far as its experiment does not say otherwise; one that shapes a path, and ends before there
is a server, has NET_ADMIN (experiments/link/container.py). No program in any of them gains
a privilege by what it executes. Plain values only, for `docker_driver.py` to send.
"""

from __future__ import annotations

from typing import Any, Final

from contract.given import WHOLE_FILE_SYSTEM
from experiments.docker.driver import ContainerSpec, DriverError

TMPFS: Final = {"/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777"}  # noqa: S108 - a mount point
HOST: Final = "host"
"""The engine's own network. An engine with user namespaces (userns-remap) grants it to containers
that are not in one."""
WRITABLE: Final = {"type": "tmpfs", "device": "tmpfs", "o": "nosuid,nodev,size=256m,mode=1777"}
"""A folder that a container was given: any user may write there."""
LOG: Final = {"type": "json-file", "config": {"max-size": "5m", "max-file": "2"}}
"""Two files: when one is full, the engine begins the other; a single one it would empty."""
LEAST_QUOTA_US: Final = 1_000


def settings(spec: ContainerSpec) -> dict[str, Any]:
    """Options that say what the container is: image, command, user, ports."""
    asked: dict[str, Any] = {
        "image": spec.image,
        "command": list(spec.command) or None,
        "entrypoint": None if spec.entrypoint is None else list(spec.entrypoint),
        "name": spec.name,
        "hostname": spec.hostname,
        "user": spec.user,
        "environment": dict(spec.environment),
        "ports": [(port, protocol) for port, protocol, _ in _published(spec)],
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
    owners = (spec.sysctls, spec.publish, spec.publish_udp, spec.aliases, spec.hostname, spec.hosts)
    if joins and any(owners):
        raise DriverError(
            f"container {spec.name}: sysctls, published ports, aliases and host names "
            "belong to the container that owns the network namespace"
        )
    everywhere = WHOLE_FILE_SYSTEM in spec.writable
    folders = () if everywhere else spec.writable
    asked: dict[str, Any] = {
        "network_mode": spec.network,
        "pid_mode": f"container:{spec.pid_of}" if spec.pid_of else None,
        # An engine may usually put a program of its own before the command: it would be process 1,
        # which hears signals for a server that does not, and be counted among its processes.
        "init": False,
        "userns_mode": HOST if spec.network == HOST else None,
        "read_only": not everywhere,
        "cap_drop": ["ALL"],
        "cap_add": list(spec.capabilities),
        "security_opt": ["no-new-privileges"],
        "tmpfs": {} if everywhere else {k: v for k, v in TMPFS.items() if k not in folders},
        "mounts": [*map(_in_memory, folders), *(_read_only(*one) for one in spec.files.items())],
        "extra_hosts": dict(spec.hosts),
        "log_config": LOG,
        "cpuset_cpus": spec.cpus or None,
        "sysctls": dict(spec.sysctls) or None,
        "port_bindings": {
            f"{port}/{protocol}": (spec.publish_at, own) for port, protocol, own in _published(spec)
        },
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


def _published(spec: ContainerSpec) -> list[tuple[int, str, int]]:
    """Each port with its protocol, and the host's port."""
    tcp = [(port, "tcp", own) for port, own in spec.publish.items()]
    return [*tcp, *((port, "udp", port) for port in spec.publish_udp)]


def _in_memory(folder: str) -> dict[str, object]:
    """An empty folder for any user, gone with its container. A volume: runc (1.1) gives a tmpfs of
    its own the rights of the image's folder at that place, which may be root's alone."""
    driver = {"Name": "local", "Options": WRITABLE}
    options = {"NoCopy": True, "DriverConfig": driver}
    return {"Type": "volume", "Target": folder, "VolumeOptions": options}


def _read_only(source: str, target: str) -> dict[str, object]:
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}


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
