"""PURE: what was seen of the box that gates run in, and when: facts about the whole store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProbeAsked:
    """Somebody wants the verifier to show once more what its box stops; `id` is what the answer names."""

    id: str
    by: str


@dataclass(frozen=True, slots=True)
class ProvedCell:
    """One attempt from inside a box: whether it was stopped (None: it could not be tried), and what was seen."""

    name: str
    stopped: bool | None
    seen: str = ""


@dataclass(frozen=True, slots=True)
class BoxProved:
    """A verifier ran the probe as it runs gates, and this is what the probe could do.

    `box` is the box in words, `kind` its kind, `limits` what keeps limits over all processes together; `strong` says
    that everything was seen to be stopped. `refused` are kinds that the machine does not let us have, each with its
    cure, `toolchain` the folders in which programs are found, `asked` the probe that was asked for.
    """

    box: str
    kind: str
    limits: str
    strong: bool
    cells: tuple[ProvedCell, ...]
    verifier: str
    at: int
    refused: tuple[str, ...] = ()
    toolchain: tuple[str, ...] = ()
    asked: str = ""

    @property
    def open(self) -> tuple[str, ...]:
        """What was not seen to be stopped."""
        return tuple(cell.name for cell in self.cells if not cell.stopped)

    def says_the_same(self, other: BoxProved) -> bool:
        """Whether another proof shows nothing new but its time and its verifier."""
        return _fact(self) == _fact(other)


def _fact(proof: BoxProved) -> object:
    cells = tuple((cell.name, cell.stopped) for cell in proof.cells)
    return proof.box, proof.kind, proof.limits, proof.strong, cells, proof.refused, proof.toolchain
