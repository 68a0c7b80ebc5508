"""What each command does to a task, said a second time and plainly: what agents, verifiers, people and effects ask."""

from __future__ import annotations

from gateway.plain_model import Deed, PlainModel
from gateway.plain_task import (
    ENDED,
    HELD,
    NOT_YET,
    NOT_YOURS,
    NOTHING,
    OVER,
    REDO,
    UNAVAILABLE,
    USAGE,
    Asked,
    No,
    PlainTask,
    Trouble,
)

APPROVERS = ("ana", "ben")
HELD_FOR = {
    "conflict": "conflict",
    "gate_failed": "gate_failed",
    "changed": "changed_since_approval",
    "error": "gate_failed",
    "unclonable": "gate_failed",
}


def _check_holder(task: PlainTask, agent: str, epoch: int) -> None:
    if task.state == "input_required":
        raise No(HELD)
    if (task.holder, task.epoch) != (agent, epoch):
        raise No(NOT_YOURS)


def submit(agent: str, epoch: int, head: str, at: int) -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        _check_holder(task, agent, epoch)
        if task.is_verifying and task.head == head:
            return
        if task.head == head == task.rejected_head:
            raise No(REDO)
        model.works(task)
        task.trouble = None
        is_answered = task.head == head and all(v not in {"", "error"} for v in task.verdicts())
        task.head, task.handed_at, task.awaited = head, at, ()
        if is_answered:
            task.done()
            task.settle_gates()
        else:
            task.request_gates()

    return deed


def ask(agent: str, epoch: int) -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        _check_holder(task, agent, epoch)
        model.works(task)
        task.ask("question")
        task.move("input_required", "question")

    return deed


def give_up(agent: str, epoch: int) -> Deed:
    def deed(_: PlainModel, task: PlainTask) -> None:
        _check_holder(task, agent, epoch)
        task.lose_attempt()

    return deed


def release(agent: str, epoch: int, cause: str, until: int = 0) -> Deed:
    """Given back: `crashed`, `stopped`, `unavailable`, or `not_now` until then."""

    def deed(model: PlainModel, task: PlainTask) -> None:
        _check_holder(task, agent, epoch)
        if task.is_verifying:
            task.holder, task.lease_until = None, None
            task.done()
        elif cause == "crashed":
            _crash(model, task)
        elif cause == "not_now":
            before = len(task.postponed)
            task.postpone(until)
            if task.reason == "retry_backoff":
                model.ended_alike(task, cause, until)
            else:
                assert before
        else:
            task.holder, task.lease_until = None, None
            if cause == "unavailable":
                task.meet_trouble()
            task.move("submitted", "retry_backoff" if cause == "unavailable" else "ready")

    return deed


def _crash(model: PlainModel, task: PlainTask) -> None:
    """Lost, unless all agents of the role end so: then the role is held, and the task pays nothing."""
    hold = model.hold_of(task)
    if hold is None or hold.cause != "crashed":
        model.ended_alike(task, "crashed")
        task.lose_attempt()
        return
    task.holder, task.lease_until = None, None
    task.wait(Trouble(task.now, 1, task.now))
    task.move("submitted", "ready")
    model.ended_alike(task, "crashed")


def report_trouble(gate: str, effect: str) -> Deed:
    """The verifier could not run a gate, or the executor could not reach the target."""

    def deed(_: PlainModel, task: PlainTask) -> None:
        if task.reason == "external":
            raise No(NOTHING)
        if effect:
            _check_effect(task, effect)
        elif gate not in task.awaited:
            raise No(NOTHING)
        task.meet_trouble()
        task.move("working", "external")

    return deed


def report(gate: str, verdict: str, head: str, handed_at: int) -> Deed:
    def deed(_: PlainModel, task: PlainTask) -> None:
        if gate not in task.awaited:
            raise No(NOTHING)
        if (head, handed_at) != (task.head, task.handed_at):
            raise No(REDO)
        task.done()
        task.awaited = tuple(other for other in task.awaited if other != gate)
        task.trouble = task.trouble if task.awaited else None
        task.found[task.step, gate] = (verdict, head)
        if not task.awaited:
            task.settle_gates()

    return deed


def _asked(task: PlainTask, number: int, kinds: tuple[str, ...]) -> Asked:
    """What is asked now, if it is that; what was asked once is asked no more."""
    if task.asked is None or task.asked.number != number:
        raise No(REDO)
    if task.asked.kind not in kinds:
        raise No(USAGE)
    return task.asked


def _check_decides(asked: Asked, person: str, shown: int) -> None:
    """Only who is asked decides, and only on what they were shown: `shown` is the number of the digest they give."""
    if asked.kind == "approval" and person not in APPROVERS:
        raise No(NOT_YOURS)
    if shown != asked.number:
        raise No(REDO)


