"""The port: the gateway as its callers see it, over the file or behind a connection; they cannot tell which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal
from onloop.store.port import Store


class GatewayPort(Protocol):
    """The gateway. What can be asked of it is in the list of operations."""

    @property
    def store(self) -> Store:
        """The object through which callers read."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """Now, in ms."""
        ...

    def perform(self, operation: Operation[AnswerT]) -> AnswerT:
        """Carry out one operation and return its answer.

        BadInput: a field is past its limit. NotAllowed: whoever asks may not, and the denial is counted. Refused: the
        operation had no effect; timers that were due have fired.
        """
        ...

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        """The person whose passphrase it is; NotAllowed if it is not theirs. Slow by design.

        Over a connection it also proves who speaks; the passphrase is never sent.
        """
        ...
