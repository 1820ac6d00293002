"""Two servers of a check-up side by side: the section of its page, and what the document says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.checkup.answer import Answer, ServerRows
from analysis.checkup.answers.holds import RATE
from analysis.checkup.document import ChangeFound, ComparedFound
from analysis.checkup.figures import cell, meaning
from analysis.checkup.questions import mark
from analysis.checkup.two_servers.change import FAILED, Change
from analysis.checkup.two_servers.changes import changes
from analysis.checkup.two_servers.failed_rounds import may_fail_more
from analysis.checkup.two_servers.rounds import Rounds, both
from analysis.tables import Table
from analysis.wording import listed, plural, server_name, share
from contract.checkup.description import HOLDS, Described
from contract.checkup.figures import OF_FAILURES
from contract.exits import Exit

HEADING = "what changed"
SAME_IMAGE = "Both are the same image: an A/A test, in which whatever differs does so by chance."


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The answers of both by question, the base first, and what the document says of them."""

    answers: tuple[Mapping[str, Answer], Mapping[str, Answer]]
    asked: tuple[ServerRows, ServerRows]
    found: ComparedFound
    exit: Exit
    """REGRESSED where a figure is worse by more than the tolerance, else CANNOT_TELL where the
    server may fail more often, or the base is not known to compare with."""

    def table(self, question: str) -> Table:
        """The figures of a question, a row for each."""
        names = [server_name(one.server) for one in self.asked]
        rows = [
            [label(one), *self._cells(one), one.text]
            for one in self.found.changes
            if one.question == question
        ]
        return Table(["figure", *names, HEADING], rows, [False, True, True, False])

    def _cells(self, one: ChangeFound) -> list[str]:
        """Cells of both, with the ends of what is known only between them."""
        if one.figure == FAILED:
            return [share(part) for part in (one.base, one.value)]
        answers = [each[one.question] for each in self.answers]
        return [cell(one.unit, answer.figures.get(one.figure)) for answer in answers]


def side_by_side(
    about: Described, all_asked: Sequence[ServerRows], *, same_image: bool
) -> SideBySide | None:
    """None of a check-up that compares nothing."""
    if about.compared is None:
        return None
    servers = {one.server: one for one in all_asked}
    base, other = both([servers[about.compared.base], servers[about.server]])
    found = changes(base, other)
    tolerance = about.compared.tolerance
    return SideBySide(
        (base.whole, other.whole),
        (base.asked, other.asked),
        ComparedFound(
            base=about.compared.base,
            rounds=about.compared.rounds,
            tolerance=tolerance,
            same_image=same_image,
            summary=_summary(found, about, same_image=same_image),
            marks={
                name: mark(one.of_all_rounds, about.rules)[0] for name, one in base.whole.items()
            },
            changes=[_change(one, tolerance) for one in found],
        ),
        _ending(found, tolerance, base),
    )


def label(one: ChangeFound) -> str:
    """The figure in a few words."""
    if one.figure == FAILED:
        return "rounds that it fails"
    worst = ", in the worst round" if one.figure in OF_FAILURES else ""
    return f"{meaning(one.figure)}{worst}"


def short_changes(found: ComparedFound, question: str) -> list[ChangeFound]:
    """Those of a question that changed."""
    return [
        one
        for one in found.changes
        if one.question == question and one.word in ("better", "worse", "differs")
    ]


def _change(one: Change, tolerance: float) -> ChangeFound:
    return ChangeFound(
        question=one.question,
        figure=one.figure,
        unit=one.unit,
        base=one.base,
        value=one.value,
        rounds=one.rounds,
        kind="difference" if one.is_difference else "ratio",
        change=_finite(one.size),
        low=_finite(one.low),
        high=_finite(one.high),
        word=one.word,
        text=one.text,
        regression=_regression(one, tolerance),
    )


def _regression(one: Change, tolerance: float) -> bool:
    return one.word == "worse" and one.worsening > tolerance


def _ending(found: Sequence[Change], tolerance: float, base: Rounds) -> Exit:
    if any(_regression(one, tolerance) for one in found):
        return Exit.REGRESSED
    holds = base.whole.get(HOLDS)
    known = holds is None or holds.failed or RATE in holds.figures
    return Exit.OK if _compared(found) and known and not may_fail_more(found) else Exit.CANNOT_TELL


def _compared(found: Sequence[Change]) -> bool:
    """Whether any figure could be, whatever came of it."""
    return any(math.isfinite(one.p) for one in found)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _summary(found: Sequence[Change], about: Described, *, same_image: bool) -> str:
    """Two or three sentences."""
    if about.compared is None:
        raise ValueError("nothing is compared")
    failing = may_fail_more(found)
    words = [one.word for one in found if one.word != "not compared"]
    counted = [
        f"{words.count(word)} {text}"
        for word, text in (
            ("worse", "worse"),
            ("better", "better"),
            ("differs", "otherwise"),
            ("within noise", "within the noise"),
            ("cannot tell", "not told"),
        )
        if word in words
    ]
    name, base = server_name(about.server), server_name(about.compared.base)
    told = f"{name} beside {base}: of {plural(len(words), 'figure')} {listed(counted)}."
    if not words:
        told = f"{name} beside {base}: no figure is known of both."
    elif not _compared(found):
        told = f"Nothing could be compared. {told}"
    elif not {"worse", "better", "differs"} & set(words) and not failing:
        told = f"Nothing changed beyond the noise. {told}"
    beyond = sum(_regression(one, about.compared.tolerance) for one in found)
    if beyond:
        told += f" {beyond} worse by more than {share(about.compared.tolerance)}."
    if failing:
        told += f" Whether it fails more often cannot be told of {listed(failing)}."
    if same_image:
        told += f" {SAME_IMAGE}"
    return told
