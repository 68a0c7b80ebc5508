"""What a verb takes is spelled once for argparse and once with types, and both say the same."""

from __future__ import annotations

import argparse
import types
import typing
from typing import Any

import msgspec
import pytest

from onloop.agents.worker import command_words
from onloop.cli.arguments import Arguments, DashboardArguments, PersonArguments, WorkArguments
from onloop.cli.main import parse, verb_parser
from onloop.cli.verb import Verb
from onloop.cli.verb_table import VERBS, verb
from onloop.errors import BadInput

_OWN = {"help"}


def options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """What argparse reads, by the name of the field that it fills."""
    return {action.dest: action for action in parser._actions if action.dest not in _OWN}


def expected(action: argparse.Action) -> set[Any]:
    """The types that argparse can fill a field with."""
    is_gathered = isinstance(action, argparse._AppendAction) or action.nargs in {"+", "*", "..."}
    if is_gathered:
        found: set[Any] = {tuple[str, ...]}
    elif isinstance(action, argparse._StoreTrueAction):
        found = {bool}
    else:
        found = {int if action.type is int else str}
    is_left_out = action.default is None and not action.required
    return found | ({type(None)} if is_left_out and action.nargs != "..." else set())


def members(kind: Any) -> set[Any]:
    """The members of a union, or the one type that it is."""
    return set(typing.get_args(kind)) if isinstance(kind, types.UnionType) else {kind}


@pytest.mark.parametrize("row", VERBS, ids=lambda row: row.name)
def test_the_record_of_a_verb_has_a_field_for_each_argument_with_the_type_that_it_gets(row: Verb) -> None:
    read, fields = options(verb_parser(row)), {slot.name: slot.type for slot in msgspec.structs.fields(row.takes)}

    assert set(fields) == set(read)
    assert {name: members(kind) for name, kind in fields.items()} == {n: expected(action) for n, action in read.items()}


def test_no_two_verbs_of_people_lose_who_decides() -> None:
    deciding = [row for row in VERBS if any("--as" in argument.names for argument in row.arguments)]

    assert all(issubclass(row.takes, PersonArguments) for row in deciding)
    assert len(deciding) > 15


def test_words_become_a_record_that_nobody_changes() -> None:
    found, args = parse(["--json", "handoff", "--why", "full", "--open", "one", "--open", "two"])

    assert found is verb("handoff")
    assert (args.as_json, getattr(args, "open", None), getattr(args, "to", None)) == (True, ("one", "two"), "")
    with pytest.raises(AttributeError):
        args.store = "elsewhere"  # type: ignore[misc]


def test_without_a_verb_it_is_the_dashboards() -> None:
    found, args = parse(["--read-only", "--workflows", "a", "--workflows", "b"])

    assert found is None and isinstance(args, DashboardArguments)
    assert (args.read_only, args.workflows, args.person, args.role) == (True, ("a", "b"), None, None)


def test_a_number_that_is_none_is_refused_in_our_words() -> None:
    with pytest.raises(BadInput, match="'x' is not a whole number"):
        parse(["log", "--after", "x"])


def test_a_verb_without_arguments_takes_what_all_take() -> None:
    found, args = parse(["check"])

    assert found is not None and type(args) is Arguments


@pytest.mark.parametrize("words", [("--", "sh", "-c", "true"), ("sh", "-c", "true")])
def test_an_agents_command_loses_the_dashes_that_separate_it(words: tuple[str, ...]) -> None:
    _, args = parse(["work", "--role", "implementer", *words])

    assert isinstance(args, WorkArguments)
    assert command_words(args.command) == ("sh", "-c", "true")


def _with_an_optional_word() -> list[Verb]:
    """The verbs of which a word may be left out, but for those that pass the rest on to a command."""
    kinds = [{argument.options.get("nargs") for argument in row.arguments} for row in VERBS]
    return [row for row, found in zip(VERBS, kinds, strict=True) if found & {"?", "*", "+"} and "..." not in found]


def _words_of(row: Verb) -> tuple[list[str], list[str]]:
    """A word for each word of the verb, and a value for each option that is not left out."""
    positional = [argument for argument in row.arguments if not argument.names[0].startswith("-")]
    words = [str((*argument.options.get("choices", ()), f"w{n}")[0]) for n, argument in enumerate(positional)]
    required = [argument.names[0] for argument in row.arguments if argument.options.get("required")]
    return words, [part for name in (*required, "--store") for part in (name, "7")]


@pytest.mark.parametrize("row", _with_an_optional_word(), ids=lambda row: row.name)
def test_options_may_come_before_between_and_behind_the_words_of_a_verb(row: Verb) -> None:
    words, given = _words_of(row)
    _, behind = parse([row.name, *words, *given])

    for place in range(len(words)):
        assert parse([row.name, *words[:place], *given, *words[place:]])[1] == behind


def test_what_is_behind_two_hyphens_is_a_word_wherever_the_options_are() -> None:
    _, note = parse(["note", "b4.1", "--as", "ana", "--", "--hello"])

    assert (note.person, note.text) == ("ana", "--hello")  # type: ignore[attr-defined]
    with pytest.raises(BadInput, match="unrecognized arguments: --hello"):
        parse(["note", "b4.1", "--as", "ana", "--hello"])


def test_a_role_is_one_that_the_dashboard_can_begin_with() -> None:
    _, args = parse(["--role", "operator"])
    assert isinstance(args, DashboardArguments) and args.role == "operator"
    with pytest.raises(BadInput, match="'boss'"):
        parse(["--role", "boss"])
