"""What several parts of a claim's file are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1)]
Unit = Literal[
    "", "x", "connections", "connections off", "threads", "KB", "MB", "s", "ms", "calls", "segments"
]


class Strict(BaseModel):
    """No unknown keys, no changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bound(Strict):
    """The interval of the measured figure within which the claim is reproduced."""

    min: float | None = None
    max: float | None = None
    text: Text = Field(description="the bound in words, other conditions included")

    @model_validator(mode="after")
    def _in_order(self) -> Bound:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self
