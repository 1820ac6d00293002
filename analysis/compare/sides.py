"""What the two sides of a comparison are called in sentences: runs, or servers of one run."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.wording import server_name


@dataclass(frozen=True, slots=True)
class Sides:
    """The base is `first`. Something is so `within` a side, 'in the first run', and was so in the
    base `before`."""

    first: str
    second: str
    preposition: str
    before: str

    def within(self, *, base: bool) -> str:
        """'in the first run'; 'with shop 1'."""
        return f"{self.preposition} {self.first if base else self.second}"

    def name(self, *, base: bool) -> str:
        """The name of one of them."""
        return self.first if base else self.second


RUNS = Sides("the first run", "the second run", "in", "before")


def servers(a: str, b: str) -> Sides:
    """Server `b` beside server `a`."""
    first, second = server_name(a), server_name(b)
    return Sides(first, second, "with", f"with {first}")
