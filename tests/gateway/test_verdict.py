"""The answer to "have I achieved this, may I proceed?": one exit code for each situation, and what to do next."""

from __future__ import annotations

import pytest

from gateway.shop import Shop
from onloop.errors import Exit
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.definition import Step
from onloop.machine.state import Reason, State
from onloop.views.answer import AgentAnswer, answer_for, answer_json, answer_lines
from support.scenario import ERROR, FAIL, HEAD, OTHER_HEAD, work
from support.steps import MINUTE, SECOND, defined, develop, gate, human, merge, ship

pytestmark = pytest.mark.parametrize("shop", ["memory"], indirect=True)  # nothing here depends on the store

PEOPLES = Step("develop.implement", role="implementer", gates=(human("review"),))
"""A step of an agent's that has no gate but a person's."""


def told(answer: AgentAnswer) -> tuple[Exit, str, str]:
    return answer.exit, answer.why, answer.next


def test_nothing_is_submitted_yet(shop: Shop) -> None:
    shop.begin()
    shop.claim()
    answer = shop.answer()

    assert told(answer) == (
        Exit.NOT_YET,
        "nothing is submitted at develop.implement",
        "git commit, then: onloop submit",
    )
    assert (answer.verdict, answer.commit, answer.state, answer.reason) == ("not_yet", None, State.WORKING, None)
    assert [(line.gate, line.mark.value) for line in answer.gates] == [("tests", "missing")]


def test_gates_are_running(shop: Shop) -> None:
    shop.begin(defined(develop(gate("tests"), gate("lint"))))
    shop.submit(shop.claim())
    shop.report(gate="tests")

    assert told(shop.answer()) == (Exit.NOT_YET, "the verifier is running lint", "onloop check, in a moment")


