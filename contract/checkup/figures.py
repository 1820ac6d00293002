"""The questions of a check-up and the figures that answer them, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["per_s", "share", "us", "s", "bytes", "times", "count"]


@dataclass(frozen=True, slots=True)
class Question:
    """Its name in rules and documents, and how it is asked."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the answer to a question, which rules and thresholds may name."""

    name: str
    question: str
    unit: Unit
    meaning: str


QUESTIONS: Final = (
    Question("holds", "What does it hold?"),
    Question("cost", "What does a request cost?"),
    Question("beyond", "What happens beyond it?"),
    Question("idle", "How many can be there?"),
    Question("crowd", "A crowd at the door?"),
    Question("clients", "Slow, broken and hostile clients?"),
    Question("deploy", "Can it be deployed under load?"),
    Question("start", "How does it start?"),
    Question("leak", "Does it leak?"),
    Question("habits", "What did we see of its habits?"),
)
FIGURES: Final = (
    Figure("holds_per_s", "holds", "per_s", "highest rate within the limits"),
    Figure("holds_cpu_share", "holds", "share", "share of its core in use there"),
    Figure("cost_1_us", "cost", "us", "CPU time of a request at 1%"),
    Figure("cost_10_us", "cost", "us", "CPU time at 10%"),
    Figure("cost_50_us", "cost", "us", "CPU time at 50%"),
    Figure("cost_90_us", "cost", "us", "CPU time at 90%"),
    Figure("cost_idle_times", "cost", "times", "CPU time at 1% / at 90%"),
    Figure("cost_1_wakeups", "cost", "count", "wake-ups for a request at 1%"),
    Figure("cost_90_wakeups", "cost", "count", "wake-ups at 90%"),
    Figure("cost_90_switches", "cost", "count", "context switches at 90%"),
    Figure(
        "beyond_goodput_share",
        "beyond",
        "share",
        "right answers at 150% of the rate it holds, beside that rate",
    ),
    Figure("beyond_error_share", "beyond", "share", "failed requests at 150%"),
    Figure(
        "beyond_recovers_s",
        "beyond",
        "s",
        "from the end of the overload until p99 is within the limit for good",
    ),
    Figure("idle_held", "idle", "count", "connections that it held, idle ones included"),
    Figure("idle_held_share", "idle", "share", "the same, of those asked for"),
    Figure("idle_bytes", "idle", "bytes", "its own memory for an idle connection"),
    Figure("idle_kernel_bytes", "idle", "bytes", "the kernel's memory for an idle connection"),
    Figure("idle_slower_times", "idle", "times", "rate of the busy ones without idle ones / with"),
    Figure("idle_closes_s", "idle", "s", "silence after which it closes a connection"),
    Figure("crowd_served_share", "crowd", "share", "part of the crowd answered in the window"),
    Figure("crowd_error_share", "crowd", "share", "failed requests of the crowd"),
    Figure("crowd_drops", "crowd", "count", "connections that found the accept queue full"),
    Figure("crowd_queue", "crowd", "count", "deepest accept queue that was seen"),
    Figure("crowd_queue_limit", "crowd", "count", "how much its accept queue takes"),
    Figure("crowd_connect_max_s", "crowd", "s", "longest time to connect"),
    Figure(
        "clients_served_share",
        "clients",
        "share",
        "right answers of good clients beside the worst bad ones, of those asked for",
    ),
    Figure("clients_p99_us", "clients", "us", "p99 of the good clients beside the worst"),
    Figure("clients_error_share", "clients", "share", "failed requests of the good clients"),
    Figure("flood_served_share", "clients", "share", "right answers while it is flooded"),
    Figure(
        "flood_recovers_s",
        "clients",
        "s",
        "from the end of the flood until p99 is within the limit for good",
    ),
    Figure("clients_after_s", "clients", "s", "until it answers when all have gone"),
    Figure("clients_fds", "clients", "count", "descriptors that stay when all have gone"),
    Figure(
        "clients_memory_times",
        "clients",
        "times",
        "its memory when they have gone / under the same load without them",
    ),
    Figure("lost_on_stop", "deploy", "count", "requests lost, of those sent to it"),
    Figure("unfinished_on_stop", "deploy", "count", "of them, sent before it was told to end"),
    Figure("refused_on_stop", "deploy", "count", "that found no connection before it had ended"),
    Figure("late_on_stop", "deploy", "count", "answered later than the limit of p99"),
    Figure("stop_s", "deploy", "s", "until it had ended"),
    Figure("start_listens_s", "start", "s", "until it listened"),
    Figure("start_answers_s", "start", "s", "until its first right answer"),
    Figure("start_deaf_s", "start", "s", "from listening to that"),
    Figure("start_steady_s", "start", "s", "of load, until its rate was that of later"),
    Figure("leak_bytes", "leak", "bytes", "memory that stays of each connection, at least"),
    Figure("leak_fds", "leak", "count", "descriptors that stay of 1,000 connections, at least"),
    Figure("habits_requests", "habits", "count", "requests served on a connection"),
    Figure("habits_idle_s", "habits", "s", "silence after an answer until it closes"),
    Figure("habits_silent_s", "habits", "s", "silence before the first byte until it closes"),
    Figure("habits_head_s", "habits", "s", "silence inside a head until it closes"),
    Figure("habits_pipelined", "habits", "count", "of ten requests in one write, answered"),
    Figure("habits_backlog", "habits", "count", "connections that may wait to be accepted"),
    Figure("habits_must", "habits", "count", "cases in which it does not do what it MUST"),
    Figure("habits_should", "habits", "count", "cases in which it does not do what it SHOULD"),
    Figure(
        "habits_smuggles",
        "habits",
        "count",
        "of those, cases in which servers may read one request differently",
    ),
)
NAMES: Final = tuple(one.name for one in FIGURES)
QUESTION_NAMES: Final = tuple(one.name for one in QUESTIONS)
BY_RATE: Final = frozenset(("cost", "beyond", "clients", "deploy"))
"""Questions that are asked at shares of what the server holds; with one of them, so is that."""
MORE_IS_BETTER: Final = frozenset(
    (
        *("holds_per_s", "beyond_goodput_share", "idle_held", "idle_held_share"),
        *("crowd_served_share", "crowd_queue_limit", "clients_served_share"),
        *("flood_served_share", "habits_pipelined", "habits_backlog"),
    )
)
HOW_FAR: Final = frozenset(("idle_held", "idle_held_share"))
"""Figures of how far a server went until it met a limit of its own."""
OF_FAILURES: Final = frozenset(
    (
        *("beyond_error_share", "crowd_error_share", "crowd_drops", "clients_error_share"),
        *("lost_on_stop", "unfinished_on_stop", "refused_on_stop"),
    )
)
"""Figures of what failed: of several rounds the worst counts, and some beside none is no noise."""
NEITHER: Final = frozenset(
    (
        *("holds_cpu_share", "cost_idle_times", "crowd_queue", "idle_closes_s"),
        *("habits_requests", "habits_idle_s", "habits_silent_s", "habits_head_s"),
    )
)
"""Figures of which more is neither better nor worse by itself; of all others less is better."""
