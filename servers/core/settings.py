"""What a server can be told: by flag, or by environment variable; the flag wins.

A setting is a field of `Settings`: its flag is `--some-name`, its variable `C10K_SOME_NAME`.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Never, NoReturn

from contract.ports import SERVER_PORT
from contract.settings.server_flags import BACKLOG, LONGEST_BACKLOG, ServerFlags
from contract.settings.setting import Setting, declared, setting

ENVIRONMENT_PREFIX = "C10K_"
COMMANDS = ("list", "check")  # in place of a server's name


class SettingsError(Exception):
    """One or more settings are wrong; `errors` holds a line for each."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, kw_only=True)
class Settings(ServerFlags[Never]):
    """The settings of one server process, already validated; what is left out is the server's own.

    The contract declares what a trial may set too.
    """

    host: str = setting("0.0.0.0", "Address to listen on")  # noqa: S104 - a container's clients come from outside it
    port: int = setting(SERVER_PORT, "TCP port; 0 lets the kernel choose", low=0, high=65_535)
    backlog: int = setting(
        BACKLOG, "Length of the accept queue, as given to listen()", low=0, high=LONGEST_BACKLOG
    )
    recv_bytes: int = setting(16_384, "Buffer of one read", low=1, high=1_048_576)
    request_limit_bytes: int = setting(
        16_384, "Longest request head; a longer one is answered 431", low=64, high=1_048_576
    )
    grace_ms: int = setting(
        5_000, "Time that responses in flight have to end after SIGTERM", low=0, high=600_000
    )

    def __post_init__(self) -> None:
        for name, one in declared(ServerFlags).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, one.own)


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
    for name, one in declared(Settings).items():
        text = f"{one.help}{': on or off' if one.kind == 'flag' else ''} (default {_shown(one)})"
        made.add_argument(_flag(name), metavar="VALUE", help=text)
    return made


def parse(
    arguments: Sequence[str], environment: Mapping[str, str], names: Sequence[str]
) -> tuple[str, Settings]:
    """Return the server's name, one of `names` and COMMANDS, and its settings.

    Raises SettingsError with every error that was found, not with the first alone.
    """
    known, unknown = parser().parse_known_args(arguments)
    flags = [_flag(name) for name in declared(Settings)]
    errors = [_unknown(argument, flags) for argument in unknown]
    if known.name not in {*names, *COMMANDS}:
        hint = nearest(known.name, names) or f"; there are: {', '.join(names)}"
        errors.append(f"{known.name}: no such server{hint}")
    values: dict[str, Any] = {}
    for name, one in declared(Settings).items():
        source, given = _flag(name), getattr(known, name)
        if given is None:
            source, given = _variable(name), environment.get(_variable(name))
        if given is None:
            continue
        try:
            values[name] = _convert(one, given)
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


def _default(one: Setting) -> Any:
    return one.default if one.own is None else one.own


def _shown(one: Setting) -> Any:
    default = _default(one)
    if isinstance(default, bool):
        return ("off", "on")[default]
    return default if one.low is None or default >= one.low else f"{default}: the variant's own"


def _convert(one: Setting, given: str) -> int | str:
    if one.kind == "text":
        if not given.strip():
            raise ValueError("must not be empty")
        return given
    if one.kind == "flag":
        if given not in SWITCH:
            raise ValueError(f"{given!r} is neither `on` nor `off`")
        return SWITCH[given]
    low, high = one.span(_default(one))
    message = f"{given!r} is not a whole number from {low} to {high}"
    try:
        number = int(given)
    except ValueError as error:
        raise ValueError(message) from error
    if not low <= number <= high:
        raise ValueError(message)
    return number
