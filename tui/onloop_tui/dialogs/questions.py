"""The forms for the words that each act needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from onloop_tui.dialogs.form import FormDialog
from onloop_tui.model.form.fields import FormField
from onloop_tui.model.ground.acts import Act

_REASON = FormField("words", "reason", lines=True)
_NOTE = FormField("words", "note", optional=True, lines=True)

_TITLES: Mapping[Act, str] = {
    Act.REJECT: "Reject: the reason goes into the agent's brief",
    Act.NO_WORSE: "Go on no worse than the base: a note for the agent's brief (it may stay empty)",
    Act.RETRY: "Retry: a note for the agent's brief (it may stay empty)",
    Act.REASSIGN: "Reassign: only whom you name may take it, or is told that it is theirs to decide",
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
    Act.REASSIGN: (FormField("to", "to", example="me, human:NAME, group:NAME, agent:NAME or a role"), _REASON),
    Act.ANSWER: (FormField("words", "answer", lines=True),),
    Act.CANCEL: (_REASON,),
    Act.PAUSE: (_REASON,),
    Act.RESUME: (_NOTE,),
    Act.EXCLUDE: (_REASON,),
    Act.NOTE: (FormField("words", "note"),),
}


def fields_for(act: Act) -> tuple[FormField, ...]:
    """The fields of an act; an approval has none."""
    return tuple(_FIELDS.get(act, ()))


def words_form(act: Act, before: Mapping[str, str], owners: str = "", about: Sequence[str] = ()) -> FormDialog:
    """The form for the words that an act needs, with those in it that were not sent `before`.

    `owners` says whom a reassignment may name; the person's editor shows what the words are `about`.
    """
    fields = [replace(field, value=before.get(field.name, "")) for field in fields_for(act)]
    fields = [replace(field, example=owners) if field.name == "to" and owners else field for field in fields]
    return FormDialog(_TITLES[act], fields, "what you wrote before is in it" if any(before.values()) else "", about)


def person_form(known: str, people: Sequence[str]) -> FormDialog:
    """The form that asks who decides. It fills the name in if it is known or only one person is enrolled."""
    name = known or (people[0] if len(people) == 1 else "")
    fields = (
        FormField("name", "name", value=name, is_proposed=True),
        FormField("passphrase", "passphrase", secret=True),
    )
    return FormDialog("Who decides? The proof lapses some minutes after you type it", fields)
