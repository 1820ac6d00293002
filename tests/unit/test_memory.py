"""Memory that is let go is used again."""

from __future__ import annotations

import subprocess
import sys

import pytest

LARGE = """
import resource, sys
import numpy as np
from analysis.memory import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
np.ones(2**21)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2**21)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(word: str) -> int:
    done = subprocess.run(  # noqa: S603 - this interpreter, our own text
        [sys.executable, "-c", LARGE, word], capture_output=True, check=True, text=True
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the GNU C library's")
def test_arrays_are_not_cleared_by_the_kernel_again() -> None:
    assert faults("kept") < faults("given back") / 2


def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    from analysis.memory import keep_memory

    def none(_: object) -> None:
        raise OSError("Dynamic loading not supported")

    monkeypatch.setattr(ctypes, "CDLL", none)
    keep_memory()
