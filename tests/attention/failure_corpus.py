"""Real outputs of programs that failed, each with the group in which a person wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from onloop.gates.cause import cause_line
from onloop.machine.signature import signature
from onloop.records import Record

FOLDER = Path(__file__).parent / "failures"
_HEAD = re.compile(r"=== (?P<half>[123]) (?P<group>\S+) · exit (?P<code>-?\d+) · (?P<source>.+)\n")


class Failure(Record):
    """What a program printed, how it ended, and where that is from: run for this, or a public issue.

    `half` 1 was looked at while the fingerprint was made. 2 was kept unseen until then, and looked at once; 3 is of
    other kinds, made after what that look showed was mended.
    """

    tool: str
    half: int
    group: str
    code: int
    source: str
    output: str

    @property
    def cause(self) -> str:
        """The line that says why."""
        return cause_line(self.output, self.code)


class Figures(Record):
    """Of all pairs: how many that are grouped together belong together, and how many that do are grouped so."""

    precision: float
    recall: float
    pairs: int


def failures(half: int) -> Sequence[Failure]:
    """Those of a half."""
    found = (each for file in sorted(FOLDER.glob("*.txt")) for each in _read(file))
    return [each for each in found if each.half == half]


def _read(file: Path) -> Iterator[Failure]:
    _, *parts = _HEAD.split(file.read_text(encoding="utf-8"))
    for half, group, code, source, output in zip(*(iter(parts),) * 5, strict=True):
        yield Failure(file.stem, int(half), group, int(code), source, output)


def figures_of(some: Sequence[Failure]) -> Figures:
    """The figures of the fingerprint on these."""
    named = [(each.group, signature(each.cause)) for each in some]
    both = wanted = given = 0
    for (group, cause), (other_group, other_cause) in combinations(named, 2):
        wanted += group == other_group
        given += cause == other_cause
        both += group == other_group and cause == other_cause
    return Figures(both / max(1, given), both / max(1, wanted), len(some) * (len(some) - 1) // 2)
