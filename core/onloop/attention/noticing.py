"""What looks wrong in the log: rules over facts that agents cannot skip, each explained by the events that show it.

Nothing here forbids anything. Few of these are enough for a person to look; what is forbidden is refused elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.machine import events as e
from onloop.machine.anomalies import AnomalyKind, Noticed
from onloop.machine.definition import Assurance
from onloop.machine.person_keys import PersonKeys
from onloop.machine.task import Bypass, Decision, DecisionKind, Evidence, Task, Verdict
from onloop.records import Record

HOUR_MS = 3_600_000
HASTY_MS = 3_000
"""Within what time of being asked nobody has looked at a change."""

MANY_HASTY = 3
MANY_APPROVALS = 40
MANY_BYPASSES = 3
"""How many in an hour look wrong."""

NEW_MS = 600_000
"""For how long a key is new."""

MOST_SHOWN = 10
MOST_SAID = 200
"""How much of what a person said is kept in mind."""
_FAILED = frozenset({Verdict.FAIL, Verdict.TIMED_OUT})


class Happened(Record):
    """An event of the log: the `number`-th of its task, which is what its `version` is there."""

    task: str
    number: int
    at: int
    by: str
    event: e.Event

    @property
    def name(self) -> str:
        """How it is named to people: TASK#NUMBER, the same in every store."""
        return f"{self.task}#{self.number}"


class Said(Record):
    """What a person said of late: a yes or a bypass, of which content, when, and which event shows it."""

    is_bypass: bool
    content: str
    at: int
    name: str
    is_quick: bool = False


class Past(Record):
    """What went before: the newest verdicts about the task, what the person said of late, and everybody's keys."""

    of_task: tuple[Happened, ...] = ()
    of_person: tuple[Said, ...] = ()
    keys: PersonKeys | None = None


def said_in(happened: Sequence[Happened]) -> tuple[str, tuple[Said, ...]]:
    """Who said something in these events that is kept in mind, and what."""
    by, found = "", list[Said]()
    for each in happened:
        if isinstance(each.event, e.Overridden):
            by = each.event.bypass.by
            found.append(Said(True, each.name, each.at, each.name))
        elif isinstance(each.event, e.Decided) and _is_yes(each.event.decision):
            decision = each.event.decision
            by, content = decision.by, decision.content or f"{each.task}/{decision.head}"
            found.append(Said(False, content, each.at, each.name, _is_quick(decision)))
    return by, tuple(found)


def of_last_hour(known: Sequence[Said], new: Sequence[Said], now: int) -> tuple[Said, ...]:
    """What a person said within the last hour; of one and the same change only the last."""
    fresh = {each.content for each in new}
    kept = (each for each in known if now - each.at < HOUR_MS and each.content not in fresh)
    return (*kept, *new)[-MOST_SAID:]


def asks_of_task(before: Task, events: Sequence[e.Event]) -> bool:
    """Whether the rules want what happened to the task: a gate passes that may have answered otherwise before."""
    passes = any(isinstance(event, e.GateReported) and event.evidence.verdict is Verdict.PASS for event in events)
    tried = before.round or before.tries or before.decisions or before.feedback or before.bypasses
    return passes and bool(tried or any(visits > 1 for visits in before.visits.values()))


def noticed(task: Task, happened: Sequence[Happened], past: Past) -> Iterator[Noticed]:
    """What looks wrong about events that just happened to `task`, which is as it was before them."""
    for each in happened:
        match each.event:
            case e.Decided(decision) if _is_yes(decision):
                yield from _of_approval(task, each, decision, past)
            case e.Overridden(bypass):
                yield from _of_bypass(task, each, bypass, past)
            case e.GateReported(evidence) if evidence.verdict is Verdict.PASS:
                yield from _of_pass(task, each, evidence, past)
            case _:
                pass


def _is_yes(decision: Decision) -> bool:
    """Whether it is an approval that somebody proved to have given: of others it is known that nothing is proved."""
    return decision.answer is DecisionKind.APPROVE and decision.assurance.reaches(Assurance.A1)


