"""`RULES=mine.yaml`: what a check-up holds a server to; what the file leaves out is as usual."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from contract.checkup.rules import RulesError, rules_of
from contract.exits import Exit, LabError

USUAL: Final = Path(__file__).parent / "checkup.yaml"


def read_rules(path: Path | None, questions: str = "") -> dict[str, Any]:
    """The plain data of the file above that of the usual one; of the `questions` that are named,
    with commas or spaces between, where some are. Raises LabError with all faults."""
    usual = _read(USUAL)
    given = {} if path is None else _read(path)
    whole = _checked({**usual, **given}, str(path or USUAL))
    if not questions:
        return whole
    named = questions.replace(",", " ").split()
    return _checked({**whole, "questions": named}, f"QUESTIONS={questions}")


def _checked(document: dict[str, Any], where: str) -> dict[str, Any]:
    try:
        rules_of(document)
    except RulesError as error:
        told = "\n".join(f"{where}: {line}" for line in str(error).splitlines())
        raise LabError(told, Exit.BAD_INPUT) from error
    return document


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabError(f"RULES={path}: no such file", Exit.BAD_INPUT) from None
    except UnicodeDecodeError as error:
        raise LabError(f"{path}: not UTF-8 text (byte {error.start})", Exit.BAD_INPUT) from None
    except yaml.YAMLError as error:
        raise LabError(f"{path}: not valid YAML: {error}", Exit.BAD_INPUT) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise LabError(f"{path}: has to be keys with values", Exit.BAD_INPUT)
    return document
