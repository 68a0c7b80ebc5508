"""What happened, as people say it: a sentence for every event of the log, made of the fields that it carries."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from onloop.machine.state import Reason, State
from onloop.store.port import Recorded
from onloop_tui.model.lines import Tone
from onloop_tui.model.sentences import STATE_SIGNS

LONGEST = 2_000
"""How much of a field is looked at for a line."""


@dataclass(frozen=True, slots=True)
class Told:
    """How an event is told: `what` and `more` name fields of the event in braces; housekeeping moves nothing itself."""

    what: str
    more: str = ""
    tone: Tone = Tone.PLAIN
    is_housekeeping: bool = False


TOLD: Mapping[str, Told] = {
    "Created": Told("created", "{title} {repo}", Tone.STRONG),
    "StepEntered": Told("at step {step}", "visit {visit}"),
    "Claimed": Told("claimed", "{agent} as {role}, attempt {attempt}, epoch {epoch}"),
    "Submitted": Told("submitted", "{submission.head} {submission.statement}"),
    "GatesRequested": Told("gates asked for", "{gates}", Tone.DIM, is_housekeeping=True),
    "GateReported": Told("gate {evidence.gate}: {evidence.verdict}", "{evidence.summary}"),
    "RoundStarted": Told("round {round}", "{feedback}"),
    "AttemptEnded": Told("attempt {end}", "{feedback.text}", Tone.WARN),
    "LeaseEnded": Told("lease ended", "{why}, epoch {epoch}", Tone.DIM, is_housekeeping=True),
    "BackoffStarted": Told("waits before a retry", "", Tone.DIM, is_housekeeping=True),
    "RequestOpened": Told("asks: {request.kind}", "{request.question}", Tone.ACCENT),
    "RequestClosed": Told("request closed", "{why}", Tone.DIM, is_housekeeping=True),
    "Decided": Told("decided: {decision.answer}", "{decision.by} {decision.reason}", Tone.ACCENT),
    "CountersReset": Told("counts begin anew", "{feedback.text}", Tone.DIM, is_housekeeping=True),
    "Reassigned": Told("reassigned", "to {to}"),
    "Reminded": Told("reminded", "{count} so far", Tone.DIM, is_housekeeping=True),
    "Escalated": Told("escalated", "to {to}", Tone.WARN),
    "TurnBlocked": Told("turn goes on", "{verdict}, {count} so far"),
    "TurnEnded": Told("turn ended", "{verdict}", Tone.WARN),
    "FannedOut": Told("fanned out", "{children}"),
    "Joined": Told("joined", "{children}", Tone.GOOD),
    "Funnelled": Told("made one", "{submission.head}", Tone.GOOD),
    "Told": Told("told {to}", "{message.kind}, {message.size} bytes"),
    "MessageReceived": Told("was told", "{message.kind} from {message.by}", Tone.DIM, is_housekeeping=True),
    "MessagesShown": Told("saw its messages", "up to {upto}", Tone.DIM, is_housekeeping=True),
    "MessagesAcknowledged": Told("read its messages", "up to {upto}", Tone.DIM, is_housekeeping=True),
    "CheckpointSaved": Told("left a checkpoint", "{checkpoint.size} bytes at {checkpoint.step}"),
    "HandedOff": Told("handed off", "{handover.by} to {handover.to}: {handover.why}", Tone.WARN),
    "ContextReported": Told("context", "{percent} % in use", Tone.DIM, is_housekeeping=True),
    "Judged": Told("judged", "{judgement.by} {judgement.independence}: {judgement.reason}", Tone.ACCENT),
    "EffectRequested": Told("effect asked for", "{effect}", Tone.DIM, is_housekeeping=True),
    "EffectStarted": Told("effect begun", "{expected} → {result}"),
    "EffectDone": Told("effect done", "{result}", Tone.GOOD),
    "EffectFailed": Told("effect failed", "{problem}: {detail}", Tone.BAD),
    "EffectVoided": Told("asked again", "changed_since_approval: {why}", Tone.WARN),
    "Moved": Told("is {state}", "{reason} {detail}"),
    "StoreCreated": Told("store created", "{id}", Tone.STRONG),
    "PersonEnrolled": Told("enrolled {name}", "{groups}"),
    "Frozen": Told("froze {scope}", "{reason}", Tone.WARN),
    "Unfrozen": Told("unfroze {scope}", ""),
    "Denied": Told("denied: {verb}", "to {principal}, {count} times, {ground} {subject}", Tone.BAD),
    "Seen": Told("looked at a cause", "{cause}", Tone.DIM, is_housekeeping=True),
    "Acknowledged": Told("acknowledged", "cause {cause}"),
    "Snoozed": Told("snoozed", "cause {cause}"),
    "Woken": Told("woke", "cause {cause}"),
    "Muted": Told("muted", "{rule}: {reason}", Tone.WARN),
    "Unmuted": Told("unmuted", "mute {rule}"),
    "ProbeAsked": Told("asked what the box of gates stops", "{by}", Tone.DIM, is_housekeeping=True),
    "BoxProved": Told("the box of gates was shown", "{box}", Tone.DIM, is_housekeeping=True),
}
"""Every event by its name; one that a newer onloop wrote is told by its name alone."""

_FIELD = re.compile(r"\{([a-z_.]+)\}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def told_of(event: Recorded) -> tuple[str, str]:
    """What happened in two or three words, and the rest of it; nothing in the log makes it raise."""
    told = TOLD.get(event.name)
    if told is None:
        return _spaced(event.name), event.data[:LONGEST]
    fields = fields_of(event.data)
    return _filled(told.what, fields), _filled(told.more, fields)


def tone_of(event: Recorded) -> Tone:
    """How an event is said: people and trouble stand out."""
    told = TOLD.get(event.name)
    if told is None:
        return Tone.PLAIN
    if event.name == "GateReported":
        return _VERDICTS.get(_text(_at(fields_of(event.data), "evidence.verdict")), Tone.BAD)
    if event.name == "Moved":
        return _STATES.get(_at(fields_of(event.data), "state"), Tone.PLAIN)
    return told.tone


def is_housekeeping(event: Recorded) -> bool:
    """Whether the event moves nothing itself: it follows from one beside it."""
    told = TOLD.get(event.name)
    return told is not None and told.is_housekeeping


@lru_cache(maxsize=2_048)
def fields_of(data: str) -> Mapping[str, Any]:
    """The fields of an event; none where they cannot be read."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def names_in(template: str) -> tuple[str, ...]:
    """The fields that a sentence names."""
    return tuple(_FIELD.findall(template))


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    """The template with its fields, once: what a field holds is never looked at for fields again."""
    words = _FIELD.sub(lambda found: _text(_at(fields, found[1]))[:LONGEST], template)
    return " ".join(words.split()).strip(" :,")


def _at(fields: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is none: defaults are not stored."""
    here: Any = fields
    for name in path.split("."):
        here = here.get(name) if isinstance(here, dict) else None
    return here


def _text(value: Any) -> str:
    """A value as people read it; a commit by its first twelve digits."""
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
