"""What nobody knows is an error in every verb that takes its name, and the error names what comes nearest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from onloop.cli.value_kinds import ValueKind, value_kind
from onloop.cli.verb import Argument, Verb
from onloop.cli.verb_table import VERBS
from support.world import PASSPHRASE, World

NEAR = {
    ValueKind.TASK: "{run}.11",
    ValueKind.RUN: "{run}x",
    ValueKind.REPOSITORY: "shopp",
    ValueKind.WORKFLOW: "smal",
    ValueKind.ROLE: "implementor",
    ValueKind.STEP: "develop.wrte",
    ValueKind.GATE: "relese",
    ValueKind.CAUSE: "nope",
    ValueKind.RULE: "nope",
}
"""A name that nothing has, for each kind; most are nearly one that something has."""

MEANT = {
    ValueKind.TASK: "{run}.1",
    ValueKind.RUN: "{run}",
    ValueKind.REPOSITORY: "shop",
    ValueKind.WORKFLOW: "small",
    ValueKind.ROLE: "implementer",
    ValueKind.STEP: "develop.write",
    ValueKind.GATE: "release",
}
UNLIKE = {("retry", "--role"), ("fleet", "run"), ("simulate", "--workflow")}
"""Where the names there are, are said, and not the nearest; a simulation knows built-ins and files, and no store."""

LEAST = {
    "answer": "answer {task} yes",
    "reassign": "reassign {task} --to implementer --reason why",
    "amend": "amend {task} --workflow feature --reason why",
    "exclude": "exclude --reason why",
    "fleet": "fleet add {given} --targets /dev/null",
    "mute": "mute --for 1h --reason why",
    "ack": "ack",
    "work": "work --role implementer --once -- true",
    "claim": "claim --role implementer",
    "approve": "approve {task}",
    "reject": "reject {task}",
    "note": "note {task} text",
    "override": "override {task} --gate release --reason why",
}
"""The words of a verb beside the name that is tried, where they are more than its task."""

ELSEWHERE = {
    ("reassign", "--to"),
    ("tell", "--to"),
    ("handoff", "--to"),
    ("join", "--role"),
    ("join", "task"),
    ("answer", "task"),
    ("cause", "--task"),
    ("token", "--role"),
    ("token", "--repo"),
    ("tickets", "--repo"),
    ("tickets", "--workflow"),
}
"""What is looked up under an agent's lease or in its clone (tests of messages, of the relay and of joining).

Tickets are asked for at a forge first, which this store has none of (tests of tickets).

A launcher may be let in for what is yet to come.
"""


def _cases() -> Iterator[tuple[Verb, Argument]]:
    for row in VERBS:
        for argument in row.arguments:
            if value_kind(row.name, argument) in NEAR and (row.name, argument.names[0]) not in ELSEWHERE:
                yield row, argument


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str]:
    world = World(tmp_path_factory.mktemp("unknown"))
    world.init()
    run = world.fleet(world.origin("shop"))
    greeting = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello"'
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(greeting))
    world.until(f"{run}.1", "input_required", "approval_required")
    return world, run


@pytest.mark.parametrize(("row", "argument"), _cases(), ids=lambda each: getattr(each, "name", None) or each.names[0])
def test_an_unknown_name_is_an_error_that_says_which_one_was_meant(
    shop: tuple[World, str], row: Verb, argument: Argument
) -> None:
    world, run = shop
    kind, option = value_kind(row.name, argument), argument.names[0]
    given = NEAR[kind].format(run=run)
    words = _words(row, option, f"{run}.1", given)
    decides = any("--as" in each.names for each in row.arguments)

    ran = world.onloop(*words, passphrase=PASSPHRASE if decides else None)

    assert ran.code != 0, (words, ran.out)
    assert given in ran.err, (words, ran.err)
    if kind in MEANT and (row.name, option) not in UNLIKE:
        assert f"did you mean {MEANT[kind].format(run=run)}?" in ran.err, (words, ran.err)


def _words(row: Verb, option: str, task: str, given: str) -> list[str]:
    """The fewest words of a verb with the given value for one of its arguments."""
    takes_task = any(each.names[0] == "task" and not each.options.get("nargs") for each in row.arguments)
    words = (
        LEAST.get(row.name, f"{row.name} {{task}}" if takes_task else row.name).format(task=task, given=given).split()
    )
    if given in words:
        return words
    if option == "task":
        return [given if word == task else word for word in words] if task in words else [*words, given]
    if option.startswith("--"):
        words = words[: words.index(option)] + words[words.index(option) + 2 :] if option in words else words
        end = words.index("--") if "--" in words else len(words)
        return [*words[:end], option, given, *words[end:]]
    return [words[0], given, *words[1:]]


def test_an_unknown_person_is_an_error_that_says_who_is_enrolled(shop: tuple[World, str]) -> None:
    world, run = shop

    ran = world.onloop("pause", f"{run}.1", "--as", "anna", passphrase=PASSPHRASE)

    assert (ran.code, ran.out) != (0, "")
    assert "'anna'" in ran.err and "enrolled: ana" in ran.err


def test_a_task_in_the_place_of_a_run_is_told_its_run(shop: tuple[World, str]) -> None:
    world, run = shop

    ran = world.onloop("list", "--run", f"{run}.1", "--json")

    assert (ran.code, ran.json["hint"]) == (2, f"--run {run}")
    assert world.onloop("list", "--run", run).code == 0


def test_an_option_a_choice_and_a_state_that_there_is_not_are_told_the_nearest(shop: tuple[World, str]) -> None:
    world, _ = shop

    for words, meant in (
        (("list", "--sate", "working"), "--state"),
        (("store", "verfy"), "verify"),
        (("list", "--state", "workin"), "working"),
        (("lst",), "list"),
        (("help", "gats"), "gates"),
        (("graph", "featur"), "feature"),
        (("simulate", "--workflow", "featur"), "feature"),
        (("workflow", "print", "featur"), "feature"),
        (("hook", "show", "claud"), "claude"),
        (("doctor", "--agent", "claud"), "claude"),
        (("schema", "chek"), "check"),
    ):
        ran = world.onloop(*words)
        assert (ran.code, ran.out) == (2, ""), words
        assert f"did you mean {meant}?" in ran.err, (words, ran.err)
