"""A decision is taken back while nothing has begun because of it; then it counts nowhere, and the log keeps both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.errors import NotAllowed, Refused, Stale
from onloop.gateway import untold
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import FireTimers
from onloop.machine import commands as c
from onloop.machine import events as e
from onloop.machine.definition import Assurance, Definition
from onloop.machine.digest import shown_digest
from onloop.machine.evolve import evolve
from onloop.machine.principal import EFFECTS
from onloop.machine.rules.people.entitlement import is_approved
from onloop.machine.rules.people.taking_back import stood_of
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.machine.usage import Usage
from onloop.store.codec import event_from_text, to_text
from onloop.store.memory import MemoryStore
from support.scenario import BASE, OTHER_HEAD
from support.steps import MINUTE, SECOND, defined, develop, human, merge, ship

PLAIN = defined(develop(), ship(on_reject="develop.implement"), merge())
GRACE = defined(develop(), ship(human(grace_ms=2 * MINUTE), on_reject="develop.implement"), merge())
TWO = defined(develop(), ship(human(quorum=2)), merge())


def asking(definition: Definition) -> Shop:
    """A task whose work waits for approval."""
    shop = Shop(MemoryStore())
    shop.begin(definition)
    shop.waiting()
    return shop


def take_back(shop: Shop, name: str = "ana", **more: object) -> Task:
    shop.later(SECOND)
    command = c.TakeBack(shop.voice(name), **more)  # type: ignore[arg-type]
    return shop.gateway.perform(PerformCommand(shop.person(name), "r1", command))


def start_effect(shop: Shop) -> Task:
    effect = shop.task().effect
    assert effect is not None
    return shop.gateway.perform(PerformCommand(EFFECTS, "r1", c.StartEffect(effect.id, BASE, OTHER_HEAD)))


def same_subject(before: Task, after: Task) -> bool:
    """Whether the same is asked about the same, and nothing but counters tells the two apart."""
    return (before.requests, before.submission, before.evidence, before.decisions, before.visits) == (
        after.requests,
        after.submission,
        after.evidence,
        after.decisions,
        after.visits,
    ) and (before.state, before.reason, before.detail, before.step) == (
        after.state,
        after.reason,
        after.detail,
        after.step,
    )


def test_an_approval_is_taken_back_before_its_merge_has_begun_and_can_be_given_again() -> None:
    shop = asking(PLAIN)
    before = shop.task()
    shop.later(SECOND)
    assert shop.approve().reason is Reason.EFFECT_RUNNING
    assert [job.gate for job in shop.jobs()] == [None]

    after = take_back(shop)

    assert same_subject(before, after)
    assert shop.jobs() == []
    names = [event.name for event in shop.log("r1")]
    assert [name for name in names if name in {"Decided", "TakenBack"}] == ["Decided", "TakenBack"]
    assert shop.approve().reason is Reason.EFFECT_RUNNING
    start_effect(shop)
    shop.check()


def test_a_verifier_that_wants_to_begin_the_effect_of_what_was_taken_back_is_refused() -> None:
    shop = asking(PLAIN)
    shop.approve()
    effect = shop.task().effect
    assert effect is not None
    take_back(shop)

    with pytest.raises(Stale, match="is not running"):
        shop.gateway.perform(PerformCommand(EFFECTS, "r1", c.StartEffect(effect.id, BASE, OTHER_HEAD)))

    shop.approve()
    now = shop.task().effect
    assert now is not None and now.id != effect.id, "no effect's id is ever given twice"


def test_an_approval_is_not_taken_back_once_its_merge_has_begun() -> None:
    shop = asking(PLAIN)
    shop.approve()
    start_effect(shop)

    with pytest.raises(Refused, match="something has begun since") as refused:
        take_back(shop)

    assert "pause" in refused.value.hint


def test_a_rejection_is_taken_back_before_an_agent_has_its_reason_and_not_after() -> None:
    shop = asking(PLAIN)
    before = shop.task()
    shop.later(SECOND)
    assert shop.reject().step == "develop.implement"

    assert same_subject(before, take_back(shop))

    shop.reject()
    shop.claim()
    with pytest.raises(Refused, match="agent:alfa claimed it"):
        take_back(shop)
    shop.check()


def test_an_answer_is_taken_back_before_an_agent_has_it() -> None:
    shop = Shop(MemoryStore())
    shop.begin(PLAIN)
    before = shop.ask(shop.claim())
    shop.later(SECOND)
    reply = c.Reply(before.requests[0].id, shop.voice(), "the second")
    assert shop.gateway.perform(PerformCommand(shop.person(), "r1", reply)).state is State.SUBMITTED

    after = take_back(shop)

    assert same_subject(before, after) and after.feedback == before.feedback
    shop.check()


def test_with_grace_nothing_follows_until_it_is_over_and_then_it_does_by_itself() -> None:
    shop = asking(GRACE)
    held = shop.approve()
    assert (held.reason, held.requests, shop.jobs()) == (Reason.SCHEDULED, (), [])
    assert held.not_before == shop.clock() + 2 * MINUTE

    shop.later(2 * MINUTE - 1)
    shop.gateway.perform(FireTimers())
    assert shop.task().reason is Reason.SCHEDULED
    shop.later(1)
    shop.gateway.perform(FireTimers())

    assert shop.task().reason is Reason.EFFECT_RUNNING
    shop.check()


def test_within_the_grace_an_approval_is_taken_back() -> None:
    shop = asking(GRACE)
    before = shop.task()
    shop.later(SECOND)
    shop.approve()
    shop.later(MINUTE)

    assert same_subject(before, take_back(shop))

    shop.later(10 * MINUTE)
    shop.gateway.perform(FireTimers())
    assert shop.task().state is State.INPUT_REQUIRED, "nothing was left that comes due"
    shop.check()


def test_within_the_grace_a_rejection_reaches_nobody_and_after_it_the_work_goes_back() -> None:
    shop = asking(GRACE)
    before = shop.task()
    shop.later(SECOND)
    held = shop.reject("not like this")
    assert (held.reason, held.step) == (Reason.SCHEDULED, "ship.release")
    with pytest.raises(Refused):
        shop.claim()
    assert same_subject(before, take_back(shop))

    shop.reject("not like this")
    shop.later(2 * MINUTE)
    shop.gateway.perform(FireTimers())

    back = shop.task()
    assert (back.step, back.feedback[-1].text) == ("develop.implement", "not like this")
    shop.check()


@pytest.mark.parametrize("decide", [Shop.approve, Shop.reject])
def test_nobodys_retry_shortens_the_grace_or_takes_away_what_it_is_for(decide: Callable[[Shop], Task]) -> None:
    shop = asking(GRACE)
    before = shop.task()
    shop.later(SECOND)
    held = decide(shop)

    with pytest.raises(Refused, match="unless that is taken back"):
        shop.gateway.perform(PerformCommand(shop.person("cleo"), "r1", c.Retry(shop.voice("cleo"), "now")))

    assert shop.task() == held
    assert same_subject(before, take_back(shop))
    shop.check()


def test_an_approver_who_is_removed_within_the_grace_has_approved_nothing() -> None:
    from onloop.gateway.upkeep import RecordStoreEvent
    from onloop.machine.people import PersonRemoved

    shop = asking(GRACE)
    shop.approve("ben")
    shop.gateway.perform(RecordStoreEvent(shop.person(), PersonRemoved("ben", "human:ana", "left", True)))
    shop.later(2 * MINUTE)
    shop.gateway.perform(FireTimers())

    assert shop.task().state is State.INPUT_REQUIRED


def test_of_several_votes_everybody_takes_back_their_own() -> None:
    shop = asking(TWO)
    shop.approve("ana")
    assert len(shop.task().decisions) == 1
    with pytest.raises(Refused):
        shop.approve("ana")

    after = take_back(shop, "ana")

    assert (after.decisions, after.state) == ((), State.INPUT_REQUIRED)
    assert shop.approve("ben").state is State.INPUT_REQUIRED, "one of two"
    assert shop.approve("ana").reason is Reason.EFFECT_RUNNING
    shop.check()


def test_an_approval_is_held_up_by_who_may_decide_the_same_and_by_nobody_else() -> None:
    shop = asking(PLAIN)
    shop.approve("ana")
    with pytest.raises(NotAllowed, match="may not take back"):
        take_back(shop, "cleo")
    assert take_back(shop, "ben").state is State.INPUT_REQUIRED


@pytest.mark.parametrize("definition", [PLAIN, GRACE], ids=["at once", "grace"])
def test_a_rejection_is_taken_back_by_who_rejected_and_by_no_other_approver(definition: Definition) -> None:
    shop = asking(definition)
    before = shop.task()
    shop.later(SECOND)
    said = shop.reject("not like this", "ana")

    with pytest.raises(NotAllowed, match="human:ana rejected release, and only they take that back"):
        take_back(shop, "ben")

    assert shop.task() == said
    assert same_subject(before, take_back(shop, "ana"))


def test_an_answer_is_taken_back_by_who_gave_it_and_by_nobody_else() -> None:
    shop = Shop(MemoryStore())
    shop.begin(PLAIN)
    asked = shop.ask(shop.claim())
    shop.later(SECOND)
    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Reply(asked.requests[0].id, shop.voice(), "no")))

    with pytest.raises(NotAllowed, match="only they take that back"):
        take_back(shop, "ben")
    assert take_back(shop, "ana").state is State.INPUT_REQUIRED


def test_what_another_took_back_under_an_older_rule_is_read_as_it_was() -> None:
    shop = asking(PLAIN)
    before = shop.task()
    shop.later(SECOND)
    (said,) = shop.reject("not like this", "ana").decisions
    older = e.TakenBack(said.request, said.by, said.at, "human:ben", stood_of(before))

    read = evolve(shop.task(), event_from_text("TakenBack", to_text(older)), id="r1", at=shop.clock())  # type: ignore[arg-type]

    assert (read.state, read.decisions, read.requests) == (before.state, (), before.requests)


def voting(quorum: int = 1, **gate: Any) -> Shop:
    """A task whose step asks `leads` and `release`; ana has approved the first."""
    first, second = human("leads", approvers=("leads",), **gate), human(quorum=quorum, **gate)
    shop = Shop(MemoryStore())
    shop.begin(defined(develop(), ship(first, second, on_reject="develop.implement"), merge()))
    shop.submit(shop.claim())
    shop.report()
    vote(shop, "leads", "cleo")
    return shop


def vote(shop: Shop, gate: str, name: str) -> Task:
    shop.later(SECOND)
    task = shop.task()
    (request,) = (each for each in task.requests if each.gate == gate)
    said = c.Approve(request.id, shown_digest(task, request), shop.voice(name))
    return shop.gateway.perform(PerformCommand(shop.person(name), "r1", said))


def gates(task: Task) -> tuple[str | None, ...]:
    return tuple(request.gate for request in task.requests)


def test_the_first_of_two_gates_is_taken_back_after_a_vote_on_the_second_which_stays() -> None:
    shop = voting(quorum=2)
    between = vote(shop, "release", "ana")
    assert gates(between) == ("release",)

    after = take_back(shop, "cleo")

    assert set(gates(after)) == {"leads", "release"} and after.detail == "approval of leads, release"
    assert [decision.by for decision in after.decisions] == ["human:ana"]
    vote(shop, "leads", "cleo")
    assert vote(shop, "release", "ben").reason is Reason.EFFECT_RUNNING
    start_effect(shop)
    shop.check()


@pytest.mark.parametrize("gate", [{}, {"grace_ms": 2 * MINUTE}], ids=["at once", "grace"])
def test_the_first_of_two_gates_is_taken_back_while_what_both_allowed_has_not_begun(gate: dict[str, int]) -> None:
    shop = voting(**gate)
    assert vote(shop, "release", "ana").reason is (Reason.SCHEDULED if gate else Reason.EFFECT_RUNNING)

    after = take_back(shop, "cleo")

    assert (gates(after), after.detail, after.effect) == (("leads",), "approval of leads", None)
    assert [decision.by for decision in after.decisions] == ["human:ana"]
    assert shop.jobs() == []
    assert vote(shop, "leads", "cleo").reason is (Reason.SCHEDULED if gate else Reason.EFFECT_RUNNING)
    shop.check()


def test_one_gate_after_the_other_is_taken_back_in_any_order() -> None:
    for order in (("cleo", "ana"), ("ana", "cleo")):
        shop = voting()
        vote(shop, "release", "ana")
        for name in order:
            after = take_back(shop, name)
        assert (after.decisions, set(gates(after))) == ((), {"leads", "release"})
        vote(shop, "leads", "cleo")
        assert vote(shop, "release", "ana").reason is Reason.EFFECT_RUNNING
        shop.check()


def test_of_two_who_approved_one_gate_each_takes_back_their_own_after_it_was_enough() -> None:
    shop = asking(TWO)
    shop.approve("ana")
    shop.later(SECOND)
    assert shop.approve("ben").reason is Reason.EFFECT_RUNNING

    after = take_back(shop, "ana")

    assert [decision.by for decision in after.decisions] == ["human:ben"]
    assert shop.approve("ana").reason is Reason.EFFECT_RUNNING
    shop.check()


def test_nothing_of_two_gates_is_taken_back_once_what_they_allowed_has_begun() -> None:
    shop = voting()
    vote(shop, "release", "ana")
    start_effect(shop)
    for name in ("cleo", "ana"):
        with pytest.raises(Refused, match="something has begun since"):
            take_back(shop, name)


def test_an_approval_is_taken_back_however_much_was_told_since() -> None:
    shop = Shop(MemoryStore())
    shop.begin(GRACE)
    agent = shop.claim()
    shop.submit(agent)
    shop.report()
    before = shop.task()
    shop.later(SECOND)
    shop.approve("ana")
    for count in range(1, untold.PAGE + 10):
        told = c.ReportUsage(agent.id, agent.epoch, "claude", Usage(input=count))
        shop.gateway.perform(PerformCommand(agent, "r1", told))

    after = take_back(shop, "ana")

    assert same_subject(before, after)
    assert after.spending != before.spending


def test_no_agent_takes_anything_back() -> None:
    shop = asking(PLAIN)
    shop.approve()
    agent = shop.agent(shop.secrets["r1"])

    with pytest.raises(NotAllowed):
        shop.gateway.perform(PerformCommand(agent, "r1", c.TakeBack(shop.voice())))


def test_what_has_an_opposite_is_not_taken_back_and_the_opposite_is_named() -> None:
    shop = asking(PLAIN)
    with pytest.raises(Refused, match="nobody has decided anything"):
        take_back(shop)
    shop.approve()
    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Pause(shop.voice(), "look first")))
    with pytest.raises(Refused):
        take_back(shop)


def test_a_note_that_was_sent_meanwhile_stays() -> None:
    shop = asking(PLAIN)
    shop.later(SECOND)
    shop.reject()
    shop.later(SECOND)
    shop.gateway.perform(PerformCommand(shop.person("ben"), "r1", c.SendNote(shop.voice("ben"), "mind the lock")))

    after = take_back(shop)

    assert after.state is State.INPUT_REQUIRED
    assert [note.text for note in after.notes] == ["mind the lock"]
    shop.check_rows()


@given(st.lists(st.sampled_from(["approve", "reject", "back", "start", "wait", "claim", "note"]), max_size=14))
def test_an_effect_never_begins_under_an_approval_that_was_taken_back(deeds: list[str]) -> None:
    for definition in (PLAIN, GRACE, TWO):
        shop = asking(definition)
        for number, deed in enumerate(deeds):
            who = ("ana", "ben")[number % 2]
            shop.later(SECOND)
            try:
                _do(shop, deed, who)
            except Refused:
                continue
            if deed == "start":
                step = definition.step("ship.release")
                gate, people = step.human_gates[0], dict.fromkeys(("human:ana", "human:ben"), ("approvers",))
                assert is_approved(shop.task(), step, gate, people)
                assert shop.task().decisions
                with pytest.raises(Refused):
                    take_back(shop, who)
        shop.check_rows()


def _do(shop: Shop, deed: str, who: str) -> None:
    asked, effect = bool(shop.task().requests), shop.task().effect
    if deed in {"approve", "reject"} and asked:
        _ = shop.approve(who) if deed == "approve" else shop.reject(name=who)
    elif deed == "back":
        take_back(shop, who)
    elif deed == "start":
        if effect is None or effect.expected is not None:
            raise Stale("nothing to start", hint="-")
        start_effect(shop)
    elif deed == "wait":
        shop.later(3 * MINUTE)
        shop.gateway.perform(FireTimers())
    elif deed == "claim":
        shop.claim()
    elif deed == "note":
        shop.gateway.perform(PerformCommand(shop.person(who), "r1", c.SendNote(shop.voice(who), "look")))


def test_the_level_of_proof_is_that_of_the_decision() -> None:
    shop = asking(defined(develop(), ship(human(assurance=Assurance.A1)), merge()))
    shop.approve()
    weak = shop.person("ana", Assurance.A0)
    with pytest.raises(NotAllowed):
        shop.gateway.perform(PerformCommand(weak, "r1", c.TakeBack(weak.voice or shop.voice())))


def test_nobody_takes_back_the_vote_of_another_on_what_is_still_asked() -> None:
    shop = asking(TWO)
    shop.approve("ana")

    with pytest.raises(NotAllowed, match="vote of human:ana"):
        take_back(shop, "ben")

    assert [decision.by for decision in shop.task().decisions] == ["human:ana"]
    assert take_back(shop, "ana").decisions == ()
