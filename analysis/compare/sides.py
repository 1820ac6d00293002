"""What the two sides of a comparison are called in sentences: runs, or servers of one run."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.wording import server_name


@dataclass(frozen=True, slots=True)
class Sides:
    """The base is `first`. Something is so `within` a side, 'in the first run', and was so in the
    base `before`; `nowhere` and `in_both` say that it is so within none of them, or within two.
    `subject` is what is compared, where the sides themselves are."""

    first: str
    second: str
    preposition: str
    before: str
    nowhere: str
    in_both: str
    subject: str = ""

    def within(self, *, base: bool) -> str:
        """'in the first run'; 'with shop 1'."""
        return f"{self.preposition} {self.first if base else self.second}"

    def name(self, *, base: bool) -> str:
        """The name of one of them."""
        return self.first if base else self.second

    def compared(self, server: str) -> str:
        """The name of what is compared at the points of a server."""
        return self.subject or server_name(server)


RUNS = Sides("the first run", "the second run", "in", "before", "in no run", "in two runs")


def servers(a: str, b: str) -> Sides:
    """Server `b` beside server `a`."""
    first, second = server_name(a), server_name(b)
    return Sides(
        first,
        second,
        "with",
        f"with {first}",
        "with neither server",
        "with both servers",
        f"{second} beside {first}",
    )
