"""What one connection hands in: bytes are taken only where a lease's holder has announced them, and no more of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from onloop.errors import BadInput, Exit, Refused, Unavailable
from onloop.gates.intake.manifest import Manifest
from onloop.gates.intake.quarantine import Arrival

MOST_AT_ONCE = 8
"""How many submissions one account may have under way at a time."""


@dataclass(slots=True, eq=False)
class Intake:
    """Where the bytes of one connection go; shut until something is announced.

    Bytes come by the thread that listens while another one opens or empties it: what is taken out gets no more of them.
    """

    _arrival: Arrival | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_open(self) -> bool:
        """Whether something was announced and is not submitted yet."""
        return self._arrival is not None

    @property
    def received(self) -> int:
        """How many bytes of what was announced have come; Refused where nothing is announced."""
        with self._turn:
            if self._arrival is None:
                raise Refused("nothing was announced here", exit=Exit.USAGE, hint="onloop submit announces it first")
            return self._arrival.arrived

    def open(self, quarantine: Path, manifest: Manifest, others: Sequence[Intake]) -> None:
        """Accept what a lease's holder announces; Unavailable if its account sends too much."""
        if sum(hatch.is_open for hatch in others) >= MOST_AT_ONCE:
            raise Unavailable(f"{MOST_AT_ONCE} submissions of yours are under way", hint="try again in a moment")
        self.close()
        self._arrival = Arrival.begin(quarantine, manifest)

    def take(self, content: bytes) -> None:
        """The next bytes; BadInput where nobody announced them."""
        with self._turn:
            if self._arrival is None:
                raise BadInput("the bytes were not announced", hint="onloop submit announces them first")
            self._arrival.receive(content)

    @contextmanager
    def emptied(self) -> Iterator[Arrival]:
        """The submission that has arrived; it is deleted at the end of the block."""
        arrival = self._taken_out()
        if arrival is None:
            raise Refused("nothing was submitted", exit=Exit.USAGE, hint="onloop submit sends the work first")
        try:
            yield arrival
        finally:
            arrival.close()

    def close(self) -> None:
        """Discard what has arrived."""
        arrival = self._taken_out()
        if arrival is not None:
            arrival.close()

    def _taken_out(self) -> Arrival | None:
        with self._turn:
            arrival, self._arrival = self._arrival, None
        return arrival