def approve(person: str, number: int, shown: int) -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        model.check_running(task)
        asked = _asked(task, number, ("approval",))
        _check_decides(asked, person, shown)
        if person in asked.approved:
            raise No(HELD)
        asked.approved.append(person)
        task.decided += 1
        task.approvals.add((task.step, task.visits[task.step], task.head, person))
        task.done()
        task.advance()

    return deed


def reject(person: str, number: int, shown: int) -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        model.check_running(task)
        _check_decides(_asked(task, number, ("approval", "choice")), person, shown)
        task.decided += 1
        task.rejected_head = task.head
        if task.at.on_reject != "end":  # a person decided: what was counted of it begins anew
            task.postponed = ()
        task.return_work()

    return deed


def reply(number: int) -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        model.check_running(task)
        _asked(task, number, ("question",))
        task.decided += 1
        task.asked = None
        task.reset()
        task.postponed = ()
        task.start()

    return deed


def _spend(task: PlainTask) -> None:
    """A person has decided otherwise: what was asked is answered with it, and whoever held the task does no more."""
    task.decided += task.asked is not None
    task.asked, task.holder, task.lease_until = None, None, None


def reassign(to: str) -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        model.check_running(task)
        if task.state == "paused" or task.at.role is None or (task.asked and task.asked.kind == "approval"):
            raise No(HELD)
        if not to.startswith("agent:") and to not in {step.role for step in task.steps}:
            raise No(USAGE)
        _spend(task)
        task.owner = to
        task.reset()
        task.postponed = ()
        task.move("submitted", "ready")

    return deed


def retry() -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        model.check_running(task)
        if task.reason not in {"retry_backoff", "external"} and (task.asked is None or task.asked.kind != "choice"):
            raise No(HELD if task.state == "input_required" else NOTHING)
        errored = any(step == task.step and what[0] == "error" for (step, _), what in task.found.items())
        asks_again, waits_outside = errored and task.reason == "gate_failed", task.reason == "external"
        if not waits_outside:
            _spend(task)
        task.reset()
        task.postponed = ()
        task.done()
        if waits_outside:
            task.try_again()
        elif asks_again:
            task.request_gates()
        else:
            task.start()

    return deed


def _check_at_rest(task: PlainTask) -> None:
    if task.is_started and task.reason != "external":
        raise No(UNAVAILABLE)


def cancel() -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        if any(child.state not in OVER for child in model.children(task)):
            raise No(NOT_YET)
        _check_at_rest(task)
        _spend(task)
        task.end("canceled")

    return deed


def pause() -> Deed:
    def deed(_: PlainModel, task: PlainTask) -> None:
        if task.state == "paused":
            raise No(NOTHING)
        _stop(task, "paused")

    return deed


def exclude() -> Deed:
    def deed(_: PlainModel, task: PlainTask) -> None:
        if task.parent is None:
            raise No(USAGE)
        if task.reason == "excluded":
            raise No(NOTHING)
        _stop(task, "excluded")

    return deed


def _stop(task: PlainTask, reason: str) -> None:
    """What is asked of a person is withdrawn, which answers nothing."""
    _check_at_rest(task)
    task.asked, task.holder, task.lease_until = None, None, None
    task.move("paused", reason)


def resume() -> Deed:
    def deed(model: PlainModel, task: PlainTask) -> None:
        if task.state != "paused":
            raise No(NOTHING)
        if model.run_of(task).over:
            raise No(ENDED)
        if not task.step:
            task.move("working", "children_running")
            return
        task.reset()
        task.postponed = ()
        task.done()
        if task.at.role and task.at.gates and set(task.verdicts()) == {"pass"}:
            task.advance()
        else:
            task.start()

    return deed


def _check_effect(task: PlainTask, effect: str) -> None:
    if task.effect != effect:
        raise No(REDO)
    task.done()


def start_effect(effect: str) -> Deed:
    def deed(_: PlainModel, task: PlainTask) -> None:
        _check_effect(task, effect)
        task.is_started, task.trouble = True, None

    return deed


def finish_effect(effect: str, result: str) -> Deed:
    def deed(_: PlainModel, task: PlainTask) -> None:
        _check_effect(task, effect)
        task.trouble = None
        task.result, task.effect, task.is_started = result, None, False
        task.advance()

    return deed


def fail_effect(effect: str, problem: str) -> Deed:
    def deed(_: PlainModel, task: PlainTask) -> None:
        _check_effect(task, effect)
        task.hold(HELD_FOR[problem])

    return deed


def void_effect(effect: str, head: str, at: int) -> Deed:
    """The agents' step begins anew with the work handed in: its gates, and the people after them, are asked again."""

    def deed(_: PlainModel, task: PlainTask) -> None:
        _check_effect(task, effect)
        task.head, task.handed_at, task.effect, task.is_started = head, at, None, False
        task.enter_with_work(next(step.id for step in reversed(task.steps) if step.role))

    return deed
