"""Where server and load go on so many cores between which there is nothing to choose."""

from __future__ import annotations

from experiments.machine.cores import Core, Placement, place


def placed(cores: int) -> Placement:
    return place([Core(number) for number in range(cores)])
