"""What the engine's client raises becomes the lab's own errors."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import urllib3

from contract.exits import Exit, LabError
from experiments.docker.driver import DriverError
from experiments.docker.engine import sdk_errors_told
from experiments.docker.messages import explain

LATE: Any = urllib3.exceptions.ReadTimeoutError(None, "/wait", "Read timed out.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [requests.exceptions.ReadTimeout("late"), requests.ConnectionError(LATE), LATE]
)
def test_an_answer_that_does_not_come_in_time_is_no_missing_engine(error: Exception) -> None:
    with (
        pytest.raises(DriverError, match="waiting: the engine did not answer in time"),
        sdk_errors_told("waiting"),
    ):
        raise error


def test_an_engine_that_is_gone_is_told() -> None:
    with pytest.raises(LabError) as caught, sdk_errors_told("waiting"):
        raise requests.ConnectionError("connection refused")
    assert caught.value.exit is Exit.NO_DOCKER


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ("unable to find user shop: no matching entries in passwd file", "`user` takes numbers"),
        ("invalid mount config: bind source path does not exist: /x", "that sees this checkout"),
        ('exec: "srve": executable file not found in $PATH', "which `command` and `entrypoint` of"),
        ("exec format error", "the engine refused"),
        ("pull access denied for shop, repository does not exist", "registry has no such image"),
        ("No such image: c10k-lab/server:1", "`make experiment` builds it"),
        ("unable to find the time", "the engine refused"),
    ],
)
def test_what_an_entry_asks_for_in_vain_is_told_with_its_key(answer: str, advice: str) -> None:
    assert advice in explain("starting container x", answer)
