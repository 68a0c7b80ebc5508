"""What a query is: an operation that reads one moment of the store."""

from __future__ import annotations

from typing import ClassVar, Generic

from onloop.machine.operation import AnswerT, Asker, Lane, Operation
from onloop.store.port import Reading


class Query(Operation[AnswerT], Generic[AnswerT], frozen=True):
    """An operation that reads one moment of the store. It may be carried out by any reader."""

    lane: ClassVar[Lane] = Lane.ASIDE
    asker: ClassVar[Asker] = Asker.ANYBODY

    def carry_out(self, reading: Reading) -> AnswerT:
        """The answer, read from one moment of the store."""
        raise NotImplementedError
