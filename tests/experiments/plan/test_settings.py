"""Settings that do not go together are refused when the plan is made, not hours later."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from contract.mix import parse_mix
from contract.settings.conflicts import check
from contract.settings.setting import declared
from contract.settings.trial import Settings
from experiments.plan.axes import Axes, PartialSettings


def settings(**given: Any) -> Settings:
    """As of an experiment file: each checked by itself, and then all together."""
    asked = PartialSettings.model_validate(given).model_dump(exclude_unset=True)
    return check(Settings(**asked))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"load": "open_loop"}, "load open_loop needs a rate_per_s above 0"),
        ({"active_connections": 3, "load_workers": 4}, "load_workers 4 share 3 active connections"),
        ({"rate_per_s": 10.0}, "rate_per_s is for open_loop and open_connections"),
        ({"load": "open_loop", "rate_per_s": 9.0, "pipeline_depth": 2}, "pipeline_depth above 1"),
        ({"path": "/ 1, /db/1 1", "pipeline_depth": 2}, "pipeline_depth above 1"),
        (
            {"path": "/ 1, /db/1 1", "load": "connection_per_request"},
            "several paths are for load keep_alive",
        ),
        ({"path": "/ 1, / 2"}, "'/ 1, / 2' names a path twice"),
        ({"path": "/ 0"}, "add up to nothing"),
        ({"path": ",".join(f"/{n}" for n in range(9))}, "at most 8"),
        ({"path": "Db"}, "'Db' is not a path, or a path and its weight"),
        ({"trickle_per_s": 1.0}, "for idle_connections above 0"),
        ({"slow_readers": 10_000, "idle_connections": 50_000}, "one address has ports for"),
        ({"late_acks": 1}, "late_acks are for connection_per_request and open_connections"),
        ({"late_acks": 6, "backlog": 5, "load": "connection_per_request"}, "above backlog 5"),
        (
            {"late_acks": 1, "load": "connection_per_request", "delay_ms": 1.0},
            "late_acks need a path without delay_ms and loss",
        ),
        ({"delay_ms": 251.0}, "250"),
        ({"loss": 0.21}, "0.2"),
        ({"rate_mbit": 0.0}, "0.1"),
        ({"load": "token_ring", "watched": 9, "loss": 0.1}, "loss means nothing under"),
        ({"traced": True, "window_s": 20.0}, "the trace has room for 10 s"),
    ],
)
def test_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        settings(**given)


@pytest.mark.parametrize("path", ["/", "/db/10", "/ 95, /db/10 5", "/a?b=c", "/a,/b 2.5"])
def test_what_the_plan_takes_the_load_takes(path: str) -> None:
    assert parse_mix(settings(path=path).path or "")


def test_every_setting_may_be_partial_and_an_axis() -> None:
    assert list(PartialSettings.model_fields) == list(Axes.model_fields) == list(declared(Settings))
    axes = Axes.model_validate({"cork": [True, False], "rate_per_s": [1.0, 2.0]})
    assert axes.model_dump(exclude_none=True) == {"cork": [True, False], "rate_per_s": [1.0, 2.0]}
    with pytest.raises(ValidationError, match="less than or equal to 256"):
        Axes.model_validate({"pipeline_depth": [1, 300]})
    with pytest.raises(ValidationError, match="at least 1 item"):
        Axes.model_validate({"workers": []})
