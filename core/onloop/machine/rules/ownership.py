"""Who holds a task: claim, release, giving up, and expiry."""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit, NotAllowed
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.people import is_of_people, is_person
from onloop.machine.rules.budget_rules import held_by_budget
from onloop.machine.rules.decision_builder import DecisionBuilder, check_holder, check_length, refuse
from onloop.machine.rules.environment_rules import check_isolation
from onloop.machine.rules.human_decisions import after_wait, escalate, expire, remind
from onloop.machine.rules.independence import barred, opposite, same_hand
from onloop.machine.rules.progress import held_words, lose_attempt
from onloop.machine.rules.setback_rules import is_alike, postpone, resume, set_back, wait_for_role
from onloop.machine.rules.timers import armed_timers
from onloop.machine.state import Reason, State
from onloop.machine.task import Task

_NOT_FREE = frozenset({Reason.DEPENDENCY, Reason.WAVE_HELD, Reason.ELSEWHERE})
MOST_BLOCKS = 5
"""How often in a row an agent is kept working before its turn may end: fewer than vendors allow (8, 5 or unlimited)."""


def apply(course: DecisionBuilder, command: c.Claim | c.Release | c.EndTurn | c.Fail | c.FireTimer) -> None:
    """Decide a command about ownership."""
    match command:
        case c.Claim():
            _claim(course, command)
        case c.Release():
            _release(course, command)
        case c.EndTurn(agent, epoch, verdict):
            check_holder(course.task, agent, epoch)
            check_length(verdict, "a verdict")
            _end_turn(course, agent, verdict)
        case c.Fail(agent, epoch, reason):
            check_holder(course.task, agent, epoch)
            check_length(reason, "a reason")
            lose_attempt(course, e.AttemptEnd.GAVE_UP, reason)
        case c.FireTimer():
            _fire(course, command)
        case _:
            assert_never(command)


def _end_turn(course: DecisionBuilder, agent: str, verdict: str) -> None:
    if course.task.blocks < MOST_BLOCKS:
        course.record(e.TurnBlocked(agent, verdict, course.task.blocks + 1))
    else:
        course.record(e.TurnEnded(agent, verdict))


def _claim(course: DecisionBuilder, command: c.Claim) -> None:
    task = course.task
    _check_claimable(course)
    _check_role(course, command)
    bar = barred(task, course.step, command.agent)
    if bar:
        raise NotAllowed(bar, hint="another agent must claim it")
    sides = opposite(course.definition, course.step)
    same = same_hand(task, course.step, sides, command.hand, apart=command.apart)
    if same:
        raise NotAllowed(same, hint="run reviewers as another user, in a worker of their own")
    check_isolation(task, course.step, command.gives)
    if held_by_budget(course, for_claim=True):
        return
    number, hand = (task.epoch + 1, task.tries + 1), command.hand
    claimed = e.Claimed(command.agent, command.role, *number, command.launcher, hand, command.branch, course.step.id)
    course.record(claimed)
    course.record(e.Moved(State.WORKING, None, f"{command.agent} works on {course.step.id}"))


def _check_claimable(course: DecisionBuilder) -> None:
    task = course.task
    if task.holder is not None:
        ends = course.facts.lease_expires
        left = "" if ends is None else f", and its lease ends in {max(0, ends - course.now + 999) // 1000} s"
        refuse(
            f"{task.id} is held by {task.holder} under epoch {task.epoch}{left}",
            Exit.NOT_YOURS,
            "onloop claim --role ROLE takes a free task",
        )
    if task.state is State.INPUT_REQUIRED:
        refuse(f"{task.id} waits for a person: {task.detail}", Exit.HELD, f"onloop show {task.id}")
    if task.state is State.SUBMITTED and (held := held_words(course)):
        refuse(f"{task.id} may not begin: {held}", Exit.NOTHING, f"onloop fleet show {task.run} says how it stands")
    if task.state is not State.SUBMITTED or task.reason in _NOT_FREE:
        refuse(f"{task.id} is {standing(task)}", Exit.NOTHING, "onloop claim --role ROLE takes a free task")
    if task.not_before > course.now:
        wait = (task.not_before - course.now + 999) // 1000
        refuse(f"{task.id} may be tried again in {wait} s", Exit.NOTHING, "onloop claim --role ROLE takes a free task")
    hold = course.facts.hold
    if hold is not None and hold.next_at > course.now:
        wait = (hold.next_at - course.now + 999) // 1000
        words = f"role {hold.role} is held, because its agents end alike ({hold.words}); one is tried in {wait} s"
        refuse(words, Exit.NOTHING, f"a person can have one tried now: onloop retry --role {hold.role}")
    if not course.facts.slot_free:
        refuse(f"{task.id} has no free slot: its fleet reached max_parallel", Exit.NOTHING, "wait, then claim again")


