"""PURE: every warning about work that a person can be shown: when it is true, and its words. Nothing else warns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from onloop.machine.flags import FLAG_WORDS, FlagKind, flag_words, judging, of_kind
from onloop.machine.rules.flagging import evidence_flags, flags_of
from onloop.machine.rules.freshness import MOST_TOLD, decided_words
from onloop.machine.state import Reason
from onloop.machine.task import Evidence, Task
from onloop.records import Record
from onloop.views.base_words import BaseState
from onloop.views.box_words import reachable
from onloop.views.dossier import BaseSeen, Dossier
from onloop.views.gate_standing import UNMET, GateLine, GateStatus

SHAPE = "⚠"
"""What stands before a warning in the dashboard; the command line writes `!`."""

STALE, MISSING = "STALE", "MISSING"


class WorkWarning(StrEnum):
    """A warning about work, by what it is about."""

    STALE = "stale"
    MISSING = "missing"
    NO_OUTPUT = "no_output"
    REACHABLE = "reachable"
    JUDGE_CHANGED = "judge_changed"
    FLAGGED = "flagged"
    CI_CHANGED = "ci_changed"
    LEADS_OUT = "leads_out"
    OPENED = "opened"
    AMENDED = "amended"
    BASE_RED = "base_red"
    BASE_ACCEPTED = "base_accepted"
    DIFF_UNREAD = "diff_unread"
    DIFF_ABSENT = "diff_absent"
    LOOK_FIRST = "look_first"
    NOT_SHOWN = "not_shown"
    NEWS = "news"
    CHANGED = "changed"
    STALLED = "stalled"
    DISCONNECTED = "disconnected"
    FROZEN = "frozen"
    RETRY_UNPROVED = "retry_unproved"
    RETRIED = "retried"


class WarningRule(Record):
    """When a warning is true, in a sentence, and what says so: its words for a subject, none where it is not."""

    when: str
    words: Callable[..., Iterable[str]]


def warned(kind: WorkWarning, *subject: object) -> tuple[str, ...]:
    """The words of a warning about the subject; none where it does not hold."""
    return tuple(WARNINGS[kind].words(*subject))


def _stale(line: GateLine) -> Iterable[str]:
    return (f"{STALE}: about another commit",) if line.mark is GateStatus.STALE else ()


def _missing(line: GateLine) -> Iterable[str]:
    return (f"{MISSING}: no answer that what is decided could rest on",) if line.mark is GateStatus.MISSING else ()


def _no_output(line: GateLine) -> Iterable[str]:
    is_lost = line.mark in UNMET and line.evidence is not None and line.evidence.output_bytes > 0 and not line.tail
    return (f"{MISSING}: what it printed was kept, and is not in the store",) if is_lost else ()


def _judge_changed(evidence: Evidence) -> Iterable[str]:
    flags = judging(evidence_flags(evidence))
    return (f"the commit changes what decides this: {flag_words(flags)}",) if flags else ()


def _flagged(task: Task) -> Iterable[str]:
    return (f"{flag.path}: {FLAG_WORDS[flag.kind]}" for flag in judging(flags_of(task)))


def _ci_changed(task: Task) -> Iterable[str]:
    return _of_kind(task, FlagKind.CI)


def _leads_out(task: Task) -> Iterable[str]:
    return _of_kind(task, FlagKind.LEADS_OUT)


def _opened(task: Task) -> Iterable[str]:
    return _of_kind(task, FlagKind.OPENED)


def _of_kind(task: Task, kind: FlagKind) -> Iterable[str]:
    return (f"{flag.path}: {FLAG_WORDS[kind]}" for flag in of_kind(flags_of(task), kind))


def _amended(task: Task) -> Iterable[str]:
    return (
        f"the workflow was amended by {each.by}, {each.before[:12]} → {each.after[:12]}" for each in task.amendments
    )


def _base_red(base: BaseSeen | None) -> Iterable[str]:
    is_red = base is not None and base.state is BaseState.RED and not base.accepted_by
    return ("gates fail on what agents begin with",) if is_red else ()


def _base_accepted(base: BaseSeen | None) -> Iterable[str]:
    if base is None or not base.accepted_by:
        return ()
    return (f"{base.accepted_by} accepted what fails there; gates allow that and nothing more",)


def _diff_unread(dossier: Dossier) -> Iterable[str]:
    return (f"{MISSING}: {dossier.trouble}",) if dossier.trouble else ()


def _diff_absent(dossier: Dossier) -> Iterable[str]:
    handed = dossier.task.submission
    is_there = bool(dossier.files or dossier.diff or dossier.trouble)
    is_due = handed is not None and handed.head != handed.base and not is_there
    return (f"{MISSING}: no diff was read, or the commit changes nothing",) if is_due else ()


def _news(before: Task, after: Task, now: int) -> Iterable[str]:
    if after.version <= before.version:
        return ()
    told = [decided_words(decision, now) for decision in after.decisions[len(before.decisions) :]]
    return ("; ".join(told[-MOST_TOLD:]) or "it has changed since it was read",)


def _changed(since: str, differences: Iterable[str]) -> Iterable[str]:
    told = "; ".join(differences)
    return (f"changed since {since}: {told}",) if told else ()


def _frozen(scopes: Iterable[str]) -> Iterable[str]:
    first, *others = sorted(scopes) or ("",)
    return (f"frozen: {first}{f' and {len(others)} more' if others else ''}",) if first else ()


def _retry_unproved(step: str, passed: int) -> Iterable[str]:
    return () if passed else (f"no task with this cause has passed {step} after a retry",)


def _retried(task: str, when: str, became: str) -> Iterable[str]:
    return (f"{task} was retried {when} and {became}",) if became else ()


WARNINGS: Mapping[WorkWarning, WarningRule] = {
    WorkWarning.STALE: WarningRule("evidence that a decision rests on is about another commit", _stale),
    WorkWarning.MISSING: WarningRule("an answer that a decision rests on was never given", _missing),
    WorkWarning.NO_OUTPUT: WarningRule("what a failed gate printed was kept and is gone", _no_output),
    WorkWarning.REACHABLE: WarningRule("a gate ran in no box, with the network, or in a leaky one", reachable),
    WorkWarning.JUDGE_CHANGED: WarningRule("the commit changes a file that this gate reads", _judge_changed),
    WorkWarning.FLAGGED: WarningRule("the commit changes a file that one of its gates reads", _flagged),
    WorkWarning.CI_CHANGED: WarningRule("the commit changes what CI does, or who owns what", _ci_changed),
    WorkWarning.LEADS_OUT: WarningRule("the commit has a link that leads out of the repository", _leads_out),
    WorkWarning.OPENED: WarningRule("the commit changes what runs when a person opens a folder", _opened),
    WorkWarning.AMENDED: WarningRule("a person gave the live run another workflow", _amended),
    WorkWarning.BASE_RED: WarningRule("gates fail on the base, and nobody accepted that", _base_red),
    WorkWarning.BASE_ACCEPTED: WarningRule("a person accepted what fails on the base", _base_accepted),
    WorkWarning.DIFF_UNREAD: WarningRule("the change could not be read", _diff_unread),
    WorkWarning.DIFF_ABSENT: WarningRule("a commit was handed in, and no change was read", _diff_absent),
    WorkWarning.LOOK_FIRST: WarningRule(
        "a rule says why a file deserves the first look", lambda why: (why,) if why else ()
    ),
    WorkWarning.NOT_SHOWN: WarningRule(
        "a part of the change is not on the screen", lambda words: (words,) if words else ()
    ),
    WorkWarning.NEWS: WarningRule("the task has changed since it was read", _news),
    WorkWarning.CHANGED: WarningRule("it is not as it was at the last look", _changed),
    WorkWarning.STALLED: WarningRule(
        "an agent is heard of and makes no progress", lambda reason: ("stalled",) if reason is Reason.STALLED else ()
    ),
    WorkWarning.DISCONNECTED: WarningRule(
        "an agent is not heard of", lambda reason: ("no beat",) if reason is Reason.DISCONNECTED else ()
    ),
    WorkWarning.FROZEN: WarningRule("a person stopped a scope, and nothing in it moves", _frozen),
    WorkWarning.RETRY_UNPROVED: WarningRule("no retry of this cause has passed yet", _retry_unproved),
    WorkWarning.RETRIED: WarningRule("a task with this cause was retried, and has not passed", _retried),
}
"""The registry. Whatever prints a warning about work takes it from here, by `warned`."""
