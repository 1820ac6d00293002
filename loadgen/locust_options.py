"""The knobs of a load as Locust's command line and form offer them: in groups, each explained.

Locust's form is one list in the order of the arguments, so the groups are their order; the
headings above them come from the page's own script (page/form.js), which reads `headings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.engine.connection_table import IN_FLIGHT
from loadgen.master.offered import first, known_servers
from loadgen.options import BODY, CHOICES, LIMITS, LISTEN_S

if TYPE_CHECKING:  # importing Locust patches the standard library
    from locust.argument_parser import LocustArgumentParser


@dataclass(frozen=True, slots=True)
class Knob:
    """An option of the load; what it may be is known to `options`."""

    name: str
    default: Any
    help: str

    @property
    def explained(self) -> str:
        """The help with what is allowed, where a list of choices does not show it."""
        if self.name not in LIMITS:
            return self.help
        return f"{self.help}; {allowed(self.name)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Knobs that belong together, with a heading and a sentence."""

    title: str
    text: str
    knobs: tuple[Knob, ...]


def _choice(name: str, text: str) -> Knob:
    return Knob(name, CHOICES[name][0], text)


GROUPS = (
    Group(
        "Request",
        "What is asked of the server, and what has to come back, byte by byte.",
        (
            Knob("path", "/", "a path, or a mix with weights: / 95, /db/10 5"),
            Knob("expect_status", 200, "HTTP status of the answer"),
            Knob("expect_body", BODY, "body of the answer; empty: any that stays the same"),
        ),
    ),
    Group(
        "Load",
        "A closed loop sends on the answer to the last request, on connections that stay "
        "(keep_alive) or on a new one each time; an open loop sends when it is due. "
        "A user is a connection.",
        (
            _choice("load", "who sends, and when"),
            Knob("pipeline_depth", 1, "requests under way on a connection, under keep_alive"),
            Knob("in_flight", IN_FLIGHT, "connections opening at once; below the backlog"),
            Knob("connect_pace_per_s", 0.0, "pace of opening them; 0: as fast as in_flight allows"),
            Knob("warm_up_s", 0.0, "load before counting begins, in seconds"),
        ),
    ),
    Group(
        "Schedule",
        "Of the open loops alone. A request's response time runs from the moment when it was "
        "due, its service time from the moment when it left.",
        (
            Knob("rate_per_s", 0.0, "requests a second"),
            _choice("arrivals", "when they are due"),
            Knob("seed", 0, "of Poisson arrivals, and of mixes"),
        ),
    ),
    Group(
        "Idle connections",
        "They are open beside the users' and send next to nothing.",
        (
            Knob("idle_connections", 0, "how many"),
            _choice("idle", "silent after one request, or always"),
            Knob("trickle_per_s", 0.0, "bytes a second from each, of an endless request"),
            Knob("churn_per_s", 0.0, "share of them that is replaced a second"),
        ),
    ),
    Group(
        "Bad clients",
        "They are counted apart: the question is what they do to the good ones.",
        (
            Knob("slow_readers", 0, "ask for 16 MiB and hardly read"),
            Knob("slow_writers", 0, "send a header, a byte a second"),
            Knob("vanishing_per_s", 0.0, "reset inside a request, so many a second"),
        ),
    ),
)
OF_A_SWEEP = (
    Knob("window_s", 0.0, "Length of a trial's window; by hand, a load lasts until it is stopped"),
    Knob("late_acks", 0, "Handshakes whose last ACK meets a full accept queue, before a load"),
    Knob("listen_s", LISTEN_S, "How long to wait until the server listens, in seconds"),
    Knob("trial", "", "Identifier of a sweep's trial"),
    Knob("probe", "", "Address of the probe beside the server"),
)
"""What no person sets."""


def allowed(name: str) -> str:
    """The range of a number, in words."""
    low, high = LIMITS[name]
    return f"{low:g} to {high:,g}" if high < 1e6 else f"{low:g} to {high:,.0f}"


def add_knobs(parser: LocustArgumentParser) -> None:
    """Everything that a sweep sets, a person sets in the form."""
    servers = known_servers()
    if servers:
        parser.add_argument(
            "--server", default=first(), choices=servers, help="the variant to load"
        )
    else:
        _add(parser, Knob("server", "", "Server variant to load"), shown=False)
    for group in GROUPS:
        for knob in group.knobs:
            _add(parser, knob, shown=True)
    for knob in OF_A_SWEEP:
        _add(parser, knob, shown=False)


def _add(parser: LocustArgumentParser, knob: Knob, *, shown: bool) -> None:
    parser.add_argument(
        "--" + knob.name.replace("_", "-"),
        type=type(knob.default),
        default=knob.default,
        choices=list(CHOICES[knob.name]) if knob.name in CHOICES else None,
        include_in_web_ui=shown,
        help=knob.explained,
    )


def headings() -> list[dict[str, str]]:
    """For the page: each group's title and text, and the knob that it stands above."""
    return [
        {"title": group.title, "text": group.text, "above": group.knobs[0].name} for group in GROUPS
    ]
