"""The gateway's answer to an agent that asks whether a part is achieved and it may proceed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onloop.errors import Exit
from onloop.machine.definition import Definition, Step
from onloop.machine.digest import Json
from onloop.machine.gate_facts import TimeSpent
from onloop.machine.messages import Note
from onloop.machine.principal import Principal
from onloop.machine.rules.bypass_standing import looks_bypassed
from onloop.machine.rules.message_rules import context_advice
from onloop.machine.state import Reason, State
from onloop.machine.task import Evidence, Task
from onloop.machine.told_lessons import ToldLesson
from onloop.records import Record
from onloop.text import safe
from onloop.views.box_words import PARTS
from onloop.views.dossier import GateLine, GateStatus, step_lines
from onloop.views.gate_standing import CALM
from onloop.views.lesson_words import lesson_json, lesson_lines
from onloop.views.note_words import note_lines

WORDS: Mapping[Exit, str] = {
    Exit.OK: "yes",
    Exit.NOT_YET: "not_yet",
    Exit.HELD: "held",
    Exit.REDO: "redo",
    Exit.NOT_YOURS: "not_yours",
    Exit.SPENT: "spent",
    Exit.NOTHING: "nothing",
    Exit.ENDED: "ended",
    Exit.UNAVAILABLE: "unavailable",
}
"""The verdict's word for each exit code that an agent can meet."""


MARKS: Mapping[GateStatus, str] = {
    GateStatus.PASSED: "✓",
    GateStatus.BYPASSED: "»",
    GateStatus.FAILED: "✗",
    GateStatus.ERROR: "!",
    GateStatus.TIMED_OUT: "✗",
    GateStatus.RUNNING: "●",
    GateStatus.WAITING: "?",
    GateStatus.STALE: "~",
    GateStatus.MISSING: "○",
    GateStatus.NOT_YET: "–",
    GateStatus.AGAIN: "↻",
    GateStatus.EARLIER: "v",
    GateStatus.LATER: "·",
    GateStatus.NOT_TAKEN: "╌",
}
"""A gate's mark as a shape; the word stands beside it where there is room."""

_ALLOWING = frozenset({GateStatus.PASSED, GateStatus.BYPASSED})
_ANSWERED = _ALLOWING | {GateStatus.FAILED, GateStatus.ERROR, GateStatus.TIMED_OUT}


class AgentAnswer(Record):
    """A verdict on the last submitted commit of a step, with the next command that would work."""

    exit: Exit
    task: str
    step: str
    state: State
    reason: Reason | None
    commit: str | None
    gates: tuple[GateLine, ...]
    why: str
    next: str
    blocks: int = 0
    advice: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    """What people told the agent, which it is shown with this answer."""
    lessons: tuple[ToldLesson, ...] = ()
    """What people want said of the very failure that sent the work back."""

    @property
    def verdict(self) -> str:
        """The exit code as a word."""
        return WORDS[self.exit]


def answer_for(
    definition: Definition,
    task: Task,
    agent: Principal,
    head: str | None,
    frozen: str | None,
    *,
    lapsed: bool = False,
) -> AgentAnswer:
    """Whether the agent's step is achieved. `head` is HEAD of its clone now; None if that cannot be read.

    `lapsed` says that the step's time has run out, or its lease for good, though nothing has recorded that yet.
    """
    gates = step_lines(definition, task, agent.step)
    code, why, following = _judged(definition, task, agent, head, frozen, gates)
    is_holder = task.holder == agent.id
    if lapsed and is_holder and code in {Exit.NOT_YET, Exit.REDO} and not task.awaited:
        code, why, following = Exit.NOT_YOURS, f"your time with {task.id} has run out", "stop work on it"
    commit = task.submission.head if task.submission else None
    goes_on = code in AT_WORK and is_holder
    return AgentAnswer(
        exit=code,
        task=task.id,
        step=agent.step,
        state=task.state,
        reason=task.reason,
        commit=commit,
        gates=gates,
        why=why,
        next=following,
        blocks=task.blocks,
        advice=tuple(_advice(definition.step(agent.step), task)) if goes_on else (),
        lessons=task.lessons if goes_on else (),
    )


