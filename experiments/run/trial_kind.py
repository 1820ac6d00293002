"""What the kinds of trial have in common: with clients, and without."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from contract.void_causes import SpoiledBy
from experiments.records.outcome import Outcome


class TrialError(Exception):
    """This trial cannot be measured, the next one may; the message is the reason."""

    def __init__(self, reason: str, spoiled_by: SpoiledBy) -> None:
        super().__init__(reason)
        self.spoiled_by = spoiled_by


class TrialKind(Protocol):
    """One trial under way."""

    started: dict[str, str]
    """Ids of its containers, by name: server, probe, load-2 ..."""

    @property
    def logged(self) -> Iterable[str]:
        """Names of the containers whose logs are kept."""
        ...

    def measure(self, outcome: Outcome) -> None:
        """Start its containers and measure, into the outcome.

        Raises TrialError, MasterError, DriverError; LabError when nothing can be measured any more.
        """
        ...

    def note_endings(self, outcome: Outcome) -> None:
        """Note in the outcome how containers ended by themselves. Raises DriverError."""
        ...
