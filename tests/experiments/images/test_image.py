"""What an image is for."""

from __future__ import annotations

import pytest

from experiments.images.image import Image


@pytest.mark.parametrize(
    ("architecture", "machine", "runs"),
    [
        ("amd64", "x86_64", True),
        ("amd64", "aarch64", False),
        ("arm64", "x86_64", False),
        ("arm64", "aarch64", True),
        # A processor that has the older one's instructions as well.
        ("386", "x86_64", True),
        ("arm", "aarch64", True),
        ("arm", "x86_64", False),
        # Nothing is known.
        ("", "x86_64", True),
        ("amd64", "", True),
        ("loong64", "loongarch64", True),
    ],
)
def test_an_image_is_for_some_machines(architecture: str, machine: str, runs: bool) -> None:
    assert Image("1", (), (), {}, architecture=architecture).is_for(machine) is runs
