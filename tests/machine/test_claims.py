"""Who may take a task, and when."""

from __future__ import annotations

from onloop.errors import Exit, NotAllowed
from onloop.machine.definition import Step
from onloop.machine.events import Claimed, Moved
from onloop.machine.state import Reason, State
from support.scenario import (
    ALFA,
    BRAVO,
    Scenario,
    claim,
    create,
    expire_lease,
    fleet,
    reassign,
    release,
    report,
    submit,
    workflow,
)
from support.steps import MINUTE, SECOND, defined, develop, ship

REVIEW = Step("review.code", role="reviewer", not_by=("develop.implement",))


def test_a_new_task_waits_for_the_role_of_its_first_step() -> None:
    loop = workflow(develop())

    assert loop.stands == (State.SUBMITTED, Reason.READY, "develop.implement")
    assert loop.task.wanted == "implementer"
    assert loop.task.visits == {"develop.implement": 1}


def test_a_claim_gives_the_lease_with_the_next_epoch() -> None:
    loop = workflow(develop())

    assert loop.when(claim()) == (
        Claimed(ALFA, "implementer", epoch=1, attempt=1, step="develop.implement"),
        Moved(State.WORKING, None, "agent:alfa works on develop.implement"),
    )


def test_every_new_claim_has_a_greater_epoch_even_for_the_same_agent() -> None:
    loop = workflow(develop()).given(claim(), release()).later(MINUTE)

    assert loop.when(claim())[0] == Claimed(ALFA, "implementer", epoch=2, attempt=2, step="develop.implement")


def test_a_claim_for_another_role_is_refused_and_names_the_role() -> None:
    no = workflow(develop()).refuses(claim(role="reviewer"))

    assert isinstance(no, NotAllowed)
    assert no.message == "r1.1 at develop.implement is for implementer, not for agent:alfa as reviewer"


def test_a_held_task_is_refused_and_names_the_holder() -> None:
    no = workflow(develop()).given(claim()).refuses(claim(BRAVO))

    assert (no.exit, no.message) == (Exit.NOT_YOURS, "r1.1 is held by agent:alfa under epoch 1")


def test_a_task_under_verification_whose_lease_is_gone_cannot_be_claimed() -> None:
    loop = workflow(develop()).given(claim(), submit()).knowing(lease_expires=0).given(expire_lease())

    assert loop.task.holder is None
    assert loop.refuses(claim(BRAVO)).message == "r1.1 is working (gates_running)"


def test_a_task_that_waits_for_a_person_cannot_be_claimed() -> None:
    loop = workflow(develop(), ship(on_reject="develop.implement")).given(claim(), submit(), report())

    no = loop.refuses(claim(BRAVO))

    assert no.exit is Exit.HELD
    assert no.hint == "onloop show r1.1"


def test_whoever_did_the_step_that_not_by_names_cannot_claim() -> None:
    loop = workflow(develop(), REVIEW).given(claim(), submit(), report())

    no = loop.refuses(claim(ALFA, "reviewer"))

    assert isinstance(no, NotAllowed)
    assert no.message == "agent:alfa worked on develop.implement of r1.1, and review.code is not_by develop.implement"
    assert loop.given(claim(BRAVO, "reviewer")).task.holder == BRAVO


def test_not_by_remembers_everyone_who_ever_held_the_step() -> None:
    loop = (
        workflow(develop(), REVIEW).given(claim(ALFA), release()).later(MINUTE).given(claim(BRAVO), submit(), report())
    )

    assert isinstance(loop.refuses(claim(ALFA, "reviewer")), NotAllowed)
    assert isinstance(loop.refuses(claim(BRAVO, "reviewer")), NotAllowed)
    assert loop.given(claim("agent:charlie", "reviewer")).task.holder == "agent:charlie"


def test_a_task_in_backoff_cannot_be_claimed_before_its_time() -> None:
    loop = workflow(develop()).given(claim(), release())

    no = loop.later(9 * SECOND).refuses(claim())

    assert (no.exit, no.message) == (Exit.NOTHING, "r1.1 may be tried again in 1 s")
    assert loop.later(10 * SECOND).given(claim()).stands[0] is State.WORKING


def test_a_task_without_a_free_slot_cannot_be_claimed() -> None:
    no = workflow(develop()).knowing(slot_free=False).refuses(claim())

    assert (no.exit, no.message) == (Exit.NOTHING, "r1.1 has no free slot: its fleet reached max_parallel")


def test_a_fleet_itself_cannot_be_claimed() -> None:
    assert fleet(State.SUBMITTED).refuses(claim()).exit is Exit.NOTHING


def test_an_agent_cannot_pass_for_the_new_owner_by_naming_it_as_its_role() -> None:
    loop = workflow(develop()).given(reassign(to=BRAVO))

    assert isinstance(loop.refuses(claim(ALFA, role=BRAVO)), NotAllowed)


def test_a_task_can_be_created_once_only() -> None:
    no = workflow(develop()).refuses(create())

    assert (no.exit, no.message) == (Exit.USAGE, "r1.1 already exists")


def test_a_task_that_does_not_exist_takes_no_command() -> None:
    no = Scenario(defined(develop())).refuses(claim())

    assert (no.exit, no.message) == (Exit.USAGE, "there is no task r1.1")
