"""What comes back to whoever does the work, and the effect that is under way."""

from __future__ import annotations

from onloop.records import Record


class Feedback(Record):
    """Something the next brief must say: `kind` is a key of the table in `views.brief`.

    `text` is `by`'s alone: the `question` that an answer is to is in the words of `asker`, usually an agent.
    """

    kind: str
    text: str
    by: str
    at: int
    question: str = ""
    asker: str = ""


class Outbox(Record):
    """The effect under way: what it will move, from which tip, to which commit, once that is known."""

    id: str
    kind: str
    expected: str | None = None
    result: str | None = None
