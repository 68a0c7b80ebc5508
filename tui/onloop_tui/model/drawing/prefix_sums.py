"""Prefix sums over a growing list of counts: changing a count and finding a position both take O(log n)."""

from __future__ import annotations

from collections.abc import Iterable


class PrefixSums:
    """A list of counts, such as the rows of each run, as a Fenwick tree."""

    def __init__(self, counts: Iterable[int] = ()) -> None:
        self._counts: list[int] = []
        self._sums: list[int] = [0]
        self.total = 0
        for count in counts:
            self.append(count)

    def append(self, count: int) -> None:
        """Append a count."""
        self._counts.append(count)
        place = len(self._counts)
        below, whole = place - (place & -place), count
        last = place - 1
        while last > below:
            whole += self._sums[last]
            last -= last & -last
        self._sums.append(whole)
        self.total += count

    def put(self, index: int, count: int) -> None:
        """Change one count."""
        more = count - self._counts[index]
        self._counts[index] = count
        self.total += more
        place = index + 1
        while more and place < len(self._sums):
            self._sums[place] += more
            place += place & -place

    def before(self, index: int) -> int:
        """The sum of all counts before `index`."""
        total = 0
        while index:
            total += self._sums[index]
            index -= index & -index
        return total

    def place_of(self, row: int) -> tuple[int, int]:
        """The index of the count that contains unit `row` (from 0), and the unit's offset in that count."""
        if not 0 <= row < self.total:
            raise IndexError(row)
        place, step = 0, 1 << (len(self._counts).bit_length() - 1)
        while step:
            if place + step < len(self._sums) and self._sums[place + step] <= row:
                place += step
                row -= self._sums[place]
            step >>= 1
        return place, row
