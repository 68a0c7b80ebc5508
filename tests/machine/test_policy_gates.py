"""Policy gates: judged where a step is left or an effect begins, recorded, and what follows a denial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import Refused
from onloop.machine import events as e
from onloop.machine.definition import DenyOutcome, OverrideRule, PolicyGate, PolicyMode
from onloop.machine.evolve import replay
from onloop.machine.rule_engine import NO_RULES, RuleOutcome
from onloop.machine.state import Reason, State
from onloop.records import replace
from support.scenario import (
    ANA,
    BEN,
    CLEO,
    OTHER_HEAD,
    TASK,
    Scenario,
    approve,
    claim,
    override,
    reject,
    report,
    retry,
    submit,
    work,
    workflow,
)
from support.steps import develop, full, gate, human, merge, ship

HELD = (State.INPUT_REQUIRED, Reason.POLICY_VIOLATION)


class Saying:
    """An engine to which exactly these rules are true, and which keeps what it was asked about."""

    def __init__(self, *true: str) -> None:
        self.true = set(true)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def evaluate(self, rule: str, facts: Mapping[str, Any]) -> RuleOutcome:
        self.asked.append((rule, facts))
        allows = rule in self.true
        words = "the rule is true" if allows else "the rule is false"
        return RuleOutcome(allows=allows, words=words, engine="saying 1", values=(f"{rule} = {allows}",))


def rule(name: str = "small", on_deny: DenyOutcome = DenyOutcome.ROUND, **more: Any) -> PolicyGate:
    return PolicyGate(name, name, "At most two files.", on_deny, **more)


def at_effect(*gates: PolicyGate, true: tuple[str, ...] = (), people: bool = True) -> tuple[Scenario, Saying]:
    """Work that has passed everything before the merge, which these policies are judged at."""
    engine = Saying(*true)
    steps = (develop(), *((ship(),) if people else (full(),)), replace(merge(), gates=gates))
    return workflow(*steps).knowing(rules=engine).given(claim(), submit(), report()), engine


def kinds(events: tuple[e.Event, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_policy_that_allows_lets_the_step_be_left_and_what_it_said_is_recorded_with_engine_and_values() -> None:
    engine = Saying("small")
    events = workflow(develop(gate(), rule()), ship()).knowing(rules=engine).given(claim(), submit()).when(report())

    judged = next(event.finding for event in events if isinstance(event, e.PolicyJudged))
    assert (judged.allows, judged.engine, judged.values) == (True, "saying 1", ("small = True",))
    assert (judged.step, judged.gate, judged.head) == ("develop.implement", "small", "a" * 40)
    assert len(judged.facts) == 64
    assert kinds(events).index("PolicyJudged") < kinds(events).index("StepEntered")


def test_a_denial_is_a_round_with_the_explanation_and_once_rounds_are_spent_a_person_is_asked() -> None:
    at = workflow(develop(gate(), rule()), ship()).knowing(rules=Saying()).given(claim(), submit())

    events = at.when(report())
    back = at.given(report())
    again = back.given(submit(work("c" * 40)), report())
    spent = again.given(submit(work("d" * 40)), report())

    (told,) = next(event.feedback for event in events if isinstance(event, e.RoundStarted))
    assert (told.kind, told.text) == ("policy", "small: At most two files (the rule is false); small = False")
    assert (back.task.state, back.task.round, back.task.holder) == (State.WORKING, 1, "agent:alfa")
    assert spent.stands == (*HELD, "develop.implement")
    assert spent.asked.gate == "small"


def test_without_an_engine_nothing_is_an_agent_s_to_mend() -> None:
    at = workflow(develop(gate(), rule()), ship()).knowing(rules=NO_RULES).given(claim(), submit(), report())

    assert at.stands == (*HELD, "develop.implement")
    assert "pip install 'onloop[policy]'" in at.task.detail


def test_a_denial_asks_a_person_where_it_says_so_and_retry_judges_again_without_an_agent() -> None:
    engine = Saying()
    at = workflow(develop(gate(), rule(on_deny=DenyOutcome.ASK)), ship()).knowing(rules=engine)
    at = at.given(claim(), submit(), report())
    held = at.given(retry("look again"))
    engine.true.add("small")
    on = at.given(retry("it is right now"))

    assert at.stands == held.stands == (*HELD, "develop.implement")
    assert at.task.holder is None
    assert on.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.release")
    assert at.given(reject(reason="split it")).stands == (State.SUBMITTED, Reason.READY, "develop.implement")


def test_nothing_begins_an_effect_that_a_policy_denies_and_the_work_goes_back() -> None:
    at, _ = at_effect(rule(), people=False)

    events = at.when(report("run"))
    back = at.given(report("run"))

    assert "EffectRequested" not in kinds(events)
    assert back.stands == (State.SUBMITTED, Reason.READY, "develop.implement")
    assert back.task.feedback[0].kind == "policy"


def test_people_whom_a_denial_demands_approve_once_each_and_then_the_effect_begins() -> None:
    demand = rule("two", DenyOutcome.APPROVALS, approvers=("approvers",), quorum=2)
    at, _ = at_effect(demand)
    at = at.given(approve())
    one = at.given(approve(ANA, "two"))

    assert at.stands == (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "ship.merge")
    assert "two: At most two files (the rule is false)" in at.asked.question
    assert one.stands == at.stands
    assert "already approved" in one.refuses(approve(ANA, "two")).message
    assert "may not decide" in one.refuses(approve(CLEO, "two")).message
    both = one.when(approve(BEN, "two"))
    assert "EffectRequested" in kinds(both)


def test_an_approval_counts_only_for_what_the_policy_said_when_it_was_shown() -> None:
    engine = Saying()
    gates = (gate(), rule("two", DenyOutcome.APPROVALS, approvers=("approvers",), quorum=1))
    at = workflow(develop(*gates), full()).knowing(rules=engine).given(claim(), submit(), report())
    shown = at.asked
    finding = replace(at.task.policies["develop.implement:two"], values=("two = something else",))
    changed = at.given(e.PolicyJudged(finding))

    assert "changed since it was shown" in changed.refuses(lambda _: approve(ANA, "two")(at)).message
    assert shown.gate == "two"


def test_a_rule_about_people_is_judged_once_they_have_approved() -> None:
    engine = Saying("duties")
    late = rule("duties", DenyOutcome.ASK, late=True)
    at = workflow(develop(), ship(human(), late), full()).knowing(rules=engine).given(claim(), submit(), report())

    assert [asked for asked, _ in engine.asked] == []
    passed = at.given(approve())
    ((_, facts),) = engine.asked
    assert facts["people"]["approvers"] == ["ana"]
    assert facts["people"]["approvals"] == {"release": ["ana"]}
    assert facts["people"]["groups"] == {"approvers": ["ana"]}
    assert facts["people"]["independent"] is False, "ana is the sponsor"
    assert passed.task.step == "test.full"
    engine.true.clear()
    assert at.given(approve(BEN)).stands == (*HELD, "ship.release")


def test_a_policy_that_is_only_tried_is_recorded_and_stops_nothing() -> None:
    at, engine = at_effect(rule(mode=PolicyMode.AUDIT))
    events = at.when(approve())

    assert "EffectRequested" in kinds(events)
    judged = next(event.finding for event in events if isinstance(event, e.PolicyJudged))
    assert (judged.allows, judged.mode) == (False, PolicyMode.AUDIT)
    assert len(engine.asked) == 1


def test_people_whom_the_policy_names_may_let_work_past_it_and_nobody_else() -> None:
    at, _ = at_effect(rule(on_deny=DenyOutcome.ASK, override=OverrideRule(("leads",))))
    held = at.given(approve())

    assert held.stands == (*HELD, "ship.merge")
    assert "may not override" in held.refuses(override(BEN, "small")).message
    assert "EffectRequested" in kinds(held.when(override(CLEO, "small")))
    bare, _ = at_effect(rule(on_deny=DenyOutcome.ASK))
    assert "nobody may override" in bare.given(approve()).refuses(override(CLEO, "small")).message


def test_what_was_said_of_other_work_says_nothing() -> None:
    at = workflow(develop(gate(), rule()), ship()).knowing(rules=Saying("small")).given(claim(), submit(), report())
    assert at.task.policy("develop.implement", "small") is not None

    other = replace(at.task, submission=work(OTHER_HEAD))
    assert other.policy("develop.implement", "small") is None
    assert replace(at.task, definition="e" * 64).policy("develop.implement", "small") is None


def test_the_fold_of_the_log_evaluates_nothing() -> None:
    at = workflow(develop(gate(), rule()), ship()).knowing(rules=Saying("small")).given(claim(), submit(), report())

    assert replay(TASK, at.past) == at.task


_ENGINES = st.lists(st.sampled_from(["one", "two"]), unique=True)
_GATES = st.lists(
    st.builds(
        rule,
        st.sampled_from(["one", "two"]),
        st.sampled_from(DenyOutcome),
        mode=st.sampled_from(PolicyMode),
        late=st.booleans(),
        approvers=st.just(("approvers",)),
        quorum=st.integers(1, 2),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda each: each.id,
)
_PLAYS = st.lists(
    st.sampled_from([approve(), approve(BEN), approve(CLEO), reject(), retry(), report("run"), submit(), claim()]),
    max_size=8,
)


@given(_GATES, _ENGINES, _PLAYS)
def test_no_effect_begins_while_a_policy_that_counts_denies_and_nobody_let_it_past(
    gates: list[PolicyGate], true: list[str], plays: list[Any]
) -> None:
    at, _ = at_effect(*gates, true=tuple(true))
    for play in plays:
        try:
            events = at.when(play)
        except (Refused, StopIteration):
            continue
        at = at.given(play)
        if "EffectRequested" not in kinds(events):
            continue
        for each in gates:
            finding = at.task.policy("ship.merge", each.id)
            assert finding is not None
            approvers = {d.by for d in at.task.decisions if d.gate == each.id and d.answer.value == "approve"}
            let_past = each.on_deny is DenyOutcome.APPROVALS and len(approvers) >= each.quorum
            assert finding.allows or not each.enforces or let_past
        return


@pytest.mark.parametrize("days", [0, 59, 11_016, 20_000])
def test_days_are_counted_as_the_calendar_does(days: int) -> None:
    import datetime

    from onloop.machine.rules.policy_facts import date_words

    assert date_words(days) == (datetime.date(1970, 1, 1) + datetime.timedelta(days)).isoformat()
