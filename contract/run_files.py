"""Files of a run's folder that both who measures and who reports knows by name."""

from __future__ import annotations

from typing import Final

MANIFEST: Final = "manifest.json"
VERDICTS: Final = "verdicts.csv"
