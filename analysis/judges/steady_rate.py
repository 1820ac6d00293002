"""Does one server's rate stay the same from no idle connections to many?

A rate that the load generator bounds stays the same whatever the server does. So
when it did, the server's CPU time per request has to keep within the bound too:
the bound gets stricter, never looser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from analysis.judgement import Judgement, Part, most_telling
from analysis.judges._evidence import evidence, generator_bound
from analysis.pairs import keep_alive, paired_ratio
from analysis.strict import Strict, Text
from analysis.text import count, number, server_name

if TYPE_CHECKING:
    from analysis.claim import Claim
    from analysis.records import Run

NAME = "steady_rate"


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text
    active_connections: int
    idle_connections: int = Field(description="the many")


def judge(claim: Claim, run: Run) -> Judgement:
    """rate(many idle) / rate(none), paired within blocks."""
    server = claim.parameters["server"]
    active = claim.parameters["active_connections"]
    idle = claim.parameters["idle_connections"]
    trials = keep_alive(run)
    many = evidence(trials, server=server, active_connections=active, idle_connections=idle)
    none = evidence(trials, server=server, active_connections=active, idle_connections=0)
    edges = (claim.bound.min, claim.bound.max)
    rate = paired_ratio(many, none, "requests_per_s")
    # Turned over, so that more work per CPU second is above 1, as for the rate.
    work = paired_ratio(none, many, "server_cpu_us_per_request")
    limited = generator_bound(many, none)
    parts = (
        Part("requests per second", rate, "x", *edges),
        Part("requests per CPU second", work, "x", *edges, decides=limited),
    )
    sentence = (
        f"With {count(idle)} idle connections beside {count(active)} active ones, "
        f"{server_name(server)} answered {number(rate.value)} times as many requests "
        f"a second as with none, and {number(work.value)} times as many per second of its CPU."
    )
    if limited:
        sentence += (
            " The load generator was the bottleneck, so the rate alone proves nothing, "
            "and the CPU figure has to be within the bound too."
        )
    return Judgement(parts, sentence, most_telling(parts))
