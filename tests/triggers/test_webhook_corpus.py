"""Every example of a webhook that GitHub publishes: none ends the receiver, each is an event for a trigger."""

from __future__ import annotations

from pathlib import Path

from gateway.shop import Shop
from onloop.errors import BadInput
from onloop.store.memory import MemoryStore
from onloop.store.rows import Delivery
from onloop.triggers.delivery_operations import ReadDeliveries
from onloop.triggers.event_templates import rendered, value_at
from onloop.triggers.hook_events import event_of
from onloop.triggers.hook_proofs import HookKind
from support.octokit import examples
from triggers.counting import Counter

FAMOUS = {
    *("issues.labeled", "issues.edited", "issue_comment.created", "pull_request.opened", "pull_request.synchronize"),
    *("pull_request_review.submitted", "check_run.completed", "check_suite.completed", "workflow_run.completed"),
    *("push", "merge_group.checks_requested"),
}
"""What this house's triggers are made of."""

ANYTHING = """\
triggers:
  - id: anything
    source: github
    on: ["*"]
    when: "has(event.repository) && event.repository.full_name != ''"
    subject: "{event.repository.full_name} {name}"
    do:
      start: {workflow: feature, repository: /srv/shop.git, branch: main, title: "{name} by {event.sender.login}"}
"""


def test_each_example_is_an_event_with_a_name_and_those_of_things_say_when_and_where() -> None:
    named: dict[str, int] = {}
    for name, body in examples():
        event = event_of("github", HookKind.GITHUB, {"x-github-event": name}, body)
        assert event.name == name or event.name.startswith(f"{name}.")
        title, url = event.origin
        assert title.isprintable() and (url == "" or url.startswith("http"))
        named[event.name] = named.get(event.name, 0) + 1
        if name in {"issues", "pull_request", "check_run", "workflow_run", "issue_comment"}:
            assert event.at > 0 and url, event.name

    assert named.keys() >= FAMOUS, FAMOUS - named.keys()
    assert sum(named.values()) > 300


def test_each_example_is_taken_stored_and_carried_out_and_one_task_begins_for_each_subject(tmp_path: Path) -> None:
    counter = Counter(Shop(MemoryStore()), tmp_path)
    counter.adopt(ANYTHING)
    subjects, bodies = set[str](), set[bytes]()
    for number, (name, body) in enumerate(examples()):
        counter.take(body, event=name, delivery=f"d-{number}")
        event = event_of("github", HookKind.GITHUB, {"x-github-event": name}, body)
        try:
            value_at(event, "event.sender.login")
            subjects.add(rendered("{event.repository.full_name} {name}", event, 300))
        except BadInput:
            continue
        finally:
            bodies.add(body)
    while counter.carry_out():
        continue

    assert len(counter.tasks) == len(subjects) > 100
    states = {row.state for row in _rows(counter)}
    assert states <= {"done", "nothing", "failed"} and "done" in states
    assert len(_rows(counter)) == len(bodies)


def _rows(counter: Counter) -> tuple[Delivery, ...]:
    return counter.shop.gateway.perform(ReadDeliveries(10_000))
