"""`junit.xml`: a case for each question and each threshold, as pipelines show them."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from analysis.checkup.document import CheckUpFound
from contract.literal import visible


def write_junit(found: CheckUpFound, path: Path) -> None:
    """An answer that breaks fails, and one that is not told is skipped; so with thresholds.
    Of two servers a figure that changed fails where it is a regression."""
    suite = Element("testsuite", name=visible(f"check-up of {found.server}"))
    for one in found.questions:
        told = {"breaks": "failure", "not told": "skipped"}.get(one.mark)
        _case(suite, "questions", one.question, told, f"{one.answer.answer} {one.do}".strip())
    for limit in found.thresholds:
        told = {"not kept": "failure", "cannot tell": "skipped"}.get(limit.word)
        value = "" if limit.figure is None else f": {limit.figure.value:,.6g}"
        _case(suite, "thresholds", limit.threshold, told, f"{limit.word}{value}")
    for change in found.compared.changes if found.compared else ():
        told = "failure" if change.regression else None
        told = "skipped" if change.word in ("cannot tell", "not compared") else told
        _case(suite, "changes", f"{change.question}: {change.figure}", told, change.text)
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(sum(1 for _ in suite.iter(tag))))
    indent(suite)
    ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: Element, kind: str, name: str, told: str | None, words: str) -> None:
    case = SubElement(suite, "testcase", classname=f"checkup.{kind}", name=visible(name))
    if told:
        SubElement(case, told, message=visible(words))
    else:
        SubElement(case, "system-out").text = visible(words)
