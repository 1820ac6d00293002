"""An experiment as it is run: what it says, and the text that the run's folder keeps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from experiments.plan.schema import Experiment


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is the folder of its runs; `text` read again gives `experiment`; `notes` say what of
    the experiment was left out, and why, a sentence each."""

    name: str
    text: str
    experiment: Experiment
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()
