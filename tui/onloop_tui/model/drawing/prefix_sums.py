"""Sums over a growing list of counts: changing one count and finding a place both take O(log n)."""

from __future__ import annotations

from collections.abc import Iterable


class PrefixSums:
    """Counts in a row, such as the rows of each run (a Fenwick tree)."""

    def __init__(self, counts: Iterable[int] = ()) -> None:
        self._counts: list[int] = []
        self._sums: list[int] = [0]
        self.total = 0
        for count in counts:
            self.append(count)

    def append(self, count: int) -> None:
        """One more count at the end."""
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
        found = 0
        while index:
            found += self._sums[index]
            index -= index & -index
        return found

    def place_of(self, row: int) -> tuple[int, int]:
        """In which count the `row`-th unit lies, from 0, and how many units of that count come before it."""
        if not 0 <= row < self.total:
            raise IndexError(row)
        place, step = 0, 1 << (len(self._counts).bit_length() - 1)
        while step:
            if place + step < len(self._sums) and self._sums[place + step] <= row:
                place += step
                row -= self._sums[place]
            step >>= 1
        return place, row
