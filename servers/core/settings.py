"""What a server can be told: by flag, or by environment variable; the flag wins.

A setting is a field of `Settings`: its flag is `--some-name`, its variable `C10K_SOME_NAME`.
Adding a field here is all that a new setting needs.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, NoReturn

ENVIRONMENT_PREFIX = "C10K_"
COMMANDS = ("list", "check")  # in place of a server's name


class SettingsError(Exception):
    """One or more settings are wrong; `errors` holds a line for each."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def _number(default: int, low: int, high: int, text: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "help": text})


def _switch(text: str, *, default: bool = False) -> Any:
    return field(default=default, metadata={"help": f"{text}: on or off"})


@dataclass(frozen=True)
class Settings:
    """The settings of one server process, already validated."""

    host: str = field(default="0.0.0.0", metadata={"help": "address to listen on"})  # noqa: S104 - a container's clients come from outside it
    port: int = _number(8080, 0, 65_535, "TCP port; 0 lets the kernel choose")
    backlog: int = _number(1024, 0, 65_535, "length of the accept queue, as given to listen()")
    accepts_per_wakeup: int = _number(
        64, 1, 65_535, "connections that a readiness loop accepts at most per wake-up"
    )
    epoll_exclusive: bool = _switch(
        "wake one process for a connection (EPOLLEXCLUSIVE), not all that wait", default=True
    )
    workers: int = _number(
        0, 0, 10_000, "threads or processes of a pool; 0 is the variant's own number"
    )
    response_bytes: int = _number(
        13, 0, 16_777_216, "body of the response to /; 13 is the HOWTO's Hello, world!"
    )
    split_writes: bool = _switch("write head and body of a response one by one")
    cork: bool = _switch("hold output back with TCP_CORK while a response is written")
    nodelay: bool = _switch("TCP_NODELAY: send small segments at once, without Nagle's algorithm")
    recv_bytes: int = _number(16_384, 1, 1_048_576, "buffer of one read")
    request_limit_bytes: int = _number(
        16_384, 64, 1_048_576, "longest request head; a longer one is answered 431"
    )
    thread_stack_bytes: int = _number(
        131_072, 0, 1_073_741_824, "stack of a thread, 0 or at least 65536; 0 is the system's own"
    )
    switch_interval_us: int = _number(
        50_000, 1, 10_000_000, "how long a thread waits for the interpreter before it asks for it"
    )
    idle_timeout_ms: int = _number(
        0, 0, 3_600_000, "close a connection on which nothing has moved for so long; 0 is never"
    )
    grace_ms: int = _number(
        5_000, 0, 600_000, "time that responses in flight have to end after SIGTERM"
    )


MIN_THREAD_STACK_BYTES = 65_536

# What a variant may have no use for (its IGNORES): a loop has no stacks, one process no pool.
FOR_LOOPS = frozenset({"accepts_per_wakeup"})
FOR_THREADS = frozenset({"thread_stack_bytes", "switch_interval_us"})
FOR_POOLS = frozenset({"workers"})
FOR_SHARED_EPOLL = frozenset({"epoll_exclusive"})


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises, so that its error joins the others."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError([message])


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variable(name: str) -> str:
    return ENVIRONMENT_PREFIX + name.upper()


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; its values are strings, not validated yet."""
    made = _Parser(
        prog="python -m servers",
        description="Run one server architecture. In place of NAME, `list` lists them, and `check`"
        " prints as JSON why each cannot run on this machine; an empty reason: it can.",
        epilog="Each flag has an environment variable, e.g. C10K_BACKLOG; the flag wins.",
        allow_abbrev=False,
    )
    made.add_argument("name", metavar="NAME", help="server to run, `list` or `check`")
    for item in fields(Settings):
        text = f"{item.metadata['help']} (default {_shown(item.default)})"
        made.add_argument(_flag(item.name), metavar="VALUE", help=text)
    return made


def parse(
    arguments: Sequence[str], environment: Mapping[str, str], names: Sequence[str]
) -> tuple[str, Settings]:
    """Return the server's name, one of `names` and COMMANDS, and its settings.

    Raises SettingsError with every error that was found, not with the first alone.
    """
    known, unknown = parser().parse_known_args(arguments)
    flags = [_flag(item.name) for item in fields(Settings)]
    errors = [_unknown(argument, flags) for argument in unknown]
    if known.name not in {*names, *COMMANDS}:
        hint = nearest(known.name, names) or f"; there are: {', '.join(names)}"
        errors.append(f"{known.name}: no such server{hint}")
    values: dict[str, Any] = {}
    for item in fields(Settings):
        source, given = _flag(item.name), getattr(known, item.name)
        if given is None:
            source, given = _variable(item.name), environment.get(_variable(item.name))
        if given is None:
            continue
        try:
            values[item.name] = _convert(item, given)
        except ValueError as error:
            errors.append(f"{source}: {error}")
    if 0 < values.get("thread_stack_bytes", 0) < MIN_THREAD_STACK_BYTES:
        errors.append(
            f"thread_stack_bytes: {values['thread_stack_bytes']} is too small for a Python thread;"
            f" use 0 (the system's default) or at least {MIN_THREAD_STACK_BYTES}"
        )
    if errors:
        raise SettingsError(errors)
    return known.name, Settings(**values)


def nearest(word: str, candidates: Sequence[str]) -> str:
    """Return `; did you mean ...?` for the candidate nearest to `word`, or an empty string."""
    found = difflib.get_close_matches(word, candidates, n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else ""


def _unknown(argument: str, flags: Sequence[str]) -> str:
    flag = argument.split("=")[0]
    return f"{flag}: unknown argument{nearest(flag, flags)}"


SWITCH = {"on": True, "off": False}


def _shown(default: object) -> object:
    return ("off", "on")[default] if isinstance(default, bool) else default


def _convert(item: Field[Any], given: str) -> int | str:
    if isinstance(item.default, str):
        if not given.strip():
            raise ValueError("must not be empty")
        return given
    if isinstance(item.default, bool):
        if given not in SWITCH:
            raise ValueError(f"{given!r} is neither `on` nor `off`")
        return SWITCH[given]
    low, high = item.metadata["low"], item.metadata["high"]
    message = f"{given!r} is not a whole number from {low} to {high}"
    try:
        number = int(given)
    except ValueError as error:
        raise ValueError(message) from error
    if not low <= number <= high:
        raise ValueError(message)
    return number
