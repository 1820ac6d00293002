"""Does one server's rate stay the same from no idle connections to many?

A rate that the load generator bounds stays the same whatever the server does. So
when it did, the server's CPU time per request has to keep within the bound too:
the bound gets stricter, never looser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from analysis.claims.judgement import Judgement, Part, most_telling
from analysis.claims.judges._evidence import evidence, generator_bound, tried
from analysis.claims.strict import Strict, Text
from analysis.selection.pairs import keep_alive, lost_blocks, paired_ratio
from analysis.wording import count, number, server_name

if TYPE_CHECKING:
    from analysis.claims.claim import Claim
    from analysis.records.run import Run

NAME = "steady_rate"
RATE = "requests_per_s"


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
    at_many = {"server": server, "active_connections": active, "idle_connections": idle}
    at_none = {**at_many, "idle_connections": 0}
    many, none = evidence(trials, **at_many), evidence(trials, **at_none)
    edges = (claim.bound.min, claim.bound.max)
    rate = paired_ratio(many, none, RATE)
    # Turned over, so that more work per CPU second is above 1, as for the rate.
    work = paired_ratio(none, many, "server_cpu_us_per_request")
    limited = generator_bound(many, none)
    stood_on = (tried(trials, RATE, **at_many), tried(trials, RATE, **at_none))
    lost = lost_blocks(many, none, RATE)
    parts = (
        Part("requests per second", rate, "x", *edges, tried=stood_on, lost=lost),
        Part(
            "requests per CPU second", work, "x", *edges, decides=limited, tried=stood_on, lost=lost
        ),
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
