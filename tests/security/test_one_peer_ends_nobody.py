"""Whatever one peer sends, the resident gateway goes on: an odd frame ends at most that peer's own connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from gateway.served import message, resident
from gateway.shop import Shop
from gateway.test_resident import said
from onloop.errors import BadInput
from onloop.gates.intake.manifest import Manifest
from onloop.gates.intake.quarantine import Arrival
from onloop.home import Home
from onloop.remote.framing import framed
from onloop.remote.intake import Intake

LONG = "t" * 20_000
ODD: Mapping[str, list[Any]] = {
    "a scope that no log would hold": ["record", {"kind": "agent", "name": "x"}, "Frozen", {"scope": LONG}],
    "the name of a person that is as long": [
        "record",
        {"kind": "human", "name": "x"},
        "Unfrozen",
        {"scope": LONG},
    ],
    "a task that no log would hold": ["heartbeat", {"kind": "agent", "name": "x", "task": LONG}],
}


def asked(words: list[Any]) -> bytes:
    verb, who, *rest = words
    if verb == "heartbeat":
        return framed(message(verb, principal=who, lease_ms=1))
    name, fields = rest
    return framed(message(verb, principal=who, event=[name, {**fields, "by": "x", "reason": "r"}]))


@pytest.mark.parametrize("odd", ODD)
def test_what_is_denied_with_a_word_too_long_for_the_log_is_denied_and_others_are_served(
    durable: Shop, tmp_path: Path, odd: str
) -> None:
    home = Home(tmp_path / "store")
    with resident(home, durable.clock) as words:
        answers = said(home, asked(ODD[odd]), framed(message("jobs")))
        again = said(home, framed(message("jobs")))
    assert [list(answer) for answer in (*answers, *again)] == [["error"], ["ok"], ["ok"]]  # type: ignore[call-overload]
    assert [word for word in words if word.startswith("trouble")] == []


class Slow(Arrival):
    """One whose folder takes its time to go, as a large one does."""

    closing: Event
    go_on: Event

    def close(self) -> None:
        super().close()
        self.closing.set()
        assert self.go_on.wait(20)


@contextmanager
def going(folder: Path) -> Iterator[Intake]:
    """A hatch that another thread is just emptying."""
    made = Slow.begin(folder, Manifest("1" * 40, 100))
    assert isinstance(made, Slow)
    made.closing, made.go_on = Event(), Event()
    hatch = Intake(made)
    closing = Thread(target=hatch.close)
    closing.start()
    try:
        assert made.closing.wait(20)
        yield hatch
    finally:
        made.go_on.set()
        closing.join()


def test_bytes_that_come_while_what_they_belong_to_is_thrown_away_are_refused_in_words(tmp_path: Path) -> None:
    with going(tmp_path) as hatch, pytest.raises(BadInput, match="the bytes were not announced"):
        hatch.take(b"x")
