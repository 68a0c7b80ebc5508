"""A webhook is a hint: what it is about is read again at the forge, and what that says now is what counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.errors import BadInput
from onloop.store.memory import MemoryStore
from onloop.triggers.delivery_records import outcome_of
from onloop.triggers.hook_events import event_of
from onloop.triggers.hook_proofs import HookKind
from onloop.triggers.source_reading import freshened
from support.forge import TestForge
from support.forge.fault import FaultKind
from triggers.counting import Counter

LABELLED = """\
triggers:
  - id: fix
    source: github
    on: [issues, pull_request]
    when: "has(event.issue) && event.issue.state == 'open' && event.issue.labels.exists(l, l.name == 'agent')"
    subject: "issue {event.issue.number}"
    do: {start: {workflow: feature, repository: /srv/shop.git, branch: main, title: "{event.issue.title}"}}
"""


@pytest.fixture
def counter(forge: TestForge, tmp_path: Path) -> Iterator[Counter]:
    (tmp_path / "store").mkdir(mode=0o700)
    forge.declare(tmp_path / "store")
    made = Counter(Shop(MemoryStore()), tmp_path, freshened(tmp_path / "store"))
    made.adopt(LABELLED)
    yield made


def told(forge: TestForge, number: int, title: str = "as it was", host: str = "") -> bytes:
    """An event about an issue, as it was some time ago."""
    issue = {"number": number, "state": "open", "title": title, "labels": [{"name": "agent"}]}
    where = f"https://{host or forge.host}/acme/app"
    return json.dumps(
        {"action": "labeled", "issue": issue, "repository": {"full_name": "acme/app", "html_url": where}}
    ).encode()


def opened(forge: TestForge, title: str, *labels: str) -> int:
    """An issue of the forge."""
    return forge.issue("acme/app", "ana", title, "", labels)


def test_what_the_source_says_now_counts(counter: Counter, forge: TestForge) -> None:
    number, gone = opened(forge, "as it is now", "agent"), opened(forge, "not any more")
    counter.take(told(forge, number), delivery="good")
    counter.take(told(forge, gone), delivery="stale")
    counter.carry_out()

    assert [task.title for task in counter.tasks] == ["as it is now"]
    assert outcome_of(counter.row("good")).read == "source"
    stale = outcome_of(counter.row("stale"))
    assert (stale.read, stale.results[0].did.value) == ("source", "nothing")


def test_without_a_token_the_payload_counts_and_the_log_says_so(counter: Counter, forge: TestForge) -> None:
    counter.take(told(forge, 77, host="other.example"), delivery="d")
    counter.carry_out()

    assert [task.title for task in counter.tasks] == ["as it was"]
    assert outcome_of(counter.row("d")).read == "payload"


def test_an_outage_is_waited_for_and_a_refusal_is_said(counter: Counter, forge: TestForge) -> None:
    number = opened(forge, "as it is now", "agent")
    outage = forge.fail("error", rf"GET /repos/acme/app/issues/{number}$", times=1_000)
    counter.take(told(forge, number), delivery="late")
    counter.take(told(forge, 4711), delivery="never")
    counter.carry_out()
    waits, refused = counter.row("late"), counter.row("never")
    outage.times = 0
    counter.shop.later(10_000)
    counter.carry_out()

    assert (waits.state, waits.tries) == ("waiting", 1)
    assert refused.state == "failed" and "the source does not show it" in outcome_of(refused).problem
    assert [task.title for task in counter.tasks] == ["as it is now"]


@pytest.mark.parametrize("full", ["acme", "acme/../x", "a/b/c", "", None, "acme/app?x"])
def test_a_name_that_is_none_is_not_asked_for(full: object, tmp_path: Path) -> None:
    body = json.dumps(
        {"action": "x", "issue": {"number": 1}, "repository": {"full_name": full, "html_url": "https://h/x"}}
    )
    event = event_of("github", HookKind.GITHUB, {"x-github-event": "issues"}, body.encode())

    assert freshened(tmp_path)(event) is None
    with pytest.raises(BadInput):
        event_of("github", HookKind.GITHUB, {"x-github-event": "issues"}, b"{}")


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden"])
def test_a_token_that_has_run_out_says_nothing_of_a_webhook_which_waits_for_another(
    counter: Counter, forge: TestForge, kind: FaultKind
) -> None:
    number = opened(forge, "as it is now", "agent")
    refusing = forge.fail(kind, f"issues/{number}", times=1_000)
    counter.take(told(forge, number), delivery="d")
    counter.carry_out()
    waits = counter.row("d")
    refusing.times = 0
    counter.shop.later(10_000)
    counter.carry_out()

    assert waits.state == "waiting" and "the source does not let us look" in outcome_of(waits).problem
    assert [task.title for task in counter.tasks] == ["as it is now"]
