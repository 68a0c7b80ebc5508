"""What the docked forms ask, by the answer that they complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop.machine.task import Answer
from onloop_tui.dialogs.form import Field, Form

_REASON = Field("words", "reason")

_TITLES: Mapping[Answer, str] = {
    Answer.REJECT: "Reject: the reason goes into the agent's brief",
    Answer.RETRY: "Retry: a note for the agent's brief (it may stay empty)",
    Answer.REASSIGN: "Reassign: only whom you name may take it",
    Answer.ANSWER: "Answer: it goes into the agent's brief",
    Answer.CANCEL: "Cancel the task: it ends, and nothing is merged",
}
_FIELDS: Mapping[Answer, Sequence[Field]] = {
    Answer.REJECT: (_REASON,),
    Answer.RETRY: (Field("words", "note", optional=True),),
    Answer.REASSIGN: (Field("to", "to", example="agent:NAME or a role"), _REASON),
    Answer.ANSWER: (Field("words", "answer"),),
    Answer.CANCEL: (_REASON,),
}


def words_form(answer: Answer) -> Form:
    """The form for the words that an answer needs."""
    return Form(f"{_TITLES[answer]} · Enter sends · Esc goes back", _FIELDS[answer])


def person_form(known: str, people: Sequence[str]) -> Form:
    """Who decides: asked once per dashboard. The name is filled in where it is known, or only one can be meant."""
    name = known or (people[0] if len(people) == 1 else "")
    fields = (Field("name", "name", value=name), Field("passphrase", "passphrase", secret=True))
    return Form("Who decides? Asked once, and kept until you leave · Esc goes back", fields)
