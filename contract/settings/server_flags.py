"""What a trial may set of the lab's own servers, each by a flag of the same name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from contract.response import BODY
from contract.settings.setting import Absent, declared, setting

BACKLOG, LONGEST_BACKLOG = 1_024, 65_535


@dataclass(frozen=True, kw_only=True)
class ServerFlags(Generic[Absent]):
    """A plan leaves out what a server shall decide; `own` is what it then does."""

    workers: int | Absent = setting(
        None,
        "Threads or processes of a pool",
        low=1,
        high=10_000,
        own=0,  # the variant's own number
    )
    accepts_per_wakeup: int | Absent = setting(
        None,
        "Connections that a loop accepts at most per wake-up",
        low=1,
        high=LONGEST_BACKLOG,
        own=64,
    )
    response_bytes: int | Absent = setting(
        None, "Body of the response to /", low=0, high=16_777_216, own=len(BODY)
    )
    split_writes: bool | Absent = setting(
        None, "Head and body of a response are written one by one", own=False
    )
    cork: bool | Absent = setting(None, "TCP_CORK while a response is written", own=False)
    nodelay: bool | Absent = setting(None, "TCP_NODELAY: no waiting for more to send", own=False)
    epoll_exclusive: bool | Absent = setting(
        None, "One process is woken for a connection, not all that wait", own=True
    )
    idle_timeout_ms: int | Absent = setting(
        None,
        "Connections are closed when nothing has moved for so long; 0 is never",
        low=0,
        high=3_600_000,
        own=0,
    )
    switch_interval_us: int | Absent = setting(
        None,
        "How long a thread waits for the interpreter before it asks for it",
        low=1,
        high=10_000_000,
        own=50_000,
    )
    thread_stack_bytes: int | Absent = setting(
        None,
        "Stack of a thread; 0 is the system's own",
        low=0,
        high=1_073_741_824,
        own=131_072,
    )


def arguments(flags: ServerFlags[Any]) -> list[str]:
    """What is set of them, as words of `python -m servers`."""
    words: list[str] = []
    for name in declared(ServerFlags):
        value = getattr(flags, name)
        if value is not None:
            shown = ("off", "on")[value] if isinstance(value, bool) else str(value)
            words += ["--" + name.replace("_", "-"), shown]
    return words
