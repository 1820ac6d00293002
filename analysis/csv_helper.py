"""A helper that parses pieces of a `trials.csv`: `python -m analysis.csv_helper`."""

from __future__ import annotations

import gc

from analysis.csv_piece import piece
from analysis.helper import serve

if __name__ == "__main__":
    gc.disable()
    serve(lambda job: piece(*job))
