"""The cases of RFC 9112 that a server was seen to keep, or not (contract/habits/cases.py)."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.checkup.answer import Answer, Finding, Value
from analysis.tables import Table
from analysis.wording import MISSING, server_name
from contract.habits.cases import CASES
from contract.habits.judging import Usual
from contract.result.habits import CaseSeen, Habits

ENDINGS = {
    "kept": "stays open",
    "closed": "closed",
    "reset": "reset",
    "open": "nothing more",
}


def findings(found: Habits, usual: Usual) -> tuple[Finding, ...]:
    """Whether each case that was asked is kept."""
    return tuple(
        Finding(case, _told(seen), None if case.level == "MAY" else case.keeps(seen, usual))
        for case in CASES
        if (seen := found.cases.get(case.name))
    )


def not_kept(findings: Sequence[Finding]) -> dict[str, Value]:
    """How many cases; those that were not asked, or that cannot be told, may be more of them."""
    kept = {one.case.name: one.kept for one in findings}
    judged = [one for one in CASES if one.level != "MAY"]
    groups = {
        "habits_must": [one for one in judged if one.level == "MUST"],
        "habits_should": [one for one in judged if one.level == "SHOULD"],
        "habits_smuggles": [one for one in judged if one.smuggles],
    }
    figures = {}
    for name, cases in groups.items():
        words = [kept.get(one.name) for one in cases]
        least, unknown = float(words.count(False)), words.count(None)
        figures[name] = Value(least, least, least + unknown, bounded=unknown > 0)
    return figures


def how_many(findings: Sequence[Finding]) -> list[str]:
    """How many of them it keeps, by level."""
    told = []
    for level in ("MUST", "SHOULD"):
        those = [one for one in findings if one.case.level == level]
        kept = sum(one.kept is True for one in those)
        unknown = sum(one.kept is None for one in those)
        if those:
            rest = f" ({unknown} cannot be told)" if unknown else ""
            told.append(f"{kept} of {len(those)} {level}{rest}")
    if not told:
        return []
    open_ways = [one.case.sent for one in findings if one.case.smuggles and one.kept is False]
    more = f" Servers may read these differently: {', '.join(open_ways)}." if open_ways else ""
    return [f"Of the cases below it keeps {' and '.join(told)}.{more}"]


def cases_table(answers: Sequence[Answer]) -> Table | None:
    """A row for each case, a column for each server; None where nothing was seen."""
    some = [one for one in answers if one.findings]
    if not some:
        return None
    by_case = [{one.case.name: one for one in answer.findings} for answer in some]
    rows = [
        [
            case.sent,
            f"RFC {case.section}",
            case.level,
            case.wanted,
            *(_cell(known.get(case.name)) for known in by_case),
        ]
        for case in CASES
    ]
    headings = ["sent", "section", "level", "wanted", *(server_name(one.server) for one in some)]
    return Table(headings, rows, [False] * len(headings))


def _cell(finding: Finding | None) -> str:
    if finding is None:
        return MISSING
    if finding.case.level == "MAY":
        return finding.seen
    sign = {True: "✓", False: "✗", None: "?"}[finding.kept]
    return f"{sign} {finding.seen}"


def _told(seen: CaseSeen) -> str:
    """As `400, closed`."""
    if seen.said:
        return f"no HTTP: {seen.said}, {ENDINGS[seen.ending]}"
    answers = " ".join(map(str, seen.statuses)) or "no answer"
    return f"{answers}, {ENDINGS[seen.ending]}"
