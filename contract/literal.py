"""Texts from outside, literal wherever they are shown or kept: nothing in them acts.

A server names its limits, its last log line becomes a reason, a path and a question are what
somebody wrote. Here is what all media share, and the cells of CSV files; Markdown is in
`analysis/rendering.py`, pictures are in `analysis/charts/picture.py`, the terminal is in
`console.py`.
"""

from __future__ import annotations

import unicodedata

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes what begins so for a formula, or looks for one behind it."""
GUARD = "'"
JOINERS = "\u200c\u200d"
"""They join letters and signs, and act on nothing else."""


def visible(text: str) -> str:
    """The same with what is not seen, but acts, as its number: `\\u001b`, an escape.

    Controls, directions, separators of lines and halves of letters; line ends and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(letter if _is_plain(letter) else _number(letter) for letter in text)


def line(text: str) -> str:
    """The same in one line."""
    return visible(text.replace("\n", " "))


def guarded(text: str) -> str:
    """The text as a cell of a CSV file, which no spreadsheet takes for a formula."""
    return GUARD + text if text.startswith((*FORMULA, GUARD)) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made this cell of."""
    guards = cell.startswith(GUARD) and cell[1:].startswith((*FORMULA, GUARD))
    return cell[1:] if guards else cell


def _is_plain(letter: str) -> bool:
    if letter in "\n\t" or letter in JOINERS or letter.isprintable():
        return True
    return unicodedata.category(letter) in ("Zs", "Co", "Cn")


def _number(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"
