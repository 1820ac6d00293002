"""What stands beside the CSV, and the pictures that come of it."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analysis
from analysis.figures import connect_time, heat_map, percentiles, timeline
from analysis.records import details
from analysis.records.run import Run
from contract.exits import Exit, LabError
from contract.result.document import to_json
from contract.sysctls import SYN_LINEAR
from experiments.paths import ROOT
from loadgen.engine.recorder import to_histogram
from loadgen.engine.summary import encode
from tests.support import made_up_run as made
from tests.support.results import a_distribution, a_result, a_second, a_window
from tests.support.trial_details import OPENED_S, REQUESTS, write_details

WINDOW = to_json(a_window())
LOAD_SECOND = to_json(a_second())
GOLDEN = ROOT / "tests/golden/run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = Path(shutil.copytree(GOLDEN, tmp_path_factory.mktemp("details") / "run"))
    write_details(folder, made.trials(5))
    return analysis.load(folder)


def test_a_distribution_is_read_as_the_library_does(run: Run) -> None:
    trial = str(percentiles.chosen(run)["trial"].iloc[0])
    found, read = analysis.histogram(run, trial), details.counts(run, trial)
    assert found
    assert read
    us, many = read
    assert many.sum() == found.get_total_count() == REQUESTS
    assert us[-1] == pytest.approx(found.get_max_value(), rel=2e-3)
    half = us[np.searchsorted(np.cumsum(many), REQUESTS / 2)]
    assert half == found.get_value_at_percentile(50)


def test_a_trial_without_details_has_none(run: Run) -> None:
    assert analysis.histogram(run, "nothing") is None
    assert details.counts(run, "nothing") is None
    assert not len(analysis.series(run, "nothing"))
    assert not len(analysis.samples(run, "nothing"))


def test_percentiles_are_those_of_all_repeats_together(run: Run) -> None:
    table = percentiles.table(run).set_index("server")
    names = percentiles.chosen(run).query("server == 'poll'")["trial"]
    whole = details.merged(run, names)
    assert whole
    assert table.loc["poll", "requests"] == whole.get_total_count()
    for column, percentile in percentiles.SHOWN.items():
        expected = whole.get_value_at_percentile(percentile)
        assert table.loc["poll", column] == pytest.approx(expected, rel=2e-3)


def test_the_ladder_of_a_lost_syn_follows_the_kernel(run: Run) -> None:
    assert connect_time.ladder({}) == [1, 3, 7, 15, 31, 63]
    assert connect_time.ladder({SYN_LINEAR: "4"}) == [1, 2, 3, 4, 5, 7]
    table = connect_time.table(run).query("server == 'iterative'")
    late = dict(zip(table["backlog"], table["late"], strict=True))
    assert late[1] > 0
    assert late[128] == 0


def test_an_unreadable_detail_is_named(tmp_path: Path) -> None:
    folder = made.write_run(tmp_path)
    write_details(folder, made.trials().head(1))
    broken = sorted((folder / "trials").iterdir())[0] / "result.json"
    broken.write_text("{")
    run = analysis.load(folder)
    with pytest.raises(LabError, match=r"result\.json: no result of a trial"):
        details.details(run, broken.parent.name)


def half(encoded: str) -> str:
    return encoded[: len(encoded) // 8 * 4]


def without_header(encoded: str) -> str:
    return encoded[8:]


def other_bytes(encoded: str) -> str:
    """In the middle of what is compressed."""
    middle = len(encoded) // 2
    return encoded[:middle] + "AAAAAAAA" + encoded[middle + 8 :]


@pytest.mark.parametrize("spoil", [half, without_header, other_bytes])
def test_an_unreadable_histogram_is_named(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    folder = made.write_run(tmp_path)
    write_details(folder, made.trials().head(1))
    broken = sorted((folder / "trials").iterdir())[0] / "result.json"
    result = json.loads(broken.read_text())
    histograms = result["window"]["histograms"]
    histograms["response"] = spoil(histograms["response"])
    broken.write_text(json.dumps(result))
    with pytest.raises(LabError, match=r"result\.json: no result of a trial: response"):
        details.histogram(analysis.load(folder), broken.parent.name)


@pytest.mark.parametrize(
    ("spoilt", "expected"),
    [
        ({"window": {"histograms": {}}}, "window.started_ns: missing"),
        (
            {"window": {**WINDOW, "histograms": {"response": 7}}},
            "window.histograms.response: expected a text",
        ),
        ({"window": {**WINDOW, "requests": "7"}}, "window.requests: expected a whole number"),
        ({"window": {**WINDOW, "started_ns": -1}}, "window.started_ns: expected 0 or more"),
        ({"phases_s": {"window": "long"}}, "phases_s.window: expected a number"),
        ({"series": [{}]}, "series.0.from_s: missing"),
        ({"series": [{**LOAD_SECOND, "requests": 1.5}]}, "series.0.requests: expected a whole"),
        ({"samples": {}}, "samples: expected a list"),
        ([], "expected an object"),
    ],
)
def test_a_detail_of_another_kind_is_named(tmp_path: Path, spoilt: Any, expected: str) -> None:
    folder = made.write_run(tmp_path)
    write_details(folder, made.trials().head(1))
    broken = sorted((folder / "trials").iterdir())[0] / "result.json"
    broken.write_text(json.dumps(spoilt))
    with pytest.raises(LabError) as error:
        details.details(analysis.load(folder), broken.parent.name)
    assert str(error.value).startswith(f"{broken}: no result of a trial: {expected}")
    assert error.value.exit is Exit.BAD_INPUT


def test_a_heat_map_has_a_column_for_each_second(run: Run) -> None:
    table = heat_map.table(run)
    trials = heat_map.chosen(run)
    assert len(table) == 2 * len(trials), "windows of two seconds"
    assert table["requests"].sum() == REQUESTS * len(trials)
    assert (table["response_p50_us"] < table["response_p99_us"]).all()


def test_a_timeline_is_of_the_trial_that_dropped_most(run: Run) -> None:
    (trial,) = timeline.chosen(run)["trial"]
    drops = run.valid["listen_drops"].astype(float)
    most = run.valid.loc[drops == drops.max(), "trial"]
    assert drops.max() > 0
    assert trial in set(most)
    table = timeline.table(run)
    assert len(table) == len(analysis.series(run, trial))
    assert table["listen_drops"].is_monotonic_increasing
    samples = analysis.samples(run, trial).set_index("label")
    assert samples.loc["open", "at_s"] == OPENED_S
    assert table["listen_drops"].iloc[-1] == samples.loc["close", "listen_drops"]


def test_durations_beyond_the_usual_range_are_merged_without_loss(tmp_path: Path) -> None:
    run = analysis.load(made.write_run(tmp_path))
    names = run.trials["trial"].iloc[:3].tolist()
    for name, longest in zip(names, (1_000, 150_000_000, 90_000_000), strict=True):
        place = tmp_path / "trials" / name
        place.mkdir(parents=True)
        response = encode(to_histogram({500: 3, longest: 1}))
        window = a_window(distributions={"response": a_distribution(response)})
        (place / "result.json").write_text(json.dumps(to_json(a_result(window=window))))
    for order in (names, names[::-1]):
        whole = details.merged(run, order)
        assert whole is not None
        assert whole.get_total_count() == 12
        assert whole.get_max_value() == pytest.approx(150_000_000, rel=2e-3)
    counts = details.counts(run, names[1])
    assert counts is not None
    us, many = counts
    assert max(us) == pytest.approx(150_000_000, rel=2e-3)
    assert sum(many) == 4


def test_a_histogram_with_any_bit_changed_is_read_or_named(tmp_path: Path) -> None:
    frame = made.trials(1)
    write_details(made.write_run(tmp_path, frame), frame.head(1))
    run, trial = analysis.load(tmp_path), str(frame["trial"].iloc[0])
    path = tmp_path / "trials" / trial / "result.json"
    found = json.loads(path.read_text())
    raw = base64.b64decode(found["window"]["histograms"]["response"])
    body, draw = zlib.decompress(raw[8:]), np.random.default_rng(1)
    for _ in range(100):
        changed = bytearray(body)
        changed[int(draw.integers(60))] ^= 1 << int(draw.integers(8))
        packed = zlib.compress(bytes(changed))
        whole = raw[:4] + struct.pack(">i", len(packed)) + packed
        found["window"]["histograms"]["response"] = base64.b64encode(whole).decode()
        path.write_text(json.dumps(found))
        details.details.cache_clear()
        with contextlib.suppress(LabError):
            details.counts(run, trial)