_SPENT = frozenset({Reason.ROUNDS_EXHAUSTED, Reason.ATTEMPTS_EXHAUSTED, Reason.TIMED_OUT, Reason.BUDGET_EXHAUSTED})

AT_WORK = frozenset({Exit.NOT_YET, Exit.REDO})
"""The verdicts that tell an agent to go on."""


def _advice(step: Step, task: Task) -> Iterator[str]:
    """What the holder does well to do besides."""
    if words := context_advice(step, task):
        yield words
    unseen = sum(message.number > task.shown for message in task.messages)
    if unseen:
        yield f"{unseen} unread {'message' if unseen == 1 else 'messages'}: onloop inbox"


_Judged = tuple[Exit, str, str]
_STOP = "stop here: nothing more is asked of you"


def _judged(
    definition: Definition,
    task: Task,
    agent: Principal,
    head: str | None,
    frozen: str | None,
    gates: tuple[GateLine, ...],
) -> _Judged:
    if task.state is State.COMPLETED and task.epoch == agent.epoch and _is_met(task, definition.step(agent.step)):
        return Exit.OK, f"{agent.step} is achieved, and {task.id} is completed", _STOP
    if task.ended:
        return Exit.ENDED, f"{task.id} has ended: {task.state.value}, {task.detail}", _STOP
    if task.epoch != agent.epoch:
        return Exit.NOT_YOURS, f"{task.id} was given to {task.holder or 'another agent'}", "stop work on it"
    if frozen is not None:
        return Exit.HELD, f"{task.id} is frozen ({frozen})", "stop here; a person must unfreeze it"
    if task.holder != agent.id:
        return _after_lease(definition, task, agent)
    return _in_lease(task, definition.step(agent.step), agent, head, gates)


def _after_lease(definition: Definition, task: Task, agent: Principal) -> _Judged:
    step = definition.step(agent.step)
    if _is_behind(definition, task, step) and task.submission is not None:
        return Exit.OK, f"{step.id} is achieved: its gates passed on {task.submission.head[:12]}", _STOP
    if task.state is State.INPUT_REQUIRED:
        code = Exit.SPENT if task.reason in _SPENT else Exit.HELD
        return code, f"{task.id} waits for a person: {task.detail}", "stop here; a person decides what comes next"
    return Exit.NOT_YOURS, f"the lease on {task.id} has ended ({task.detail})", "stop work on it"


def _is_behind(definition: Definition, task: Task, step: Step) -> bool:
    """Whether the task has gone on from `step` on evidence that counts now; standing at it, or sent back, is not."""
    ids = [known.id for known in definition.steps]
    has_gone_on = task.step is not None and ids.index(task.step) > ids.index(step.id)
    return has_gone_on and _is_met(task, step)


def _is_met(task: Task, step: Step) -> bool:
    return all(task.passed(step.id, gate.id) or looks_bypassed(task, step, gate) for gate in step.machine_gates)


def _in_lease(task: Task, step: Step, agent: Principal, head: str | None, gates: tuple[GateLine, ...]) -> _Judged:
    submission, running = task.submission, task.is_verifying
    if step.review_gates and not running and _is_met(task, step):
        return Exit.NOT_YET, f"{step.id} asks for your judgement", "onloop review pass|fail --reason …"
    answered = any(line.mark in _ANSWERED for line in gates)
    if submission is None or not (running or answered):
        return Exit.NOT_YET, f"nothing is submitted at {agent.step}", "git commit, then: onloop submit"
    if head is not None and head != submission.head:
        why = f"HEAD is {head[:12]}, and the last submitted commit is {submission.head[:12]}"
        return Exit.NOT_YET, why, "onloop submit"
    if running and task.reason is Reason.EXTERNAL:
        return Exit.NOT_YET, task.detail, "onloop check, later: it goes on by itself"
    if running:
        names = ", ".join(line.gate for line in gates if line.mark is GateStatus.RUNNING)
        return Exit.NOT_YET, f"the verifier is running {names}", "onloop check, in a moment"
    unmet = (line for line in gates if line.mark not in _ALLOWING and line.mark not in CALM)
    failed = "; ".join(f"{line.gate}: {line.summary}" for line in unmet)
    return Exit.REDO, failed or task.detail, "mend it, git commit, then: onloop submit"


