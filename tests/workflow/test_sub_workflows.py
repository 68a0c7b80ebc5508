"""Workflows that use others: their steps in the place of one, pinned together, and every mistake at its own place."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from onloop.errors import WorkflowError
from onloop.machine.definition import ReviewGate
from onloop.workflow.builtins import builtin
from onloop.workflow.loader import load
from onloop.workflow.pinned_files import bundled, unbundled

MAIN = """\
workflow: main
steps:
  - id: develop.write
    role: implementer
    gates: [{id: tests, command: [make, test]}]
  - id: review.all
    uses: parts/review.yaml
    with: {how: strictly}
    not_by: [develop.write]
    on_fail: develop.write
  - id: ship.release
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: develop.write
  - {id: ship.merge, effect: merge}
"""
REVIEW = """\
workflow: review
steps:
  - id: check.code
    role: reviewer
    brief: Read it {with.how}.
    gates: [{id: verdict, review: {quorum: 1}}]
    next:
      - {when: 'task.visits > 1', to: end}
      - {to: check.holes}
  - id: check.holes
    role: security
    not_by: [check.code]
    gates: [{id: verdict, review: {quorum: 1}}]
"""
FILES = {"parts/review.yaml": REVIEW}


def made(main: str = MAIN, files: Mapping[str, str] = FILES) -> bytes:
    return bundled(main.encode(), "main.yaml", lambda name: files[name].encode() if name in files else None)


def problems(main: str = MAIN, files: Mapping[str, str] = FILES) -> tuple[str, ...]:
    try:
        load(made(main, files), "main.yaml")
    except WorkflowError as error:
        return error.problems
    return ()


def test_the_steps_stand_in_the_place_of_the_one_that_uses_them_under_its_name() -> None:
    definition = load(made(), "main.yaml")

    ids = [step.id for step in definition.steps]
    assert ids == ["develop.write", "review.all.check.code", "review.all.check.holes", "ship.release", "ship.merge"]
    first, second = definition.steps[1:3]
    assert first.brief == "Read it strictly."
    assert (first.not_by, first.on_fail) == (("develop.write",), "develop.write")
    assert second.not_by == ("review.all.check.code",)
    assert isinstance(second.gates[0], ReviewGate)


def test_the_end_of_what_is_used_is_what_follows_it() -> None:
    definition = load(made(), "main.yaml")

    assert definition.followers("review.all.check.code") == ("ship.release", "review.all.check.holes")
    assert definition.followers("review.all.check.holes") == ("ship.release",)


def test_a_name_of_the_step_that_uses_is_that_of_its_first_step_and_of_who_works_in_it() -> None:
    extra = "  - id: tell.all\n    role: writer\n    not_by: [review.all]\n"
    text = MAIN.replace("  - id: ship.release", f"{extra}  - id: ship.release")

    definition = load(made(text), "main.yaml")

    assert definition.step("tell.all").not_by == ("review.all.check.code", "review.all.check.holes")


def test_the_digest_covers_every_file_and_what_was_pinned_loads_without_any_other() -> None:
    pinned = made()
    changed = made(files={"parts/review.yaml": REVIEW.replace("Read it", "Skim it")})

    assert load(pinned, "main.yaml").digest != load(changed, "main.yaml").digest
    assert load(pinned, "main.yaml") == load(pinned, "main.yaml")
    assert unbundled(pinned).source == MAIN.encode()
    assert unbundled(pinned).used == {"parts/review.yaml": REVIEW.encode()}


def test_a_file_that_uses_nothing_is_pinned_as_it_is() -> None:
    source = builtin("feature")

    assert bundled(source, "feature.yaml", lambda _: None) == source


def test_a_built_in_may_be_used_and_brings_its_environment() -> None:
    main = "workflow: mine\nsteps:\n  - {id: all.of, uses: feature}\n"

    definition = load(made(main), "mine.yaml")

    assert definition.steps[0].id.startswith("all.of.")
    assert definition.environment == load(builtin("feature"), "feature").environment


CIRCLE = {
    "a.yaml": "workflow: a\nsteps: [{id: a.b, uses: b.yaml}]\n",
    "b.yaml": "workflow: b\nsteps: [{id: b.a, uses: a.yaml}]\n",
}

MISTAKES = {
    "a file that is not there": (
        MAIN.replace("parts/review", "parts/revue"),
        FILES,
        "main.yaml:7:11: there is no workflow 'parts/revue.yaml'; ",
    ),
    "a text that is not asked for": (
        MAIN.replace("how: strictly", "how: strictly, why: x"),
        FILES,
        "main.yaml:8:27: parts/review.yaml asks for no {with.why}; remove it",
    ),
    "a text that is not given": (
        MAIN.replace("    with: {how: strictly}\n", ""),
        FILES,
        "parts/review.yaml:5:12: {with.how} is not given; add with: {how: …} to review.all",
    ),
    "a field of its own": (
        MAIN.replace("    on_fail:", "    timeout: 3s\n    on_fail:"),
        FILES,
        "main.yaml:10:5: review.all uses parts/review.yaml, whose steps have their own timeout; remove it",
    ),
    "a mistake in what is used": (
        MAIN,
        {"parts/review.yaml": REVIEW.replace("role: security", "rule: security")},
        "parts/review.yaml:11:5: unknown field 'rule' in a step",
    ),
    "an end before the last step where rules follow": (
        MAIN.replace("    on_fail:", "    next: [{to: ship.release}]\n    on_fail:"),
        FILES,
        "parts/review.yaml:8:9: review.all says what follows, and this leads to the end before its last step",
    ),
    "what is no workflow": (MAIN, {"parts/review.yaml": "- 1\n"}, "main.yaml:7:11: parts/review.yaml has no steps"),
    "a circle": (
        "workflow: main\nsteps: [{id: m.a, uses: a.yaml}]\n",
        CIRCLE,
        "b.yaml:2:25: workflows use each other: a.yaml → b.yaml → a.yaml",
    ),
}


@pytest.mark.parametrize(("main", "files", "said"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_named_in_the_file_where_it_stands(main: str, files: Mapping[str, str], said: str) -> None:
    found = problems(main, files)

    assert any(line.startswith(said) for line in found), found


def test_files_that_are_too_many_are_refused() -> None:
    files = {f"f{n}.yaml": f"workflow: w\nsteps: [{{id: a.b, uses: f{n + 1}.yaml}}]\n" for n in range(40)}
    main = "workflow: main\nsteps: [{id: m.a, uses: f0.yaml}]\n"

    assert "use at most 20" in problems(main, files)[0]


def test_files_that_use_each_other_often_are_refused_before_they_grow() -> None:
    many = ", ".join("{id: a.s%d, uses: %s.yaml}" % (number, "{next}") for number in range(90))  # noqa: UP031
    files = {f"f{n}.yaml": f"workflow: w\nsteps: [{many.replace('{next}', f'f{n + 1}')}]\n" for n in range(4)}
    files["f4.yaml"] = "workflow: w\nsteps: [{id: a.b, role: x}]\n"

    found = problems("workflow: main\nsteps: [{id: m.a, uses: f0.yaml}]\n", files)

    assert any("what is used has more than 200 steps" in line for line in found)


@pytest.mark.parametrize(
    "content",
    [b"%ONLOOP-USES ", b"%ONLOOP-USES []\n", b'%ONLOOP-USES [["", 99999]]\nworkflow: w\n', b"%ONLOOP-USES [[1]]\nx"],
    ids=["no index", "nothing", "too short", "another shape"],
)
def test_what_only_looks_like_several_files_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(WorkflowError):
        load(content, "flow.yaml")
