"""Histograms that are taken away: read back by somebody else's reader, without loss."""

from __future__ import annotations

from pathlib import Path

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from loadgen.engine.recorder import DIGITS, HIGHEST_US, LOWEST_US
from loadgen.engine.summary import encode
from loadgen.master.histograms import LoadHistograms, as_json, as_log, of_counts, of_trial
from tests.support.results import a_distribution, a_result, a_window, a_worker

COUNTS = {
    "response /db/5, slow": {5_000: 3, 1_000_000: 1},
    "connect": {20: 7, 21: 1},
    "service": {},
}


def taken() -> LoadHistograms:
    return LoadHistograms("poll", 2, 1_700_000_000.0, 12.5, of_counts(COUNTS))


def test_json_holds_every_kind_that_has_a_count() -> None:
    plain = as_json(taken())
    assert set(plain["histograms"]) == {"response /db/5, slow", "connect"}
    assert (plain["load"], plain["workers"], plain["unit"]) == ("poll", 2, "us")
    connect = plain["histograms"]["connect"]
    assert (connect["count"], connect["p50_us"], connect["max_us"]) == (8, 20, 21)
    decoded = HdrHistogram.decode(connect["encoded"])
    assert decoded.get_total_count() == 8
    assert decoded.get_count_at_value(20) == 7


def test_json_tells_how_many_had_not_ended_and_how_far_each_histogram_reaches() -> None:
    late = {"connect": {200_000_000: 2}}
    both = of_counts({"connect": {20: 7, 200_000_000: 2}, "response": {5: 1}})
    plain = as_json(LoadHistograms("poll", 1, 0.0, 1.0, both, of_counts(late)))["histograms"]
    assert (plain["connect"]["count"], plain["connect"]["censored"]) == (7, 2)
    assert plain["connect"]["highest"] == 4 * HIGHEST_US
    assert plain["connect"]["max_us"] >= 200_000_000
    assert (plain["response"]["censored"], plain["response"]["highest"]) == (0, HIGHEST_US)


def test_a_log_is_read_by_the_library_s_own_reader(tmp_path: Path) -> None:
    path = tmp_path / "load.hlog"
    path.write_text(as_log(taken()))
    reader = HistogramLogReader(str(path), HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS))
    read = {}
    while (histogram := reader.get_next_interval_histogram()) is not None:
        read[histogram.get_tag()] = histogram
    reader.close()
    assert set(read) == {"connect", "response_/db/5__slow"}
    slow = read["response_/db/5__slow"]
    assert slow.get_total_count() == 4
    assert slow.get_value_at_percentile(50) // 10 == 500
    assert reader.get_start_time_sec() == taken().started_at_s


def test_a_trial_s_histograms_are_those_of_its_result() -> None:
    (connect,) = of_counts({"connect": COUNTS["connect"]}).values()
    empty = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    distributions = {
        "connect": a_distribution(encode(connect)),
        "response": a_distribution(encode(empty)),
    }
    found = of_trial(a_result(window=a_window(distributions=distributions)), ended_at_s=10.0)
    assert found is not None
    assert (found.load, found.started_at_s, found.length_s) == ("t", 9.0, 1.0)
    assert set(found.histograms) == {"connect"}
    assert found.histograms["connect"].get_count_at_value(21) == 1
    assert of_trial(a_result(window=None), ended_at_s=10.0) is None


def test_the_file_is_named_after_load_and_start() -> None:
    assert taken().file_name == "c10k_poll_20231114T221320Z"


def test_those_of_a_trial_tell_how_many_workers_it_had() -> None:
    two = (a_worker(), a_worker("load worker 2", (2,)))
    found = of_trial(a_result(window=a_window(distributions={}), workers=two), ended_at_s=10.0)
    assert found
    assert found.workers == 2
