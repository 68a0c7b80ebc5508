"""A team's database through the real command line: gateways on machines that share nothing but the database."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from onloop.file_lock import sole
from onloop.home import Home
from support.postgres_server import GATEWAY, OWNER
from support.team_store import team_server
from support.waiting import wait_for
from support.world import PASSPHRASE, WORKFLOW, World


@pytest.fixture
def database() -> Iterator[str]:
    """The name of a new, empty database."""
    server = team_server()
    name = server.database()
    yield name
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def machine(folder: Path, name: str, database: str, role: str = GATEWAY) -> World:
    """A machine of its own: it shares nothing with others but the database."""
    (folder / name).mkdir()
    return World(folder / name, {"ONLOOP_STORE": team_server().url(database, role)})


def founded(folder: Path, database: str) -> World:
    """The machine of whoever owns the database, on which the store was made."""
    owner = machine(folder, "owner", database, OWNER)
    made = owner.onloop("init", "--name", "ana", "--runtime-role", GATEWAY, passphrase=PASSPHRASE)
    assert made.code == 0, made.err
    return owner


def test_a_store_in_a_database_is_made_by_its_owner_and_used_by_a_role_that_may_not_change_its_log(
    tmp_path: Path, database: str
) -> None:
    founded(tmp_path, database)
    here = machine(tmp_path, "here", database)

    listed = here.onloop("list", "--json")

    assert listed.code == 0, listed.err
    verified = here.onloop("store", "verify", "--json")
    assert verified.json["ok"], verified.err


GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"


def home_of(world: World) -> Home:
    """The folder that goes with the database on that machine."""
    (store,) = (world.folder / "state" / "onloop" / "teams").glob("*/store")
    return Home(store)


@contextmanager
def no_verifier(home: Home) -> Iterator[None]:
    """Nobody on that machine judges anything meanwhile: its place is taken."""
    with sole(home.verifier_lock, lambda process: AssertionError(process)):
        yield


@contextmanager
def serving(world: World) -> Iterator[subprocess.Popen[str]]:
    """A resident gateway of that machine."""
    with world.running("serve") as process:
        home = home_of(world)
        wait_for(home.socket.exists, lambda: f"no gateway at {home.socket}")
        yield process


def test_work_handed_in_at_one_gateway_is_judged_and_merged_at_another_after_the_first_was_killed(
    tmp_path: Path, database: str
) -> None:
    founded(tmp_path, database)
    first, second = machine(tmp_path, "first", database), machine(tmp_path, "second", database)
    origin = first.origin(files={"small.yaml": WORKFLOW})
    begun = first.onloop("start", "small.yaml", "--repo", str(origin), "--no-base-check", "--json")
    assert begun.code == 0, begun.err
    task = str(begun.json["task"])
    work = ("work", "--role", "implementer", "--", *first.agent(GOOD))
    with no_verifier(home_of(first)), serving(first) as gateway, first.running(*work) as worker:
        second.until(task, "working", "gates_running")
        gateway.kill()
        worker.kill()
    with serving(second):
        second.until(task, "input_required", "approval_required")
        assert second.decide("approve", task).code == 0
        second.until(task, "completed")

    assert second.git(origin, "show", "main:hello.txt") == "hello"
    for world in (first, second):
        verified = world.onloop("store", "verify", "--json")
        assert verified.json["problems"] == [], verified.err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://onloop_gateway@/no_such_database?host={folder}", "is not there"),
        ("postgresql://stranger@/postgres?host={folder}", "does not let us in"),
        ("postgresql://onloop_gateway@/postgres?host={folder}", "holds no store"),
        ("postgresql://onloop_gateway@/postgres?host=/nowhere", "cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_words_with_what_would_work(
    tmp_path: Path, url: str, words: str
) -> None:
    world = World(tmp_path, {"ONLOOP_STORE": url.format(folder=team_server().folder)})

    for verb in (["list"], ["serve"], ["store", "verify"], ["verifier", "--idle-exit", "1s"]):
        ran = world.onloop(*verb)

        assert ran.code == 17, ran.err
        assert words in ran.err
        assert "→" in ran.err
        assert "Traceback" not in ran.err


def test_agents_are_given_nothing_to_do_where_no_gateway_of_their_machine_is_up(tmp_path: Path, database: str) -> None:
    founded(tmp_path, database)
    here = machine(tmp_path, "here", database)

    ran = here.onloop("work", "--role", "implementer", "--once", "--", "true")

    assert ran.code == 17
    assert "onloop serve" in ran.err
