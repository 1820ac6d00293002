"""The settings of a trial: everything that makes one differ from another."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from contract.loads import KINDS
from contract.settings.load_settings import LOAD, MOST, SWEEP, LoadSettings
from contract.settings.server_flags import ServerFlags
from contract.settings.setting import declared, setting
from contract.spread import SPREADING, most_of_one

LEAST_WARM_UP_S = 3.0
"""Where it ends by itself: before, too little has been seen to tell a steady rate."""
MOST_WARM_UP_S = 30.0
"""Where it ends by itself, steady or not."""


@dataclass(frozen=True, kw_only=True)
class Settings(ServerFlags[None], LoadSettings):
    """The same names in trials.csv. What is None is left to the server or the kernel."""

    server_cpu_quota: float | None = setting(
        None,
        "Cores the server may use, as a quota with a 2 ms period; one if absent",
        low=0.5,
        high=1,
        least=0.01,
    )
    watched: int | None = setting(
        None, "Descriptors watched under token_ring and one_wait", low=1, high=MOST, alone=True
    )
    sigpending: int | None = setting(
        None,
        "Limit of signals that may wait for the server; the engine's if None",
        low=16,
        high=1_000_000,
    )
    abort_on_overflow: bool | None = setting(
        None, "net.ipv4.tcp_abort_on_overflow of the server's pod; the kernel's if None"
    )
    syn_linear_timeouts: int | None = setting(
        None,
        "net.ipv4.tcp_syn_linear_timeouts where the load is; the kernel's if None",
        low=0,
        high=127,
    )
    late_acks: int = setting(
        0,
        "Handshakes, before the load of a connection per request, that are ended only when the "
        "accept queue is full",
        low=0,
        high=1_000,
        form=SWEEP,
    )
    server_nofile: int | None = setting(
        None,
        "Descriptors that each process of the server may have; what the run needs if absent",
        low=1,
        high=1_048_576,
        added=True,
    )
    habits_s: float = setting(
        0.0,
        "After the window the server is asked about its habits of HTTP, and silent connections are "
        "watched for so many seconds; 0: it is not asked",
        low=0,
        high=120,
        added=True,
    )
    delay_ms: float = setting(
        0.0,
        "Delay of the path between load and server, each way, in ms: the round trip has it twice",
        low=0,
        high=250,
        added=True,
    )
    loss: float = setting(
        0.0, "Share of the packets that the path loses, each way", low=0, high=0.2, added=True
    )
    rate_mbit: float | None = setting(
        None,
        "What the path carries, each way, in Mbit/s; as much as the machine can if absent",
        low=0.1,
        high=10_000,
        added=True,
    )
    traced: bool = setting(
        False, "Count the server's system calls, which makes it many times slower"
    )
    start_watched: bool = setting(
        False, "The server is started before its load, and asked until it answers", added=True
    )
    warm_up_s: float | None = setting(
        0.3,
        "Load before the window, in seconds; `auto`: until the rate is steady, "
        f"{LEAST_WARM_UP_S:g} to {MOST_WARM_UP_S:g} s, as a foreign server has it if absent",
        low=0,
        high=600,
        form=LOAD,
        by_hand=0.0,
        word="auto",
        alone=True,
        identifies=False,
    )
    window_s: float = setting(
        2.0,
        "Measured window, in seconds",
        low=0.2,
        high=3_600,
        form=SWEEP,
        by_hand=0.0,
        alone=True,
        identifies=False,
        least=1e-6,
    )

    @property
    def open(self) -> bool:
        """Whether the load has a schedule."""
        return KINDS[self.load].open

    @property
    def connecting(self) -> bool:
        """Whether each request has a connection of its own."""
        return KINDS[self.load].connecting

    @property
    def without_clients(self) -> bool:
        """Whether nothing is sent to a server."""
        return KINDS[self.load].without_clients

    @property
    def shaping(self) -> int:
        """What the path between load and server takes of a kernel: 0 nothing, 1 a line with a
        rate, 2 a delay or a loss as well."""
        if self.delay_ms or self.loss:
            return 2
        return 1 if self.rate_mbit else 0

    @property
    def shaped(self) -> bool:
        """Whether that path is made slow, lossy or thin."""
        return self.shaping > 0

    @property
    def longest_warm_up_s(self) -> float:
        """The most that the load may take before the window."""
        return MOST_WARM_UP_S if self.warm_up_s is None else self.warm_up_s

    @property
    def ramp_s(self) -> float:
        """How long it takes to open all connections at the pace; 0 without one."""
        together = self.active_connections + self.idle_connections
        return together / self.connect_pace_per_s if self.connect_pace_per_s else 0.0

    @property
    def bad_clients(self) -> int:
        """Those that stay connected."""
        return self.slow_readers + self.slow_writers + self.flood

    @property
    def connections(self) -> int:
        """The most that the server has at once."""
        return self.active_connections + self.idle_connections + self.bad_clients

    @property
    def ports(self) -> int:
        """The most that one source address has. Bad clients use the first alone."""
        good = self.active_connections + self.idle_connections
        return -(-good // self.source_addresses) + self.bad_clients

    @property
    def server_shares(self) -> int:
        """Processes of the server over which chance spreads its connections."""
        return (self.workers or 1) if self.server in SPREADING else 1

    @property
    def descriptors(self) -> int:
        """The most that one process of the trial has beside its own."""
        if self.watched is not None:  # a pipe has two ends
            return self.watched * (2 if self.load == "token_ring" else 1)
        of_a_worker = -(-self.connections // self.load_workers)
        return max(of_a_worker, most_of_one(self.connections, self.server_shares))

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings as they stand in trials.csv: without clients nothing connects or listens."""
        nobody = {"active_connections": 0, "backlog": None} if self.without_clients else {}
        return asdict(self) | nobody

    @property
    def told_to_load(self) -> dict[str, Any]:
        """What the load takes of them, as its form has it."""
        return {
            name: one.by_hand if getattr(self, name) is None else getattr(self, name)
            for name, one in declared(Settings).items()
            if one.form is not None
        }
