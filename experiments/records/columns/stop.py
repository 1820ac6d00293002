"""The columns about a server that was told to end after the window."""

from __future__ import annotations

import math
from typing import Any

from contract.result.trial_result import TrialResult


def stop_columns(result: TrialResult) -> dict[str, Any]:
    """What became of its requests, and how it ended; nothing where it was not told to."""
    stopped, ending = result.stopped, result.ending
    if stopped is None:
        return {}
    times = stopped.response.times
    return {
        "stop_had": stopped.had,
        "stop_had_lost": stopped.had_lost,
        "stop_came": stopped.came,
        "stop_came_lost": stopped.came_lost,
        "stop_under_way": stopped.under_way,
        "stop_unsent": stopped.unsent_within(ending.after_s if ending else math.inf),
        "stop_response_max_us": times.max_us if times else None,
        "stop_ended_s": ending.after_s if ending else None,
        "stop_exit_code": ending.exit_code if ending else None,
    }
