"""The log in words: a sentence for every event, filled with the event's fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from onloop.machine.requests import unseen_words
from onloop.machine.state import Reason, State
from onloop.store.port import Recorded
from onloop_tui.model.drawing.signs import STATE_SIGNS
from onloop_tui.model.drawing.text_line import Tone

LONGEST = 2_000
"""The characters of a field that a line uses."""


@dataclass(frozen=True, slots=True)
class EventText:
    """The words for an event; braces in `what` and `more` name its fields. Housekeeping changes no task by itself."""

    what: str
    more: str = ""
    tone: Tone = Tone.PLAIN
    is_housekeeping: bool = False


EVENT_TEXTS: Mapping[str, EventText] = {
    "Created": EventText("created", "{title} {repo}", Tone.STRONG),
    "StepEntered": EventText("at step {step}", "visit {visit}"),
    "BranchTaken": EventText("went on from {step} to {to}", "{rule} {words}"),
    "CheckReported": EventText(
        "shown at the forge", "{check.standing} on {check.head} {how}", Tone.DIM, is_housekeeping=True
    ),
    "Linked": EventText("linked", "{link.kind} {link.repository} {link.number} {link.name}", Tone.HEADING),
    "Unblocked": EventText("begins", "what it waited for is there", Tone.GOOD),
    "Waived": EventText("begins without {children}", "{by}", Tone.WARN),
    "Claimed": EventText("claimed", "{agent} as {role}, attempt {attempt}, epoch {epoch}"),
    "Submitted": EventText("submitted", "{submission.head} {submission.statement}"),
    "GatesRequested": EventText("gates asked for", "{gates}", Tone.DIM, is_housekeeping=True),
    "BaseGatesRequested": EventText("base looked at", "{step}: {gates}", Tone.DIM, is_housekeeping=True),
    "BaseReported": EventText("on the base, gate {evidence.gate}: {evidence.verdict}", "{evidence.summary}"),
    "BaseAccepted": EventText("goes on no worse than the base", "{by}: {gates} of {step}", Tone.WARN),
    "StepSkipped": EventText("needs no agent", "{step}", Tone.GOOD),
    "Amended": EventText("workflow amended", "{amendment.by}: {amendment.reason}", Tone.WARN),
    "Retargeted": EventText("works elsewhere", "{target} of {repo}, {by}: {reason}", Tone.WARN),
    "PolicyJudged": EventText(
        "policy {finding.gate} judged", "allows {finding.allows}: {finding.words}; {finding.values}"
    ),
    "GateReported": EventText("gate {evidence.gate}: {evidence.verdict}", "{evidence.summary}"),
    "RoundStarted": EventText("round {round}", "{feedback}"),
    "AttemptEnded": EventText("attempt {end}", "{feedback.text}", Tone.WARN),
    "LeaseEnded": EventText("lease ended", "{why}, epoch {epoch}", Tone.DIM, is_housekeeping=True),
    "BackoffStarted": EventText("waits before a retry", "", Tone.DIM, is_housekeeping=True),
    "SetBack": EventText("set back: {setback.trouble}", "{setback.words}, {setback.count} in a row", Tone.WARN),
    "Recovered": EventText("goes on", "what kept it from going on is over", Tone.GOOD),
    "Returned": EventText("{agent} came back", "after {away_ms} ms"),
    "RequestOpened": EventText("asks: {request.kind}", "{request.question}", Tone.ACCENT),
    "RequestClosed": EventText("request closed", "{why}", Tone.DIM, is_housekeeping=True),
    "Decided": EventText(
        "decided: {decision.answer}", "{decision.by} {decision.behalf} {decision.reason}", Tone.HEADING
    ),
    "CountersReset": EventText("counters reset", "{feedback.text}", Tone.DIM, is_housekeeping=True),
    "Reassigned": EventText("reassigned", "to {to}"),
    "Reminded": EventText("reminded", "{count} so far", Tone.DIM, is_housekeeping=True),
    "Escalated": EventText("escalated", "to {to}", Tone.WARN),
    "TurnBlocked": EventText("turn goes on", "{verdict}, {count} so far"),
    "TurnEnded": EventText("turn ended", "{verdict}", Tone.WARN),
    "FannedOut": EventText("fanned out", "{children}"),
    "Joined": EventText("joined", "{children}", Tone.GOOD),
    "Funnelled": EventText("funnelled", "{submission.head}", Tone.GOOD),
    "Told": EventText("told {to}", "{message.kind}, {message.size} bytes"),
    "MessageReceived": EventText("was told", "{message.kind} from {message.by}", Tone.DIM, is_housekeeping=True),
    "MessagesShown": EventText("saw its messages", "up to {upto}", Tone.DIM, is_housekeeping=True),
    "MessagesAcknowledged": EventText("read its messages", "up to {upto}", Tone.DIM, is_housekeeping=True),
    "CheckpointSaved": EventText("left a checkpoint", "{checkpoint.size} bytes at {checkpoint.step}"),
    "HandedOff": EventText("handed off", "{handover.by} to {handover.to}: {handover.why}", Tone.WARN),
    "ContextReported": EventText("context", "{percent} % in use", Tone.DIM, is_housekeeping=True),
    "UsageTold": EventText(
        "used, as {source} says",
        "{usage.input} tokens in, {usage.output} out, {usage.micro_usd} µ$",
        Tone.DIM,
        is_housekeeping=True,
    ),
    "BudgetRaised": EventText("budget raised", "of the {scope} by {by}", Tone.WARN),
    "BudgetDrawn": EventText("budget drawn", "by {task}", Tone.DIM, is_housekeeping=True),
    "EnvironmentMade": EventText(
        "environment", "{made.kind} {made.id} on {made.host}: {made.isolation}", Tone.DIM, is_housekeeping=True
    ),
    "PersonEntered": EventText("stepped in", "{stay.person} into {stay.place} on {stay.host}", Tone.HEADING),
    "PersonLeft": EventText("left", "{person} after {lasted_ms} ms {how}", Tone.HEADING),
    "AnsweredOutside": EventText("answered from outside", "{feedback.by}: {feedback.text}", Tone.HEADING),
    "TriggersAdopted": EventText("adopted triggers", "{digest} by {by}: {reason}", Tone.WARN),
    "NoteSent": EventText("told", "{note.by}: {note.text}", Tone.HEADING),
    "NotesShown": EventText("saw what people say", "{agent} in {way}, up to {upto}", Tone.DIM, is_housekeeping=True),
    "Judged": EventText("judged", "{judgement.by} {judgement.independence}: {judgement.reason}", Tone.HEADING),
    "EffectRequested": EventText("effect asked for", "{effect}", Tone.DIM, is_housekeeping=True),
    "EffectStarted": EventText("effect begun", "{expected} → {result}"),
    "EffectDone": EventText("effect done", "{result}", Tone.GOOD),
    "EffectFailed": EventText("effect failed", "{problem}: {detail}", Tone.BAD),
    "EffectVoided": EventText("asked again", "changed_since_approval: {why}", Tone.WARN),
    "Moved": EventText("is {state}", "{reason} {detail}"),
    "HandedOn": EventText("handed on", "to {handed.to} by {handed.by}: {handed.why}", Tone.HEADING),
    "Overridden": EventText("BYPASSED {bypass.gate}", "{bypass.stood}, by {bypass.by}: {bypass.reason}", Tone.BAD),
    "TakenBack": EventText("took a decision back", "of {whose} on {request}, by {by}", Tone.HEADING),
    "KeyEnrolled": EventText("enrolled a key", "of {person}: {id}", Tone.WARN),
    "KeyRemoved": EventText("removed a key", "{id}: {reason}", Tone.WARN),
    "KeyUsed": EventText("a key signed", "{id} for {task}", Tone.DIM, is_housekeeping=True),
    "Adopted": EventText("work is made elsewhere", "{source.kind} {source.ref} by {source.worker}", Tone.HEADING),
    "FeedbackTaken": EventText("feedback from outside", "{by} brought {key}", Tone.HEADING),
    "WorkLost": EventText("its work elsewhere is gone", "{detail}", Tone.WARN),
    "Noticed": EventText("looks wrong: {kind}", "{about} {task}: {words}", Tone.BAD),
    "WaveStarted": EventText("wave {wave} began", "{by}", Tone.HEADING),
    "WavePassed": EventText(
        "wave {report.wave} passed", "completed {report.completed}, taken out {report.excluded}", Tone.GOOD
    ),
    "FleetHalted": EventText("fleet halted", "in wave {report.wave}: {why}", Tone.BAD),
    "HaltLifted": EventText("halt lifted", "in wave {wave} by {by}", Tone.WARN),
    "WaveCounted": EventText(
        "wave {report.wave} counted", "completed {report.completed}", Tone.DIM, is_housekeeping=True
    ),
    "WaveAdded": EventText("wave {wave} added", ""),
    "JoinedWave": EventText("joined wave {wave}", "", Tone.HEADING),
    "PersonRemoved": EventText("removed {name}", "{reason}", Tone.WARN),
    "PersonRenamed": EventText("renamed {name}", "to {to}"),
    "Delegated": EventText("{to} decides for {by}", "{gate} {group} {reason}", Tone.WARN),
    "DelegationEnded": EventText("a delegation ended", "{id}"),
    "LauncherMinted": EventText("let in launcher {name}", "{grant.roles} in {grant.repositories}", Tone.WARN),
    "LauncherRevoked": EventText("revoked launcher {name}", "{reason}", Tone.WARN),
    "StoreCreated": EventText("store created", "{id}", Tone.STRONG),
    "PersonEnrolled": EventText("enrolled {name}", "{groups}"),
    "Frozen": EventText("froze {scope}", "{reason}", Tone.WARN),
    "Unfrozen": EventText("unfroze {scope}", ""),
    "Tolerated": EventText("tolerates old history", "{findings} of {origin}", Tone.WARN),
    "PolicyAdopted": EventText("adopted policy {policy.name}", "{policy.mode} at {policy.at}: {reason}", Tone.WARN),
    "PolicyDropped": EventText("dropped policy {name}", "{reason}", Tone.WARN),
    "ScheduleAdopted": EventText(
        "adopted schedule {schedule.name}", "{schedule.cron} in {schedule.zone}: {reason}", Tone.WARN
    ),
    "ScheduleDropped": EventText("dropped schedule {name}", "{reason}", Tone.WARN),
    "SchedulePaused": EventText("paused schedule {name}", "{reason}", Tone.WARN),
    "ScheduleResumed": EventText("resumed schedule {name}", "", Tone.GOOD),
    "LessonsTold": EventText("told lessons", "{lessons}", Tone.HEADING),
    "LessonProposed": EventText("proposed lesson {lesson.id}", "{by}: {lesson.words}"),
    "LessonAdopted": EventText("adopted lesson {id}", "{by}: {reason}", Tone.WARN),
    "LessonDropped": EventText("dropped lesson {id}", "{by}: {reason}", Tone.WARN),
    "CallsAdopted": EventText("said whom to call", "{reason}", Tone.WARN),
    "DrainAsked": EventText("has to drain: {worker}", "by {by}: {reason}", Tone.WARN),
    "DrainLifted": EventText("goes on: {worker}", "by {by}"),
    "OutsideTrouble": EventText("fails: {subject}", "{words}", Tone.BAD),
    "OutsideMended": EventText("works again: {subject}", "", Tone.GOOD),
    "Denied": EventText("denied: {verb}", "to {principal}, {count} times, {ground} {subject}", Tone.BAD),
    "Seen": EventText("looked at a cause", "{cause}", Tone.DIM, is_housekeeping=True),
    "Acknowledged": EventText("acknowledged", "cause {cause}"),
    "Snoozed": EventText("snoozed", "cause {cause}"),
    "Woken": EventText("woke", "cause {cause}"),
    "Muted": EventText("muted", "{rule}: {reason}", Tone.WARN),
    "Unmuted": EventText("unmuted", "mute {rule}"),
    "CauseSplit": EventText("told apart", "cause {cause} {tasks}"),
    "CausesMerged": EventText("made one", "cause {cause} and {others}"),
    "CauseRestored": EventText("grouped as before", "cause {cause}"),
    "AgentEnded": EventText("an agent ended", "{role} on {task}: {words}", Tone.DIM, is_housekeeping=True),
    "TrialBegun": EventText("role {role} is tried", "with {task}", Tone.WARN),
    "TrialAsked": EventText("role {role} is to be tried", "{by}", Tone.HEADING),
    "RoleOpened": EventText("role {role} works", "", Tone.DIM, is_housekeeping=True),
    "ProbeAsked": EventText("probe of the box asked for", "{by}", Tone.DIM, is_housekeeping=True),
    "BoxProved": EventText("box probed", "{box}", Tone.DIM, is_housekeeping=True),
}
"""The words by event name; an unknown event of a newer onloop is shown by its name alone."""

_FIELD = re.compile(r"\{([a-z_.]+)\}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def event_text_of(event: Recorded) -> tuple[str, str]:
    """The event in two or three words, and its details. It raises for no event."""
    text = EVENT_TEXTS.get(event.name)
    if text is None:
        return _spaced(event.name), event.data[:LONGEST]
    fields = fields_of(event.data)
    return _filled(text.what, fields), " ".join(filter(None, (_filled(text.more, fields), _unseen(fields))))


def _unseen(fields: Mapping[str, Any]) -> str:
    """What a person approved without having been shown it."""
    unseen = _at(fields, "decision.unseen")
    return unseen_words([_text(each) for each in unseen])[:LONGEST] if isinstance(unseen, list) else ""


def tone_of(event: Recorded) -> Tone:
    """The tone of an event: people and problems stand out."""
    text = EVENT_TEXTS.get(event.name)
    if text is None:
        return Tone.PLAIN
    if event.name == "GateReported":
        return _VERDICTS.get(_text(_at(fields_of(event.data), "evidence.verdict")), Tone.BAD)
    if event.name == "Moved":
        return _STATES.get(_at(fields_of(event.data), "state"), Tone.PLAIN)
    return text.tone


def is_housekeeping(event: Recorded) -> bool:
    """Whether the event is housekeeping: it follows from another event and changes no task by itself."""
    text = EVENT_TEXTS.get(event.name)
    return text is not None and text.is_housekeeping


@lru_cache(maxsize=2_048)
def fields_of(data: str) -> Mapping[str, Any]:
    """The fields of an event; empty if they cannot be read."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def names_in(template: str) -> tuple[str, ...]:
    """The fields that a template names."""
    return tuple(_FIELD.findall(template))


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    """The template with its fields filled in, once: braces inside a field's value stay as they are."""
    words = _FIELD.sub(lambda found: _text(_at(fields, found[1]))[:LONGEST], template)
    return " ".join(words.split()).strip(" :,")


def _at(fields: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None if it is missing, because defaults are not stored."""
    here: Any = fields
    for name in path.split("."):
        here = here.get(name) if isinstance(here, dict) else None
    return here


def _text(value: Any) -> str:
    """A value in words; a commit by its first twelve digits."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value in _TERMS:
            return value.replace("_", " ")
        return value[:12] if _COMMIT.fullmatch(value) else value
    if isinstance(value, dict):
        return (
            str(value["text"]) if "text" in value else ", ".join(f"{key} {_text(each)}" for key, each in value.items())
        )
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()


_TERMS = frozenset({*(state.value for state in State), *(reason.value for reason in Reason)})
_STATES: Mapping[str, Tone] = {state.value: sign.tone for state, sign in STATE_SIGNS.items()}
_VERDICTS: Mapping[str, Tone] = {"pass": Tone.GOOD, "fail": Tone.BAD}
