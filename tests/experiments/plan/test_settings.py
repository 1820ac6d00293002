"""Settings that do not go together are refused when the plan is made, not hours later."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from experiments.plan.axes import Axes, PartialSettings
from experiments.plan.settings import Settings
from loadgen.loads.mix import parse_mix


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"load": "open_loop"}, "load open_loop needs rate_per_s"),
        ({"active_connections": 3, "load_workers": 4}, "load_workers 4 share 3 active connections"),
        ({"rate_per_s": 10.0}, "rate_per_s is for open_loop and open_connections"),
        ({"load": "open_loop", "rate_per_s": 9.0, "pipeline_depth": 2}, "pipeline_depth above 1"),
        ({"path": "/ 1, /db/1 1", "pipeline_depth": 2}, "pipeline_depth above 1"),
        ({"path": "/ 1, /db/1 1", "load": "connection_per_request"}, "several entries"),
        ({"path": "/ 1, / 2"}, "path names an entry twice"),
        ({"path": "/ 0"}, "add up to nothing"),
        ({"path": ",".join(f"/{n}" for n in range(9))}, "at most 8"),
        ({"path": "db"}, "should match pattern"),
        ({"trickle_per_s": 1.0}, "for idle_connections above 0"),
        ({"slow_readers": 10_000, "idle_connections": 50_000}, "one address has ports for"),
        ({"late_acks": 1}, "late_acks are for connection_per_request and open_connections"),
        ({"late_acks": 6, "backlog": 5, "load": "connection_per_request"}, "above backlog 5"),
        ({"traced": True, "window_s": 20.0}, "the trace has room for 10 s"),
    ],
)
def test_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings(**given)


@pytest.mark.parametrize("path", ["/", "/db/10", "/ 95, /db/10 5", "/a?b=c", "/a,/b 2.5"])
def test_what_the_plan_takes_the_load_takes(path: str) -> None:
    Settings(path=path)
    assert parse_mix(path)


def test_every_setting_may_be_partial_and_an_axis() -> None:
    assert set(PartialSettings.model_fields) == set(Axes.model_fields) == set(Settings.model_fields)
    axes = Axes.model_validate({"cork": [True, False], "rate_per_s": [1.0, 2.0]})
    assert axes.model_dump(exclude_none=True) == {"cork": [True, False], "rate_per_s": [1.0, 2.0]}
    with pytest.raises(ValidationError, match="less than or equal to 256"):
        Axes.model_validate({"pipeline_depth": [1, 300]})
    with pytest.raises(ValidationError, match="at least 1 item"):
        Axes.model_validate({"workers": []})
