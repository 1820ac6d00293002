"""The numbers of a column, all rows at once: eight digits in one word of 64 bits.

Plain decimal numbers of up to 16 bytes, as the lab writes them, and nothing else: what has an
exponent, a sign or more digits than a float holds is left to a slower reader. A number is its
digits, which a float holds exactly, divided by a power of ten, which it holds exactly as well:
so it is rounded once, and is the float that Python reads (W. D. Clinger, How to Read Floating
Point Numbers Accurately, 1990). The sum of digits in a word is D. Lemire's, Quickly parsing
eight digits, 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.csv_cells import WORD
from analysis.csv_texts import cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.csv_cells import Cells, Places, Words

    Floats = NDArray[np.float64]

LONGEST = 2 * WORD
EXACT = 2**53
BITS = [2**64 - 2 ** (64 - 8 * many) for many in range(WORD + 1)]
USED = np.array([[BITS[0]] * WORD + BITS, BITS + [BITS[WORD]] * WORD], dtype="u8")
"""The bits of a number in its last word but one and in its last one, by its length in bytes."""
TENS = 10.0 ** np.arange(LONGEST)


def _each(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


ZEROS, HIGH, LOW, DOTS = _each(ord("0")), _each(0x80), _each(0x7F), _each(ord(".") ^ ord("0"))
ABOVE_NINE = _each(0x7F - 9)
NONE, ONE, SEVEN, BYTE, TOP, BYTES = (np.uint64(n) for n in (0, 1, 7, 8, 56, 0xFF))
AFTER_DOT = np.uint64(0x0706050403020100), np.uint64(0x0F0E0D0C0B0A0908)
"""How many digits come after a dot in the last word and in the one before, by its byte."""


def numbers(cells: Cells) -> Floats:
    """A float per cell, NaN for an empty one, and one alone where plain cells are alike; raises
    ValueError if one is no number."""
    if not cells.longest:
        return np.array([np.nan])
    found = _plain(cells) if cells.longest <= LONGEST else None
    if found is not None:
        return found
    # One by one, as Python reads them.
    texts = cut(cells)
    read = np.array([float(text) if text else np.nan for text in texts])
    if np.count_nonzero(np.isnan(read)) > texts.count(""):
        raise ValueError("NaN is no number")
    return read


def _plain(cells: Cells) -> Floats | None:
    """None if there is any other than a plain number."""
    lengths = cells.ends - cells.starts
    words = [
        (word ^ ZEROS) & used[lengths]
        for word, used in zip(cells.words, USED[-len(cells.words) :], strict=True)
    ]
    if cells.shortest == cells.longest and all((word == word[0]).all() for word in words):
        words, lengths = [word[:1] for word in words], lengths[:1]
    return _parsed(words, lengths)


def _parsed(words: list[Words], lengths: Places) -> Floats | None:
    """The numbers whose bytes are the last of one word or two."""
    after = None
    if _other_than_digits(words):
        found = _without_dots(words)
        if found is None:
            return None
        words, after = found
    whole = _sum(words[-1])
    if len(words) > 1:
        whole += _sum(words[0]) * np.uint64(10**WORD)
        if whole.max() > EXACT:
            return None
    numbers = whole.astype("float64")
    if after is not None:
        numbers /= TENS[after]
    if not lengths.all():
        numbers[lengths == 0] = np.nan
    return numbers


def _without_dots(words: list[Words]) -> tuple[list[Words], Words] | None:
    """The digits alone, and how many of them come after a dot; None if there is more than one, one
    at the end, or anything else."""
    last = words[-1]
    dot = _dot(last)
    bad = dot & (dot - ONE)
    bad |= dot >> TOP  # at the end, or all there is
    has_dot = dot != 0
    after = (dot * AFTER_DOT[0]) >> TOP
    last = _joined(last, dot, dot - has_dot)
    digits = [last]
    if len(words) > 1:
        first = words[0]
        moved = NONE - has_dot  # all of its bits, or none
        last |= (first & moved) >> TOP
        early = _dot(first)
        bad |= early & (early - ONE)  # beside one in the last word it stays, above nine
        after |= (early * AFTER_DOT[1]) >> TOP
        digits.insert(0, _joined(first, early, (early - (early != 0)) | moved))
    return None if bad.any() or _other_than_digits(digits) else (digits, after)


def _other_than_digits(words: list[Words]) -> bool:
    return any((((word + ABOVE_NINE) | word) & HIGH).any() for word in words)


def _dot(words: Words) -> Words:
    """The lowest bit of each byte that is a dot."""
    others = words ^ DOTS
    return (~(((others & LOW) + LOW) | others) & HIGH) >> SEVEN


def _joined(words: Words, dot: Words, before: Words) -> Words:
    """Without the byte of the dot: what is `before` it takes its place."""
    return ((words & before) << BYTE) | (words & ~(before | dot * BYTES))


def _sum(words: Words) -> Words:
    """The number of eight digits, the first of which is in the lowest byte."""
    pairs = words * np.uint64(10) + (words >> BYTE)
    hundreds = (pairs & np.uint64(0x000000FF000000FF)) * np.uint64(100 + (10**6 << 32))
    ones = ((pairs >> np.uint64(16)) & np.uint64(0x000000FF000000FF)) * np.uint64(1 + (10**4 << 32))
    return (hundreds + ones) >> np.uint64(32)
