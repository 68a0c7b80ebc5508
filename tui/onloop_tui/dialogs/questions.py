"""The forms for the words that each act needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop_tui.dialogs.form import FormDialog, FormField
from onloop_tui.model.ground.acts import Act

_REASON = FormField("words", "reason")
_NOTE = FormField("words", "note", optional=True)

_TITLES: Mapping[Act, str] = {
    Act.REJECT: "Reject: the reason goes into the agent's brief",
    Act.NO_WORSE: "Go on no worse than the base: a note for the agent's brief (it may stay empty)",
    Act.RETRY: "Retry: a note for the agent's brief (it may stay empty)",
    Act.REASSIGN: "Reassign: only whom you name may take it",
    Act.ANSWER: "Answer: it goes into the agent's brief",
    Act.CANCEL: "Cancel the task: it ends, and nothing is merged",
    Act.PAUSE: "Pause: it stops where it is until somebody resumes it",
    Act.EXCLUDE: "Exclude: its run can end without it",
    Act.RESUME: "Resume: a note for the brief (it may stay empty)",
    Act.NOTE: "Note: its agent is shown it once, under your name; it approves nothing",
}
_FIELDS: Mapping[Act, Sequence[FormField]] = {
    Act.REJECT: (_REASON,),
    Act.NO_WORSE: (_NOTE,),
    Act.RETRY: (_NOTE,),
    Act.REASSIGN: (FormField("to", "to", example="agent:NAME or a role"), _REASON),
    Act.ANSWER: (FormField("words", "answer"),),
    Act.CANCEL: (_REASON,),
    Act.PAUSE: (_REASON,),
    Act.RESUME: (_NOTE,),
    Act.EXCLUDE: (_REASON,),
    Act.NOTE: (FormField("words", "note"),),
}


def fields_for(act: Act) -> tuple[FormField, ...]:
    """The fields of an act; an approval has none."""
    return tuple(_FIELDS.get(act, ()))


def words_form(act: Act) -> FormDialog:
    """The form for the words that an act needs."""
    return FormDialog(f"{_TITLES[act]} · Enter sends · Esc goes back", fields_for(act))


def person_form(known: str, people: Sequence[str]) -> FormDialog:
    """The form that asks who decides. It fills the name in if it is known or only one person is enrolled."""
    name = known or (people[0] if len(people) == 1 else "")
    fields = (FormField("name", "name", value=name), FormField("passphrase", "passphrase", secret=True))
    return FormDialog("Who decides? The proof lapses some minutes after you type it · Esc goes back", fields)
