"""The columns about the machine beside a trial: who else had the lab's cores, who waited for what,
and how fast the cores were.
"""

from __future__ import annotations

from contract.columns.column import MOST_CORES, Column

MACHINE: tuple[Column, ...] = (
    Column(
        "steal_share",
        "float",
        "share of the lab's cores that the hypervisor took in the window",
        maximum=1,
    ),
    Column(
        "foreign_cpu_share",
        "float",
        "cores' worth of other programs on the lab's cores, without log_cpu_share and "
        "files_cpu_share",
        maximum=MOST_CORES,
    ),
    Column("log_bytes_per_s", "float", "what the server printed in the window", added=True),
    Column(
        "log_cpu_share",
        "float",
        "cores' worth of the engine, on the lab's cores, to copy what the server printed; empty "
        "where the engine is not on this machine",
        added=True,
        maximum=MOST_CORES,
    ),
    Column(
        "files_cpu_share",
        "float",
        "cores' worth of the program, on the lab's cores, that is the file system of the server's "
        "container (fuse-overlayfs); empty where the kernel is, or the engine is not on this "
        "machine",
        added=True,
        maximum=MOST_CORES,
    ),
    Column(
        "needs_cpu_share",
        "float",
        "cores' worth of what the server `needs`, wherever it ran; no other program",
        added=True,
        maximum=MOST_CORES,
    ),
    Column(
        "cpu_pressure_share",
        "float",
        "share of the window in which a task of the machine, the lab's own among them, waited for "
        "a core; empty where the kernel does not tell (CONFIG_PSI)",
        added=True,
        maximum=MOST_CORES,
    ),
    Column("memory_pressure_share", "float", "the same for memory", added=True, maximum=MOST_CORES),
    Column("io_pressure_share", "float", "the same for a disk", added=True, maximum=MOST_CORES),
    Column(
        "server_core_loop_before_us",
        "float",
        "processor time of a fixed loop of the lab's on the server's core before the warm-up: the "
        "slower the core, the longer",
        added=True,
    ),
    Column("server_core_loop_after_us", "float", "the same after the window", added=True),
    Column(
        "load_core_loop_before_us",
        "float",
        "the same on the load's core before the warm-up; of several, the slowest",
        added=True,
    ),
    Column("load_core_loop_after_us", "float", "the same after the window", added=True),
)