def _check_role(course: DecisionBuilder, command: c.Claim) -> None:
    wanted = course.task.owner or course.step.role or "nobody"
    if is_of_people(wanted):
        hint = f"a person takes it: onloop take {course.task.id}"
        raise NotAllowed(f"{course.task.id} at {course.step.id} is for {wanted}, and no agent may claim it", hint=hint)
    if wanted != (command.agent if wanted.startswith("agent:") else command.role):
        raise NotAllowed(
            f"{course.task.id} at {course.step.id} is for {wanted}, not for {command.agent} as {command.role}",
            hint=f"only {wanted} may claim it; onloop claim --role {command.role} takes another task",
        )


def standing(task: Task) -> str:
    """State and reason in a few words."""
    return f"{task.state.value} ({task.reason.value})" if task.reason else task.state.value


def _release(course: DecisionBuilder, command: c.Release) -> None:
    check_holder(course.task, command.agent, command.epoch)
    check_length(command.detail, "a reason")
    if is_person(command.agent):
        _hand_back(course, command.cause.value, command.detail or f"{command.agent} gave it back")
        return
    if course.task.is_verifying:  # the work was handed in: what became of its maker changes nothing
        course.end_lease(command.cause.value)
        return
    words = command.detail or command.cause.value
    match command.cause:
        case c.ReleaseCause.STOPPED:
            course.end_lease(command.cause.value)
            course.record(e.Moved(State.SUBMITTED, Reason.READY, "its worker was stopped"))
        case c.ReleaseCause.UNAVAILABLE:
            set_back(course, command.trouble, words)
        case c.ReleaseCause.NOT_NOW:
            postpone(course, words, command.until)
        case c.ReleaseCause.CRASHED | c.ReleaseCause.RETURNED | c.ReleaseCause.STALLED:
            _lose(course, e.AttemptEnd(command.cause.value), words)
        case _:
            assert_never(command.cause)


def _hand_back(course: DecisionBuilder, why: str, words: str) -> None:
    """The work of a person goes back to the role of its step, which counts as no try; gates that run go on running."""
    role = course.step.role or ""
    course.end_lease(why)
    course.record(e.Reassigned(role, "gateway"))
    if not course.task.is_verifying:
        course.record(e.Moved(State.SUBMITTED, Reason.READY, f"{words}; waits for {role}"))


def _lose(course: DecisionBuilder, end: e.AttemptEnd, words: str) -> None:
    if is_alike(course, end, words):
        wait_for_role(course, end, words)
    else:
        lose_attempt(course, end, words)


def _fire(course: DecisionBuilder, command: c.FireTimer) -> None:
    if command.kind is c.TimerKind.LEASE:
        _expire_lease(course, command)
        return
    timers = armed_timers(course.definition, course.task)
    armed = next((t for t in timers if (t.kind, t.token) == (command.kind, command.token)), None)
    if armed is None or armed.at > course.now:
        refuse(
            f"no {command.kind.value} timer {command.token} is due for {course.task.id}", Exit.NOTHING, "nothing to do"
        )
    _due(course, command)


def _expire_lease(course: DecisionBuilder, command: c.FireTimer) -> None:
    task, expires = course.task, course.facts.lease_expires
    if task.holder is None or command.token != str(task.epoch) or expires is None or expires > course.now:
        refuse(f"no lease of {task.id} with epoch {command.token} has expired", Exit.NOTHING, "nothing to do")
    if task.is_verifying:
        course.end_lease("lease expired")
    elif is_person(task.holder):
        _hand_back(course, e.AttemptEnd.LEASE_EXPIRED.value, f"nothing was heard from {task.holder}")
    else:
        lose_attempt(course, e.AttemptEnd.LEASE_EXPIRED, f"nothing was heard from {task.holder}")


def _time_out(course: DecisionBuilder) -> None:
    """The holder has had it for as long as the step allows, or a budget."""
    if not held_by_budget(course):
        limit = course.step.timeout_ms // 1000
        lose_attempt(course, e.AttemptEnd.TIMED_OUT, f"{course.step.id} took longer than {limit} s")


def _due(course: DecisionBuilder, command: c.FireTimer) -> None:
    match command.kind:
        case c.TimerKind.RETRY if course.task.reason is Reason.SCHEDULED:
            after_wait(course)
        case c.TimerKind.RETRY:
            resume(course)
        case c.TimerKind.TIMEOUT:
            _time_out(course)
        case c.TimerKind.REMIND:
            remind(course, command.token.rpartition("#")[0])
        case c.TimerKind.ESCALATE:
            escalate(course, command.token)
        case c.TimerKind.EXPIRE:
            expire(course, command.token)
        case c.TimerKind.LEASE:
            raise ValueError("a lease is expired elsewhere")
        case _:
            assert_never(command.kind)