def _of_approval(task: Task, each: Happened, decision: Decision, past: Past) -> Iterator[Noticed]:
    if decision.own_address:
        words = f"approved {decision.gate or decision.step}, and commits carry their own address"
        yield _said(AnomalyKind.SELF_DEALING, decision.by, words, [each], task.id)
    yield from _of_new_key(task, each, decision.key, decision.by, past)
    said = [one for one in past.of_person if not one.is_bypass]
    quick = [one for one in said if one.is_quick]
    if _is_quick(decision) and len(quick) % MANY_HASTY == 0:
        words = f"approved {len(quick)} different changes within an hour, each within 3 s of being asked"
        yield _said(AnomalyKind.HASTY, decision.by, words, quick)
    if len(said) % MANY_APPROVALS == 0:
        words = f"approved {len(said)} different changes within an hour"
        yield _said(AnomalyKind.MANY_APPROVALS, decision.by, words, said)


def _is_quick(decision: Decision) -> bool:
    return decision.waited_ms is not None and decision.waited_ms < HASTY_MS


def _of_bypass(task: Task, each: Happened, bypass: Bypass, past: Past) -> Iterator[Noticed]:
    words = f"bypassed {bypass.gate} of {bypass.step}, which stood at {bypass.stood}: {bypass.reason}"
    yield _said(AnomalyKind.BYPASS, bypass.by, words, [each], task.id)
    yield from _of_new_key(task, each, bypass.key, bypass.by, past)
    mine = [one for one in past.of_person if one.is_bypass]
    if len(mine) % MANY_BYPASSES == 0:
        words = f"bypassed {len(mine)} gates within an hour"
        yield _said(AnomalyKind.BYPASS_BURST, bypass.by, words, mine)


def _of_new_key(task: Task, each: Happened, key: str, by: str, past: Past) -> Iterator[Noticed]:
    known = (past.keys or {}).get(key)
    if known is not None and each.at - known.enrolled.at < NEW_MS:
        words = (
            f"decided with {key}, which {known.enrolled.by} enrolled {(each.at - known.enrolled.at) // 1000} s before"
        )
        yield _said(AnomalyKind.NEW_AUTHORITY, by, words, [each], task.id)


def _of_pass(task: Task, each: Happened, evidence: Evidence, past: Past) -> Iterator[Noticed]:
    failed = list(_failures(past.of_task, evidence))
    same = [one for one, found in failed if _same_work(found, evidence)]
    if same:
        words = f"{evidence.gate} of {evidence.step} failed, and then passed on the same work ({evidence.head[:12]})"
        yield _said(AnomalyKind.FLIPPED, evidence.verifier, words, [same[-1], each], task.id)
    ran = [(found.tests.ran, one) for one, found in failed if found.tests is not None]
    most, shown = max(ran, key=lambda pair: pair[0], default=(0, each))
    if evidence.tests is not None and most > evidence.tests.ran:
        workers = task.workers.get(task.step or "", ())
        who = task.holder or next(reversed(workers), "nobody")
        words = f"{evidence.gate} failed with {most} tests, and passes with {evidence.tests.ran}"
        yield _said(AnomalyKind.FEWER_TESTS, who, words, [shown, each], task.id)


def _failures(found: Sequence[Happened], evidence: Evidence) -> Iterator[tuple[Happened, Evidence]]:
    """What the same gate of the same step had found before, where it had failed."""
    for each in found:
        if isinstance(each.event, e.GateReported):
            before = each.event.evidence
            if (before.step, before.gate) == (evidence.step, evidence.gate) and before.verdict in _FAILED:
                yield each, before


def _same_work(one: Evidence, other: Evidence) -> bool:
    return (one.tree, one.base, one.definition) == (other.tree, other.base, other.definition)


def _said(kind: AnomalyKind, about: str, words: str, shown: Sequence[Happened | Said], task: str = "") -> Noticed:
    return Noticed(kind, about, words, task, tuple(one.name for one in shown[-MOST_SHOWN:]), shown[-1].at)
