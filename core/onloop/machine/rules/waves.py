"""The waves of a fleet: which may begin, when the fleet halts, and what people say to that.

Everything follows from what the store says of the current wave, in the transaction in which a task of it changes.
"""

from __future__ import annotations

from typing import assert_never

from onloop.errors import Exit
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import HumanGate
from onloop.machine.rules.decision_builder import DecisionBuilder, refuse
from onloop.machine.rules.progress import held_words, start
from onloop.machine.rules.wave_verdict import halting, passes
from onloop.machine.state import Reason, State
from onloop.machine.task import RequestKind
from onloop.machine.wave_fold import lowered
from onloop.machine.wave_plan import HALT_GATE, WAVE_GATE, WavePlan, WaveReport, Waves
from onloop.machine.wave_standing import is_untouched

NO_PLAN = WavePlan(())


def apply(course: DecisionBuilder, command: c.OfWave) -> None:
    """Decide a command about waves."""
    match command:
        case c.BeginWaves():
            _check_fleet(course)
            if _waves(course).current == 0:
                _begin_next(course)
        case c.AddWave(wave):
            _check_fleet(course)
            _add(course, wave)
        case c.Admit():
            _check_held(course)
            start(course)
        case c.HoldBack(why):
            if course.task.state is not State.SUBMITTED or not is_untouched(course.task):
                refuse(f"{course.task.id} has begun", Exit.NOTHING, "it goes on")
            course.record(e.Moved(State.SUBMITTED, Reason.WAVE_HELD, why))
        case _:
            assert_never(command)


def _check_held(course: DecisionBuilder) -> None:
    """Refuse to let a task begin whose wave has not, or whose fleet is halted."""
    if course.task.reason is not Reason.WAVE_HELD or (words := held_words(course)):
        told = words if course.task.reason is Reason.WAVE_HELD else "it waits for no wave"
        refuse(f"{course.task.id} may not begin: {told}", Exit.NOTHING, f"onloop fleet show {course.task.run}")


def _check_fleet(course: DecisionBuilder) -> None:
    if course.task.waves is None:
        refuse(f"{course.task.id} has no waves", Exit.NOTHING, f"onloop show {course.task.id}")


def _waves(course: DecisionBuilder) -> Waves:
    return course.task.waves or Waves(0)


def _plan(course: DecisionBuilder) -> WavePlan:
    return course.task.plan or NO_PLAN


def _add(course: DecisionBuilder, wave: int) -> None:
    waves = _waves(course)
    if wave != waves.total + 1:
        refuse(f"{course.task.id} has {waves.total} waves", Exit.NOTHING, f"onloop fleet show {course.task.id}")
    course.record(e.WaveAdded(wave))
    if waves.passed and course.task.reason is Reason.CHILDREN_RUNNING:
        _after_pass(course)


def settle_waves(course: DecisionBuilder) -> None:
    """Look at the current wave: halt the fleet, begin the next wave, ask whether it may begin, or go on waiting."""
    waves, plan, report = _waves(course), _plan(course), course.facts.report
    if report is None or report.wave != waves.current:
        return
    if course.task.state is not State.WORKING:
        if report != waves.report:
            course.record(e.WaveCounted(report))
        return
    if lowered(waves.accepted, report) != waves.accepted:
        course.record(e.WaveCounted(report))
    accepted = _waves(course).accepted
    is_proven = any(done.completed for done in waves.done)
    why = halting(plan.halt, report, accepted, is_proven=is_proven)
    if waves.passed:
        return
    if why:
        course.record(e.FleetHalted(report, why))
        _ask_to_lift(course)
    elif passes(plan.halt, report, accepted, is_proven=is_proven):
        course.record(e.WavePassed(report))
        _after_pass(course)


def _after_pass(course: DecisionBuilder) -> None:
    waves = _waves(course)
    if waves.current >= waves.total:
        return
    if _plan(course).asks:
        _ask_to_begin(course)
    else:
        _begin_next(course)


def _begin_next(course: DecisionBuilder, by: str = "") -> None:
    waves = _waves(course)
    wave = waves.current + 1
    course.record(e.WaveStarted(wave, by))
    course.record(e.Moved(State.WORKING, Reason.CHILDREN_RUNNING, f"wave {wave} of {waves.total} is worked on"))