def test_head_has_moved_on_from_what_was_submitted(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    why = f"HEAD is {OTHER_HEAD[:12]}, and the last submitted commit is {HEAD[:12]}"

    assert told(shop.answer(head=OTHER_HEAD)) == (Exit.NOT_YET, why, "onloop submit")
    assert shop.answer(head=OTHER_HEAD).commit == HEAD


def test_a_gate_failed_and_the_step_must_be_redone(shop: Shop) -> None:
    shop.begin(defined(develop(gate("tests"), gate("lint"))))
    shop.submit(shop.claim())
    shop.report(gate="tests")
    shop.report(gate="lint", verdict=FAIL)

    answer = shop.answer()
    assert told(answer) == (Exit.REDO, "lint: lint says fail", "mend it, git commit, then: onloop submit")
    assert [(line.gate, line.mark.value) for line in answer.gates] == [("tests", "passed"), ("lint", "failed")]


def test_a_later_attempt_is_told_what_the_earlier_one_was_told(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.submit(agent)
    shop.report(verdict=FAIL)
    shop.gateway.perform(PerformCommand(agent, "r1", c.Fail(agent.id, agent.epoch, "hard")))
    shop.later(10 * SECOND)
    shop.claim()

    assert shop.answer().exit is Exit.REDO


def test_the_step_is_achieved(shop: Shop) -> None:
    shop.begin()
    shop.waiting()

    why = f"develop.implement is achieved: its gates passed on {HEAD[:12]}"
    assert told(shop.answer()) == (Exit.OK, why, "stop here: nothing more is asked of you")
    shop.approve()
    assert shop.answer().exit is Exit.OK


@pytest.mark.parametrize("step", [develop(gate(), human("review")), PEOPLES], ids=["with a gate", "people alone"])
def test_a_step_whose_own_approval_is_open_is_held_and_not_achieved(shop: Shop, step: Step) -> None:
    shop.begin(defined(step, merge()))
    shop.submit(shop.claim())
    if step.machine_gates:
        shop.report()

    assert (shop.answer().exit, shop.task().reason) == (Exit.HELD, Reason.APPROVAL_REQUIRED)
    shop.approve()
    assert shop.answer().exit is Exit.OK


def test_losing_the_lease_of_a_step_without_gates_is_not_achieving_it(shop: Shop) -> None:
    shop.begin(defined(Step("plan.breakdown", role="implementer"), PEOPLES))
    shop.submit(shop.claim())
    shop.claim()
    shop.later(MINUTE)
    shop.want()

    assert shop.task().reason is Reason.RETRY_BACKOFF
    assert shop.answer().exit is Exit.NOT_YOURS


def test_a_step_behind_which_the_work_was_sent_back_is_not_achieved(shop: Shop) -> None:
    plan = Step("plan.breakdown", role="implementer")
    shop.begin(defined(plan, develop(), ship(on_reject=plan.id)))
    shop.submit(shop.claim())
    shop.waiting()
    assert shop.answer().exit is Exit.OK
    request = shop.approval()
    shop.gateway.perform(
        PerformCommand(
            shop.person(), "r1", c.Reject(request.request, request.digest, shop.voice(), "think again about the plan")
        )
    )

    assert shop.answer().exit is Exit.NOT_YOURS


def test_a_question_is_held_until_a_person_answers(shop: Shop) -> None:
    shop.begin()
    shop.ask(shop.claim(), "Which port?")

    why = "r1 waits for a person: Which port?"
    assert told(shop.answer()) == (Exit.HELD, why, "stop here; a person decides what comes next")


def test_a_freeze_holds_whatever_else_is_true(shop: Shop) -> None:
    shop.begin()
    shop.claim()

    assert told(shop.answer(frozen="run:r1")) == (
        Exit.HELD,
        "r1 is frozen (run:r1)",
        "stop here; a person must unfreeze it",
    )


def test_a_gate_that_cannot_be_answered_is_held(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    shop.report(verdict=ERROR)

    assert (shop.answer().exit, shop.task().reason) == (Exit.HELD, Reason.GATE_FAILED)


def test_rounds_are_spent(shop: Shop) -> None:
    shop.begin(defined(develop(rounds=0)))
    shop.submit(shop.claim())
    shop.report(verdict=FAIL)

    answer = shop.answer()
    assert (answer.exit, answer.verdict, answer.reason) == (Exit.SPENT, "spent", Reason.ROUNDS_EXHAUSTED)
    assert answer.next == "stop here; a person decides what comes next"


def test_a_lease_that_ended_is_not_yours(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.gateway.perform(PerformCommand(agent, "r1", c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED)))

    assert (shop.answer().exit, shop.answer().next) == (Exit.NOT_YOURS, "stop work on it")


def test_a_task_that_was_given_to_another_is_not_yours(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    secret = shop.secrets["r1"]
    shop.gateway.perform(PerformCommand(agent, "r1", c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED)))
    shop.later(SECOND)
    held_before = shop.agent(secret)
    shop.claim(agent="agent:bravo")

    answer = answer_for(shop.definition, shop.task(), held_before, None, None)
    assert told(answer) == (Exit.NOT_YOURS, "r1 was given to agent:bravo", "stop work on it")


def test_a_task_that_has_ended_says_how(shop: Shop) -> None:
    shop.begin()
    shop.claim()
    shop.cancel()

    why = "r1 has ended: canceled, canceled by human:ana: not needed"
    assert told(shop.answer()) == (Exit.ENDED, why, "stop here: nothing more is asked of you")


def test_the_last_step_is_achieved_and_completes_the_task(shop: Shop) -> None:
    shop.begin(defined(develop()))
    shop.submit(shop.claim())
    shop.report()

    why = "develop.implement is achieved, and r1 is completed"
    assert told(shop.answer()) == (Exit.OK, why, "stop here: nothing more is asked of you")
    assert shop.task().state is State.COMPLETED


def test_a_task_that_another_agent_completed_has_ended(shop: Shop) -> None:
    review = Step("review.code", role="reviewer", gates=(gate("style"),))
    shop.begin(defined(develop(), review))
    shop.submit(shop.claim())
    shop.report()
    first = shop.agent(shop.secrets["r1"])
    shop.submit(shop.claim(role="reviewer", agent="agent:bravo"))
    shop.report(gate="style")

    assert answer_for(shop.definition, shop.task(), first, HEAD, None).exit is Exit.ENDED
    assert shop.answer().exit is Exit.OK


def test_what_a_gate_says_never_makes_a_line_of_its_own(shop: Shop) -> None:
    shop.begin()
    shop.claim()
    shop.ask(shop.agent(shop.secrets["r1"]), "Which?\n  ✓ tests: passed")

    assert answer_lines(shop.answer())[0].endswith("waits for a person: Which?⏎  ✓ tests: passed")


def test_an_answer_reads_as_lines_and_as_json(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim())
    shop.report(verdict=FAIL)
    answer = shop.answer()
    gates = answer_json(answer)["gates"]

    assert answer_lines(answer) == (
        f"redo  r1  develop.implement  {HEAD[:12]}  tests: tests says fail",
        "  ✗ tests: tests says fail",
        "next: mend it, git commit, then: onloop submit",
    )
    names = ["verdict", "task", "step", "state", "reason", "commit", "gates", "why", "next", "advice"]
    assert list(answer_json(answer)) == names
    assert isinstance(gates, list) and gates[0]["mark"] == "failed" and len(str(gates[0]["digest"])) == 64


def test_only_the_gates_of_the_agents_own_step_are_shown(shop: Shop) -> None:
    shop.begin()
    shop.submit(shop.claim(), work())

    assert {line.step for line in shop.answer().gates} == {"develop.implement"}
