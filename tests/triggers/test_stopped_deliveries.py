"""What stops one webhook stops no other, however odd it is; and it is tried as long as what stops it can pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.shop import Shop
from onloop.errors import Unavailable
from onloop.records import replace
from onloop.triggers.delivery_operations import LONGEST_HELD_MS, TRIES_MS
from onloop.triggers.delivery_records import outcome_of
from onloop.triggers.hook_events import HookEvent, time_of
from onloop.triggers.source_reading import freshened
from support.hooked import issue
from triggers.counting import Counter


@pytest.fixture
def counter(shop: Shop, tmp_path: Path) -> Counter:
    made = Counter(shop, tmp_path)
    made.adopt()
    (tmp_path / "store").mkdir(mode=0o700, exist_ok=True)
    made.freshen = freshened(tmp_path / "store")
    return made


def odd(where: str, name: str, value: Any) -> bytes:
    """An event about an issue in which one value is another."""
    event = json.loads(issue("labeled", 5))
    event[where][name] = value
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    "body",
    [
        odd("repository", "html_url", "https://[acme/shop"),
        odd("issue", "updated_at", "0001-01-01T00:00:00+00:00"),
        odd("issue", "updated_at", "1960-01-01T00:00:00Z"),
        odd("issue", "updated_at", "9999-12-31T23:59:59-14:00"),
        odd("issue", "number", 10**400),
        odd("issue", "title", "\ud800 odd"),
    ],
    ids=["a URL that is none", "the year 1", "before 1970", "the last year", "a huge number", "half a character"],
)
def test_an_odd_webhook_stops_no_other(counter: Counter, body: bytes) -> None:
    counter.take(body, delivery="odd")
    counter.shop.later(1_000)
    counter.take(issue("labeled", 6), delivery="good")
    counter.carry_out()

    assert counter.row("good").state == "done"
    assert counter.row("odd").state == "done", outcome_of(counter.row("odd"))


def test_an_error_of_our_own_on_one_webhook_is_said_of_it_and_stops_no_other(counter: Counter) -> None:
    def broken(event: HookEvent) -> HookEvent | None:
        if event.payload["issue"]["number"] == 5:
            raise KeyError("nobody expected this")
        return None

    counter.freshen = broken
    counter.take(issue("labeled", 5), delivery="odd")
    counter.take(issue("labeled", 6), delivery="good")
    counter.carry_out()

    assert (counter.row("odd").state, counter.row("good").state) == ("failed", "done")
    assert "KeyError: 'nobody expected this'" in outcome_of(counter.row("odd")).problem


def test_what_cannot_be_written_is_said_of_its_webhook_and_stops_no_other(counter: Counter) -> None:
    def impossible(event: HookEvent) -> HookEvent | None:
        return replace(event, at=-1) if event.payload["issue"]["number"] == 5 else None

    counter.freshen = impossible
    counter.take(issue("labeled", 5), delivery="odd")
    counter.take(issue("labeled", 6), delivery="good")
    counter.carry_out()

    assert (counter.row("odd").state, counter.row("good").state) == ("failed", "done")
    assert "-1" in outcome_of(counter.row("odd")).problem and counter.carry_out() == 0


def test_a_time_before_1970_is_none_and_the_last_one_is_of_the_year_9999() -> None:
    assert time_of("1960-01-01T00:00:00Z") == 0
    assert time_of("9999-12-31T23:59:59-14:00") == 253_402_300_799_999


def test_a_freeze_of_days_loses_no_webhook_and_counts_no_try(counter: Counter) -> None:
    counter.shop.freeze()
    counter.take(issue("labeled", 7), delivery="held")
    for _ in range(200):
        counter.carry_out()
        counter.shop.later(3_600_000)
    held = counter.row("held")
    counter.shop.unfreeze()
    counter.carry_out()

    assert (held.state, held.tries) == ("waiting", 0)
    assert outcome_of(held).problem.startswith("nothing may begin: all is frozen")
    assert counter.row("held").state == "done" and len(counter.tasks) == 1


def test_what_is_held_is_tried_less_and_less_often_and_soon_enough_when_it_is_not(counter: Counter) -> None:
    counter.shop.freeze()
    receipt = counter.take(issue("labeled", 7), delivery="held")
    waits = list[int]()
    while len(waits) < 80:
        counter.carry_out()
        waits.append(counter.row(receipt.id).due - counter.shop.clock())
        counter.shop.later(waits[-1])

    assert (waits[0], waits[-1]) == (TRIES_MS[0], LONGEST_HELD_MS) and waits == sorted(waits)


def test_an_outage_of_a_weekend_loses_no_webhook(counter: Counter) -> None:
    def down(event: HookEvent) -> HookEvent | None:
        raise Unavailable(f"the forge of {event.source} does not answer", hint="later")

    up, counter.freshen = counter.freshen, down
    counter.take(issue("labeled", 7), delivery="late")
    for _ in range(60):
        counter.carry_out()
        counter.shop.later(3_600_000)
    counter.freshen = up
    counter.carry_out()

    assert counter.row("late").state == "done" and len(counter.tasks) == 1
