"""Figures are found by file, and a file that describes none is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import analysis
from analysis import figures
from analysis.figures import all_figures, backlog
from tests.support import made_up_run as made
from tests.support.trial_details import write_details

FILES = {path.stem for path in Path(figures.__path__[0]).glob("[a-z]*.py")}


def test_every_file_is_a_figure() -> None:
    assert set(all_figures()) == FILES
    orders = [figure.order for figure in all_figures().values()]
    assert orders == sorted(orders)


def test_what_cannot_be_a_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="does not end with"):
        replace(backlog.FIGURE, question="A statement.")
    with pytest.raises(ValueError, match="is no file's"):
        replace(backlog.FIGURE, name="a name")


def test_a_file_without_its_figure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "FIGURE", replace(backlog.FIGURE, name="other"))
    with pytest.raises(TypeError, match=r"analysis\.figures\.backlog: expected FIGURE"):
        all_figures.__wrapped__()


def test_a_curve_of_percentiles_is_of_every_repeat(tmp_path: Path) -> None:
    frame = made.trials(8).query("server == 'poll' and active_connections == 64")
    frame.loc[frame["block"] > 6, "response_p50_us"] *= 50
    made.write_run(tmp_path, frame)
    write_details(tmp_path, frame)
    (row,) = all_figures()["percentiles"].table(analysis.load(tmp_path)).to_dict("records")
    assert row["trials"] == 8
    assert row["response_p90_us"] > 10 * frame["response_p50_us"].iloc[0]
