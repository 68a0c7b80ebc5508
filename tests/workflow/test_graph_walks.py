"""Accepted graphs, walked by the real rules with whatever agents, verifiers, people and rules may answer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloop.errors import WorkflowError
from onloop.machine import events as e
from onloop.machine.definition import Definition
from onloop.machine.rule_engine import RuleOutcome
from onloop.machine.state import Reason, State
from onloop.machine.task import Verdict
from onloop.machine.way import way_to
from onloop.records import replace
from onloop.workflow.loader import load
from support.graph_files import files
from support.scenario import NOON, Scenario, approve, claim, create, finished, reject, report, retry, submit, work

MOST = 60


class Drawn:
    """An engine whose answers are drawn."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        del facts
        return RuleOutcome(allows=self.data.draw(st.booleans()), words=f"{rule} was drawn", engine="drawn")


def loaded(text: str) -> Definition | None:
    try:
        return replace(load(text.encode(), "flow.yaml"), digest="d" * 64)
    except WorkflowError:
        return None


def answer(at: Scenario, data: st.DataObject, number: int) -> Any:
    """What whoever the task waits for does next."""
    task = at.task
    match task.state, task.reason:
        case State.SUBMITTED, _:
            return claim(role=task.role or "")
        case State.WORKING, None:
            return submit(work(f"{number:040x}"))
        case State.WORKING, Reason.GATES_RUNNING:
            return report(task.awaited[0], data.draw(st.sampled_from([Verdict.PASS] * 3 + [Verdict.FAIL])))
        case State.WORKING, Reason.EFFECT_RUNNING:
            return finished()
        case State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED:
            return data.draw(st.sampled_from([approve(), approve(), reject()]))
        case State.INPUT_REQUIRED, _:
            return retry()
        case _:
            raise AssertionError(f"it waits for nobody: {at.stands}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(files().map(loaded).filter(bool), st.data())
def test_an_accepted_graph_ends_or_waits_for_somebody_and_no_way_leads_past_what_vouches_for_it(
    definition: Definition, data: st.DataObject
) -> None:
    at = Scenario(definition, now=NOON).knowing(rules=Drawn(data)).given(create())
    alone = 0
    for number in range(1, MOST):
        if at.task.ended:
            break
        was_person = at.task.state is State.INPUT_REQUIRED
        at = at.later(max(0, at.task.not_before - at.now))
        command: Any = answer(at, data, number)
        events = at.when(command)
        check(at, events)
        at = at.given(*events)
        alone = 0 if was_person else alone + sum(isinstance(event, e.StepEntered) for event in events)
        assert alone <= sum(step.max_visits + 1 for step in definition.steps)
        check_way(at)
    assert at.task.ended or at.task.state in {State.SUBMITTED, State.WORKING, State.INPUT_REQUIRED}


def check(at: Scenario, events: tuple[e.Event, ...]) -> None:
    """An effect is asked for only with a command that passed on its way, or a person who saw the last agent's work."""
    for event in events:
        at = at.given(event)
        if isinstance(event, e.EffectRequested):
            way = way_to(at.definition, at.task)[:-1]
            last = max(place for place, step in enumerate(way) if step.role is not None)
            head = at.task.submission.head if at.task.submission else ""
            ran = any(step.machine_gates for step in way)
            seen = {d.step for d in at.task.decisions if d.head == head and d.answer.value == "approve"}
            assert ran or any(step.id in seen for step in way[last:] if step.human_gates)
            for step in way[last:]:
                assert all(at.task.passed(step.id, gate.id) for gate in step.machine_gates)
                assert not step.human_gates or step.id in seen


def check_way(at: Scenario) -> None:
    """The way is one through the file: each step on it follows the one before."""
    way = way_to(at.definition, at.task)
    assert way[-1].id == at.task.step
    for one, other in pairwise(way):
        assert other.id in at.definition.followers(one.id)
    assert all(at.task.visits.get(step.id, 0) for step in way)
