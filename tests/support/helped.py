"""A helper for tests, which divides ten by what it is given: `python -m tests.support.helped`."""

from __future__ import annotations

from analysis.charts.helper import serve

if __name__ == "__main__":
    serve(lambda job: 10 / job)
