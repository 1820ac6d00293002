"""What analysis reads in a reason is what the other rooms write there."""

from __future__ import annotations

import re

import pytest

from contract.exits import ServerExit
from contract.reasons import CLOSES_IDLE, UNAVAILABLE, closes_idle, server_ended
from loadgen.engine.measures import IdleEnds
from loadgen.worker.idle_loss import why_idle_were_lost

S = 1_000_000


@pytest.mark.parametrize("what", ["idle connections", "connections on which nothing is asked"])
@pytest.mark.parametrize("after", ["3", "0.35", "120"])
def test_a_time_out_is_read_as_it_was_written(what: str, after: str) -> None:
    found = CLOSES_IDLE.search(f"{closes_idle(what, f'{after} s')}; only 5 are left")
    assert found
    assert found[1] == after


@pytest.mark.parametrize("asked", [True, False])
def test_the_words_of_a_load_worker_are_such_ones(asked: bool) -> None:
    found = CLOSES_IDLE.search(why_idle_were_lost(IdleEnds((3 * S,) * 3, 0), asked=asked))
    assert found
    assert found[1] == "3"


def test_the_exit_code_of_what_a_machine_has_not_got_is_told_from_others() -> None:
    code = int(ServerExit.UNAVAILABLE)
    assert re.search(UNAVAILABLE, server_ended(f"exit code {code}"))
    assert not re.search(UNAVAILABLE, server_ended(f"exit code {code}3"))
    assert not re.search(UNAVAILABLE, server_ended("exit code 1"))
