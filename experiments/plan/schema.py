"""What an experiment file may say: a description per key, and types to hold it.

Settings may stand at the top, for all sweeps, or in a sweep, which wins; a
sweep's axes expand by product. `experiment_file.py` reads files and reports errors; an editor
gets the same schema from docs/experiment.schema.json.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from contract.columns import REFERENCE_SWEEP
from contract.compared import TOLERANCE
from contract.thresholds import parse
from experiments.plan.axes import MAX, SCALED, Axes, PartialSettings
from experiments.plan.foreign_server import Foreign
from experiments.plan.hosts import Hosts
from experiments.plan.http_request import NAME_FORM
from experiments.plan.strict import Shaped, Strict


def _threshold(text: str) -> str:
    parse(text)
    return text


Limit = Annotated[str, AfterValidator(_threshold)]


class Sweep(Strict):
    """A part of an experiment: axes to cross, and settings that hold for all its trials."""

    name: Annotated[str, Shaped(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$", NAME_FORM)] = Field(
        description="Name of the sweep, a word; of an included one, after its experiment and a dot"
    )
    axes: Axes = Field(default_factory=Axes, description="Settings to sweep, each with its values")
    settings: PartialSettings = Field(
        default_factory=PartialSettings, description="Settings fixed for this sweep"
    )
    repeats: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Blocks in which its trials run, from the first; all if absent"
    )

    @model_validator(mode="after")
    def _not_both(self) -> Sweep:
        both = sorted(self.axes.model_fields_set & self.settings.model_fields_set)
        if both:
            raise ValueError(f"{', '.join(both)}: both an axis and a fixed setting; keep one")
        axes = self.axes.model_dump(exclude_none=True)
        if all(MAX in axes.get(name, ()) for name in SCALED):
            raise ValueError(f"{' and '.join(SCALED)} cannot both be {MAX}; give one a number")
        return self


class Comparison(Strict):
    """Two servers to compare, block by block."""

    a: str = Field(description="The server that the other one is compared with")
    b: str = Field(description="The server that is compared")
    tolerance: Annotated[float, Field(gt=0, lt=1)] = Field(
        TOLERANCE, description="What may get worse, as a share, without being a regression"
    )

    @model_validator(mode="after")
    def _two(self) -> Comparison:
        if self.a == self.b:
            raise ValueError(
                f"a and b are both {self.a}; for an A/A test give its image twice in `servers`, "
                "under two names"
            )
        return self


class Experiment(Strict):
    """One file of experiments/."""

    question: Annotated[str, Field(min_length=1)] = Field(
        description="What the experiment asks, in a sentence"
    )
    repeats: Annotated[int, Field(ge=1, le=1_000)] = Field(
        3, description="Blocks: each runs every trial once, shuffled"
    )
    seed: Annotated[int, Field(ge=0)] = Field(1, description="Seed of the shuffle")
    reference: bool = Field(
        True,
        description="Open and close every block with the reference trial (the A/A noise floor)",
    )
    servers: list[Foreign] = Field(
        default_factory=list,
        description="Images to load like the lab's own servers; a sweep that names no server "
        "runs them beside epoll_level",
    )
    references: bool = Field(
        False, description="Add nginx, gunicorn, uvicorn and granian wherever servers are compared"
    )
    settings: PartialSettings = Field(
        default_factory=PartialSettings, description="Settings fixed for all sweeps"
    )
    include: list[str] = Field(
        default_factory=list,
        description="Experiments whose sweeps, figures and claims are part of this one, by name",
    )
    questions: dict[str, str] = Field(
        default_factory=dict, description="What included experiments ask; filled in by `include`"
    )
    sweeps: list[Sweep] = Field(default_factory=list, description="Parts of the experiment")
    figures: list[str] = Field(
        default_factory=list, description="Figures of the report, in order; all that fit if empty"
    )
    claims: list[int] = Field(
        default_factory=list, description="Claims that this experiment judges, by number"
    )
    thresholds: list[Limit] = Field(
        default_factory=list,
        description="Limits that every point has to keep, such as `response_p99_us < 5000`; "
        "where one is not kept, the exit code says so",
    )

    hosts: Hosts | None = Field(
        None,
        description="The machines of the server and of the load, where they are not this one",
    )
    compare: Comparison | None = Field(
        None,
        description="Two servers, `{a: NAME, b: NAME}`: the trials that both have stand side by "
        "side in each block, and the report compares them, as `make ab` does",
    )

    @model_validator(mode="after")
    def _something(self) -> Experiment:
        if not self.sweeps and not self.include:
            raise ValueError("needs sweeps, or experiments to include")
        return self

    @model_validator(mode="after")
    def _unique(self) -> Experiment:
        names = [sweep.name for sweep in self.sweeps]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sweeps are named {', '.join(twice)}; give each its own name")
        servers = [server.name for server in self.servers]
        twice = sorted({name for name in servers if servers.count(name) > 1})
        if twice:
            raise ValueError(f"two servers are named {', '.join(twice)}; give each its own name")
        for _, fault in self.hosts.twice if self.hosts else ():
            raise ValueError(f"hosts: {fault}")
        if REFERENCE_SWEEP in names:
            raise ValueError(
                f"a sweep may not be named {REFERENCE_SWEEP}; that is the noise floor's name"
            )
        return self
