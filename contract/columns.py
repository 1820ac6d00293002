"""The record format: the columns of `trials.csv`, in order, with their meaning.

The runner writes a row per trial, analysis reads it, and both take the names
from here. Values that were not measured are empty. Bump FORMAT_VERSION when a
column, or a detail beside the CSV, changes its meaning; a new one, with `added`, does not need it.
"""

from __future__ import annotations

from contract.column import MOST_CORES, Column
from contract.deploying_columns import DEPLOYING
from contract.expected import EXACT, FRAMING
from contract.machine_columns import MACHINE_COLUMNS
from contract.origins import ORIGINS
from contract.outcomes import OUTCOMES, VALIDITIES
from contract.settings.setting import Setting, declared
from contract.settings.trial import Settings
from contract.void_causes import SPOILED_BY

FORMAT_VERSION = 2
REFERENCE_SWEEP = "reference"
"""Value of `sweep` of the reference trials."""

MOST_TREND = 1_000
"""The trend of a rate that rose a thousandfold, or from nothing."""


def _of_setting(one: Setting) -> Column:
    """The column that holds a setting, by the same name."""
    least = one.low if one.least is None else one.least
    name = one.help.partition(" ")[0]
    meaning = one.help if name.isupper() and len(name) > 1 else one.help[0].lower() + one.help[1:]
    return Column(
        one.name,
        one.kind,
        meaning if one.own is None else f"{meaning}; empty: the server's own",
        required=not one.optional,
        choices=one.choices,
        added=one.added,
        default=one.default,
        minimum=least or 0,
    )


COLUMNS: tuple[Column, ...] = (
    Column("experiment", "text", "name of the experiment file", True),
    Column("run", "text", "identifier of the run", True),
    Column("trial", "text", "identifier of the trial: settings and repeat", True),
    Column("point", "text", "the settings alone: equal for all repeats of a trial", True),
    Column("sweep", "text", "part of the experiment that asked for it; reference for A/A", True),
    Column("block", "int", "one shuffled pass over all trials, from 1", True, minimum=1),
    Column("position", "int", "place in the order of the run, from 1", True, minimum=1),
    Column("repeat", "int", "repeat of this point, from 1", True, minimum=1),
    Column(
        "attempt",
        "int",
        "which measurement of this trial it is, from 1; another follows one that was spoiled, and "
        "not by the server",
        minimum=1,
        added=True,
    ),
    Column("origin", "text", "whose server: the lab's, a reference, foreign", True, ORIGINS),
    *(_of_setting(one) for one in declared(Settings).values()),
    Column("load_cores", "int", "cores that the load workers had; fewer: some shared one"),
    Column("outcome", "text", "completed, or failed before a window was measured", True, OUTCOMES),
    Column(
        "validity",
        "text",
        "what bounded a trial that was measured; or limit_reached, starved, void",
        True,
        VALIDITIES,
    ),
    Column("reason", "text", "why it was not measured, or what is to be known of it, in words"),
    Column(
        "spoiled_by",
        "text",
        "who spoiled a void trial; server_limit, server_starved: the cause of those words",
        choices=SPOILED_BY,
        added=True,
    ),
    Column("server_limit", "text", "limit that the server named in its log, if any"),
    Column("started_at", "text", "ISO 8601, UTC", True),
    Column("overhead_s", "float", "time of the trial beside warm-up and window; empty: unknown"),
    Column(
        "warmed_up_s",
        "float",
        "load before the window, as it was: where warm_up_s is empty, until its rate was steady",
        added=True,
    ),
    Column("requests", "int", "correct responses in the window; passes or waits without clients"),
    Column("errors", "int", "failed attempts in the window"),
    Column("error_kinds", "text", "errors by kind, as kind=count joined by spaces"),
    Column("error_share", "float", "errors / (requests + errors)", added=True),
    Column("requests_per_s", "float", "requests / window_s"),
    Column(
        "rate_trend",
        "float",
        "change of the rate from the first quarter of the window to the last, as a share of the "
        "first; 0 where it may be noise, empty where the window was too short to tell",
        added=True,
        minimum=-1,
        maximum=MOST_TREND,
    ),
    Column("watched_held", "int", "descriptors that the interface took, without clients"),
    Column("wait_us", "float", "one_wait: time of a wait, one descriptor being ready; mean"),
    Column("bare_us", "float", "time of a pass or a turn without its wait, nothing watched; mean"),
    Column(
        "answer_check",
        "text",
        "how answers were checked: byte for byte, or by their framing and what is expected",
        choices=(EXACT, FRAMING),
        added=True,
    ),
    Column("answers_compared", "text", "what was compared of each answer, in words", added=True),
    Column("first_wrong", "text", "what was wrong with the first wrong answer", added=True),
    Column(
        "round_trip_us",
        "int",
        "round trip to the server, the shortest of the handshakes before any load, as the kernel "
        "timed it",
        added=True,
    ),
    Column(
        "link_lost_share",
        "float",
        "of a shaped path: share of the packets that it lost in the window, of those that went "
        "into it where the server is",
        added=True,
        maximum=1,
    ),
    Column(
        "link_mbit_per_s",
        "float",
        "of a shaped path: what it carried in the window, in the busier of those directions",
        added=True,
    ),
    Column("connects", "int", "connections established in the window"),
    Column("connects_per_s", "float", "connects / window_s"),
    Column(
        "reconnects",
        "int",
        "connections of the window that were to stay, that the server ended without an error, and "
        "that were opened again",
        added=True,
    ),
    Column(
        "resent",
        "int",
        "requests that met such an end before any byte of their answer, and were sent again",
        added=True,
    ),
    Column(
        "connection_requests_p50",
        "float",
        "requests that such a connection had answered, median",
        added=True,
    ),
    Column("connection_requests_min", "int", "the same, minimum", added=True),
    Column("connection_requests_max", "int", "the same, maximum", added=True),
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
    Column(
        "after_answered_s",
        "float",
        "after bad clients: from when they and the load had gone until a good request on a new "
        "connection was answered",
        added=True,
    ),
    Column(
        "after_fds",
        "int",
        "descriptors that the server then had more than before any load",
        added=True,
    ),
    Column("after_rss_bytes", "int", "resident memory of all its processes then", added=True),
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
    Column(
        "generator_rss_idle_bytes",
        "int",
        "resident memory, all load workers, before any connection",
        added=True,
    ),
    Column(
        "generator_rss_bytes",
        "int",
        "the same with all connections established, before warm-up",
        added=True,
    ),
    Column("longest_pause_us", "float", "longest time an engine did not look at its connections"),
    Column("window_skew_us", "float", "how far apart the load workers opened or closed the window"),
    Column(
        "clock_bound_us",
        "float",
        "how far apart moments of two clocks may be that look the same; empty: all have one",
        added=True,
    ),
    Column(
        "probe_late_us",
        "float",
        "how far from the window's edges the probe looked, at the edge that it was farther from",
        added=True,
    ),
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
    Column(
        "accept_queue_limit",
        "int",
        "how much the server's accept queues take, as the kernel tells it: backlog or somaxconn",
        added=True,
    ),
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
    *DEPLOYING,
    Column(
        "coverage", "float", "share of active connections with a response in the window", maximum=1
    ),
    Column("littles_law_ratio", "float", "throughput x mean time / requests under way; 1 is exact"),
    *MACHINE_COLUMNS,
)


NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
FIRST_NAMES = tuple(column.name for column in COLUMNS if not column.added)
"""Columns that every run of this format version has."""
SETTINGS = tuple(name for name, one in declared(Settings).items() if one.identifies)
"""Columns of settings that tell points apart."""
