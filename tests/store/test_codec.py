"""What is read from the store is what was written, or an error that names what does not fit."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from onloop.errors import StoreError
from onloop.machine.events import Created, GatesRequested, Moved, Reassigned, StepEntered
from onloop.machine.state import Reason, State
from onloop.machine.store_state import StoreEvent
from onloop.machine.task import Evidence, Kind, Task, Verdict
from onloop.store.codec import EVENTS, OF_THE_HOUSE, SHORT, event_from_text, from_text, to_text

TASK = Task("t", "r", "Fix it", Kind.WORK, "d", "feature", "human:ana", 1, 2)
EVIDENCE = Evidence("tests", Verdict.PASS, "ok", "aa", "bb", "cc", "dd", "verifier:v", 7, argv=("a", "b"))


@pytest.mark.parametrize("record", [TASK, EVIDENCE], ids=["task", "evidence"])
def test_a_record_is_read_as_it_was_written_whatever_was_left_out(record: object) -> None:
    text = to_text(record)
    read = from_text(type(record), text)

    assert len(json.loads(text)) < len(fields(record))  # type: ignore[arg-type]
    assert read == record
    assert to_text(read) == text


def test_two_records_share_no_dictionary_that_was_made_for_a_default() -> None:
    assert from_text(Task, to_text(TASK)).visits is not from_text(Task, to_text(TASK)).visits


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"step":"a.b","visit":1,"colour":"red"}', "StepEntered has no field 'colour'"),
        ('{"step":"a.b","visit":"1"}', "'1' is not int"),
        ('{"step":"a.b","visit":true}', "True is not int"),
        ('{"step":null,"visit":1}', "None is not str"),
        ('{"step":"a.b"}', "missing 1 required positional argument: 'visit'"),
        ("{}", "missing 2 required positional arguments: 'step' and 'visit'"),
        ('{"step":"a.b","visit":1} ', "something follows its end"),
        ("[]", "object has no attribute"),
        ("nonsense", "Expecting value"),
    ],
)
@pytest.mark.parametrize("longer", [0, SHORT + 1])
def test_what_does_not_fit_is_named_and_never_believed_later(text: str, why: str, longer: int) -> None:
    padded = text.replace("a.b", "a.b" + "x" * longer)
    for _ in range(2):
        with pytest.raises(StoreError, match="a stored StepEntered cannot be read: ") as told:
            event_from_text("StepEntered", padded)
        assert why in told.value.message


def test_the_same_text_under_two_names_is_two_events() -> None:
    assert event_from_text("Reassigned", '{"by":"b","to":"a"}') == Reassigned("a", "b")
    with pytest.raises(StoreError):
        event_from_text("StepEntered", '{"by":"b","to":"a"}')
    with pytest.raises(StoreError, match="this version does not know"):
        event_from_text("Reborn", '{"by":"b","to":"a"}')


@pytest.mark.parametrize("length", [1, SHORT * 2])
def test_short_and_long_events_are_read_alike(length: int) -> None:
    moved = Moved(State.WORKING, Reason.GATES_RUNNING, "d" * length)
    asked = GatesRequested(("t" * length,))
    entered = StepEntered("s" * length, 2)
    created = Created("t" * length, Kind.FLEET, "d", "w", "human:ana", "r", merges=("a",), max_parallel=3)

    for event in (moved, asked, entered, created):
        assert event_from_text(type(event).__name__, to_text(event)) == event


def test_every_event_of_the_house_is_known_for_one() -> None:
    assert {kind for kind in EVENTS.values() if issubclass(kind, StoreEvent)} == OF_THE_HOUSE
