"""A claim of the C10K argument as data: one YAML file each under `catalogue/`.

Adding a claim is adding a file; its `judge` is the name of one under `judges/`, which reads
`parameters`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError, model_validator

from analysis.claims.judges import find_judge
from analysis.claims.rules import Comparison, fields
from analysis.claims.schema import Bound, Strict, Text, Unit
from analysis.records.schema_faults import schema_faults
from contract.exits import Exit, LabError

FOLDER = Path(__file__).parent / "catalogue"


class Source(Strict):
    """Where the claim was published."""

    name: Text = Field(description="author, title, where")
    url: str | None = Field(None, description="address, where there is one")
    note: str | None = Field(None, description="what of the source could not be read")


class Curve(Strict):
    """A published series of measurements, for figures."""

    label: Text
    x: list[float]
    y: list[Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def _same_length(self) -> Curve:
        if len(self.x) != len(self.y):
            raise ValueError(f"x has {len(self.x)} values and y has {len(self.y)}")
        return self


class Published(Strict):
    """What the source states."""

    text: Text = Field(description="the published figures, in a few words")
    curves: list[Curve] = Field([], description="series to draw beside the measured ones")


class Cause(Strict):
    """Why a claim is refuted, said by measurements of the run that refutes it."""

    text: Text = Field(
        description="what the figures show; {name} is one of `measured`, or a part's"
    )
    measured: dict[str, Comparison] = Field({}, description="figures that show the cause, by name")
    explains: list[Text] = Field([], description="labels of the parts it is the cause of; all")


class Claim(Strict):
    """One claim."""

    id: Annotated[int, Field(gt=0, description="number in the list of claims")]
    beside: int | None = Field(
        None, description="the claim that this one asks again, better posed; both stand"
    )
    argument: bool = Field(
        False, description="a part of the C10K argument itself, which the report's first line tells"
    )
    title: Text = Field(description="a few words, for tables")
    sentence: Text = Field(description="the claim as its source makes it")
    year: int | None = Field(None, description="year of publication")
    source: Source
    published: Published
    experiment: Text = Field(description="the experiment that feeds it")
    expression: Text = Field(description="what is measured, over the columns of trials.csv")
    judge: Text = Field(description="name of the judge")
    parameters: dict[str, Any] = Field({}, description="what the judge needs")
    unit: Unit = Field("", description="unit of the measured figure; x is a ratio")
    bound: Bound
    why: Text = Field(description="why the bound is what it is")
    refuted_because: Cause = Field(
        description="what the report says of the cause when the claim is refuted"
    )

    @model_validator(mode="after")
    def _cause_is_measured(self) -> Claim:
        parts = self.parameters.get("parts")
        known = {*self.refuted_because.measured, *(parts if isinstance(parts, dict) else ())}
        unknown = fields(self.refuted_because.text) - known
        if unknown:
            raise ValueError(
                f"refuted_because names {', '.join(sorted(unknown))}, which nothing measures"
            )
        return self


@cache
def load_claims(folder: Path = FOLDER) -> dict[int, Claim]:
    """All claims by number, in order; LabError lists every fault of every file."""
    claims: dict[int, Claim] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            claim = Claim.model_validate(yaml.load(path.read_bytes(), yaml.CSafeLoader))
        except yaml.YAMLError as error:
            problems.append(f"{path}: not valid YAML: {' '.join(str(error).split())}")
        except ValidationError as error:
            problems += schema_faults(path, error)
        else:
            problems += _parameters(path, claim)
            if claim.id in claims:
                problems.append(f"{path}: id: claim {claim.id} is in another file too")
            claims[claim.id] = claim
    if problems:
        raise LabError("\n".join(problems), Exit.BAD_INPUT)
    return dict(sorted(claims.items()))


def _parameters(path: Path, claim: Claim) -> list[str]:
    """What is wrong with the judge's name, or with what it is given."""
    try:
        find_judge(claim.judge).parameters.model_validate(claim.parameters)
    except LabError as error:
        return [f"{path}: judge: {error}"]
    except ValidationError as error:
        return schema_faults(path, error, "parameters")
    return []