def _ask_to_begin(course: DecisionBuilder) -> None:
    waves = _waves(course)
    more = course.facts.following
    told = report_words(waves.report) if waves.report is not None else "nothing is known of it"
    question = (
        f"Wave {waves.current} of {waves.total} is over: {told}. May wave {waves.current + 1} begin ({more} tasks)?"
    )
    course.ask(RequestKind.APPROVAL, question, gate=gate_of(_plan(course), WAVE_GATE))
    words = f"wave {waves.current} of {waves.total} is over; a person says whether wave {waves.current + 1} may begin"
    course.record(e.Moved(State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, words))


def _ask_to_lift(course: DecisionBuilder) -> None:
    waves = _waves(course)
    told = report_words(waves.report) if waves.report is not None else "nothing is known of it"
    question = f"The fleet is halted in wave {waves.current} of {waves.total}: {waves.halted}. {told}. May it go on?"
    course.ask(RequestKind.APPROVAL, question, gate=gate_of(_plan(course), HALT_GATE))
    words = f"wave {waves.current} of {waves.total}: {waves.halted}"
    course.record(e.Moved(State.INPUT_REQUIRED, Reason.HALTED, words))


def gate_of(plan: WavePlan, name: str) -> HumanGate:
    """The gate at which a person speaks about a fleet's waves."""
    return HumanGate(name, plan.approvers, assurance=plan.assurance)


def report_words(report: WaveReport) -> str:
    """What a wave did, in one sentence without its end."""
    parts = (
        (report.completed, "completed"),
        (report.stopped, "failed and wait for a person"),
        (report.lost, "ended and are not done"),
        (report.given_up, "failed and were taken out"),
        (report.excluded, "taken out"),
        (report.begun, "at work"),
        (report.ready + report.held, "not begun"),
        (report.retried, "retried"),
    )
    counts = ", ".join(f"{count} {what}" for count, what in parts if count)
    causes = "; ".join(f"{alike.count} × {alike.words}" for alike in report.causes)
    return f"of {report.size} tasks {counts}{f'; causes: {causes}' if causes else ''}"


def go_on(course: DecisionBuilder, by: str) -> None:
    """A person lets the next wave begin, or lifts the halt."""
    waves = _waves(course)
    course.close_requests("approved")
    if waves.halted:
        course.record(e.HaltLifted(waves.current, by))
        if waves.passed and waves.current < waves.total:
            _begin_next(course, by)
            return
        words = f"wave {waves.current} of {waves.total} goes on: {by} lifted the halt"
        course.record(e.Moved(State.WORKING, Reason.CHILDREN_RUNNING, words))
    else:
        _begin_next(course, by)


def stay(course: DecisionBuilder, by: str, reason: str) -> None:
    """A person does not let the fleet go on: it stays as it is, and whoever wants it to go on lifts that."""
    waves = _waves(course)
    course.close_requests("rejected")
    report = course.facts.report or waves.report or WaveReport(waves.current)
    course.record(e.FleetHalted(report, f"{by} does not let it go on: {reason}"))
    _ask_to_lift(course)


def resume_fleet(course: DecisionBuilder) -> None:
    """Go on where a paused fleet stood. What was asked of a person is asked anew: a pause lifts no halt."""
    waves = _waves(course)
    if waves.halted:
        _ask_to_lift(course)
    elif waves.passed and waves.current < waves.total and _plan(course).asks:
        _ask_to_begin(course)
    else:
        course.record(e.Moved(State.WORKING, Reason.CHILDREN_RUNNING, "its repositories are being worked on"))


def rejoin(course: DecisionBuilder) -> None:
    """A task that goes on after its own wave was passed waits for the last wave that has not begun, or for one more."""
    waves, task = course.facts.waves, course.task
    if waves is None or task.wave == 0:
        return
    if task.wave < waves.current or (task.wave == waves.current and waves.passed):
        course.record(e.JoinedWave(waves.total if waves.total > waves.current else waves.total + 1))
