"""The examples of the verbs: every verb has some, each parses, and those that only look are run as they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from onloop.cli.main import parse
from onloop.cli.verb import Verb
from onloop.cli.verb_examples import CAUSE, EXAMPLES, RUN, TASK, Example, examples_of
from onloop.cli.verb_table import VERBS
from onloop.cli.verb_wants import WANTS
from support.world import WORKFLOW, World

ALL = [example for examples in EXAMPLES.values() for example in examples]
_TYPED = re.compile(
    r"^(?:eval \"\$\(onloop (?P<evaluated>.*)\)\"|source <\(onloop (?P<sourced>.*)\)"
    r"|onloop (?P<plain>.*?)(?: (?:&&|>) .*)?)$"
)
"""A command: as it is, or within what a shell does with what it prints."""


def _words(example: Example) -> list[str]:
    """The words that onloop gets, without what is the shell's."""
    found = _TYPED.search(example.command)
    assert found is not None, example.command
    return shlex.split(found["evaluated"] or found["sourced"] or found["plain"])


def _chosen(row: Verb) -> Iterator[str]:
    """The words that a verb chooses by."""
    for argument in row.arguments:
        if argument.names == ("what",):
            yield from argument.options["choices"]


@pytest.mark.parametrize("row", VERBS, ids=lambda row: row.name)
def test_every_verb_and_every_word_that_it_chooses_by_has_an_example(row: Verb) -> None:
    assert examples_of(row.name)
    assert [word for word in _chosen(row) if not examples_of(row.name, word)] == []


def test_no_example_is_of_a_verb_that_there_is_not() -> None:
    known = {*(row.name for row in VERBS), *(f"{row.name} {word}" for row in VERBS for word in _chosen(row))}

    assert set(EXAMPLES) - known == set()
    assert all(
        _words(example)[: name.count(" ") + 1] == name.split() for name in EXAMPLES for example in EXAMPLES[name]
    )


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.command)
def test_an_example_parses_and_is_short(example: Example) -> None:
    parse(_words(example))

    assert len(example.command) <= 90
    assert example.does[:1] not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" and not example.does.endswith(".")


def test_every_verb_stands_once_under_what_one_wants() -> None:
    assert sorted(name for names in WANTS.values() for name in names) == sorted(row.name for row in VERBS)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str, str]:
    """A store with a task whose agents gave up, and what the examples' names stand for in it."""
    world = World(tmp_path_factory.mktemp("examples"))
    world.init()
    run = world.fleet(world.origin("shop"), workflow=WORKFLOW.replace("max: 2", "max: 1"))
    world.onloop("work", "--role", "implementer", "--once", "--", "false")
    world.until(f"{run}.1", "input_required", "attempts_exhausted")
    return world, run, world.onloop("attention", "--json").json["groups"][0]["cause"]


@pytest.mark.parametrize("example", [each for each in ALL if each.looks], ids=lambda example: example.command)
def test_an_example_that_only_looks_can_be_tried_at_once(shop: tuple[World, str, str], example: Example) -> None:
    world, run, cause = shop
    stands_for = {TASK: f"{run}.1", RUN: run, CAUSE: cause}

    ran = world.onloop(*(stands_for.get(word, word) for word in _words(example)))

    assert ran.code == 0, ran.err


def test_help_of_a_verb_shows_its_examples_and_help_of_one_of_its_words_only_those(
    shop: tuple[World, str, str],
) -> None:
    world, _, _ = shop

    assert "onloop retry --cause c6c4ab0c --rest" in world.onloop("retry", "--help").out
    one = world.onloop("help", "store", "verify", "--json").json
    assert [each["command"] for each in one["examples"]] == ["onloop store verify"]
    assert "onloop store verify" in one["usage"] and "onloop store migrate" not in one["usage"]
    wrong = world.onloop("help", "store", "verfy")
    assert (wrong.code, "did you mean verify?" in wrong.err) == (2, True)


def test_help_lists_the_verbs_by_what_one_wants(shop: tuple[World, str, str]) -> None:
    listed = shop[0].onloop("help", env={"COLUMNS": "80"}).out

    assert any(
        line.split() == ["decide", "approve", "reject", "answer", "override", "delegate"]
        for line in listed.splitlines()
    )
