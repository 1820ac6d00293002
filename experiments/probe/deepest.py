"""The deepest accept queue, told until somebody has kept the answer."""

from __future__ import annotations


class Deepest:
    """The deepest accept queue, since an answer that is kept."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {0: 0}
        """By the number of the question before."""

    def see(self, depth: int) -> None:
        """So deep it is now."""
        last = max(self._seen)
        self._seen[last] = max(self._seen[last], depth)

    def tell(self, number: int) -> None:
        """The question of this number is answered."""
        self._seen.setdefault(number, 0)

    def since(self, kept: int) -> int:
        """The answer to that question is kept, with all that was before it."""
        self._seen = {one: depth for one, depth in self._seen.items() if one >= kept} or {kept: 0}
        return max(self._seen.values())
