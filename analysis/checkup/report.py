"""The files of a check-up: `report.html`, `report.md`, `checkup.json`, `junit.xml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from analysis.checkup import figures
from analysis.checkup.answer import Answer, ServerRows, rows_of
from analysis.checkup.answers.clients import kinds_table
from analysis.checkup.answers.habit_cases import cases_table
from analysis.checkup.answers.holds import RATE
from analysis.checkup.document import CheckUpFound, document, value_of
from analysis.checkup.junit import write_junit
from analysis.checkup.overview import SIGNS, overview
from analysis.checkup.questions import Marked, ask, mark
from analysis.checkup.thresholds import ending, judge
from analysis.checkup.two_servers.side_by_side import SideBySide, label, short_changes, side_by_side
from analysis.exports import save_picture
from analysis.records.details import details
from analysis.records.emulated import emulated
from analysis.records.manifest import read_manifest
from analysis.records.run import Run, load
from analysis.rendering import write_errors, write_pages
from analysis.report.machine import machine
from analysis.tables import Table
from analysis.wording import server_name
from contract.checkup.description import ALL_ASKED, HABITS, HOLDS, Described, described
from contract.checkup.figures import QUESTIONS
from contract.checkup.rules import UNTOLD
from contract.exits import Exit, LabError
from contract.run_files import MANIFEST


@dataclass(frozen=True, slots=True)
class CheckUpReport:
    """What was written, and what it says."""

    html: Path
    found: CheckUpFound

    @property
    def exit(self) -> Exit:
        """Exit code that its thresholds, and the comparison if there is one, lead to."""
        return Exit(self.found.exit)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Each server's rows and answers, the one that the page is about first; beside which other
    it stands, if any; the answers that are marked, and the document."""

    servers: list[ServerRows]
    answers: list[Mapping[str, Answer]]
    beside: SideBySide | None
    marked: list[Marked]
    found: CheckUpFound


def check_up_in(run_dir: Path) -> Described | None:
    """What the run in this folder is a check-up of; None of another run, and where there is none.
    LabError(BAD_INPUT) where its manifest cannot be read."""
    path = run_dir / MANIFEST
    if not path.is_file():
        return None
    try:
        return described(read_manifest(path).raw)
    except ValueError as error:
        raise LabError(f"{path}: {error}", Exit.BAD_INPUT) from error


def build(run_dir: Path) -> CheckUpReport | None:
    """Judge the check-up in `run_dir` and write its page; None where it is another run."""
    about = check_up_in(run_dir)
    if about is None:
        return None
    run = load(run_dir)
    judged = _judged(run, about)
    with write_errors():
        html, _ = write_pages("report", run_dir, _page(run, about, judged), "checkup")
        (run_dir / "checkup.json").write_text(
            judged.found.model_dump_json(indent=2) + "\n", "utf-8"
        )
        write_junit(judged.found, run_dir / "junit.xml")
    return CheckUpReport(html, judged.found)


def _judged(run: Run, about: Described) -> _Judged:
    """The answers of each server, marked, and what follows from them."""
    rows = rows_of(run)
    servers = [
        ServerRows(
            about,
            server,
            [row for row in rows if row["server"] == server],
            lambda trial: details(run, trial),
        )
        for server in about.servers
    ]
    beside = side_by_side(about, servers, same_image=_same_image(run, about))
    if beside:
        servers, answers = list(beside.asked[::-1]), list(beside.answers[::-1])
    else:
        answers = [ask(one) for one in servers]
    marked = [
        Marked(
            question,
            answers[0][question.name],
            *mark(answers[0][question.name].of_all_rounds, about.rules),
            beside=tuple(one[question.name] for one in answers[1:]),
        )
        for question in QUESTIONS
        if question.name in answers[0]
    ]
    complete = ALL_ASKED in run.manifest.raw and not run.not_run
    thresholds = judge(about.rules.thresholds, answers[0], complete)
    code = ending(thresholds)
    if beside and beside.exit is not Exit.OK and code is not Exit.EXCEEDED:
        code = beside.exit
    if code is Exit.OK and (not complete or not _rate_is_known(marked)):
        code = Exit.CANNOT_TELL
    named = (run.manifest.run or run.path.name, run.manifest.started_at or "", complete)
    compared = beside.found if beside else None
    found = document(about, named, marked, thresholds, code, compared)
    return _Judged(servers, answers, beside, marked, found)


def _page(run: Run, about: Described, judged: _Judged) -> dict[str, object]:
    """What the page's template is given; its pictures are saved in the run's folder."""
    answers, beside, marked = judged.answers, judged.beside, judged.marked
    compared = beside.found if beside else None
    started = run.manifest.started_at or ""
    return {
        "found": judged.found,
        "name": server_name(about.server),
        "started": started[:16].replace("T", " "),
        "marked": marked,
        "tally": [
            (word, amount) for word in SIGNS if (amount := sum(one.mark == word for one in marked))
        ],
        "signs": SIGNS,
        "overview": None if beside else overview(answers, about.rules),
        "few": len(answers) < figures.MANY,
        "shown": lambda figure: figures.cell(figure.unit, value_of(figure)),
        "pictures": _pictures(judged.servers, run.path),
        "tables": {
            one.name: beside.table(one.name)
            if beside
            else figures.table(one.name, [each[one.name] for each in answers])
            for one in QUESTIONS
            if one.name in answers[0]
        },
        "base": server_name(compared.base) if compared else "",
        "changed": {
            one.name: short_changes(compared, one.name) if compared else [] for one in QUESTIONS
        },
        "label": label,
        "more": _more_tables(judged.servers, answers),
        "doubts": [f"{one[:1].upper()}{one[1:]}." for one in emulated(run.manifest.servers)],
        "machine": machine(run.manifest),
        "notes": list(run.manifest.raw.get("scaled", [])),
    }


def _rate_is_known(marked: Sequence[Marked]) -> bool:
    """Or nobody asked what it holds, or the server failed to show it."""
    return all(
        one.mark != UNTOLD or RATE in one.answer.figures
        for one in marked
        if one.question.name == HOLDS
    )


def _same_image(run: Run, about: Described) -> bool:
    """Whether two servers that are compared are one, as somebody else's image given twice."""
    if about.compared is None:
        return False
    mine, theirs = (
        {**run.manifest.servers.get(one, {"server": one}), "image": ""} for one in about.servers
    )
    return mine == theirs


def _more_tables(
    all_asked: Sequence[ServerRows], answers: Sequence[Mapping[str, Answer]]
) -> dict[str, Table]:
    """Beside that of its figures, by question."""
    tables = {
        "clients": kinds_table(all_asked),
        "habits": cases_table([each[HABITS] for each in answers if HABITS in each]),
    }
    return {name: one for name, one in tables.items() if one}


def _pictures(all_asked: list[ServerRows], folder: Path) -> dict[str, Markup]:
    charts = {
        "holds": figures.search_picture(
            all_asked[::-1] if all_asked[0].about.compared else all_asked[:1]
        ),
        "cost": figures.cost_picture(all_asked),
    }
    labels = {
        "holds": "The response times of the search's trials by their rate.",
        "cost": "The processor time of a request at shares of the rate that each server holds.",
    }
    return {
        name: save_picture(chart, folder, name, labels[name])
        for name, chart in charts.items()
        if chart
    }
