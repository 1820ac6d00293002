"""What may fail in a made-up run that is compared with another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.compare.comparison import RunComparison
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[pd.DataFrame], None]

FAILED, ERRORS, UNANSWERED = "failed_share", "error_share", "unanswered_share"
POLL = ("poll", 8, 10000)


def at(frame: pd.DataFrame, server: str, active: int, idle: int) -> pd.Series[bool]:
    """The rows of a point, without those of the reference."""
    chosen = (frame["server"] == server) & (frame["sweep"] != "reference")
    return chosen & (frame["active_connections"] == active) & (frame["idle_connections"] == idle)


def failing(blocks: int, cause: str | None = "server_gone", **where: Any) -> Change:
    """The first `blocks` repeats of a point were not measured for this cause."""

    def change(frame: pd.DataFrame) -> None:
        rows = at(frame, *where.get("point", POLL)) & (frame["block"] <= blocks)
        put_cause(frame, rows, cause, where.get("reason", "the server ended"))

    return change


def everywhere(server: str, cause: str | None, reason: str = "it is gone") -> Change:
    """No trial of a server was measured, for this cause."""

    def change(frame: pd.DataFrame) -> None:
        rows = frame["server"] == server
        put_cause(frame, rows, cause, reason)

    return change


def resets(errors: int, blocks: int = 99) -> Change:
    """So many errors in each of the first `blocks` repeats, with a connection per request."""

    def change(frame: pd.DataFrame) -> None:
        rows = (frame["load"] == "connection_per_request") & (frame["backlog"] == 128)
        frame.loc[rows & (frame["block"] <= blocks), "errors"] = errors

    return change


def nothing(_: pd.DataFrame) -> None:
    """A change that changes nothing."""


def rows(found: RunComparison, metric: str) -> pd.DataFrame:
    """The figures of one metric, but for select, which reaches its limit in any run."""
    mine = (found.figures["metric"] == metric) & (found.figures["server"] != "select")
    return found.figures[mine]
