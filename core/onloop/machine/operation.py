"""An operation: one request to the gateway, over any transport, declared once as a record."""

from __future__ import annotations

import typing
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from onloop.machine.principal import NOBODY, Principal
from onloop.records import Record

AnswerT = TypeVar("AnswerT")


class Lane(Enum):
    """Where a resident gateway carries an operation out.

    WRITER: in one commit with the others that wait. ASIDE: by a thread of the pool, because it may be slow.
    PEOPLE: aside as well, in threads that are kept for people.
    """

    WRITER = "writer"
    ASIDE = "aside"
    PEOPLE = "people"


class Asker(Enum):
    """Who may ask: the store's owner, a proved principal, or anybody who can connect."""

    OWNER = "owner"
    PROVEN = "proven"
    ANYBODY = "anybody"


class DeniedAct(Record):
    """Who tried which verb on what, as a denial records it in the log."""

    who: Principal
    verb: str
    subject: str = ""


class Operation(Record, Generic[AnswerT], frozen=True):
    """One request, and the type of its answer. Every field that callers send declares its limit.

    A subclass says its `name` on the wire, its `lane` and its `asker`. `is_slow` allows minutes for an answer;
    `is_paced` limits how fast the agents of one user may ask, because the log keeps for ever what they add to it.
    One that `proves` has a `token`, and its answer is who asks from now on.
    """

    name: ClassVar[str]
    lane: ClassVar[Lane]
    asker: ClassVar[Asker] = Asker.OWNER
    is_slow: ClassVar[bool] = False
    is_paced: ClassVar[bool] = False
    proves: ClassVar[bool] = False

    @property
    def principal_or_none(self) -> Principal | None:
        """The principal who asks; None if the operation has none."""
        principal: Principal | None = getattr(self, "principal", None)
        return principal

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal_or_none or NOBODY, self.name.replace("_", " "))


@cache
def answer_type(kind: type[Operation[Any]]) -> Any:
    """The type of what an operation answers, as its class declares it: `class Heartbeat(Write[int])`."""
    parents = typing.cast("Any", kind).__orig_bases__
    (answer,) = typing.get_args(parents[0])
    return answer


@cache
def field_hints(kind: type[Operation[Any]]) -> dict[str, Any]:
    """The annotation of each field, limits included, in order."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.__struct_fields__}
