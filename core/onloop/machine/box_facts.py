"""PURE: what a probe showed of the box that gates run in, and when: facts about the whole store."""

from __future__ import annotations

from typing import Annotated

from onloop.machine.limits import Brief, Id, Items, Millis, Path
from onloop.records import Record


class ProbeAsked(Record):
    """Somebody wants the verifier to show once more what its box stops; `id` is what the answer names."""

    id: Id
    by: Id


class ProvedCell(Record):
    """One attempt from inside a box: whether it was stopped (None: it could not be tried), and what was seen."""

    name: Id
    stopped: bool | None
    seen: Brief = ""


class BoxProved(Record):
    """A verifier ran the probe as it runs gates, and this is what the probe could do.

    `box` is the box in words, `kind` its kind, `limits` what keeps limits over all processes together; `strong` says
    that everything was seen to be stopped. `refused` are kinds that the machine does not let us have, each with its
    cure, `toolchain` the folders in which programs are found, `asked` the probe that was asked for.
    """

    box: Id
    kind: Id
    limits: Id
    strong: bool
    cells: Annotated[tuple[ProvedCell, ...], Items(100)]
    verifier: Id
    at: Millis
    refused: Annotated[tuple[Brief, ...], Items(20)] = ()
    toolchain: Annotated[tuple[Path, ...], Items(1_000)] = ()
    asked: Id = ""

    @property
    def open(self) -> tuple[str, ...]:
        """The attempts that the probe did not see stopped."""
        return tuple(cell.name for cell in self.cells if not cell.stopped)

    def says_the_same(self, other: BoxProved) -> bool:
        """Whether another proof differs only in its time and its verifier."""
        return _fact(self) == _fact(other)


def _fact(proof: BoxProved) -> object:
    cells = tuple((cell.name, cell.stopped) for cell in proof.cells)
    return proof.box, proof.kind, proof.limits, proof.strong, cells, proof.refused, proof.toolchain
