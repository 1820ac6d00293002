"""The record format: the columns of `trials.csv`, in order, with their meaning.

The runner writes a row per trial, analysis reads it, and both take the names
from here. Values that were not measured are empty. Bump FORMAT_VERSION when a
column, or a detail beside the CSV, changes its meaning; adding one does not need it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal, NamedTuple

from contract.void_causes import SPOILED_BY

FORMAT_VERSION = 2

OUTCOMES = ("completed", "failed")
VALIDITIES = ("server_bound", "generator_bound", "unsaturated", "void")
WITHOUT_CLIENTS = ("token_ring", "one_wait")
OPEN_LOADS = ("open_loop", "open_connections")
LOADS = ("keep_alive", "connection_per_request", *OPEN_LOADS, *WITHOUT_CLIENTS)
ARRIVALS = ("fixed", "poisson")
IDLES = ("after_one", "silent")
NETWORKS = ("pod", "bridge")
ORIGINS = ("lab", "reference", "foreign")
REFERENCE_SERVERS = (
    *("nginx", "gunicorn_sync", "gunicorn_gthread", "gunicorn_gevent", "uvicorn", "granian"),
)
"""Servers of others that the lab builds, as points of reference; no other may have such a name."""

STEAL = 0.10
"""A tenth of the machine taken by the hypervisor changes the figure itself."""
FOREIGN = 0.5
"""Half a core's worth of other programs on the server's and the load's cores."""
MOST_CORES = 8_192
"""That a Linux kernel knows. A share of processor time goes beyond 1 where several processes, or
a burst of a quota, had more than was granted for a moment; beyond this it was not measured."""
LARGEST_WHOLE = 2**53
"""Beyond it a float, which every reader of a CSV may use, does not hold each whole number."""

