"""What we tell somebody to type next is a command: a verb that there is, with options that it takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.access.isolation import recipe
from onloop.agents.vendors.known_vendors import HOOKED
from onloop.cli.main import parse
from onloop.cli.verb import COMMON
from onloop.cli.verb_table import verb
from onloop.home import Home
from support.world import ROOT, World

SOURCES = sorted([*ROOT.glob("core/onloop/**/*.py"), *ROOT.glob("tui/onloop_tui/**/*.py")])
_COMMAND = re.compile(r"\bonloop (?P<verb>[a-z]+)(?P<rest>(?: +(?:--?[a-z-]+|[^ ;,.()`]+))*)")
_OPTION = re.compile(r" (--[a-z][a-z-]*)")
NO_VERBS = {"complete", "brings", "as", "accepts", "then", "that", "at"}
"""What scripts of shells ask, and what a sentence about onloop goes on with."""


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every literal text, and every f-string with … for what is filled in."""
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within:
            yield node.lineno, node.value


def _hints(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"hint", "way"}:
            yield from _texts(node.value)


def _commands(texts: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for line, text in texts:
        for found in _COMMAND.finditer(text):
            yield line, found["verb"], found["rest"]


@pytest.mark.parametrize("read", [_hints, _texts], ids=["hints", "all texts"])
def test_a_command_in_a_text_is_of_a_verb_that_there_is_with_options_that_it_takes(read: object) -> None:
    assert callable(read)
    wrong = []
    for path in SOURCES:
        for line, name, rest in _commands(read(ast.parse(path.read_text(encoding="utf-8")))):
            where, row = f"{path.relative_to(ROOT)}:{line} onloop {name}{rest}", verb(name)
            if row is None:
                wrong += [where] if read is _hints and name not in NO_VERBS else []
                continue
            known = {name for argument in (*row.arguments, *COMMON) for name in argument.names} | {"--help"}
            wrong += [where for option in _OPTION.findall(rest.partition(" -- ")[0]) if option not in known]

    assert wrong == []


def test_a_command_of_a_verb_or_with_an_option_that_there_is_not_would_be_seen() -> None:
    tree = ast.parse('raise X("a", hint=f"onloop {a} or onloop forget --all, onloop list --sate")')

    assert [(name, _OPTION.findall(rest)) for _, name, rest in _commands(_hints(tree))] == [
        ("forget", ["--all"]),
        ("list", ["--sate"]),
    ]
    assert verb("forget") is None


def test_the_commands_that_isolate_a_store_name_its_approver() -> None:
    [made] = [
        line for line in recipe(Home(Path("/srv/s")), "gate", "agents", "ana b") if line.startswith("onloop init")
    ]

    assert made.endswith("--name 'ana b'")
    parse(["init", *made.replace("'ana b'", "ana").split()[2:]])


@pytest.mark.parametrize("agent", HOOKED)
def test_a_hook_that_is_shown_says_what_calls_us(tmp_path: Path, agent: str) -> None:
    shown = World(tmp_path).onloop("hook", "show", agent, "--json").json

    assert f"onloop hook {agent}" in str(shown["hooks"])


def test_an_agent_that_may_not_is_told_the_verb_of_people(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.init()
    run = world.fleet(world.origin("shop"))
    exports = world.onloop("claim", f"{run}.1", "--role", "implementer", "--json").json["env"]
    origin = str(world.folder / "origins" / "shop.git")

    for words in (("gc",), ("repository", "tolerate", origin)):
        ran = world.onloop(*words, env=exports)

        assert ran.code != 0
        assert f"a person must: onloop {words[0]} … --as NAME" in ran.err
