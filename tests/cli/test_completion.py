"""Completion: what shells are offered, that they are offered it soon, and that nothing offered is ever evaluated."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.test_import_budgets import loaded
from onloop.access.opening import open_file
from onloop.cli.completion.command_shape import shapes
from onloop.cli.completion.stored_names import stored_names
from onloop.cli.value_kinds import Shell
from onloop.cli.verb_table import VERBS
from onloop.home import Home
from onloop.views.queries.known_names import NameKind, ReadNames
from support.waiting import DEADLINE_S
from support.world import World

HOSTILE = "h$(touch hacked)`touch hacked`;touch hacked"
"""A repository whose name would run a program, if a shell ever evaluated it."""

TITLE = "x\x1b]0;owned\x07 $(touch hacked)\n--json"
SETTINGS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
FIRST = {
    "bash": "PS1='ready> '; source ./script",
    "zsh": "PS1='ready> '; autoload -Uz compinit; compinit -u -D; source ./script",
    "fish": "function fish_prompt; echo -n 'ready> '; end; source ./script",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A store with a hostile repository in it, and the scripts of all shells beside it."""
    made = World(tmp_path_factory.mktemp("completion"))
    made.init()
    run = made.fleet(made.origin(HOSTILE), made.origin("shop"), made.origin("日本 語"))
    assert made.onloop("list", "--run", run).code == 0
    shim = made.folder / "bin" / "onloop"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m onloop.cli.entry "$@"\n')
    shim.chmod(0o755)
    for shell in Shell:
        folder = made.folder / shell
        folder.mkdir()
        (folder / "script").write_text(made.onloop("completion", shell).out)
    return made


def _environment(world: World) -> dict[str, str]:
    given = world.environment | {"TERM": "xterm", "COLUMNS": "200"}
    return given | {"PATH": f"{world.folder / 'bin'}{os.pathsep}{given['PATH']}"}


