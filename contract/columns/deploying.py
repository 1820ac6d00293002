"""The columns of `trials.csv` about the start and the end of a server, where they are watched."""

from __future__ import annotations

from contract.columns.column import Column

DEPLOYING: tuple[Column, ...] = (
    Column(
        "start_listening_s",
        "float",
        "with start_watched: until it listened, since its container ran, as the engine has it; 0: "
        "before the engine had told",
        added=True,
    ),
    Column("start_answered_s", "float", "until its first right answer, since then", added=True),
    Column(
        "start_steady_s",
        "float",
        "of the window until a twentieth of it had nine tenths of the median rate of its second "
        "half; 0: the first had",
        added=True,
    ),
    Column(
        "stop_had",
        "int",
        "with stop_s: requests under way as the server was told to end",
        added=True,
    ),
    Column(
        "stop_had_lost",
        "int",
        "of them, those that never had a right answer: closed, reset, or a wrong one",
        added=True,
    ),
    Column("stop_came", "int", "requests that were sent to it afterwards", added=True),
    Column("stop_came_lost", "int", "of them, those that never had a right answer", added=True),
    Column(
        "stop_under_way",
        "int",
        "of both, those without an answer as the load ended, on connections that stood",
        added=True,
    ),
    Column(
        "stop_unsent",
        "int",
        "requests due until it had ended that could not be sent: refused, or no connection free",
        added=True,
    ),
    Column(
        "stop_response_max_us",
        "float",
        "longest response time of those that it answered since it was told to end",
        added=True,
    ),
    Column(
        "stop_ended_s",
        "float",
        "until it had ended; empty: it had not 10 s later, or was not told to",
        added=True,
    ),
    Column("stop_exit_code", "int", "how it ended then", added=True),
)
