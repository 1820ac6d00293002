"""What a claim may say for the judge `compare`: figures of trials, compared and bounded.

A part is a figure (an expression over columns) of the trials of one selection of settings. Beside
`of` it may name a second selection, `over` which the figure is divided or `since` which it grew,
within each block; `among` instead of `of` is the largest over the smallest of several selections.
Settings that a selection does not name are the usual ones (analysis/selection/trials.py).
"""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from analysis.claims.expression import parse
from analysis.claims.schema import Strict, Text, Unit
from analysis.selection.trials import Value
from contract.columns import SETTINGS


def _known(settings: dict[str, Value]) -> dict[str, Value]:
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise ValueError(f"no setting of a trial: {', '.join(unknown)}")
    return settings


class Levels(Strict):
    """The values of a setting, between two edges, at which a part is judged: those that the run
    has; where it has none inside, the nearest one on each side."""

    setting: Text
    first: int
    last: int


class Line(Strict):
    """A straight line through the figure, by the numbers of a setting, in each block."""

    along: Text = Field(description="the setting, which the trials may have any value of")
    gives: Literal["r_squared", "slope"] = Field(description="what of the line is the figure")


class Comparison(Strict):
    """One part of a comparison."""

    label: Text = Field(description="what the figure is, in words, for tables")
    figure: Text = Field(description="expression over the columns of trials.csv")
    of: dict[str, Value] | None = Field(None, description="settings of the trials")
    over: dict[str, Value] | None = Field(
        None, description="settings of the trials that the figure is divided by, block by block"
    )
    since: dict[str, Value] | None = Field(
        None, description="settings of the trials that the figure grew from, block by block"
    )
    per: Text | None = Field(
        None, description="expression whose growth, above 0, divides that of the figure"
    )
    among: Annotated[list[dict[str, Value]], Field(min_length=2)] | None = Field(
        None, description="settings of several groups, the largest to be divided by the smallest"
    )
    each: Levels | None = Field(None, description="the part is one for each of these levels")
    line: Line | None = Field(None, description="the figure is of a line through that of trials")
    at_most_connections: bool = Field(
        False,
        description="trials with the most connections, active and idle together, that counted. "
        "The figure is where a server ends: within its bound it holds only if the server named a "
        "limit that stopped it beyond, and that it failed decides nothing",
    )
    min: float | None = Field(None, description="lower edge; with neither edge, the claim's bound")
    max: float | None = Field(None, description="upper edge")
    unit: Unit = Field("", description="unit of the figure; x is a ratio")
    decides: bool = Field(True, description="no: shown beside, for the reader")
    generator_bound: Literal["cpu_decides", "cpu_decides_too", "at_least"] = Field(
        "cpu_decides",
        description="what a ratio of rates is worth where the load generator was the bottleneck, "
        "so that rates look equal whatever servers do: requests per second of server CPU decide "
        "in its place, or as well; or the first rate, and so the ratio, is at least so much",
    )
    saturated: bool = Field(
        False,
        description="the servers are compared by their work: unless the server was the bottleneck "
        "in all trials, requests per second of server CPU decide in place of the rate",
    )
    about_errors: bool = Field(
        False,
        description="errors beside the figure of the first selection, and answers that it lacks, "
        "leave nothing open: the claim is about them",
    )
    with_failed: bool = Field(
        False,
        description="trials that the server failed count with their own figure, as starved ones "
        "do: the claim is about that failure",
    )
    in_each: bool = Field(
        False,
        description="each trial by itself has to be within the bound, for a median hides what less "
        "than half of them did; where less than half are, it is refuted",
    )

    @property
    def selections(self) -> list[dict[str, Value]]:
        """The settings of each group of trials, in order."""
        return self.among or [one for one in (self.of, self.over, self.since) if one is not None]

    @property
    def free(self) -> tuple[str, ...]:
        """The settings that its trials may have any value of."""
        if self.at_most_connections:
            return ("active_connections", "idle_connections")
        return (self.line.along,) if self.line else (self.each.setting,) if self.each else ()

    @field_validator("figure", "per")
    @classmethod
    def _readable(cls, text: str | None) -> str | None:
        if text is not None:
            parse(text)
        return text

    @model_validator(mode="after")
    def _whole(self) -> Comparison:
        if (self.of is None) == (self.among is None):
            raise ValueError("needs either of or among")
        if self.among is not None and (self.over or self.since or self.each):
            raise ValueError("among is a ratio already: over, since or each cannot stand beside it")
        if self.over is not None and self.since is not None:
            raise ValueError("over and since cannot stand beside each other")
        if self.per is not None and self.since is None:
            raise ValueError("per needs since")
        if self.in_each and (len(self.selections) > 1 or self.line or self.at_most_connections):
            raise ValueError("in_each is of one group of trials, and of no line")
        if (self.line or self.at_most_connections) and len(self.selections) > 1:
            raise ValueError("line and at_most_connections are of one group of trials")
        for settings in (*self.selections, dict.fromkeys(self.free)):
            _known(settings)
        return self


class Comparisons(Strict):
    """`parameters` of a claim whose judge is `compare`."""

    settings: dict[str, Value] = Field(
        {}, description="settings of all selections; a selection's own win"
    )
    parts: Annotated[dict[str, Comparison], Field(min_length=1)] = Field(
        description="the figures by name; the sentence says them by {name}"
    )
    sentence: Text = Field(
        description="what was seen; has to hold whatever the figures are. The setting that a part "
        "is judged at each level of may be named as well"
    )

    @field_validator("settings")
    @classmethod
    def _settings_exist(cls, settings: dict[str, Value]) -> dict[str, Value]:
        return _known(settings)

    @model_validator(mode="after")
    def _says_what_is_there(self) -> Comparisons:
        levels = {rule.each.setting for rule in self.parts.values() if rule.each}
        unknown = fields(self.sentence) - self.parts.keys() - levels
        if unknown:
            raise ValueError(f"the sentence names {', '.join(sorted(unknown))}, which is no part")
        if not any(rule.decides for rule in self.parts.values()):
            raise ValueError("no part decides")
        return self


def fields(template: str) -> set[str]:
    """The names that a sentence says in braces."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}
