"""What each answer would do, in a sentence that the workflow makes true."""

from __future__ import annotations

import pytest

from gateway.shop import Shop
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.definition import Step
from onloop.machine.digest import shown_digest
from onloop.machine.task import DecisionKind
from onloop.views.consequences import consequences
from onloop.views.pinned_workflow import definition_of
from support.scenario import FAIL, HEAD
from support.steps import defined, develop, full, human, merge, ship

pytestmark = pytest.mark.parametrize("shop", ["memory"], indirect=True)  # nothing here depends on the store


def choices(shop: Shop, gate_id: str | None = None) -> dict[DecisionKind, str]:
    task = shop.task()
    request = next(r for r in task.requests if gate_id in (None, r.gate))
    with shop.store.reading() as at:
        return dict(consequences(definition_of(at, task), task, request))


def test_an_approval_says_what_it_starts(shop: Shop) -> None:
    shop.begin()
    shop.waiting()

    assert choices(shop) == {
        DecisionKind.APPROVE: f"ship.merge starts: merge {HEAD[:12]} into main of billing",
        DecisionKind.REJECT: "r1 goes back to develop.implement, and your reason goes into the agent's brief",
    }


def test_an_approval_that_is_not_the_last_one_needed_says_so(shop: Shop) -> None:
    shop.begin(defined(develop(), ship(human("security", quorum=2), human("legal")), merge()))
    shop.submit(shop.claim())
    shop.report()

    assert choices(shop, "security")[DecisionKind.APPROVE] == "counts as one of 2; 1 more must approve"
    assert choices(shop, "legal")[DecisionKind.APPROVE] == "legal is done; security must be decided, too"
    legal = next(r for r in shop.task().requests if r.gate == "legal")
    spoken = c.Approve(legal.id, shown_digest(shop.task(), legal), shop.voice())
    assert shop.gateway.perform(PerformCommand(shop.person(), "r1", spoken)).step == "ship.release"


@pytest.mark.parametrize(
    ("steps", "answer", "sentence"),
    [
        ((develop(), ship()), DecisionKind.APPROVE, "the task is completed"),
        ((develop(), ship(), full()), DecisionKind.APPROVE, "the task goes on to test.full"),
        ((develop(), ship(on_reject="end")), DecisionKind.REJECT, "the task ends as rejected; nothing is merged"),
        ((ship(),), DecisionKind.REJECT, "the task ends as rejected; nothing is merged"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_consequence_is_what_the_workflow_says(
    shop: Shop, steps: tuple[Step, ...], answer: DecisionKind, sentence: str
) -> None:
    shop.begin(defined(*steps))
    if steps[0].role:
        shop.waiting()

    assert choices(shop)[answer] == sentence
    done = shop.approve() if answer is DecisionKind.APPROVE else shop.reject()
    assert done.ended or "goes on" in sentence


def test_a_question_and_a_choice_name_what_their_answers_do(shop: Shop) -> None:
    shop.begin(defined(develop(rounds=0), ship()))
    agent = shop.claim()
    shop.ask(agent)
    assert choices(shop)[DecisionKind.ANSWER] == (
        "the answer goes into the brief, and implementer goes on with develop.implement"
    )

    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Reply(shop.asked().id, shop.voice(), "That one.")))
    shop.submit(shop.claim())
    shop.report(verdict=FAIL)
    assert choices(shop) == {
        DecisionKind.RETRY: "an agent as implementer tries develop.implement again, with your note in its brief; "
        "rounds and attempts start at zero",
        DecisionKind.REASSIGN: "only whom you name may take develop.implement; its history stays",
        DecisionKind.REJECT: "r1 goes back to develop.implement, and your reason goes into the agent's brief",
        DecisionKind.CANCEL: "the task ends as canceled; nothing is merged",
    }


def test_nobody_can_reassign_a_step_that_no_agent_does(shop: Shop) -> None:
    shop.begin(defined(develop(), full(), ship()))
    shop.submit(shop.claim())
    shop.report()
    shop.report(gate="run", verdict=FAIL)

    assert DecisionKind.REASSIGN not in choices(shop)
    assert choices(shop)[DecisionKind.RETRY] == "test.full is tried again; rounds and attempts start at zero"
