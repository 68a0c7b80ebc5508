"""What a person may do with the task in the sheet, and why not, where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onloop.gateway.dossier import Asked, Dossier
from onloop.machine import commands as c
from onloop.machine.progress import may_decide
from onloop.machine.task import Answer, RequestKind
from onloop_tui.model.lines import Line, Span, Tone, flowed
from onloop_tui.model.sentences import VERBS

_NOT_HERE: Mapping[RequestKind, Mapping[Answer, str]] = {
    RequestKind.APPROVAL: {
        Answer.RETRY: "nothing failed",
        Answer.REASSIGN: "reject returns it to an agent",
        Answer.ANSWER: "no question was asked",
    },
    RequestKind.CHOICE: {
        Answer.APPROVE: "there is nothing to approve",
        Answer.REASSIGN: "no agent does this step",
        Answer.ANSWER: "no question was asked",
    },
    RequestKind.QUESTION: {
        Answer.APPROVE: "it waits for an answer",
        Answer.REJECT: "it waits for an answer",
        Answer.RETRY: "it waits for an answer",
        Answer.REASSIGN: "answer or cancel first",
    },
}


@dataclass(frozen=True, slots=True)
class Action:
    """One answer; `why_not` is empty where it can be given now."""

    answer: Answer
    why_not: str = ""


def actions_of(dossier: Dossier, asked: Asked | None, *, read_only: bool) -> tuple[Action, ...]:
    """Every answer that there is, with why it does not apply where it does not."""
    return tuple(Action(answer, _why_not(answer, dossier, asked, read_only)) for answer in VERBS)


def _why_not(answer: Answer, dossier: Dossier, asked: Asked | None, read_only: bool) -> str:
    if read_only:
        return "read-only"
    if dossier.task.ended:
        return f"it has ended: {dossier.task.state.value}"
    if asked is None:
        return "nothing is asked now"
    if answer is Answer.CANCEL or answer in asked.choices:
        return ""
    return _NOT_HERE[asked.request.kind].get(answer, "it is not among the choices")


def asked_for(dossier: Dossier, voice: c.Voice | None) -> Asked | None:
    """The open request that this person is shown: the first one that they may still decide, else the first."""
    if voice is None or not dossier.asked:
        return dossier.asked[0] if dossier.asked else None
    open_for_them = (
        asked
        for asked in dossier.asked
        if may_decide(voice.person, voice.groups, asked.request.approvers)
        and not any(d.request == asked.request.id and d.by == voice.person for d in dossier.task.decisions)
    )
    return next(open_for_them, dossier.asked[0])


def action_lines(actions: Sequence[Action], keys: Mapping[Answer, str], width: int) -> tuple[Line, ...]:
    """The keys that work, and below them the ones that do not, with why."""
    able = [(Span(keys[a.answer], Tone.STRONG), Span(f" {VERBS[a.answer]}")) for a in actions if not a.why_not]
    unable: dict[str, list[str]] = {}
    for action in actions:
        if action.why_not:
            unable.setdefault(action.why_not, []).append(f"{keys[action.answer]} {VERBS[action.answer]}")
    if len(unable) == 1 and not able:
        return ((Span(f"({' '.join(keys[a.answer] for a in actions)}: {actions[0].why_not})", Tone.DIM),),)
    told = [(Span(f"({', '.join(names)}: {why_not})", Tone.DIM),) for why_not, names in unable.items()]
    return (*flowed(able, width, 2), *flowed(told, width, 2))


def command_for(
    answer: Answer, asked: Asked, voice: c.Voice, words: Mapping[str, str]
) -> c.Approve | c.Reject | c.Reply | c.Retry | c.Reassign | c.Cancel:
    """The command that carries this answer to the gateway, bound to the digest that was shown."""
    said = words.get("words", "")
    match answer:
        case Answer.APPROVE:
            return c.Approve(asked.request.id, asked.digest, voice, said)
        case Answer.REJECT:
            return c.Reject(asked.request.id, asked.digest, voice, said)
        case Answer.ANSWER:
            return c.Reply(asked.request.id, voice, said)
        case Answer.RETRY:
            return c.Retry(voice, said)
        case Answer.REASSIGN:
            return c.Reassign(words.get("to", ""), voice, said)
        case Answer.CANCEL:
            return c.Cancel(voice, said)
