"""A private https origin, from `start` to merged: the token is in no clone, log, event, export or answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from onloop.access.opening import open_file
from onloop.access.runs import builtin_workflow, start_run
from onloop.access.targets import RunTarget
from onloop.home import Home
from onloop.machine.principal import launcher
from support.https_origin import TOKEN, USER, HttpsOrigin, authority, https_origin
from support.world import WORKFLOW, World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"


@pytest.fixture
def served(world: World) -> Iterator[HttpsOrigin]:
    world.init()
    origin = world.origin(files={"small.yaml": WORKFLOW})
    world.git(origin, "config", "http.receivepack", "true")
    with https_origin(origin.parent) as serving:
        yield serving


def declare(world: World, served: HttpsOrigin, token: str = TOKEN) -> None:
    place = world.folder / "token"
    place.write_text(token)
    place.chmod(0o600)
    file = world.store / "git.toml"
    lines = f'token_file = "{place}"\nuser = "{USER}"\nca_file = "{authority() / "ca.pem"}"\n'
    file.write_text(f'["https://{served.host}"]\n{lines}')
    file.chmod(0o600)


def holding(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_a_private_origin_is_worked_on_and_merged_and_its_token_is_nowhere(served: HttpsOrigin, world: World) -> None:
    declare(world, served)
    begun = world.onloop("start", "small.yaml", "--repo", served.url("shop.git"), "--json")
    assert begun.code == 0, begun.err
    task = begun.json["task"]
    pushing = f"{GOOD}; ! git push origin HEAD:main 2>/dev/null; env"
    ran = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(pushing))
    assert ran.code == 0, ran.err
    world.until(task, "input_required", "approval_required")
    assert world.decide("approve", task).code == 0
    world.until(task, "completed")

    assert world.git(served.folder / "shop.git", "show", "main:hello.txt") == "hello"
    exported = world.folder / "export.jsonl"
    assert world.onloop("store", "export", str(exported)).code == 0
    shown = [world.onloop(*words) for words in (["log", task, "--json"], ["show", task], ["doctor", "--json"])]
    assert not any(TOKEN in ran.out + ran.err for ran in shown)
    assert served.host in shown[2].out
    assert holding(world.folder) == [world.folder / "token"]


def test_doctor_tries_an_origin_with_what_is_declared_and_says_of_which_kind_its_failure_is(
    served: HttpsOrigin, world: World
) -> None:
    url = served.url("shop.git")
    bare = world.onloop("doctor", "--repo", url, "--json")
    assert (bare.code, bare.json["kind"], bare.json["declared"]) == (17, "auth", "nothing is declared for it")
    declare(world, served, token="wrong")
    assert world.onloop("doctor", "--repo", url, "--json").json["kind"] == "auth"
    declare(world, served)
    good = world.onloop("doctor", "--repo", url)
    assert good.code == 0, good.err
    assert "it answers: 1 branches, the default is main" in good.out
    assert f"https://{served.host}: token_file" in good.out
    (world.store / "git.toml").chmod(0o644)
    open_to_others = world.onloop("doctor", "--json").json["checks"]
    assert [check["ok"] for check in open_to_others if check["name"] == "credentials"] == [False]


def test_a_task_of_before_that_was_refused_works_on_and_shows_its_credential_to_nobody(
    served: HttpsOrigin, world: World
) -> None:
    declare(world, served)
    file = world.store / "git.toml"
    file.write_text(f'["https://{served.host}"]\nca_file = "{authority() / "ca.pem"}"\n')
    (world.folder / "token").unlink()
    old = RunTarget("shop", served.url("shop.git").replace("://", f"://{USER}:{TOKEN}@"))
    with closing(open_file(Home(world.store))) as opened:
        begun = start_run(opened, launcher("test"), builtin_workflow("raise-coverage"), old, "Old")
    task, role = begun.id, begun.role
    ran = world.onloop("work", "--role", str(role), "--once", "--", *world.agent("env; cat .git/config"))
    assert ran.code == 0, ran.err
    shown = [world.onloop(*words) for words in (["log", task, "--json"], ["log", task], ["show", task, "--json"])]
    assert not any(TOKEN in ran.out + ran.err for ran in shown)
    assert "https://***@" in shown[0].out
    assert [path for path in holding(world.folder) if world.store not in path.parents] == []


def test_a_url_that_holds_a_credential_is_refused_everywhere_with_the_way_that_works(world: World) -> None:
    world.init()
    url = f"https://me:{TOKEN}@example.invalid/shop.git"
    targets = world.folder / "targets.txt"
    targets.write_text(f"# ours\n{url}\n")
    for words in (
        ("start", "feature", "--repo", url),
        ("fleet", "feature", "--targets", str(targets)),
        ("fleet", "small.yaml", "--targets", str(targets), "--control", url),
        ("doctor", "--repo", url),
    ):
        ran = world.onloop(*words)
        assert ran.code in (2, 17), ran
        assert TOKEN not in ran.out + ran.err
        assert "'https://***@example.invalid/shop.git' holds a credential" in ran.out + ran.err
        assert "git.toml" in ran.out + ran.err
    assert "targets.txt:2:1" in world.onloop("fleet", "feature", "--targets", str(targets)).err
    assert not (world.store / "mirrors").exists() or not holding(world.store)


def test_an_agent_may_not_try_the_gateways_credentials(world: World) -> None:
    world.init()
    refused = world.onloop("doctor", "--repo", "https://example.invalid/x", env={"ONLOOP_TOKEN": "x"})
    assert refused.code == 13
