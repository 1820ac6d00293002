"""What a claim may say for the judge `compare`: figures of trials, compared and bounded.

A part is a figure (an expression over columns) of the trials of one selection of settings; with
`over`, its ratio to the same figure of another selection, taken within each block; with `among`
instead of `of`, the largest over the smallest of several. Settings that a selection does not
name are the usual ones (analysis/selection/by_settings.py).
"""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from analysis.claims.expression import parse
from analysis.claims.strict import Strict, Text
from contract.columns import SETTINGS

Value = str | bool | int | float | None
Unit = Literal[
    "", "x", "connections", "connections off", "threads", "KB", "s", "ms", "calls", "segments"
]


def _known(settings: dict[str, Value]) -> dict[str, Value]:
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise ValueError(f"no setting of a trial: {', '.join(unknown)}")
    return settings


class Rule(Strict):
    """One part of a comparison."""

    label: Text = Field(description="what the figure is, in words, for tables")
    figure: Text = Field(description="expression over the columns of trials.csv")
    of: dict[str, Value] | None = Field(None, description="settings of the trials")
    over: dict[str, Value] | None = Field(
        None, description="settings of the trials that the figure is divided by, block by block"
    )
    among: Annotated[list[dict[str, Value]], Field(min_length=2)] | None = Field(
        None, description="settings of several groups, the largest to be divided by the smallest"
    )
    min: float | None = Field(None, description="lower edge; with neither edge, the claim's bound")
    max: float | None = Field(None, description="upper edge")
    unit: Unit = Field("", description="unit of the figure; x is a ratio")
    decides: bool = Field(True, description="no: shown beside, for the reader")
    saturated: bool = Field(
        False,
        description="the servers are compared by their work: unless the server was the bottleneck "
        "in all trials, requests per second of server CPU decide in place of the rate",
    )
    zero_if: Text | None = Field(
        None,
        description="void trials whose reason holds these words count, with a figure of 0: "
        "a server that answers nobody is what the claim is about; not where something else "
        "spoiled them, or had the machine",
    )
    with_failed: bool = Field(
        False,
        description="trials that the server failed count with their own figure: "
        "the claim is about that failure",
    )

    @field_validator("figure")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse(text)
        return text

    @model_validator(mode="after")
    def _whole(self) -> Rule:
        if (self.of is None) == (self.among is None):
            raise ValueError("needs either of or among")
        if self.among is not None and self.over is not None:
            raise ValueError("among is a ratio already: over cannot stand beside it")
        for settings in (self.of or {}, self.over or {}, *(self.among or [])):
            _known(settings)
        return self


class Comparison(Strict):
    """`parameters` of a claim whose judge is `compare`."""

    settings: dict[str, Value] = Field(
        {}, description="settings of all selections; a selection's own win"
    )
    parts: Annotated[dict[str, Rule], Field(min_length=1)] = Field(
        description="the figures by name; the sentence says them by {name}"
    )
    sentence: Text = Field(description="what was seen; has to hold whatever the figures are")

    @field_validator("settings")
    @classmethod
    def _settings_exist(cls, settings: dict[str, Value]) -> dict[str, Value]:
        return _known(settings)

    @model_validator(mode="after")
    def _says_what_is_there(self) -> Comparison:
        unknown = fields(self.sentence) - self.parts.keys()
        if unknown:
            raise ValueError(f"the sentence names {', '.join(sorted(unknown))}, which is no part")
        if not any(rule.decides for rule in self.parts.values()):
            raise ValueError("no part decides")
        return self


def fields(template: str) -> set[str]:
    """The names that a sentence says in braces."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}