def answer_lines(answer: AgentAnswer) -> tuple[str, ...]:
    """A verdict for people: one line that says it, one per gate, and the next command that would work.

    No text of an agent's or a gate's makes a line of its own.
    """
    commit = answer.commit[:12] if answer.commit else "nothing submitted"
    lines = [f"{answer.verdict}  {answer.task}  {answer.step}  {commit}  {answer.why}"]
    lines += [shown for lesson in answer.lessons for shown in lesson_lines(lesson)]
    lines += [f"  {MARKS[line.mark]} {line.gate}: {line.summary}" for line in answer.gates]
    lines += [f"  note: {words}" for words in answer.advice]
    lines += [shown for note in answer.notes for shown in note_lines(note)]
    return tuple(safe(line) for line in (*lines, f"next: {answer.next}"))


def answer_json(answer: AgentAnswer) -> dict[str, Json]:
    """A verdict for programs."""
    return {
        "verdict": answer.verdict,
        "task": answer.task,
        "step": answer.step,
        "state": answer.state.value,
        "reason": answer.reason.value if answer.reason else None,
        "commit": answer.commit,
        "gates": [gate_json(line) for line in answer.gates],
        "why": answer.why,
        "next": answer.next,
        "advice": list(answer.advice),
        **_lessons(answer),
        **_notes(answer),
    }


def _lessons(answer: AgentAnswer) -> dict[str, Json]:
    """The lessons of this refusal; nothing where there are none."""
    return {"lessons": [lesson_json(lesson) for lesson in answer.lessons]} if answer.lessons else {}


def _notes(answer: AgentAnswer) -> dict[str, Json]:
    """What people told the agent; nothing where there is nothing."""
    told: list[Json] = [{"by": note.by, "at": note.at, "text": note.text} for note in answer.notes]
    return {"notes": told} if told else {}


def gate_json(line: GateLine) -> Json:
    """One gate as it stands."""
    return {
        "step": line.step,
        "gate": line.gate,
        "mark": line.mark.value,
        "summary": line.summary,
        "digest": line.digest,
        **_ran_in(line.evidence),
        **_left(line.evidence),
    }


def _left(evidence: Evidence | None) -> dict[str, Json]:
    """The files that a command left and that are kept; nothing where there are none."""
    if evidence is None or not evidence.attachments:
        return {}
    return {
        "attachments": [{"name": file.name, "digest": file.digest, "size": file.size} for file in evidence.attachments]
    }


def _ran_in(evidence: Evidence | None) -> dict[str, Json]:
    """The box that a command ran in, and its program; nothing where none was run."""
    if evidence is None or not evidence.box:
        return {}
    return {
        "isolation": evidence.isolation,
        "box": evidence.box,
        "open_cells": list(evidence.open_cells),
        "network": evidence.network,
        "program": evidence.program,
        "program_digest": evidence.program_digest,
        "cache_key": evidence.cache_key,
        "tools": [{"name": tool.name, "path": tool.path, "digest": tool.digest} for tool in evidence.tools],
        "time": _time(evidence.spent),
    }


def _time(spent: TimeSpent | None) -> dict[str, Json]:
    """Where a gate's time went, in ms; nothing for evidence that does not say."""
    if spent is None:
        return {}
    return {**{f"{name}_ms": getattr(spent, f"{name}_ms") for name in PARTS}, "setup_cached": spent.setup_cached}
