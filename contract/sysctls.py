"""Settings of the kernel that somebody sets or judges by: paths below /proc/sys, as a manifest has
them."""

from __future__ import annotations

from typing import Final

SOMAXCONN: Final = "net/core/somaxconn"
ABORT_ON_OVERFLOW: Final = "net/ipv4/tcp_abort_on_overflow"
SYN_LINEAR: Final = "net/ipv4/tcp_syn_linear_timeouts"
"""Since Linux 6.5."""
PORT_RANGE: Final = "net/ipv4/ip_local_port_range"
UNPRIVILEGED_PORTS: Final = "net/ipv4/ip_unprivileged_port_start"
TW_REUSE: Final = "net/ipv4/tcp_tw_reuse"
MOST_TIME_WAIT: Final = "net/ipv4/tcp_max_tw_buckets"
TCP_MEMORY: Final = "net/ipv4/tcp_mem"
BRIDGE_NF: Final = "net/bridge/bridge-nf-call-iptables"
"""Whether what crosses a bridge passes the rules of iptables."""
TRACKED: Final = "net/netfilter/nf_conntrack_max"
"""A namespace's, each end's. On a network of the lab's own Docker has rules for names in every
container's namespace, and where there are rules all connections are tracked: over loopback 300
were seen to take 300 entries."""
FILES: Final = "fs/file-max"
MOST_PIDS: Final = "kernel/pid_max"
MOST_THREADS: Final = "kernel/threads-max"
MOST_MAPS: Final = "vm/max_map_count"
READ: Final = (
    SOMAXCONN,
    "net/core/netdev_max_backlog",
    "net/ipv4/tcp_max_syn_backlog",
    ABORT_ON_OVERFLOW,
    "net/ipv4/tcp_syncookies",
    SYN_LINEAR,
    "net/ipv4/tcp_syn_retries",
    PORT_RANGE,
    TW_REUSE,
    "net/ipv4/tcp_fin_timeout",
    MOST_TIME_WAIT,
    "net/ipv4/tcp_congestion_control",
    "net/ipv4/tcp_rmem",
    "net/ipv4/tcp_wmem",
    TCP_MEMORY,
    BRIDGE_NF,
    TRACKED,
    FILES,
    "fs/nr_open",
    MOST_PIDS,
    MOST_THREADS,
    MOST_MAPS,
)
"""Those that the probe reads for the manifest."""


def dotted(name: str) -> str:
    """As `sysctl` and the engine write it."""
    return name.replace("/", ".")
