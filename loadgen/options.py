"""What a load does: its options, the same for a sweep, the command line and the UI's form."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from contract.expected import (
    AUTO,
    BODY_CHECKS,
    CHECKS,
    WHOLE,
    Expected,
    parse_headers,
    parse_statuses,
)
from contract.mix import Kind, parse_mix
from contract.probe_clock import CLOCKS, OWN_CLOCK
from contract.request import (
    Request,
    header_lines,
    parse_requests,
)
from contract.response import BODY
from contract.settings.load_settings import LOAD, REQUEST, SCHEDULE, SWEEP
from contract.settings.setting import Setting, declared, setting
from contract.settings.trial import MOST_WARM_UP_S, Settings
from contract.stop_signal import USUAL_SIGNAL, number_of
from loadgen.engine.measures import IN_FLIGHT
from loadgen.verification.readiness import Ready
from loadgen.verification.verify import Terms


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
    probe_clock: str = setting(
        OWN_CLOCK,
        "Whose clock the probe has: that of the load's machine, or another",
        choices=CLOCKS,
        form=SWEEP,
    )
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
    stop_signal: str = setting(
        USUAL_SIGNAL, "Signal by which the server is told to end", form=SWEEP, reader=number_of
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
        """Connections to open a second, this worker's share; 0 is as fast as `in_flight` allows."""
        return self.settings.connect_pace_per_s / self.workers

    @property
    def mix_seed(self) -> int:
        """Seed of the draws of a mix: no two workers of a load draw the same, nor do two seeds."""
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
