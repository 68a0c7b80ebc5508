"""A webhook that comes again, whoever sends it: what a trigger did on it is not done twice, whatever others failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.machine.state import State
from onloop.triggers.delivery_operations import RETENTION_MS, ForgetDeliveries, PostponeDelivery, TryDeliveryAgain
from onloop.triggers.delivery_records import outcome_of
from support.hooked import issue
from triggers.counting import Counter, hour

TWO = """\
triggers:
  - id: begin
    source: github
    on: [issues.labeled]
    subject: "issue {event.issue.number}"
    do:
      start: {workflow: feature, repository: /srv/shop.git, branch: main, title: "Fix #{event.issue.number}"}
  - id: stop
    source: github
    on: [issues.closed]
    subject: "issue {event.issue.number}"
    do: {cancel: {reason: "it was closed"}}
  - id: answer
    source: github
    on: [issues.assigned]
    subject: "issue {event.issue.number}"
    do: {answer: {text: "{event.issue.body}"}}
  - id: broken
    source: github
    on: [issues.labeled, issues.assigned]
    subject: "other {event.issue.number}"
    do: {signal: {text: "{event.issue.nope}"}}
"""


@pytest.fixture
def counter(shop: Shop, tmp_path: Path) -> Counter:
    made = Counter(shop, tmp_path)
    made.adopt(TWO)
    return made


def did(counter: Counter, delivery: str) -> dict[str, str]:
    """What each trigger did on a webhook that did something, or failed."""
    results = outcome_of(counter.row(delivery)).results
    return {each.trigger: each.did.value for each in results if each.did.value != "nothing"}


def test_a_replayed_webhook_of_which_one_trigger_failed_begins_no_second_task(counter: Counter) -> None:
    body = issue("labeled", at="")
    counter.take(body, delivery="first")
    counter.carry_out()
    counter.comes("closed", at="")
    replayed = counter.take(body, delivery="replayed")
    counter.carry_out()

    assert replayed.became == "again" and counter.row("first").times == 2
    assert did(counter, "first") == {"begin": "started", "broken": "failed"}
    assert [task.state for task in counter.tasks] == [State.CANCELED]


def test_a_replayed_answer_does_not_answer_the_next_question(counter: Counter) -> None:
    counter.comes("labeled", at="")
    (task,) = counter.tasks
    counter.shop.ask(counter.shop.claim(task.id), "Which?")
    body = issue("assigned", at="", body="The second.")
    counter.take(body, delivery="answer")
    counter.carry_out()
    counter.shop.ask(counter.shop.claim(task.id), "Shall all go?")
    counter.take(body, delivery="replayed")
    counter.carry_out()

    assert did(counter, "answer") == {"answer": "answered", "broken": "failed"}
    assert counter.tasks[0].state is State.INPUT_REQUIRED


def test_what_was_done_stays_said_while_the_rest_is_put_off_and_tried_again(counter: Counter) -> None:
    counter.take(issue("labeled", at=""), delivery="first")
    counter.carry_out()
    counter.shop.gateway.perform(TryDeliveryAgain("first"))
    counter.shop.gateway.perform(PostponeDelivery(counter.row("first").id, "nobody answers"))
    put_off = did(counter, "first")
    counter.shop.later(1_000)
    counter.carry_out()

    assert put_off == did(counter, "first") == {"begin": "started", "broken": "failed"}
    assert outcome_of(counter.row("first")).problem == ""


def test_what_was_forgotten_begins_no_second_task_when_it_comes_again(counter: Counter) -> None:
    body = issue("labeled", at=hour(1))
    counter.take(body, delivery="first")
    counter.carry_out()
    counter.shop.cancel(counter.tasks[0].id)
    counter.shop.later(RETENTION_MS + 1)
    counter.shop.gateway.perform(ForgetDeliveries())
    replayed = counter.take(body, delivery="replayed")
    counter.carry_out()

    assert replayed.became == "stored" and len(counter.tasks) == 1
    (begin, *_) = outcome_of(counter.row("replayed")).results
    assert (begin.did.value, begin.why) == ("folded", "this webhook was carried out on this subject before")
