"""What is read from the store is what was written, or an error that names what does not fit."""

from __future__ import annotations

import json

import pytest

from onloop.errors import StoreError
from onloop.gates.repository.file_changes import FileChange, FileKind, Status
from onloop.machine.events import Created, GatesRequested, Moved, Reassigned, StepEntered
from onloop.machine.state import Reason, State
from onloop.machine.store_state import StoreEvent
from onloop.machine.task import Evidence, Kind, Task, Verdict
from onloop.records import Record, fields_of
from onloop.store.codec import EVENTS, OF_THE_HOUSE, event_from_text, from_plain, from_text, to_plain, to_text
from onloop.views.changes import Changes

TASK = Task("t", "r", "Fix it", Kind.WORK, "d", "feature", "human:ana", 1, 2)
EVIDENCE = Evidence("tests", Verdict.PASS, "ok", "aa", "bb", "cc", "dd", "verifier:v", 7, argv=("a", "b"))


@pytest.mark.parametrize("record", [TASK, EVIDENCE], ids=["task", "evidence"])
def test_a_record_is_read_as_it_was_written_whatever_was_left_out(record: Record) -> None:
    text = to_text(record)
    read = from_text(type(record), text)

    assert len(json.loads(text)) < len(fields_of(type(record)))
    assert read == record
    assert to_text(read) == text


def test_two_records_share_no_dictionary_that_was_made_for_a_default() -> None:
    assert from_text(Task, to_text(TASK)).visits is not from_text(Task, to_text(TASK)).visits


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"step":"a.b","visit":1,"colour":"red"}', "it has an unknown field 'colour'"),
        ('{"step":"a.b","visit":"1"}', "visit is '1': expected int, got str"),
        ('{"step":"a.b","visit":true}', "visit is True: expected int, got bool"),
        ('{"step":null,"visit":1}', "step is null: expected str, got null"),
        ('{"step":"a.b"}', "the field 'visit' is missing"),
        ("{}", "the field 'step' is missing"),
        ('{"step":"a.b","visit":1}x', "trailing characters"),
        ("[]", "expected object, got array"),
        ("nonsense", "JSON is malformed"),
    ],
)
def test_what_does_not_fit_is_named(text: str, why: str) -> None:
    with pytest.raises(StoreError, match="a stored StepEntered cannot be read: ") as told:
        event_from_text("StepEntered", text)

    assert why in told.value.message


def test_the_same_text_under_two_names_is_two_events() -> None:
    assert event_from_text("Reassigned", '{"by":"b","to":"a"}') == Reassigned("a", "b")
    with pytest.raises(StoreError):
        event_from_text("StepEntered", '{"by":"b","to":"a"}')
    with pytest.raises(StoreError, match="this version does not know"):
        event_from_text("Reborn", '{"by":"b","to":"a"}')


@pytest.mark.parametrize("length", [1, 200])
def test_an_event_is_read_as_it_was_written(length: int) -> None:
    moved = Moved(State.WORKING, Reason.GATES_RUNNING, "d" * length)
    asked = GatesRequested(("t" * length,))
    entered = StepEntered("s" * length, 2)
    created = Created("t" * length, Kind.FLEET, "w", "d", "human:ana", "r", merges=("a",), max_parallel=3)

    for event in (moved, asked, entered, created):
        assert event_from_text(type(event).__name__, to_text(event)) == event


def test_every_event_of_the_house_is_known_for_one() -> None:
    assert {kind for kind in EVENTS.values() if issubclass(kind, StoreEvent)} == OF_THE_HOUSE


def test_what_a_bare_interpreter_has_to_know_goes_over_a_socket_too() -> None:
    changes = Changes((FileChange("a.py", Status.ADDED, FileKind.FILE, 1, 0),))

    assert from_plain(Changes, to_plain(changes)) == changes
