"""On the page of a server that starved clients, figures of those whom it served are bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from analysis.report.server_page import Page, pages
from analysis.wording import MISSING, TIMES
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

SETTING = "keep-alive, 8 active, 10,000 idle"


def beside_idle_ones(frame: pd.DataFrame, server: str) -> pd.Series[bool]:
    mine = (frame["server"] == server) & (frame["active_connections"] == 8)
    return mine & (frame["idle_connections"] == 10_000)


def page_of(folder: Path, starved: tuple[str, ...]) -> Page:
    """That of poll, where these servers starved clients beside idle ones."""
    frame = made.trials(5)
    for server in starved:
        some = beside_idle_ones(frame, server)
        put_cause(
            frame, some, "server_starved", "only 20% of the active connections got a response"
        )
        frame.loc[some, "coverage"] = 0.2
    made_pages = pages(analysis.load(made.write_run(folder, frame)))
    (page,) = [one for one in made_pages if one.server == "poll"]
    assert page.reference == "epoll_level"
    return page


@pytest.mark.parametrize(
    ("starved", "signs", "ratios"),
    [
        ((), ("", ""), ("", "")),
        (("poll",), ("≤ ", "≥ "), ("≤ ", "≥ ")),
        (("epoll_level",), ("", ""), ("≥ ", "≤ ")),
        (("poll", "epoll_level"), ("≤ ", "≥ "), (MISSING, MISSING)),
    ],
)
def test_rates_costs_and_their_ratios_are_written_as_bounds(
    tmp_path: Path, starved: tuple[str, ...], signs: tuple[str, str], ratios: tuple[str, str]
) -> None:
    (row,) = [one for one in page_of(tmp_path, starved).rows if one.settings == SETTING]
    _, _, rate, rate_ratio, cost, cost_ratio, _ = row.cells
    for text, sign in zip((rate, cost, rate_ratio, cost_ratio), (*signs, *ratios), strict=True):
        assert text.startswith(sign)
        assert sign or text[0].isdigit()
        assert (TIMES in text and " to " in text) is (not sign and text in (rate_ratio, cost_ratio))


def test_what_speaks_against_a_server_that_starved_is_told_as_bounds(tmp_path: Path) -> None:
    told = " ".join(page_of(tmp_path, ("poll",)).weaknesses)
    assert "beside 10,000 of them it keeps at most " in told
    assert "A request costs it up to ≥ " in told
