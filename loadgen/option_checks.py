"""Options as they were given, checked: by a sweep, on the command line or in the UI's form.

Locust's form ignores `choices` and `type`, so everything is checked here again,
and all that is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from contract.expected import MATCHES, check_pattern
from contract.mix import MixError, unknown_names
from contract.ports import SERVER_PORT
from contract.request import RequestError, parse_requests
from contract.settings import conflicts
from contract.settings.setting import Setting, declared
from contract.settings.trial import Settings
from loadgen.master.offered import known_servers, unavailable
from loadgen.options import Options, knobs

MOST_SHOWN = 60


class OptionsError(ValueError):
    """Every fault of the form in one message."""


def parse(values: Mapping[str, Any], host: str | None) -> Options:
    """Check the options. Raises OptionsError with all faults.

    The target is one of the lab's own servers: `server` by name, or loopback in
    a shared network namespace. No other address is ever loaded.
    """
    faults: list[str] = []
    checked = {name: _checked(one, values, faults) for name, one in knobs().items()}
    own = {name: checked.pop(name) for name in declared(Options)}
    settings = Settings(**checked)
    if not faults:
        faults += conflicts.of_load(settings)
    if own["expect_body_is"] == MATCHES:
        try:
            check_pattern(own["expect_body"])
        except ValueError as error:
            faults.append(f"expect_body: {error}")
    if settings.stop_s and not own["probe"]:
        faults.append("stop_s is for trials: the probe beside the server tells it to end")
    faults += _of_requests(Options(settings=settings, host="", port=0, **own))
    target, port = _target(str(values.get("server") or ""), host or "", faults)
    if own["probe"] and own["probe"].rpartition(":")[0] != target:
        faults.append(f"probe is {own['probe']!r}; it must be beside the server, at {target}")
    if faults:
        raise OptionsError("; ".join(faults))
    return Options(settings=settings, host=target, port=port, **own)


def _of_requests(options: Options) -> list[str]:
    """What is wrong with what is sent."""
    path, named = options.settings.path or "/", options.requests
    try:
        if unknown := unknown_names(path, parse_requests(named), "this load"):
            return unknown
        for request in options.asked:
            request.check_pipeline(options.settings.pipeline_depth)
    except RequestError as error:
        return [str(error)]
    except MixError:  # told already
        return []
    return []


def _checked(one: Setting, values: Mapping[str, Any], faults: list[str]) -> Any:
    """The value of an option; None where an optional one is left out."""
    value = values.get(one.name, one.first)
    if one.is_number:
        value = _number(one, value, faults)
    elif one.choices:
        value = _choice(one, value, faults)
    else:
        value = _text(one, "" if value is None else str(value), faults)
    return None if one.optional and value in ("", one.by_hand) else value


def _text(one: Setting, value: str, faults: list[str]) -> str:
    if one.reader and value:
        try:
            one.reader(value)
        except ValueError as error:
            faults.append(f"{one.name}: {error}")
    return value


def _choice(one: Setting, value: Any, faults: list[str]) -> str:
    known = one.offered or one.choices
    if value not in known:
        faults.append(f"{one.name} is {shown(value)!r}; choose one of {', '.join(known)}")
    return str(value)


def _number(one: Setting, value: Any, faults: list[str]) -> float:
    """As strict as Locust, which keeps the type of an option: a count is written in digits."""
    low, high = one.span(one.first)
    span = f"from {low:g} to {high:,.0f}"
    given = shown(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        faults.append(f"{one.name} is {given!r}; give a number {span}")
        return low
    if not low <= number <= high:
        faults.append(f"{one.name} is {given}; it must be {span}")
        return low
    if one.kind == "float":
        return number
    if not _in_digits(value):
        faults.append(f"{one.name} is {given}; it must be a whole number, in digits, {span}")
    return int(number)


def _in_digits(value: Any) -> bool:
    try:
        int(str(value))
    except ValueError:
        return False
    return True


def shown(value: Any) -> str:
    """What was given, cut where it is too long for an answer."""
    text = str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _target(server: str, host: str, faults: list[str]) -> tuple[str, int]:
    servers = known_servers()
    if server:
        if server not in servers:
            able = [name for name in servers if name not in unavailable()]
            faults.append(
                f"server is {shown(server)!r}; choose one of {', '.join(able) or '(none)'}"
            )
        _can_run(server, faults)
        return server, SERVER_PORT
    try:
        parts = urlsplit(host)
        name, port = parts.hostname, parts.port or SERVER_PORT
    except ValueError:
        name, port = None, SERVER_PORT
    if name in ("127.0.0.1", *servers):
        _can_run(name, faults)
        return name, port
    loopback = f"http://127.0.0.1:{SERVER_PORT} in a shared network namespace"
    faults.append(
        f"host is {shown(host)!r}; the lab loads only its own servers: "
        f"{', '.join(servers) or loopback}"
    )
    return "", 0


def _can_run(server: str, faults: list[str]) -> None:
    if reason := unavailable().get(server):
        faults.append(f"{server} cannot run here: {reason}")
