"""The columns of `trials.csv` about what was answered in the window, and on which connections."""

from __future__ import annotations

from contract.columns.column import Column
from contract.expected import EXACT, FRAMING

MOST_TREND = 1_000
"""The trend of a rate that rose a thousandfold, or from nothing."""

ANSWERS: tuple[Column, ...] = (
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
)
