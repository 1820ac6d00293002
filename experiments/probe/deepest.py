"""The deepest accept queue, told again until its receipt is confirmed."""

from __future__ import annotations


class Deepest:
    """The deepest accept queue since the last answer that the asker is known to have.

    An answer may be lost (UDP), so a depth is told until its receipt is confirmed.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {0: 0}
        """By the number of the question before."""

    def see(self, depth: int) -> None:
        """So deep it is now."""
        last = max(self._seen)
        self._seen[last] = max(self._seen[last], depth)

    def tell(self, number: int) -> None:
        """Begin a new count: what is seen from now on comes after the answer to this question."""
        self._seen.setdefault(number, 0)

    def since(self, kept: int) -> int:
        """Forget what was told up to the answer `kept`, which has arrived; the deepest after it."""
        self._seen = {one: depth for one, depth in self._seen.items() if one >= kept} or {kept: 0}
        return max(self._seen.values())
