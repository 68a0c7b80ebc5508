"""An agent asks, a person answers."""

from __future__ import annotations

from onloop.errors import Exit, NotAllowed, Stale
from onloop.machine.events import CountersReset, Decided, LeaseEnded, Moved, RequestClosed, RequestOpened
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind, Feedback, RequestKind
from support.scenario import (
    ALFA,
    ANA,
    BRAVO,
    DAN,
    FAIL,
    NOON,
    Scenario,
    approve,
    ask,
    claim,
    reassign,
    reply,
    report,
    retry,
    submit,
    workflow,
)
from support.steps import develop, ship


def questioned() -> Scenario:
    return workflow(develop()).given(claim(), ask("Drop old flags?"))


def test_a_question_is_put_to_any_person_and_the_lease_ends() -> None:
    events = workflow(develop()).given(claim()).when(ask("Drop old flags?"))

    assert events[0] == LeaseEnded(1, "question", step="develop.implement")
    assert isinstance(events[1], RequestOpened)
    assert events[2] == Moved(State.INPUT_REQUIRED, Reason.QUESTION, "Drop old flags?")
    asked = events[1].request
    assert (asked.kind, asked.asked_by, asked.approvers, asked.opened_at) == (RequestKind.QUESTION, ALFA, (), NOON)


def test_an_answer_goes_into_the_brief_and_an_agent_may_go_on() -> None:
    loop = questioned()

    events = loop.when(reply("Migrate them."))

    assert [type(event) for event in events] == [Decided, RequestClosed, CountersReset, Moved]
    after = loop.given(*events)
    assert after.stands == (State.SUBMITTED, Reason.READY, "develop.implement")
    assert after.task.feedback == (Feedback("answer", "Migrate them.", ANA, NOON, "Drop old flags?", ALFA),)
    assert after.task.decisions[0].answer is DecisionKind.ANSWER


def test_an_answer_resets_rounds() -> None:
    loop = workflow(develop()).given(claim(), submit(), report("tests", FAIL))
    assert loop.task.round == 1

    assert loop.given(ask(), reply()).task.round == 0


def test_only_the_holder_asks() -> None:
    assert isinstance(workflow(develop()).refuses(ask()), NotAllowed)
    assert questioned().refuses(ask()).exit is Exit.HELD


def test_an_empty_question_and_an_empty_answer_are_refused() -> None:
    assert workflow(develop()).given(claim()).refuses(ask(" ")).exit is Exit.USAGE
    assert questioned().refuses(reply("\n")).exit is Exit.USAGE


def test_whoever_is_not_enrolled_answers_nothing() -> None:
    assert isinstance(questioned().refuses(reply(person="human:eve")), NotAllowed)
    assert questioned().given(reply(person=DAN)).stands[0] is State.SUBMITTED


def test_an_agent_answers_nothing_not_even_its_own_question() -> None:
    assert isinstance(questioned().refuses(reply(person=ALFA)), NotAllowed)


def test_a_question_is_not_approved_and_an_approval_is_not_answered() -> None:
    assert questioned().refuses(approve()).message.endswith("is a question, which this command cannot decide")
    waiting = workflow(ship(on_reject="end"))
    assert waiting.refuses(reply()).exit is Exit.USAGE


def test_a_second_answer_is_told_who_answered_first() -> None:
    loop = questioned()
    late = reply("Keep them.", "human:ben")(loop)

    no = loop.given(reply("Migrate them.")).refuses(late)

    assert isinstance(no, Stale)
    assert no.message.endswith('was decided already: human:ana answered 0 s ago: "Migrate them."')


def test_a_question_is_nothing_to_retry() -> None:
    assert questioned().refuses(retry()).exit is Exit.HELD


def test_a_question_ends_when_the_task_is_given_to_another() -> None:
    loop = questioned().given(reassign(BRAVO))

    assert (loop.task.requests, loop.stands[0], loop.task.owner) == ((), State.SUBMITTED, BRAVO)


def test_a_report_that_comes_after_the_agent_asked_is_dropped() -> None:
    loop = workflow(develop()).given(claim(), submit(), ask())

    assert loop.refuses(report()).exit is Exit.NOTHING
    assert loop.given(reply(), claim(), submit()).stands[1] is Reason.GATES_RUNNING
