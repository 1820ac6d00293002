"""What is right for each server of others under each load: regular expressions for outcomes.

They say what each server's manual does: whether it keeps connections, for how many requests and for
how long, how many it holds, and whether it prints a line for each request.
"""

from __future__ import annotations

from typing import Final

from tests.foreign.document import LOADS

SERVERS: Final = (
    *("nginx_default", "apache2", "lighttpd", "caddy", "haproxy", "node_http", "puma", "php_s"),
    *("tomcat10", "gunicorn", "uvicorn_default", "hypercorn", "waitress", "tornado", "aiohttp"),
    "http_server",
)
PRINTING: Final = ("php_s", "uvicorn_default", "waitress", "http_server")
"""Their output has a line for each request; waitress's for each that has to wait."""
REQUESTS: Final = {
    "nginx_default": "1,000",
    "apache2": "([0-9]+ to )?10[01]",
    "lighttpd": "1,001",
    "puma": "1[01]( to [0-9]+)?",
    "tomcat10": "100",
    "hypercorn": "1,000",
}
"""How many they take on a connection. Puma takes 10 where other connections wait; Apache closes one
early where it needs the thread; lighttpd counts beyond its limit of 1,000 before it closes."""
IDLE_S: Final = {
    "apache2": "5",
    "lighttpd": "5",
    "node_http": "[56]",
    "puma": "20",
    "tomcat10": "20",
    "uvicorn_default": "5",
    "hypercorn": "5",
}
"""After how many seconds without a request they close one; others let it be for longer than any
trial takes. A slow machine needs so long to open a thousand."""
KEEPS_NONE: Final = {
    **dict.fromkeys(
        ("gunicorn", "http_server"),
        r"void: .*the server closes the connection after a response; only "
        r"`load: connection_per_request` can be asked of it; .*",
    ),
    "php_s": r"void: .*no Content-Length and ends with its connection; only "
    r"`load: connection_per_request` can be asked of the server; .*",
}
NEVER: Final = {
    ("idle", "apache2"): r"void: the server closed [\d,]+ idle connections .* after the last byte; "
    r"[\d,]+ of 1,000 idle connections were established; .*",
    ("idle", "waitress"): r"starved: \d+ of 1,000 idle connections were established; .*",
}
"""Apache has workers for 150 connections, and closes idle ones where it needs those. Waitress holds
100."""
SOMETIMES: Final = {
    ("open_loop", "apache2"): r"starved: the server holds \d+ of 64 connections; .*",
    ("keep_alive", "puma"): r"starved: the server holds \d+ of 64 connections; .*",
}
"""Apache starts with 50 threads, and more a second later; Puma has five, and lets in those for whom
one is free."""


def _expected(load: str, server: str) -> str:
    if ("connection" in load or load == "short_backlog") or server not in KEEPS_NONE:
        return NEVER.get((load, server)) or _measured(load, server)
    return KEEPS_NONE[server]


def _measured(load: str, server: str) -> str:
    """With what may have to be told, and nothing else."""
    notes = [
        r"\d+ requests? had no answer as the window closed, .*",
        r"only [\d.]+% of the clients .*",
        r"its files took the engine's file system, .*",
    ]
    if server in PRINTING:
        notes.append("its own log, .*")
    if load in ("keep_alive", "idle", "open_loop") and server in REQUESTS:
        notes.append(f"the server closes a connection after ({REQUESTS[server]}) requests.*")
    if load == "open_loop":
        notes.append(r"requests left up to [\d,]+ us late though a connection was free; .*")
    notes.append(r"the rate (rose|fell) by [\d,]+% .*")
    told = rf"measured(: (({'|'.join(notes)})(; )?)+)?"
    if (load, server) in SOMETIMES:
        return f"{told}|{SOMETIMES[load, server]}"
    if load == "idle" and server in IDLE_S:
        return rf"{told}|void: the server closes idle connections after {IDLE_S[server]} s; .*"
    return told


EXPECTED: Final = {(load, server): _expected(load, server) for load in LOADS for server in SERVERS}
