"""What a person approves: bound to what was shown, by whom it was asked of, once."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine.commands import Approve, TimerKind
from onloop.machine.definition import Assurance, Escalation, ExpireOutcome, Expiry, HumanGate
from onloop.machine.digest import shown_digest
from onloop.machine.events import Decided, LeaseEnded, RequestOpened, Submitted
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind, RequestKind
from onloop.records import replace
from support.scenario import (
    ALFA,
    ANA,
    BEN,
    CLEO,
    DAN,
    HEAD,
    NOTES,
    OTHER_HEAD,
    Scenario,
    approve,
    claim,
    fire,
    last_move,
    reject,
    report,
    retry,
    submit,
    voice,
    work,
    workflow,
)
from support.steps import HOUR, develop, gate, human, ship

BACK = "develop.implement"
ASKED = (State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED)


def waiting(*gates: HumanGate, authors: tuple[str, ...] = ()) -> Scenario:
    """Work that passed its machine gates and waits for people."""
    loop = workflow(develop(), ship(*gates, on_reject=BACK))
    return loop.given(claim(), submit(work(authors=authors)), report())


def test_a_step_of_people_asks_as_its_gate_says() -> None:
    loop = waiting(human(quorum=2, assurance=Assurance.A1))

    asked = loop.asked
    assert loop.stands == (*ASKED, "ship.release")
    assert (asked.kind, asked.gate, asked.approvers) == (RequestKind.APPROVAL, "release", ("approvers",))
    assert (asked.quorum, asked.assurance) == (2, Assurance.A1)
    assert asked.question == "May aaaaaaaaaaaa in billing pass ship.release?"


def test_a_human_gate_beside_machine_gates_is_asked_after_they_pass_and_the_lease_ends() -> None:
    loop = workflow(develop(gate(), human())).given(claim(), submit())
    assert loop.task.requests == ()

    events = loop.when(report())

    assert LeaseEnded(1, "gates passed", step="develop.implement") in events
    assert isinstance(events[-2], RequestOpened)
    assert last_move(events) == ASKED


def test_an_approval_records_what_was_decided_on_and_opens_the_step() -> None:
    loop = waiting()
    shown = shown_digest(loop.task, loop.asked)

    events = loop.when(approve())

    assert isinstance(events[0], Decided)
    decision = events[0].decision
    assert (decision.answer, decision.by, decision.digest) == (DecisionKind.APPROVE, ANA, shown)
    assert (decision.step, decision.gate, decision.visit) == ("ship.release", "release", 1)
    assert (decision.head, decision.base, decision.assurance) == (HEAD, work().base, Assurance.A1)
    assert last_move(events) == (State.COMPLETED, None)


@pytest.mark.parametrize("digest", ["", "f" * 64])
def test_an_approval_of_anything_but_what_is_there_is_refused(digest: str) -> None:
    no = waiting().refuses(approve(digest=digest))

    assert isinstance(no, Stale)
    assert "has changed since it was shown" in no.message


def test_the_digest_covers_commit_base_tree_evidence_attempt_and_workflow() -> None:
    loop = waiting()
    digests = {shown_digest(loop.task, loop.asked)}
    task = loop.task
    evidence = {key: replace(found, summary="other") for key, found in task.evidence.items()}
    for other in (
        replace(task, submission=work(OTHER_HEAD, tree=work().tree)),
        replace(task, submission=work(base="9" * 40)),
        replace(task, submission=work(tree="9" * 40)),
        replace(task, attempt=9),
        replace(task, definition="9" * 64),
        replace(task, evidence=evidence),
        replace(task, id="r1.2"),
    ):
        digests.add(shown_digest(other, loop.asked))
    digests.add(shown_digest(task, replace(loop.asked, question="?")))
    digests.add(shown_digest(task, replace(loop.asked, id="other")))

    assert len(digests) == 10


def test_a_digest_is_of_one_request_only() -> None:
    loop = waiting(human("security"), human("legal"))
    one, other = loop.task.requests

    no = loop.refuses(Approve(one.id, shown_digest(loop.task, other), voice()))

    assert isinstance(no, Stale)


def test_nobody_approves_twice() -> None:
    loop = waiting(human(quorum=2)).given(approve(ANA))

    no = loop.refuses(approve(ANA))

    assert no.exit is Exit.HELD
    assert no.message.startswith("human:ana already approved")


def test_a_quorum_counts_people_and_not_approvals() -> None:
    patient = human(quorum=2, expire=Expiry(HOUR, ExpireOutcome.HOLD))
    loop = waiting(patient).given(approve(ANA)).later(HOUR).given(fire(TimerKind.EXPIRE), retry(), approve(ANA))

    assert loop.stands == (*ASKED, "ship.release")
    assert loop.given(approve(BEN)).stands[0] is State.COMPLETED


def test_an_approval_does_not_open_a_step_whose_evidence_is_stale() -> None:
    """No command leads here; the rule is looked at again all the same."""
    loop = workflow(develop(gate(), human())).given(claim(), submit(), report(), Submitted(work(OTHER_HEAD)))

    assert loop.given(approve()).stands == (*ASKED, BACK)


def test_an_approval_on_record_that_proved_too_little_does_not_count() -> None:
    loop = waiting(human(quorum=2, assurance=Assurance.A1))
    recorded = loop.given(approve(BEN)).task.decisions[0]

    loop = loop.given(Decided(replace(recorded, assurance=Assurance.A0)), approve(ANA))

    assert loop.stands == (*ASKED, "ship.release")


def test_a_quorum_of_two_needs_two_people() -> None:
    loop = waiting(human(quorum=2)).given(approve(ANA))

    assert loop.stands == (*ASKED, "ship.release")
    assert loop.given(approve(BEN)).stands[0] is State.COMPLETED


def test_whoever_is_in_no_group_that_is_asked_is_refused() -> None:
    no = waiting().refuses(approve(CLEO))

    assert isinstance(no, NotAllowed)
    assert no.hint == "it is for approvers"


def test_a_gate_may_ask_a_person_by_name() -> None:
    assert waiting(human(approvers=("dan",))).given(approve(DAN)).stands[0] is State.COMPLETED


def test_groups_that_a_voice_claims_for_itself_do_not_count() -> None:
    loop = waiting()
    boast = voice(CLEO)
    shown = shown_digest(loop.task, loop.asked)
    no = loop.refuses(Approve(loop.asked.id, shown, replace(boast, groups=("approvers",))))

    assert isinstance(no, NotAllowed)


@pytest.mark.parametrize("who", ["human:eve", ALFA, "verifier:v", "launcher:root", ""])
def test_whoever_is_not_enrolled_approves_nothing(who: str) -> None:
    assert isinstance(waiting().refuses(approve(who)), NotAllowed)


@pytest.mark.parametrize("address", ["ana@example.org", "Ana@Example.org"])
def test_an_address_in_a_commit_bars_nobody_and_is_told_with_the_decision(address: str) -> None:
    """Whoever commits chooses the address: an agent could keep an approver out with it."""
    loop = waiting(authors=("bot@example.org", address))

    by_ana, by_ben = (loop.given(approve(who, email=f"{who[6:]}@example.org")) for who in (ANA, BEN))

    assert (by_ana.stands[0], by_ana.task.decisions[-1].own_address) == (State.COMPLETED, True)
    assert (by_ben.stands[0], by_ben.task.decisions[-1].own_address) == (State.COMPLETED, False)


def test_a_person_without_an_address_is_no_author() -> None:
    loop = waiting(authors=("", "bot@example.org")).given(approve(ANA, email=""))
    assert (loop.stands[0], loop.task.decisions[-1].own_address) == (State.COMPLETED, False)


def test_whoever_held_the_work_does_not_approve_it() -> None:
    loop = workflow(develop(), ship(on_reject=BACK)).given(claim(ANA), submit(), report())

    assert loop.refuses(approve(ANA)).message == "human:ana held r1.1"
    assert loop.given(approve(BEN)).stands[0] is State.COMPLETED


def test_an_assurance_below_the_demanded_one_is_refused() -> None:
    loop = waiting(human(assurance=Assurance.A2))

    no = loop.refuses(approve(assurance=Assurance.A1))

    assert no.message.endswith("needs assurance A2, but you proved A1")
    assert loop.given(approve(assurance=Assurance.A3)).stands[0] is State.COMPLETED


def test_an_approval_of_somebody_struck_off_since_does_not_count_at_the_transition() -> None:
    loop = waiting(human(quorum=2)).given(approve(ANA)).without(ANA)

    loop = loop.given(approve(BEN))

    assert loop.stands == (*ASKED, "ship.release")
    assert loop.knowing(people={**loop.facts.people, DAN: ("approvers",)}).given(approve(DAN)).task.ended


def test_an_approval_of_somebody_who_left_the_group_since_does_not_count() -> None:
    loop = waiting(human(quorum=2)).given(approve(ANA)).knowing(people={ANA: (), BEN: ("approvers",)})

    assert loop.given(approve(BEN)).stands[0] is State.INPUT_REQUIRED


def test_the_slower_of_two_learns_who_decided_what() -> None:
    loop = waiting(human("security"), human("legal"))
    late = approve(BEN, "security")(loop)

    no = loop.given(approve(ANA, "security")).refuses(late)

    assert isinstance(no, Stale)
    assert no.message.endswith("was decided already: human:ana approved security 0 s ago")


def test_a_decision_on_a_request_that_never_was_is_refused() -> None:
    no = waiting().refuses(Approve("r1.1/release/999", "", voice()))

    assert isinstance(no, Stale)
    assert no.message == "r1.1/release/999 is not open"


def test_two_gates_ask_two_requests_and_both_must_be_approved() -> None:
    loop = waiting(human("security"), human("legal", approvers=("leads",)))
    assert [r.gate for r in loop.task.requests] == ["security", "legal"]

    loop = loop.given(approve(ANA, "security"))

    assert loop.stands == (*ASKED, "ship.release")
    assert loop.task.detail == "approval of legal"
    assert [r.gate for r in loop.task.requests] == ["legal"]
    assert loop.given(approve(CLEO, "legal")).stands[0] is State.COMPLETED


def test_a_gate_whose_approver_was_struck_off_is_asked_again_though_its_request_was_closed() -> None:
    loop = waiting(human("security"), human("legal", approvers=("leads",)))

    loop = loop.given(approve(ANA, "security")).without(ANA).given(approve(CLEO, "legal"))

    assert loop.stands == (*ASKED, "ship.release")
    assert loop.asked.gate == "security"


def test_an_escalated_request_counts_the_approval_of_those_it_went_to() -> None:
    loop = waiting(human(escalate=Escalation(4 * HOUR, ("leads",))))
    assert isinstance(loop.refuses(approve(CLEO)), NotAllowed)

    loop = loop.later(4 * HOUR).given(fire(TimerKind.ESCALATE))

    assert loop.given(approve(CLEO)).stands[0] is State.COMPLETED


def test_approvals_are_void_after_a_reject_even_of_the_same_commit() -> None:
    loop = waiting(human(quorum=2)).given(approve(ANA), reject(BEN), claim())
    loop = loop.given(submit(work(artefacts=(NOTES,))), report())

    loop = loop.given(approve(BEN))

    assert loop.stands == (*ASKED, "ship.release")
    assert loop.given(approve(ANA)).stands[0] is State.COMPLETED


def test_a_gate_may_be_approved_with_no_commit_at_all() -> None:
    loop = workflow(ship(on_reject="end"), develop())

    assert loop.asked.question == "May nothing in billing pass ship.release?"
    assert loop.given(approve()).stands == (State.SUBMITTED, Reason.READY, BACK)


def test_an_approval_keeps_what_was_not_shown_and_says_it_where_it_is_told() -> None:
    loop = waiting(human())
    request = loop.asked
    unseen = ("uv.lock (60,000 lines)", "logo.png (binary)")
    said = Approve(request.id, shown_digest(loop.task, request), voice(), "fine", unseen=unseen)

    (decision,) = (event.decision for event in loop.when(said) if isinstance(event, Decided))

    assert decision.unseen == unseen
    assert decision.words == "fine; approved without showing: uv.lock (60,000 lines), logo.png (binary)"
