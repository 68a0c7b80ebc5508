"""The combinations of a matrix: every choice of one value for each name, without those that are excluded."""

from __future__ import annotations

from itertools import product
from math import prod

from onloop.machine.fan_out_parts import Combination
from onloop.workflow.model import FanOutPart

MOST = 100
"""How many combinations are ever made."""


def count_of(given: FanOutPart) -> int:
    """How many combinations there would be if none were excluded."""
    return prod(len(values) for values in (given.matrix or {}).values()) if given.matrix else 0


def combinations(given: FanOutPart) -> tuple[Combination, ...]:
    """The combinations in the order of the file, the last name changing first; none where there are too many."""
    matrix = given.matrix or {}
    if not matrix or count_of(given) > MOST * MOST:
        return ()
    made = (tuple(zip(matrix, values, strict=True)) for values in product(*(dict.fromkeys(v) for v in matrix.values())))
    return tuple(each for each in made if not any(left_out.items() <= dict(each).items() for left_out in given.exclude))