def _typed(world: World, shell: str, line: str, wanted: str) -> str:
    """What stands on the screen once `wanted` does, and what is printed then, where Enter is hit."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(world.folder / shell)
        os.execvpe(shell, SETTINGS[shell], _environment(world))  # noqa: S606
    try:
        os.write(terminal, f'{FIRST[shell]}; echo be""gun\n'.encode())
        _read(terminal, "begun")
        os.write(terminal, line.encode())
        screen = _read(terminal, wanted)
        os.write(terminal, b' --no-such; echo en""ded\n')
        return screen + _read(terminal, "ended")
    finally:
        os.close(terminal)
        os.kill(process, 9)
        os.waitpid(process, 0)


def _read(terminal: int, wanted: str) -> str:
    """The screen up to what is wanted, without what moves the cursor."""
    got, ends = b"", time.monotonic() + DEADLINE_S
    while wanted not in (screen := re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", got.decode(errors="replace"))):
        ready, _, _ = select.select([terminal], [], [], max(0.0, ends - time.monotonic()))
        assert ready, f"{wanted!r} did not come: {screen!r}"
        got += os.read(terminal, 65_536)
    return screen


def _bash(world: World, *words: str) -> list[str]:
    """What bash is offered for the last of the words."""
    call = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _onloop "$1"; printf \'%s\\n\' "${COMPREPLY[@]}"'
    ran = subprocess.run(
        ["bash", "-c", f"source ./script; compopt() {{ :; }}; {call}", "bash", "onloop", *words],
        cwd=world.folder / "bash",
        env=_environment(world),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["sto"], ["store"]),
        (["list", "--st"], ["--state", "--store"]),
        (["list", "--state", "work"], ["working"]),
        (["list", "--state", "=", "work"], ["working"]),
        (["store", ""], ["verify", "export", "import", "copy", "archive", "migrate"]),
        (["--json", "hook", "install", "cl"], ["claude"]),
        (["reject", "--as", ""], ["ana"]),
        (["work", "--role", "implementer", "--repo", "sh"], ["shop"]),
        (["freeze", "repo", ":", "sh"], ["shop"]),
        (["start", "--title", ""], [""]),
        (["help", "gat"], ["gates"]),
        (["work", "--", "sh"], [""]),
    ],
)
def test_bash_is_offered_what_fits_where_the_cursor_is(world: World, words: list[str], offered: list[str]) -> None:
    assert _bash(world, *words) == offered


def test_bash_inserts_a_hostile_name_quoted_and_evaluates_nothing(world: World) -> None:
    [inserted] = _bash(world, "work", "--repo", "h")

    ran = subprocess.run(["bash", "-c", f"printf %s {inserted}"], capture_output=True, text=True, check=True)
    assert ran.stdout == HOSTILE
    assert not list((world.folder / "bash").glob("hacked"))


@pytest.mark.parametrize("shell", SETTINGS)
def test_a_shell_completes_and_runs_nothing_that_a_name_says(world: World, shell: str) -> None:
    assert "unrecognized" in _typed(world, shell, "onloop lis\t--state workin\t", "--state working")

    screen = _typed(world, shell, "onloop work --repo h\t", r"\;touch")

    assert "unrecognized arguments: --no-such" in screen
    assert [path.name for path in (world.folder / shell).iterdir()] == ["script"]


def test_what_is_offered_is_printable_one_line_each_and_no_option(world: World) -> None:
    begun = world.onloop("start", "feature", "--repo", str(world.origin("titled")), "--title", TITLE, "--no-base-check")
    assert begun.code in {0, 11}, begun.err

    lines = world.onloop("complete", "task").out.splitlines()

    assert len(lines) == 5
    assert all(line.replace("\t", "").isprintable() and line[0] not in "-\t" for line in lines)
    assert any("$(touch hacked)" in line for line in lines)


@pytest.mark.parametrize("words", [[], ["task"], ["cause"], ["no-such-kind"], ["--store"], ["begun"], ["agent"]])
def test_without_a_store_nothing_is_offered_and_nothing_said(tmp_path: Path, words: list[str]) -> None:
    ran = World(tmp_path).onloop("complete", *words)

    assert (ran.code, ran.out, ran.err) == (0, "", "")


@pytest.mark.parametrize("kind", NameKind)
def test_the_file_and_the_gateway_know_the_same_names(world: World, kind: NameKind) -> None:
    opened = open_file(Home(world.store))
    try:
        asked = opened.gateway.perform(ReadNames(kind))
    finally:
        opened.close()

    assert {name for name, _ in stored_names(str(world.store), kind, "") or ()} == set(asked)
    assert asked or kind is NameKind.LABEL


def test_what_is_offered_from_the_file_loads_next_to_nothing(world: World, tmp_path: Path) -> None:
    asks = f"offer(['--store', {str(world.store)!r}, 'task'])"
    program = f"import sys; from onloop.cli.completion.offered_values import offer; {asks}; print(*sys.modules)"
    found = loaded(program, folder=tmp_path).split()

    assert any(name.startswith("onloop") for name in found) and "onloop.cli.completion.stored_names" in found
    assert {name for name in found if name.startswith("onloop")} <= {
        *("onloop", "onloop.cli", "onloop.store_folder", "onloop.cli.completion"),
        *("onloop.cli.completion.offered_values", "onloop.cli.completion.stored_names"),
    }
    assert {"argparse", "msgspec", "pydantic", "json", "re", "typing"} & set(found) == set()


def test_every_verb_option_and_choice_of_the_tables_is_in_every_script(world: World) -> None:
    assert {shape.name for shape in shapes()} == {"", *(row.name for row in VERBS)}
    for shell in Shell:
        script = (world.folder / shell / "script").read_text()
        for row in VERBS:
            for argument in row.arguments:
                words = (*argument.names, *(argument.options.get("choices") or ()))
                assert [word for word in words if word.startswith("--") and word[2:] not in script] == []
