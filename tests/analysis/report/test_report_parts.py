"""The parts of a report that only some runs have: what is doubtful, what each part asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis.report.report import build
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_pictures")


def test_what_makes_a_run_doubtful_stands_before_its_figures(tmp_path: Path) -> None:
    frame = made.trials(20, seed=4, noise=0.01)
    frame["requests_per_s"] *= np.linspace(1, 0.8, len(frame))
    written = build(made.write_run(tmp_path, frame))
    page = written.html.read_text()
    doubts = page.index("<li>The machine drifted: the reference trials changed by")
    assert page.index('id="doubts"') < doubts < page.index("<svg")
    assert "- The machine drifted" in written.markdown.read_text()


def test_a_steady_run_is_not_doubted(tmp_path: Path) -> None:
    written = build(made.write_run(tmp_path, made.trials(3, seed=4, noise=0.02)))
    assert "Doubts" not in written.html.read_text() + written.markdown.read_text()


def test_each_part_tells_what_it_asked_and_how_its_claims_fared(tmp_path: Path) -> None:
    asked = {"dead_connections": "How many <replies> are left?", "memory": "What does one cost?"}
    written = build(made.write_run(tmp_path, questions=asked))
    page = written.html.read_text()
    parts = page[page.index('id="questions"') : page.index("</dl>")]
    dead, memory = parts.split("<dt>")[1:]
    assert "How many &lt;replies&gt; are left?" in dead
    assert re.findall(r'href="#claim-(\d+)"', dead) == ["2", "3", "8"]
    assert re.findall(r'href="#claim-(\d+)"', memory) == ["10", "11"]
    plain = written.markdown.read_text()
    assert re.search(r"\| memory \| What does one cost\? \| . 10, . 11 \|", plain)


def test_a_figure_that_its_unit_does_not_explain_is_named(tmp_path: Path) -> None:
    """R² has no unit; a ratio of rates has the claim's."""
    page = build(made.write_run(tmp_path, made.trials(5), claims=[3, 36])).html.read_text()
    assert 'ends">R² of 1/rate on idle connections' in page
    assert 'ends">epoll (level) over poll' not in page


def test_an_experiment_of_its_own_has_no_parts(tmp_path: Path) -> None:
    written = build(made.write_run(tmp_path))
    assert "Questions" not in written.html.read_text()
