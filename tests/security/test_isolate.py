"""F9: `init --isolate` touches only what it makes, nothing through a link, and refuses places that are not safe."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onloop.access.isolation import can_open, check_place
from onloop.errors import BadInput
from onloop.home import Home
from support.world import PASSPHRASE, World

OWNER, AGENTS, OWNER_UID, AGENT_UID = "daemon", "nogroup", 1, 65534
pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def world() -> Iterator[World]:
    """A world that others may pass through; pytest's own folders let nobody."""
    with tempfile.TemporaryDirectory(prefix="onloop-isolate-") as name:
        Path(name).chmod(0o755)
        yield World(Path(name))


def isolated(world: World, store: Path) -> tuple[int, str]:
    words = ("init", "--name", "ana", "--isolate", OWNER, "--agents", AGENTS, "--store", str(store))
    ran = world.onloop(*words, passphrase=PASSPHRASE)
    return ran.code, ran.err


def seen(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


def everything(folder: Path) -> dict[Path, tuple[int, int, int]]:
    return {path: seen(path) for path in (folder, *folder.rglob("*"))}


def test_a_parent_that_was_there_keeps_its_mode_and_owner_and_so_does_what_is_in_it(world: World) -> None:
    shared = world.folder / "srv"
    (shared / "other").mkdir(parents=True)
    shared.chmod(0o755)
    before = everything(shared)

    code, err = isolated(world, shared / "store")

    assert code == 0, err
    after = everything(shared)
    assert {path: after[path] for path in before} == before
    made = {path.name for path in after.keys() - before.keys() if path.parent == shared}
    assert made == {"store", "store.anchor", "logs", "serve"}
    assert {after[shared / name][:2] for name in ("store", "logs")} == {(0o700, OWNER_UID)}
    assert after[shared / "serve"] == (0o710, OWNER_UID, AGENT_UID)
    assert {found[1] for path, found in after.items() if path not in before} == {OWNER_UID}


def test_a_parent_that_is_made_for_it_is_the_gateways(world: World) -> None:
    code, err = isolated(world, world.folder / "var" / "onloop" / "store")

    assert code == 0, err
    assert {seen(world.folder / part)[:2] for part in ("var", "var/onloop")} == {(0o711, OWNER_UID)}


def _link(parent: Path) -> None:
    (parent.parent / "real").mkdir()
    parent.rmdir()
    parent.symlink_to(parent.parent / "real")


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (_link, "is a link or not a folder"),
    "open to all": (lambda parent: parent.chmod(0o777), "others can write to"),
    "open to all, sticky": (lambda parent: parent.chmod(0o1777), "others can write to"),
    "open to a group": (lambda parent: parent.chmod(0o775), "others can write to"),
    "somebody else's": (lambda parent: os.chown(parent, AGENT_UID, -1), "belongs to user 65534"),
    "closed": (lambda parent: parent.chmod(0o700), "cannot pass"),
    "a planted store": (lambda parent: (parent / "store").mkdir(), "already exists"),
    "planted logs": (lambda parent: (parent / "logs").symlink_to("/etc"), "already exists"),
    "a planted socket": (lambda parent: (parent / "serve").symlink_to("/etc"), "already exists"),
}


@pytest.mark.parametrize("name", PLACES)
def test_where_it_would_not_be_safe_it_is_refused_in_words_and_nothing_is_made_or_changed(
    world: World, name: str
) -> None:
    parent = world.folder / "srv"
    parent.mkdir(mode=0o755)
    spoil, words = PLACES[name]
    spoil(parent)
    before, outside = everything(world.folder), seen(Path("/etc"))

    code, err = isolated(world, parent / "store")

    assert code == 2 and words in err, err
    assert (everything(world.folder), seen(Path("/etc"))) == (before, outside)


def test_a_planted_folder_for_environments_is_neither_followed_nor_given_away(world: World) -> None:
    parent, target = world.folder / "srv", world.folder / "root-only"
    parent.mkdir(mode=0o755)
    target.mkdir(mode=0o700)
    (parent / "environments").symlink_to(target)
    (parent / "out").symlink_to(target)

    code, err = isolated(world, parent / "store")

    assert code == 0, err
    assert seen(target) == (0o700, 0, 0)
    assert seen(parent / "environments")[1] == 0


def test_root_is_no_user_to_give_a_store_to(world: World) -> None:
    with pytest.raises(BadInput, match="root would own the store"):
        check_place(Home(world.folder / "srv" / "store"), "root")


def test_who_may_open_the_store_is_asked_of_the_kernel(world: World) -> None:
    home = Home(world.folder / "store")
    assert not can_open(home)
    home.store.mkdir()
    assert can_open(home)
