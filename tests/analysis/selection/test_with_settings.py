"""Trials by exact settings: what is not named is as usual."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import analysis
from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge
from analysis.selection.trials import NotRunError, with_settings
from tests.support import made_up_run as made
from tests.support.claim_data import FAST, SLOW, claim, rows, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

UNUSUAL: dict[str, Any] = {
    "active_connections": 65,
    "path": "/db/10",
    "nodelay": True,
    "rate_per_s": 10.0,
    "workers": 2,
    "traced": True,
    "somaxconn": 128,
    "network": "bridge",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_not_named_is_as_usual(run_of: Callable[..., analysis.Run], name: str) -> None:
    """A trial that differs in a setting of which the claim says nothing is another trial."""
    odd = rows(server="poll", requests_per_s=9.0, **{name: UNUSUAL[name]})
    run = run_of(FAST, odd)
    assert set(with_settings(run, {"server": "poll"})["requests_per_s"]) == {3000.0}
    chosen = with_settings(run, {"server": "poll", name: UNUSUAL[name]})
    assert set(chosen["requests_per_s"]) == {9.0}


def test_a_setting_that_no_trial_has_as_usual_leaves_none(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(rows(server="poll", requests_per_s=9.0, workers=2))
    assert not len(with_settings(run, {"server": "poll"}))
    assert len(with_settings(run, {"server": "poll", "workers": 2})) == 5


def test_what_is_usual_is_the_run_s_to_say(run_of: Callable[..., analysis.Run]) -> None:
    usual = settings_of(replace(made.USUAL, network="bridge"))
    run = run_of(FAST, rows(server="poll", requests_per_s=9.0, network="bridge"), usual=usual)
    assert set(with_settings(run, {"server": "poll"})["requests_per_s"]) == {9.0}


def test_a_run_that_does_not_say_what_is_usual_is_not_judged(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(FAST, SLOW, usual={})
    with pytest.raises(NotRunError, match="manifest"):
        with_settings(run, {"server": "poll"})
    assert judge(claim(), run).verdict is Word.NOT_RUN