Kind = Literal["text", "int", "float", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `required` ones are filled in every row, void ones included. A run that was
    recorded before a column was `added` has none. Numbers are finite, and from `minimum` to
    `maximum`; those of kind `int` are whole, and at most LARGEST_WHOLE."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    added: bool = False
    minimum: float = 0
    maximum: float | None = None

    @property
    def is_number(self) -> bool:
        return self.kind in ("int", "float")

    @property
    def largest(self) -> float:
        """The largest number that it may hold."""
        if self.maximum is not None:
            return self.maximum
        return LARGEST_WHOLE if self.kind == "int" else sys.float_info.max


COLUMNS: tuple[Column, ...] = (
    Column("experiment", "text", "name of the experiment file", True),
    Column("run", "text", "identifier of the run", True),
    Column("trial", "text", "identifier of the trial: settings and repeat", True),
    Column("point", "text", "the settings alone: equal for all repeats of a trial", True),
    Column("sweep", "text", "part of the experiment that asked for it; reference for A/A", True),
    Column("block", "int", "one shuffled pass over all trials, from 1", True, minimum=1),
    Column("position", "int", "place in the order of the run, from 1", True, minimum=1),
    Column("repeat", "int", "repeat of this point, from 1", True, minimum=1),
    Column("server", "text", "server variant, reference or foreign server", True),
    Column("origin", "text", "whose server: the lab's, a reference, foreign", True, ORIGINS),
    Column("network", "text", "pod: load in the server's namespace; bridge", True, NETWORKS),
    Column("load", "text", "kind of load", True, LOADS),
    Column("active_connections", "int", "connections that send requests; 0: no clients", True),
    Column("load_workers", "int", "load workers that shared the load", True, minimum=1),
    Column("load_cores", "int", "cores that they had; fewer than workers: some shared a core"),
    Column("idle_connections", "int", "connections that stay silent", True),
    Column("watched", "int", "descriptors to be watched, where there are no clients"),
    Column("backlog", "int", "argument of listen(); empty: the own one of a foreign server"),
    Column("somaxconn", "int", "net.core.somaxconn in the pod", True, minimum=1),
    Column("path", "text", "what is asked for, or a mix; empty: /"),
    Column("pipeline_depth", "int", "requests under way on each connection", True, minimum=1),
    Column("rate_per_s", "float", "rate of an open loop"),
    Column("arrivals", "text", "when the requests of an open loop are due", True, ARRIVALS),
    Column("connect_pace_per_s", "int", "pace of opening connections; 0: as fast as can be", True),
    Column("idle", "text", "idle connections are silent after one request, or always", True, IDLES),
    Column("trickle_per_s", "float", "bytes a second from each idle connection", True),
    Column("churn_per_s", "float", "share of the idle connections replaced a second", True),
    Column("slow_readers", "int", "bad clients that hardly read", True),
    Column("slow_writers", "int", "bad clients that send a byte a second", True),
    Column("vanishing_per_s", "float", "bad clients that reset, a second", True),
    Column("workers", "int", "threads or processes of a pool; empty: the server's own"),
    Column("accepts_per_wakeup", "int", "accepted at most per wake-up; empty: the server's own"),
    Column("response_bytes", "int", "body of the response to /; empty: 13"),
    Column("split_writes", "flag", "head and body written one by one; empty: no"),
    Column("cork", "flag", "TCP_CORK; empty: no"),
    Column("nodelay", "flag", "TCP_NODELAY; empty: no"),
    Column("epoll_exclusive", "flag", "EPOLLEXCLUSIVE; empty: yes"),
    Column("idle_timeout_ms", "int", "idle connections are closed after; empty: never"),
    Column("switch_interval_us", "int", "of the interpreter; empty: the server's own"),
    Column("thread_stack_bytes", "int", "stack of a thread; empty: the server's own"),
    Column(
        "server_cpu_quota",
        "float",
        "cores the server might use; empty: the whole of one",
        minimum=0.01,
    ),
    Column("sigpending", "int", "limit of signals that may be pending; empty: the engine's"),
    Column("abort_on_overflow", "flag", "net.ipv4.tcp_abort_on_overflow; empty: the kernel's"),
    Column("syn_linear_timeouts", "int", "net.ipv4.tcp_syn_linear_timeouts; empty: the kernel's"),
    Column("late_acks", "int", "handshakes that met a full accept queue at their end", True),
    Column("traced", "flag", "system calls were counted: all speeds mean nothing", True),
    Column("outcome", "text", "completed, or failed before a window was measured", True, OUTCOMES),
    Column("validity", "text", "what bounded the trial, or void", True, VALIDITIES),
    Column("reason", "text", "why it is void, or what is to be known of it, in words"),
    Column("spoiled_by", "text", "who spoiled a void trial", choices=SPOILED_BY, added=True),
    Column("server_limit", "text", "limit that the server named in its log, if any"),
    Column("started_at", "text", "ISO 8601, UTC", True),
    Column("overhead_s", "float", "time of the trial beside warm-up and window; empty: unknown"),
    Column("warm_up_s", "float", "warm-up before the window", True),
    Column(
        "window_s",
        "float",
        "measured window; requested where none was measured",
        True,
        minimum=1e-6,
    ),
    Column("requests", "int", "correct responses in the window; passes or waits without clients"),
    Column("errors", "int", "failed attempts in the window"),
    Column("error_kinds", "text", "errors by kind, as kind=count joined by spaces"),
    Column("error_share", "float", "errors / (requests + errors)", added=True),
    Column("requests_per_s", "float", "requests / window_s"),
    Column("watched_held", "int", "descriptors that the interface took, without clients"),
    Column("wait_us", "float", "one_wait: time of a wait, one descriptor being ready; mean"),
    Column("bare_us", "float", "time of a pass or a turn without its wait, nothing watched; mean"),
    Column("connects", "int", "connections established in the window"),
    Column("connects_per_s", "float", "connects / window_s"),
    Column("active_established", "int", "active connections established as the window opened"),
    Column("idle_established", "int", "idle connections established as the window opened"),
    Column("server_established", "int", "connections the server held or queued at that moment"),
    Column("idle_connect_s", "float", "time to establish all idle connections"),
    Column("connect_p50_us", "float", "time to connect, median"),
    Column("connect_p99_us", "float", "time to connect, 99th percentile"),
    Column("connect_p999_us", "float", "time to connect, 99.9th percentile"),
    Column("connect_max_us", "float", "time to connect, maximum"),
    Column("first_response_p50_us", "float", "connect to first response, median"),
    Column("first_response_p99_us", "float", "connect to first response, 99th percentile"),
    Column("first_response_max_us", "float", "connect to first response, maximum"),
    Column("response_p50_us", "float", "response time, median"),
    Column("response_p90_us", "float", "response time, 90th percentile"),
    Column("response_p99_us", "float", "response time, 99th percentile"),
    Column("response_p999_us", "float", "response time, 99.9th percentile"),
    Column("response_max_us", "float", "response time, maximum"),
    Column("response_mean_us", "float", "response time, mean"),
    Column("response_stddev_us", "float", "response time, standard deviation"),
    Column("service_p50_us", "float", "open loop: from the send to the response, median"),
    Column("service_p99_us", "float", "service time, 99th percentile"),
    Column("service_p999_us", "float", "service time, 99.9th percentile"),
    Column("service_max_us", "float", "service time, maximum"),
    Column("lag_p99_us", "float", "open loop: how late the engine was, 99th percentile"),
    Column("lag_max_us", "float", "how late the engine was, maximum"),
    Column("most_waiting", "int", "open loop: longest queue for a free connection"),
    Column(
        "unanswered",
        "int",
        "requests whose ages at the end of the window are among the response times: all that were "
        "due in an open loop, those older than the answers let expect in a closed one",
    ),
    Column("oldest_unanswered_us", "float", "age of the oldest of them"),
    Column(
        "lower_bounds",
        "text",
        "times above that what had not ended may have kept low, by their columns, with spaces",
        added=True,
    ),
    Column("kinds", "text", "of a mix, by path: requests, p50_us, p99_us, lower_bounds; as JSON"),
    Column("company", "text", "what bad clients and idle ones did, as name=count"),
    Column("server_cpu_us_per_request", "float", "server CPU time / requests"),
    Column(
        "server_cpu_share",
        "float",
        "server CPU time / (window x cores granted)",
        maximum=MOST_CORES,
    ),
    Column(
        "server_throttled_share",
        "float",
        "share of the window in which the server had used up its CPU quota and waited",
        added=True,
        maximum=MOST_CORES,
    ),
    Column(
        "generator_cpu_share",
        "float",
        "engine's CPU time / window, on the busiest load core",
        maximum=MOST_CORES,
    ),
    Column(
        "generator_busy_share", "float", "open loop: share of the window with work to do", maximum=1
    ),
    Column("longest_pause_us", "float", "longest time an engine did not look at its connections"),
    Column("window_skew_us", "float", "how far apart the load workers opened or closed the window"),
    Column("server_rss_bytes", "int", "resident memory, all server processes, end of window"),
    Column("server_rss_idle_bytes", "int", "the same before any load"),
    Column("server_threads", "int", "threads, all server processes, end of window"),
    Column("server_processes", "int", "server processes, end of window"),
    Column("server_fds", "int", "open descriptors, all server processes, end of window"),
    Column(
        "context_switches",
        "int",
        "of the server in the window; empty with many threads, or when some ended",
    ),
    Column("voluntary_switches", "int", "those of them in which the server went to sleep"),
    Column("kernel_socket_bytes", "int", "TCP socket memory of the machine, end of window"),
    Column("kernel_slab_idle_bytes", "int", "kernel objects of the machine, before any load"),
    Column("kernel_slab_bytes", "int", "the same with all connections established, before warm-up"),
    Column(
        "worker_connections",
        "text",
        "connections each worker process held before warm-up, by pid; JSON list",
    ),
    Column(
        "worker_cpu_shares",
        "text",
        "share of each worker process in the CPU time of all in the window, by pid; JSON list",
    ),
    Column(
        "worker_accepts",
        "text",
        "connections each worker process accepted in the whole trial, by pid; JSON list",
    ),
    Column("syscalls_per_request", "float", "system calls of a traced server in the window"),
    Column("syscalls", "text", "the same by name, those above 0.001; as JSON"),
    Column("accept_queue_max", "int", "deepest accept queue sampled in the window"),
    Column("full_queue_depth", "int", "accept queue with silent connections piled on it, at rest"),
    Column("full_queue_overflows", "int", "ListenOverflows while they were piled on it"),
    Column("full_queue_drops", "int", "ListenDrops while they were piled on it"),
    Column("full_queue_resets", "int", "of them, how many were reset"),
    Column("late_ack_resets", "int", "of late_acks, how many were reset"),
    Column("listen_overflows", "int", "ListenOverflows since the load began"),
    Column("listen_drops", "int", "ListenDrops since the load began"),
    Column("retransmits", "int", "RetransSegs in the window"),
    Column("resets", "int", "OutRsts in the window"),
    Column("segments_out_per_response", "float", "segments the server sent per response"),
    Column(
        "coverage", "float", "share of active connections with a response in the window", maximum=1
    ),
    Column("littles_law_ratio", "float", "throughput x mean time / requests under way; 1 is exact"),
    Column(
        "steal_share",
        "float",
        "share of the lab's cores that the hypervisor took in the window",
        maximum=1,
    ),
    Column(
        "foreign_cpu_share",
        "float",
        "cores' worth of other programs on the lab's cores",
        maximum=MOST_CORES,
    ),
)


class Implication(NamedTuple):
    """Where `column` is `value`, `other` is `must_be`."""

    column: str
    value: str
    other: str
    must_be: str


IMPLICATIONS = (Implication("outcome", "failed", "validity", "void"),)
IN_ORDER = (("voluntary_switches", "context_switches"),)
"""Pairs of numbers of which the second is never the smaller one."""

NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
FIRST_NAMES = tuple(column.name for column in COLUMNS if not column.added)
"""Columns that every run of this format version has."""
SETTINGS: tuple[str, ...] = (
    "server",
    "network",
    "load",
    "active_connections",
    "load_workers",
    "idle_connections",
    "backlog",
    "somaxconn",
    *("path", "pipeline_depth", "rate_per_s", "arrivals", "idle", "trickle_per_s", "churn_per_s"),
    *("slow_readers", "slow_writers", "vanishing_per_s", "workers", "accepts_per_wakeup"),
    *("response_bytes", "split_writes", "cork", "nodelay", "epoll_exclusive", "idle_timeout_ms"),
    *("switch_interval_us", "thread_stack_bytes", "server_cpu_quota", "watched"),
    *("sigpending", "abort_on_overflow", "syn_linear_timeouts", "late_acks", "traced"),
)
