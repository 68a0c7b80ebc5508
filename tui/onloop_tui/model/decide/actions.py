"""The acts on the task in the sheet: what each would do, or why it is not possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from onloop.machine import commands as c
from onloop.machine.rules.freshness import deed_words
from onloop.machine.rules.looking_first import is_held_by_base
from onloop.machine.rules.people.entitlement import may_decide
from onloop.machine.rules.people.taking_back import meant, takeable
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, RequestKind, Task
from onloop.views.dossier import Asked, Dossier
from onloop.views.reassignment import handing_on_words, reassignment
from onloop_tui.model.drawing.signs import VERBS
from onloop_tui.model.drawing.text_line import Line, Span, Tone, flowed
from onloop_tui.model.ground.acts import Act, acts_on

_NOT_HERE: Mapping[RequestKind, Mapping[Act, str]] = {
    RequestKind.APPROVAL: {
        Act.RETRY: "nothing failed",
        Act.ANSWER: "no question was asked",
    },
    RequestKind.CHOICE: {
        Act.NO_WORSE: "a gate gave no verdict on the base",
        Act.APPROVE: "there is nothing to approve",
        Act.ANSWER: "no question was asked",
    },
    RequestKind.QUESTION: {
        Act.APPROVE: "it waits for an answer",
        Act.REJECT: "it waits for an answer",
        Act.RETRY: "it waits for an answer",
    },
}
_CANCELED = "the task ends as canceled; nothing is merged"
_NOT_ASKED = "nothing is asked now"


@dataclass(frozen=True, slots=True)
class Action:
    """One act; `why_not` is empty if it is possible now."""

    act: Act
    why_not: str = ""


def actions_of(dossier: Dossier, asked: Asked | None, *, read_only: bool) -> tuple[Action, ...]:
    """Every act, with the reason if it is not possible."""
    return tuple(action_of(act, dossier, asked, read_only=read_only) for act in acts_on(dossier.task))


def action_of(act: Act, dossier: Dossier, asked: Asked | None, *, read_only: bool) -> Action:
    """One act, with the reason if it is not possible."""
    return Action(act, _why_not(act, dossier, asked, read_only))


def _why_not(act: Act, dossier: Dossier, asked: Asked | None, read_only: bool) -> str:
    if read_only:
        return "read-only"
    if dossier.task.ended:
        return f"it has ended: {dossier.task.state.value}"
    if act in effects_of(dossier.task, asked):
        return ""
    if act is Act.NO_WORSE and not is_held_by_base(dossier.task):
        return "its base is not red"
    if act is Act.TAKE_BACK:
        return "nothing was decided that may be taken back"
    if asked is None:
        return _NOT_ASKED
    return _NOT_HERE[asked.request.kind].get(act, "it is not among the choices")


def effects_of(task: Task, asked: Asked | None) -> Mapping[Act, str]:
    """What each possible act would do, in a sentence. Some acts are possible without an open request."""
    if task.ended:
        return {}
    if asked is not None:
        choices = {Act(answer.value): effect for answer, effect in asked.choices.items()}
        if asked.no_worse:
            choices[Act.NO_WORSE] = asked.no_worse
        choices[Act.REASSIGN] = handing_on_words(
            asked.request, has_work=task.role is not None and not is_held_by_base(task)
        )
        return {**choices, Act.CANCEL: choices.get(Act.CANCEL, _CANCELED), **_stops(task), **_always(task)}
    whole = "all below it that has not ended is canceled, and it ends with it"
    canceled = _CANCELED if task.kind is Kind.WORK else whole
    return {**_unasked(task), Act.CANCEL: canceled, **_stops(task), **_always(task)}


def _always(task: Task) -> Mapping[Act, str]:
    """The acts that need no open request and stop nothing."""
    return {**_noted(task), **_taken_back(task)}


def _taken_back(task: Task) -> Mapping[Act, str]:
    return {Act.TAKE_BACK: undone_words(task)} if takeable(task) else {}


def undone_words(task: Task, person: str = "") -> str:
    """What it comes to if that person takes back what they may: which decision, of several, counts no more."""
    decision = meant(task, person)
    said = deed_words(decision) if decision is not None else "nothing"
    return f"{said} no longer counts, and it is asked again about the same"


def taken_back_words(task: Task, now: int) -> str:
    """How long a decision that was just made may be taken back, in words; empty where it may not."""
    if not takeable(task):
        return ""
    left = max(0, task.not_before - now) // 1000
    if task.reason is Reason.SCHEDULED and left:
        return f"; may be taken back for {left // 60}:{left % 60:02}"
    return "; may be taken back until that begins"


def _noted(task: Task) -> Mapping[Act, str]:
    """A note, which whoever works on the task is shown; a fleet has no agent of its own."""
    if task.kind is not Kind.WORK:
        return {}
    whom = f"{task.holder} is" if task.holder else "the next agent is"
    return {Act.NOTE: f"{whom} shown it at its next call, hook or brief, under your name; it approves nothing"}


def _unasked(task: Task) -> Mapping[Act, str]:
    """The acts that are possible without an open request: retry at once, and reassign."""
    effects: dict[Act, str] = {}
    if task.reason is Reason.EXTERNAL:
        effects[Act.RETRY] = "what could not be done is tried again at once"
    if task.reason is Reason.SCHEDULED:
        effects[Act.RETRY] = "it goes on at once, and waits no longer"
    if task.kind is not Kind.WORK or task.role is None:
        return effects
    if task.reason is Reason.RETRY_BACKOFF:
        effects[Act.RETRY] = f"{task.step} is tried again at once, with your note in its brief"
    if task.state in {State.SUBMITTED, State.WORKING} and task.reason is not Reason.EFFECT_RUNNING:
        lost = f"{task.holder} loses it, and " if task.holder else ""
        effects[Act.REASSIGN] = f"{lost}only whom you name may take {task.step}; its history stays"
    return effects


def _stops(task: Task) -> Mapping[Act, str]:
    """The acts that stop the task where it is, or let it continue."""
    lost = f"; {task.holder} loses it" if task.holder else ""
    asked = "; its open requests are asked again afterwards" if task.requests else ""
    if task.state is State.PAUSED:
        effects = {Act.RESUME: f"it goes on at {task.step or 'its tasks'}; a note of yours goes into the brief"}
    else:
        what = "it stops where it is" if task.kind is Kind.WORK else "it stops, with all that moves below it"
        effects = {Act.PAUSE: f"{what}{lost}{asked}; the same key lets it go on"}
    if task.parent is not None and task.reason is not Reason.EXCLUDED:
        effects[Act.EXCLUDE] = f"its run can end without it{lost}{asked}"
    return effects


def asked_for(dossier: Dossier, voice: c.Voice | None, chosen: str = "") -> Asked | None:
    """The open request to show to this person: the `chosen` one, else one that they may still decide."""
    picked = next((asked for asked in dossier.asked if asked.request.id == chosen), None)
    if picked is not None:
        return picked
    if voice is None or not dossier.asked:
        return dossier.asked[0] if dossier.asked else None
    open_for_them = (
        asked
        for asked in dossier.asked
        if may_decide(voice.person, voice.groups, asked.request.approvers)
        and not any(d.request == asked.request.id and d.by == voice.person for d in dossier.task.decisions)
    )
    return next(open_for_them, dossier.asked[0])


def action_lines(
    actions: Sequence[Action], keys: Mapping[Act, str], names: Mapping[Act, str], width: int, *, is_low: bool = False
) -> tuple[Line, ...]:
    """The keys of the possible acts, and below them the others with the reason, but in a low terminal only those.

    `names` are Textual's for the keys.
    """
    able = [
        (Span(keys[a.act], Tone.STRONG, names[a.act]), Span(f" {VERBS[a.act]}", press=names[a.act]))
        for a in actions
        if not a.why_not
    ]
    unable: dict[str, list[str]] = {}
    for action in actions:
        if action.why_not:
            unable.setdefault(action.why_not, []).append(f"{keys[action.act]} {VERBS[action.act]}")
    if len(unable) == 1 and not able:
        return ((Span(f"({' '.join(keys[a.act] for a in actions)}: {actions[0].why_not})", Tone.DIM),),)
    if is_low and able:
        return flowed(able, width, 2)
    reasons = [(Span(f"({', '.join(names)}: {why_not})", Tone.DIM),) for why_not, names in unable.items()]
    return (*flowed(able, width, 2), *flowed(reasons, width, 2))


_StepsIn = c.TakeBack | c.Retry | c.Cancel | c.Pause | c.Resume | c.Exclude | c.SendNote
Deciding = c.Approve | c.Reject | c.Reply | c.Reassign | c.HandOn | _StepsIn


def command_for(
    act: Act,
    task: Task,
    asked: Asked | None,
    voice: c.Voice,
    words: Mapping[str, str],
    unseen: tuple[str, ...] = (),
) -> Deciding:
    """The command for this act, bound to the digest and the version that were shown; `unseen` names what was not."""
    reason = words.get("words", "")
    match act:
        case Act.APPROVE:
            bound = _bound(asked)
            return c.Approve(bound.request.id, bound.digest, voice, reason, task.version, unseen)
        case Act.REJECT | Act.ANSWER:
            return _answer_to(_bound(asked), act, task.version, voice, reason)
        case Act.NO_WORSE:
            return c.Retry(voice, reason, task.version, no_worse=True)
        case Act.TAKE_BACK:
            return c.TakeBack(voice, task.version)
        case Act.REASSIGN:
            request = asked.request if asked is not None else None
            return reassignment(request, words.get("to", "").strip(), voice, reason, task.version)
        case _:
            return _STEPS_IN[act](voice, reason, task.version)


_STEPS_IN: Mapping[Act, Callable[[c.Voice, str, int], Deciding]] = {
    Act.RETRY: c.Retry,
    Act.CANCEL: c.Cancel,
    Act.PAUSE: c.Pause,
    Act.RESUME: c.Resume,
    Act.EXCLUDE: c.Exclude,
    Act.NOTE: c.SendNote,
}
"""The acts that need only words."""


def _answer_to(asked: Asked, act: Act, version: int, voice: c.Voice, reason: str) -> Deciding:
    request = asked.request.id
    if act is Act.ANSWER:
        return c.Reply(request, voice, reason, version)
    return c.Reject(request, asked.digest, voice, reason, version)


def _bound(asked: Asked | None) -> Asked:
    if asked is None:
        raise ValueError("this decision answers a request, but none is open")
    return asked
