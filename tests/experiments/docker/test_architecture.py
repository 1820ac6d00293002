"""Engines have several names for one architecture; the host has that of `uname -m`."""

from __future__ import annotations

import pytest

from experiments.docker.engine import as_uname


@pytest.mark.parametrize(
    ("told", "name"),
    [("amd64", "x86_64"), ("arm64", "aarch64"), ("x86_64", "x86_64"), ("riscv64", "riscv64")],
)
def test_an_architecture_has_the_name_of_uname(told: str, name: str) -> None:
    assert as_uname(told) == name
