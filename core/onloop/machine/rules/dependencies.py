"""Children that wait for siblings: until when, with whose work they begin, and what a lost sibling means."""

from __future__ import annotations

from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Effect
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.rules.join import Child
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, Task

MOST_NAMED = 10


def wait_for_siblings(course: DecisionBuilder) -> bool:
    """Wait, or have what the siblings made put together, where a task has not begun yet; whether that is so."""
    task = course.task
    if not task.waits_to_begin:
        return False
    before = {name: each for name, each in course.facts.before.items() if name in task.after}
    lost = [each for each in before.values() if not each.live and not each.done]
    live = [each for each in before.values() if each.live]
    if lost:
        course.hold(Reason.HALTED, lost_words(task, lost))
    elif live or len(before) < len(task.after):
        unmade = [name for name in task.after if name not in before]
        words = ", ".join((*([names_of(live)] if live else []), *unmade[:MOST_NAMED]))
        course.record(e.Moved(State.SUBMITTED, Reason.DEPENDENCY, f"waits for {words}"))
    elif task.origin is None or not before:
        course.record(e.Unblocked())
        return False
    else:
        course.record(e.EffectRequested(f"{task.id}/{course.step.id}/{task.effects + 1}", Effect.FUNNEL))
        words = f"merging the work of {names_of(list(before.values()))}, with which it begins"
        course.record(e.Moved(State.WORKING, Reason.EFFECT_RUNNING, words))
    return True


def begin_without(course: DecisionBuilder, by: str) -> None:
    """A person goes on: without the siblings that were lost or, where their work conflicts, with none of it merged."""
    task = course.task
    if not task.waits_to_begin:
        return
    lost = tuple(name for name, each in course.facts.before.items() if not each.live and not each.done)
    if lost:
        course.record(e.Waived(lost, by))
    elif task.reason is Reason.CONFLICT:
        names = ", ".join(task.after)
        words = f"merge what {names} handed in first; their commits are in your clone below refs/remotes/origin/tasks/"
        course.record(e.Unblocked(), e.CountersReset(Feedback("conflict", words, "gateway", course.now)))


def conflict_at_begin(course: DecisionBuilder, command: c.ReportConflict, paths: str) -> None:
    """The siblings' work does not fit together: a person says how to go on."""
    words = f"it would begin with the work of {', '.join(course.task.after)}, but {command.child} conflicts in {paths}"
    course.record(e.EffectFailed(command.id, e.EffectProblem.CONFLICT, words))
    course.hold(Reason.CONFLICT, words)


def lost_words(task: Task, lost: list[Child]) -> str:
    """What was lost that a task waits for."""
    ends = ", ".join(f"{each.id} ({each.made.title[:60]}) {each.state.value}" for each in lost[:MOST_NAMED])
    return f"{task.id} waits for what never came: {ends}; retry begins without it"


def names_of(children: list[Child]) -> str:
    """Children for a sentence."""
    more = f" and {len(children) - MOST_NAMED} more" if len(children) > MOST_NAMED else ""
    return ", ".join(f"{each.id} ({each.made.title[:60]})" for each in children[:MOST_NAMED]) + more
