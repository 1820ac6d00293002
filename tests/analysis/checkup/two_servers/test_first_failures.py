"""What fails in some rounds alone is neither noise nor a mean that keeps a threshold."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.checkup.document import ChangeFound, ComparedFound
from contract.checkup.description import CROWD
from contract.exits import Exit
from tests.support.changed_rounds import ALL, cells, report

pytestmark = pytest.mark.usefixtures("without_pictures")
FAILS = {"errors": "300", "error_share": "0.3", "error_kinds": "reset=300"}


def figure(found: ComparedFound, name: str) -> ChangeFound:
    return next(one for one in found.changes if one.figure == name)


@pytest.mark.parametrize("blocks", [(4,), (2, 5)])
def test_errors_that_the_base_has_none_of_are_no_noise(
    tmp_path: Path, blocks: tuple[int, ...]
) -> None:
    made, found = report(tmp_path, cells((CROWD,), blocks, **FAILS))
    errors = figure(found, "crowd_error_share")
    assert errors.word == "cannot tell"
    assert errors.text.startswith("cannot tell: 5 rounds; higher by ")
    assert errors.value == pytest.approx(0.3 * len(blocks) / 5)
    assert "Whether it fails more often cannot be told of crowd." in found.summary
    assert made.exit is Exit.CANNOT_TELL


def test_one_error_in_a_thousand_is_noise(tmp_path: Path) -> None:
    few = {"errors": "1", "error_share": "0.001", "error_kinds": "reset=1"}
    made, found = report(tmp_path, cells((CROWD,), (4,), **few))
    assert figure(found, "crowd_error_share").word == "within noise"
    assert made.exit is Exit.OK


def test_errors_of_every_round_are_a_regression(tmp_path: Path) -> None:
    made, found = report(tmp_path, cells((CROWD,), ALL, **FAILS))
    assert figure(found, "crowd_error_share").word == "worse"
    assert made.exit is Exit.REGRESSED


def test_of_what_failed_the_worst_round_has_to_keep_a_threshold(tmp_path: Path) -> None:
    limits = ("crowd_drops < 2", "crowd_drops < 5")
    made, found = report(tmp_path, cells((CROWD,), (3,), listen_drops="4"), thresholds=limits)
    assert [one.word for one in made.found.thresholds] == ["not kept", "kept"]
    assert figure(found, "crowd_drops").value == pytest.approx(4 / 5)
    assert made.exit is Exit.EXCEEDED
