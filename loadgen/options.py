"""What a load does: its options, the same for a sweep, the command line and the UI's form.

Locust's form ignores `choices` and `type`, so everything is checked here again,
and all that is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from contract.expected import (
    AUTO,
    BODY_CHECKS,
    CHECKS,
    MATCHES,
    WHOLE,
    Expected,
    check_pattern,
    parse_headers,
    parse_statuses,
)
from contract.mix import Kind, MixError, parse_mix, unknown_names
from contract.ports import SERVER_PORT
from contract.request import (
    Request,
    RequestError,
    header_lines,
    parse_requests,
)
from contract.response import BODY
from contract.settings import conflicts
from contract.settings.load_settings import LOAD, REQUEST, SCHEDULE, SWEEP
from contract.settings.setting import Setting, declared, setting
from contract.settings.trial import MOST_WARM_UP_S, Settings
from loadgen.engine.connection_table import IN_FLIGHT
from loadgen.master.offered import known_servers, unavailable
from loadgen.verification.readiness import Ready
from loadgen.verification.verify import Terms

MOST_SHOWN = 60


class OptionsError(ValueError):
    """Every fault of the form in one message."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What one load does: the settings of the trial, as far as a load takes them, and its own.

    A window of 0 s measures until it is stopped by hand.
    """

    settings: Settings
    host: str
    port: int
    trial: str = setting("", "Identifier of a sweep's trial", form=SWEEP)
    probe: str = setting("", "Address of the probe beside the server", form=SWEEP)
    method: str = setting("GET", "Method of the requests, such as POST", form=REQUEST)
    headers: str = setting(
        "",
        "Headers of the requests, one a line, as `Name: value`",
        form=REQUEST,
        several_lines=True,
    )
    body: str = setting("", "Body of the requests", form=REQUEST, several_lines=True)
    requests: str = setting("", "Requests that `path` names, as JSON", form=SWEEP)
    expect_status: str = setting(
        "200",
        "HTTP status of the answer, or several: 200, 204; empty: 200",
        reader=parse_statuses,
        form=REQUEST,
    )
    expect_body: str = setting(
        BODY.decode(), "Body of the answer; empty: any that stays the same", form=REQUEST
    )
    expect_body_is: str = setting(
        WHOLE,
        "The text is the whole body, in it, or a regular expression for it; or any body will do",
        choices=BODY_CHECKS,
        form=REQUEST,
    )
    expect_headers: str = setting(
        "",
        'Headers of the answer, as JSON: {"Name": "value"}; an empty value is any',
        reader=parse_headers,
        form=REQUEST,
    )
    check: str = setting(
        AUTO,
        "Every byte of an answer is compared (exact), or its framing and what is expected of it; "
        "auto: the strictest that the first answers bear",
        choices=CHECKS,
        form=REQUEST,
    )
    in_flight: int = setting(
        IN_FLIGHT, "Connections opening at once; below the backlog", low=1, high=10_000, form=LOAD
    )
    seed: int = setting(
        0, "Seed of Poisson arrivals, and of mixes", low=0, high=2**31, form=SCHEDULE
    )
    steady_within_s: float = setting(
        0.0,
        "Longest load before the window until the rate is steady, in seconds; 0: for warm_up_s",
        low=0,
        high=MOST_WARM_UP_S,
        form=SWEEP,
    )
    ready_path: str = setting("", "What is asked for until the server is ready", form=SWEEP)
    ready_status: str = setting(
        "", "Statuses that say that it is ready", reader=parse_statuses, form=SWEEP
    )
    ready_s: float = setting(
        5.0, "How long to wait until the server is ready, in seconds", low=0, high=600, form=SWEEP
    )
    worker: int = 0
    """Place of this worker among `workers`, from 0: what is here is its share (`partition.py`)."""
    workers: int = 1

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of requests, with their shares."""
        return parse_mix(self.settings.path or "/")

    @property
    def asked(self) -> tuple[Request, ...]:
        """The request of each kind. Raises RequestError."""
        named, headers = parse_requests(self.requests), header_lines(self.headers)
        return tuple(
            named[kind.path]
            if kind.path in named
            else Request(method=self.method, path=kind.path, headers=headers, body=self.body)
            for kind in self.kinds
        )

    @property
    def terms(self) -> Terms:
        """What has to be answered; a whole body is that of one path."""
        asked = self.asked
        # Several requests have several bodies, and the answer to a HEAD has none.
        several = len(asked) > 1 or asked[0].method == "HEAD"
        body = "" if self.expect_body_is == WHOLE and several else self.expect_body
        expected = Expected(
            statuses=parse_statuses(self.expect_status or "200"),
            body=body,
            body_is=self.expect_body_is,
            headers=parse_headers(self.expect_headers),
        )
        statuses = parse_statuses(self.ready_status) if self.ready_status else ()
        ready = Ready(self.ready_path, statuses, self.ready_s, asked[0].host)
        return Terms(expected=expected, check=self.check, ready=ready)

    @property
    def pace_per_s(self) -> float:
        """Of opening connections, this worker's share; 0 is as fast as `in_flight` allows."""
        return self.settings.connect_pace_per_s / self.workers

    @property
    def mix_seed(self) -> int:
        """Of the draws of a mix: no two workers of a load draw the same, nor do two seeds."""
        return self.seed * self.workers + self.worker

    @property
    def persistent(self) -> bool:
        """Whether active connections stay after a response."""
        return not self.settings.connecting

    @property
    def is_trial(self) -> bool:
        """Part of a sweep: it ends by itself and its result is collected."""
        return bool(self.trial)

    @property
    def recorded(self) -> dict[str, Any]:
        """All of it by name, as the result of a trial keeps it."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "settings"}
        return self.settings.told_to_load | own


def knobs() -> dict[str, Setting]:
    """All that the load takes, by name, in the order of the form: what several rooms take first."""
    shared = {name: one for name, one in declared(Settings).items() if one.form is not None}
    return shared | declared(Options)


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
