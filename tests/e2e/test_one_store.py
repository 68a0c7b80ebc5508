"""`ONLOOP_URL` decides which store a verb reads and writes; a store that is named beside it must be the same."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.serving import serving
from onloop.cli.verb import Reach, Verb
from onloop.cli.verb_table import VERBS
from onloop.errors import Exit
from onloop.home import Home, addressed
from support.world import World

HERE = "this is no database"

POSITIONALS = {
    "start": ("small", "--repo", "/nowhere"),
    "fleet": ("small", "--targets", "/dev/null"),
    "amend": ("r1", "--workflow", "feature", "--reason", "why"),
    "retarget": ("r1", "--branch", "main"),
    "tickets": ("list", "--repo", "/nowhere"),
    "adopt": ("r1", "--branch", "agents/fix"),
    "work": ("--role", "nobody", "--once", "--", "true"),
    "claim": ("--role", "nobody"),
    "reassign": ("r1", "--to", "agent:x"),
    "mute": ("--for", "1h", "--reason", "why", "--gate", "tests"),
    "snooze": ("aaaaaaaa", "--for", "1h"),
    "validate": ("/dev/null",),
    "review": ("pass", "--reason", "why"),
    "spawn": ("--title", "part"),
    "tell": ("words", "--to", "parent"),
    "handoff": ("--why", "why"),
    "repository": ("tolerate", "/nowhere"),
    "store": ("verify",),
    "gc": ("--dry-run",),
    "exclude": ("r1", "--reason", "why"),
    "override": ("r1", "--gate", "tests", "--reason", "why"),
    "retry": ("r1",),
    "freeze": ("all", "--reason", "why"),
    "doctor": (),
    "enter": ("r1",),
    "watch": ("--until", "0s"),
    "schedule": ("list",),
    "calls": ("list",),
    "workers": ("list",),
    "environment": ("list",),
    "enrol": ("bob",),
    "init": ("--name", "ana"),
}
"""What is typed behind a verb whose arguments cannot be made from its row."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A store that is served, with a person in it."""
    world = World(tmp_path_factory.mktemp("served"))
    world.init()
    with serving(world):
        yield world


@pytest.fixture
def elsewhere(served: World, tmp_path: Path) -> World:
    """A shell whose own store cannot be read, and whose `ONLOOP_URL` names the gateway of another one."""
    world = World(tmp_path)
    world.store.mkdir(mode=0o700, parents=True)
    (world.store / "onloop.db").write_text(HERE)
    world.extra = {"ONLOOP_URL": f"unix:{Home(served.store).socket}"}
    return world


def _typed(verb: Verb) -> tuple[str, ...]:
    if verb.name in POSITIONALS:
        return (verb.name, *POSITIONALS[verb.name])
    needed = [each for each in verb.arguments if not each.names[0].startswith("-") and "nargs" not in each.options]
    return (verb.name, *(each.options.get("choices", ("r1",))[0] for each in needed))


def test_every_verb_says_which_store_it_works_with() -> None:
    assert [verb.name for verb in VERBS if verb.reach is None] == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.reach is Reach.GATEWAY], ids=lambda verb: verb.name)
def test_a_verb_of_the_gateway_touches_no_other_store_than_that_of_the_url(elsewhere: World, verb: Verb) -> None:
    """A verb that opened the store of its own shell would say that this is no database, or write into it."""
    ran = elsewhere.onloop(*_typed(verb), passphrase="wrong", cwd=elsewhere.folder)

    assert str(elsewhere.store) not in ran.out + ran.err, ran.out + ran.err
    assert "not a database" not in ran.out + ran.err
    assert "unix:/path" not in ran.err and "the following arguments are required" not in ran.err, ran.err
    assert (elsewhere.store / "onloop.db").read_text() == HERE
    assert [path.name for path in elsewhere.store.iterdir()] == ["onloop.db"]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.reach is Reach.FILE], ids=lambda verb: verb.name)
def test_a_verb_that_needs_the_file_says_so_where_the_url_names_another_store(elsewhere: World, verb: Verb) -> None:
    ran = elsewhere.onloop(*_typed(verb), "--store", str(elsewhere.folder / "fresh"))

    assert ran.code == Exit.USAGE, ran.err
    assert "ONLOOP_URL" in ran.err and not (elsewhere.folder / "fresh").exists()


