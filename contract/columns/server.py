"""The columns of `trials.csv` about what the server, the load and the kernel did and used."""

from __future__ import annotations

from contract.columns.column import MOST_CORES, Column

SERVER: tuple[Column, ...] = (
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
)
