"""What the world outside may ask of a task. None of it is a person's: it approves nothing, and is no evidence."""

from __future__ import annotations

from onloop.machine.limits import Id, Statement, Words
from onloop.records import Record


class Signal(Record):
    """Whoever works on the task is told what happened outside; it decides nothing."""

    text: Statement
    by: Id


class CallOff(Record):
    """What the task was for is gone outside: it ends, unless its effect is under way."""

    reason: Words
    by: Id


class AnswerOutside(Record):
    """What an agent asked was answered outside. It answers questions of agents alone, and approves nothing."""

    text: Words
    by: Id