def test_a_verb_that_needs_the_file_works_where_the_url_names_its_own_gateway(served: World, elsewhere: World) -> None:
    """`ONLOOP_URL` alone leads to the file, for it lies where its gateway listens, and is ours."""
    ran = elsewhere.onloop("store", "verify")

    assert (ran.code, ran.err) == (0, ""), ran.err


def test_reads_and_writes_go_where_the_url_says_and_answers_name_that_store(served: World, elsewhere: World) -> None:
    origin = elsewhere.origin("shop")
    begun = elsewhere.onloop("start", "feature", "--repo", str(origin), "--no-base-check", "--json")
    task = begun.json["task"]

    listed = elsewhere.onloop("list", "--json").json
    assert [each["task"] for each in listed["tasks"]] == [task]
    assert listed["store"] == elsewhere.onloop("attention", "--json").json["store"] == str(served.store)
    assert served.onloop("list", "--json").json["tasks"] == listed["tasks"]
    assert str(served.store) in begun.err or begun.err == ""
    frozen = elsewhere.onloop("freeze", "task:zz", "--reason", "look", passphrase="wrong")
    assert frozen.code == Exit.NOT_YOURS


def test_a_store_that_is_named_beside_the_url_of_another_is_refused_with_both(served: World, tmp_path: Path) -> None:
    other = World(tmp_path)
    other.init()
    url = {"ONLOOP_URL": f"unix:{Home(served.store).socket}"}
    for ran in (
        other.onloop("list", "--store", str(other.store), env=url),
        other.onloop("attention", env=url | {"ONLOOP_STORE": str(other.store)}),
    ):
        assert ran.code == Exit.USAGE
        assert str(other.store) in ran.err and str(Home(served.store).socket) in ran.err, ran.err


def test_a_gateway_of_a_store_that_nobody_knows_answers_what_needs_no_file(served: World, tmp_path: Path) -> None:
    """The socket is reached at another place, as through a tunnel: nothing says where its store is."""
    place = tmp_path / "tunnel.sock"
    place.symlink_to(Home(served.store).socket)
    far = World(tmp_path, {"ONLOOP_URL": f"unix:{place}"})

    quiet = far.onloop("attention", "--json")
    assert (quiet.code, quiet.json["store"]) == (0, f"unix:{place}")
    assert far.onloop("store", "verify").code == Exit.USAGE
    assert far.onloop("list", env={"ONLOOP_URL": f"unix:{tmp_path / 'gone.sock'}"}).code == Exit.UNAVAILABLE


def test_a_url_whose_gateway_is_away_reads_no_file_in_its_place(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.init()
    ran = world.onloop("list", "--store", str(world.store), env={"ONLOOP_URL": f"unix:{tmp_path / 'gone.sock'}"})

    assert ran.code == Exit.UNAVAILABLE, ran.out


def test_a_command_that_is_copied_means_its_store_in_any_folder_and_any_shell(
    served: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dashboard's `Y` copies it; a shell of a person's runs it, whose folder, home and variables are others."""
    odd = World(tmp_path / "a b; touch x")
    odd.folder.mkdir()
    odd.init()
    stranger = World(tmp_path / "stranger")
    stranger.folder.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    place = tmp_path / "tunnel.sock"
    place.symlink_to(Home(served.store).socket)
    commands = [addressed(Home(odd.store), "onloop attention --json")]
    monkeypatch.setenv("ONLOOP_URL", f"unix:{place}")
    commands.append(addressed(Home(place, is_known=False), "onloop attention --json"))

    said = [
        subprocess.run(["sh", "-c", command], env=stranger.environment, cwd=stranger.folder, capture_output=True).stdout
        for command in commands
    ]
    assert str(odd.store).encode() in said[0] and str(place).encode() in said[1], (commands, said)
    assert not list(stranger.folder.iterdir()) and shlex.split(commands[0])[-1] == str(odd.store)


def test_in_the_default_store_a_command_is_copied_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("ONLOOP_URL", raising=False)

    assert addressed(Home(tmp_path / "onloop" / "store"), "onloop show r1") == "onloop show r1"
