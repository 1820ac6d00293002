"""The base of everything that an experiment file may hold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """No unknown keys, no silent conversions, nothing changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
