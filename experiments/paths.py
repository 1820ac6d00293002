"""Where the checkout is, and what stands where in it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
EXPERIMENTS: Final = ROOT / "experiments"
"""The experiment files."""
RESULTS: Final = ROOT / "results"
