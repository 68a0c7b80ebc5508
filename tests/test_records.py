"""Records: values that never change, whose stored form leaves out what is as its default says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from onloop.machine.events import Created, RequestOpened
from onloop.machine.store_state import StoreState, fold_store
from onloop.machine.task import Feedback, Kind, Request, RequestKind, Task
from onloop.records import Record, SecretRecord, field, replace
from onloop.store.codec import from_text, to_text

ROOT = Path(__file__).parents[1]
TASK = Task("t", "r", "Fix it", Kind.WORK, "d", "feature", "human:ana", 1, 2, visits={"a": 1})


class Pair(Record):
    """Two fields, one with a default."""

    one: int
    other: str = "main"


class Key(SecretRecord):
    """A secret."""

    value: str = field(default="")


def test_a_record_never_changes_and_replace_gives_another() -> None:
    after = replace(TASK, step="a.b", tries=3)

    assert (after.step, after.tries, TASK.step, TASK.tries) == ("a.b", 3, None, 0)
    with pytest.raises(AttributeError):
        after.tries = 5  # type: ignore[misc]


def test_a_field_that_no_record_of_the_kind_has_is_an_error() -> None:
    with pytest.raises(TypeError, match="nothing"):
        replace(Feedback("gate", "x", "y", 1), nothing=1)  # type: ignore[call-arg]


def test_records_are_equal_by_their_fields_and_can_be_keys() -> None:
    assert {Pair(1), Pair(1, "main"), Pair(2)} == {Pair(1), Pair(2)}


def test_what_is_printed_of_a_secret_record_holds_no_secret() -> None:
    assert repr(Key("hunter2")) == "Key(…)"


def test_a_value_that_equals_a_default_is_left_out_whichever_object_it_is() -> None:
    target = "".join(("ma", "in"))
    created = Created("t", Kind.WORK, "w", "d", "human:ana", "r", target=target)
    asked = Request("q", RequestKind.QUESTION, "a.b", "?", 1, asked_by="".join(("gate", "way")))

    assert "target" not in json.loads(to_text(created))
    assert "asked_by" not in json.loads(to_text(RequestOpened(asked)))["request"]
    assert from_text(Created, to_text(created)) == created
    assert to_text(fold_store([])) == to_text(StoreState()) == "{}"


def test_a_truth_value_is_not_left_out_for_the_number_that_it_equals() -> None:
    class Counted(Record):
        count: int = 1

    assert to_text(Counted(True)) == '{"count":true}'


@pytest.mark.parametrize("value", [1.5, b"x", object()])
def test_what_has_no_stored_form_is_refused(value: object) -> None:
    class Holding(Record):
        what: object

    with pytest.raises(TypeError, match="has no stored form"):
        to_text(Holding(value))


def test_importing_records_leaves_the_modules_that_others_share_as_they_are() -> None:
    script = (
        "import sys, onloop.records; assert not {'inspect', 'typing_extensions'} & set(sys.modules);"
        "import typing_extensions; assert typing_extensions.TypedDict"
    )

    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": str(ROOT / "core")})


def test_the_short_path_of_check_loads_no_records() -> None:
    script = "import sys, onloop.cli.{}; assert not {{'msgspec', 'dataclasses', 'typing'}} & set(sys.modules)"
    for module in ("glance",):
        subprocess.run(
            [sys.executable, "-c", script.format(module)], check=True, env={"PYTHONPATH": str(ROOT / "core")}
        )
