"""What claims, thresholds and comparisons make of failures, as docs/failures.md has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge, judge_all
from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import CANNOT_TELL, CHANGED
from analysis.records.run import load
from contract.exits import Exit
from tests.support.claim_data import claim
from tests.support.failing_records import (
    BLOCKS,
    HALF,
    HURT,
    POLL,
    Records,
)

if TYPE_CHECKING:
    import pandas as pd


def decide_what_longer_ones_would(records: Records) -> None:
    wanted = {"label": "p99", "figure": "response_p99_us", "of": dict(POLL)}
    claims = [
        claim(parameters={"parts": {"p99": {**wanted, **edge}}, "sentence": "It took {p99}."})
        for edge in ({"max": 1e8}, {"min": 1.0})
    ]
    clean, hurt = (records.run(times) for times in (0, HURT))
    assert [judge(one, clean).verdict for one in claims] == [Word.REPRODUCED] * 2
    kept, reached = (judge(one, hurt) for one in claims)
    assert (kept.verdict, reached.verdict) == (Word.INCONCLUSIVE, Word.REPRODUCED)
    for found in (kept, reached):
        assert "Times of these trials are at least so long" in found.explanation


def kept_as_by_longer_ones(records: Records) -> None:
    kept, reached = records.threshold(LOOSE), records.threshold("response_p99_us > 1")
    assert (kept.word, reached.word) == ("cannot tell", "kept")
    assert "is at least so much" in kept.remarks
    assert records.threshold("response_p99_us < 1").word == "not kept"


def slower_alone_is_told(records: Records) -> None:
    for before, now in ((0, HURT), (HURT, 0)):
        figures = records.compared(now, before=before).figures
        mine = figures[(figures["low_base"] + figures["low_here"]) > 0]
        assert len(mine)
        assert set(mine["word"]) == {CANNOT_TELL}
        assert mine["text"].str.contains("a lower bound in 7 trials").all()


def open_beyond_a_tenth(records: Records) -> None:
    few, many = records.verdict(hurt=1), records.verdict(hurt=2)
    assert few.verdict is Word.REPRODUCED
    assert many.verdict is Word.INCONCLUSIVE
    for found, count in ((few, 1), (many, 2)):
        assert f" in {count} trial" in found.explanation
        assert found.failed + found.limit_reached == count


def decide_as_bounds(records: Records) -> None:
    wanted = {"label": "rate", "figure": "requests_per_s", "of": dict(POLL)}
    claims = [
        claim(parameters={"parts": {"rate": {**wanted, **edge}}, "sentence": "It was {rate}."})
        for edge in ({"max": 1e8}, {"min": 1.0})
    ]
    below, above = (judge(one, records.run(HURT)) for one in claims)
    assert (below.verdict, above.verdict) == (Word.REPRODUCED, Word.INCONCLUSIVE)
    for found in (below, above):
        assert f"Clients were starved in {HURT} trials" in found.explanation
        assert (found.n, found.starved, found.failed) == (BLOCKS, HURT, 0)


def counts_for_its_limit(records: Records) -> None:
    open_beyond_a_tenth(records)
    (found,) = judge_all(load(records.written(0, claims=[8])))
    assert found.verdict is Word.REPRODUCED
    assert found.limit_reached == BLOCKS


def _open_where_a_rate_would_tell_otherwise(records: Records, hurt: int) -> None:
    """A third of each of these trials is not in the rate."""
    clean = records.run(0).trials
    mine = clean[(clean["server"] == "poll") & (clean["idle_connections"] == 10000)]
    most = 1.2 * float(mine["requests_per_s"].median())
    wanted = {"label": "rate", "figure": "requests_per_s", "of": dict(POLL), "max": most}
    below = claim(parameters={"parts": {"rate": wanted}, "sentence": "It was {rate}."})
    found = judge(below, records.run(hurt))
    assert judge(below, records.run(0)).verdict is Word.REPRODUCED
    assert found.verdict is Word.INCONCLUSIVE
    assert "Rate would tell otherwise if" in found.explanation


def told_beside_figures(records: Records) -> None:
    _open_where_a_rate_would_tell_otherwise(records, BLOCKS)
    found = records.verdict()
    assert found.verdict is Word.REPRODUCED
    assert "got no answer" in found.explanation
    assert "got no answer" not in records.verdict(hurt=0).explanation


def open_beyond_a_tenth_of_attempts(records: Records) -> None:
    _open_where_a_rate_would_tell_otherwise(records, 3)
    few, many = records.verdict(hurt=3), records.verdict(hurt=4)  # a third of each
    assert (few.verdict, many.verdict) == (Word.REPRODUCED, Word.INCONCLUSIVE)
    for found in (few, many):
        assert "ended in errors" in found.explanation
    assert "ended in errors" not in records.verdict(hurt=0).explanation
    wanted = {"label": "p99", "figure": "response_p99_us", "of": dict(POLL), "max": 1e8}
    tail = claim(parameters={"parts": {"p99": wanted}, "sentence": "It took {p99}."})
    assert judge(tail, records.run(1)).verdict is Word.REPRODUCED
    assert judge(tail, records.run(2)).verdict is Word.INCONCLUSIVE


def no_evidence_for_a_claim(records: Records) -> None:
    found = records.verdict(hurt=HALF)
    assert found.verdict is Word.REPRODUCED
    assert found.n == HALF
    assert "no evidence either way" in found.explanation
    assert found.failed == 0
    most = records.verdict(hurt=HALF + 1, blocks=2 * HALF + 1)
    assert (most.n, most.verdict) == (HALF, Word.INCONCLUSIVE)
    assert "6 of 11 trials say nothing of the server" in most.explanation


def open_without_figures(records: Records) -> None:
    few, many = records.verdict(hurt=1), records.verdict(hurt=2)
    assert (few.verdict, many.verdict) == (Word.REPRODUCED, Word.INCONCLUSIVE)
    assert "20% have no figure, what failed counted in" in many.explanation
    for found, count in ((few, "1 trial"), (many, "2 trials")):
        told = {"lab": f"{count} ", "no figure": f"not measured in {count} that count"}
        assert told[records.way] in found.explanation
        assert found.failed == 0


LOOSE = "response_p99_us < 1e8"


def broken(records: Records) -> None:
    for limit in (LOOSE, "errors < 1", "requests_per_s > 1"):
        assert records.threshold(limit, hurt=0).holds
        assert records.threshold(limit, hurt=1).broken == 1


def no_evidence_for_a_threshold(records: Records) -> None:
    found = records.threshold(LOOSE, hurt=HALF)
    assert found.holds
    assert "no evidence either way" in found.remarks
    most = records.threshold(LOOSE, hurt=HALF + 1)
    assert most.word == "cannot tell"
    assert "At 1 point those are most" in most.remarks
    assert records.threshold("response_p99_us < 1", hurt=HALF + 1).word == "not kept"
    alone = records.threshold(LOOSE, hurt=BLOCKS)
    assert (alone.broken, alone.untold) == (0, 1)


def as_by_any_value(records: Records) -> None:
    kept, unknown = records.threshold(LOOSE, hurt=4), records.threshold(LOOSE)
    assert (kept.word, unknown.word) == ("kept", "cannot tell")
    told = {"lab": "no evidence either way", "no figure": "was not measured in"}
    assert told[records.way] in kept.remarks
    assert records.threshold("response_p99_us < 1", hurt=4).word == "not kept"


def broken_where_errors_are_limited(records: Records) -> None:
    assert records.threshold("errors < 1", hurt=1).broken == 1
    found = records.threshold(LOOSE, hurt=1)
    assert found.holds
    assert "Errors are not in this figure" in found.remarks
    assert records.threshold(LOOSE).word == "cannot tell"
    assert records.threshold("response_p99_us < 1").word == "not kept"
    assert records.threshold("response_p50_us < 1e8").word == "kept"


def broken_where_answers_are_limited(records: Records) -> None:
    assert records.threshold("unanswered < 1", hurt=1).broken == 1
    found = records.threshold(LOOSE, hurt=1)
    assert found.holds
    assert "of a trial's requests got no answer" in found.remarks


def _row(found: RunComparison, metric: str) -> pd.Series[Any]:
    """Of poll, beside which select reaches its limit in any run."""
    return _rows(found, metric).iloc[0]


def _rows(found: RunComparison, metric: str) -> pd.DataFrame:
    mine = (found.figures["metric"] == metric) & (found.figures["server"] != "select")
    return found.figures[mine]


def failures_are_compared(records: Records) -> None:
    found = records.compared()
    assert _row(found, "failed_share")["word"] == CHANGED
    assert found.exit is Exit.REGRESSED
    same = records.compared(before=HURT)
    assert "it fails in 7 of 10 trials, in 7 of 10 before" in _row(same, "failed_share")["text"]
    assert same.exit is Exit.OK


def shares_are_compared(records: Records) -> None:
    metric = {"errors": "error_share", "unanswered": "unanswered_share"}[records.way]
    found = records.compared(BLOCKS)
    assert _row(found, metric)["word"] == CHANGED
    assert found.exit is Exit.REGRESSED
    assert records.compared(BLOCKS, before=BLOCKS).exit is Exit.OK


def no_evidence_compared(records: Records) -> None:
    found = records.compared(HALF)
    assert not len(_rows(found, "failed_share"))
    assert any("no evidence either way" in note for note in found.notes)
    assert found.exit is Exit.OK
    for before, now, side in ((0, HALF + 1, "second"), (HALF + 1, 0, "first")):
        most = records.compared(now, before=before)
        told = f"cannot tell: in the {side} run, 6 of 10 trials say nothing of the server"
        assert told in set(_rows(most, "requests_per_s")["text"])
        assert most.exit is Exit.CANNOT_TELL


def not_told_of_few(records: Records) -> None:
    assert records.compared(1).exit is Exit.OK
    found = records.compared()
    assert found.exit is Exit.CANNOT_TELL
    rate = _rows(found, "requests_per_s").set_index("word").loc[CANNOT_TELL, "text"]
    assert rate == "cannot tell: it is missing in 70% of the trials in the second run"


def untold_rise(records: Records) -> None:
    found = records.compared()
    assert _row(found, "failed_share")["word"] == CANNOT_TELL
    assert found.exit is Exit.CANNOT_TELL
    assert any("no evidence either way" in note for note in found.notes)
    assert records.compared(HALF, before=HALF).exit is Exit.OK
    assert records.compared(before=HURT).exit is Exit.CANNOT_TELL
