"""The cases as docs/habits.md tells of them."""

from __future__ import annotations

from contract.habits.cases import CASES


def cases_table() -> str:
    """The rows of a table in Markdown: what is sent, section, level, what is wanted."""
    return "\n".join(
        f"| {one.sent} | RFC {one.section} | {one.level} | {one.wanted} |" for one in CASES
    )
