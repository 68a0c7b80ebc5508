"""Files in Git LFS that a commit brings travel with the work, and what does not match its pointer stays outside."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.handing_in import handed_in, left_uncommitted
from onloop.errors import BadInput
from onloop.gates.contents.large_files import brought_large_files
from onloop.gates.contents.large_store import store_of
from onloop.gates.intake import manifest
from onloop.gates.intake.collection import Collection, collected
from onloop.gates.intake.manifest import Announced, Manifest, manifest_from
from onloop.gates.intake.quarantine import Admission, admit, arrived
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pointers import Pointer
from onloop.records import replace
from support.lfs_server import pointer_to

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"
FILM, SONG = b"\x00film" * 100_000, b"song" * 10
ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


def named(content: bytes) -> Pointer:
    return Pointer(sha256(content).hexdigest(), len(content))


def add(agent: Agent, name: str, content: bytes) -> str:
    """A commit with a pointer, whose file is where git-lfs keeps it in a clone."""
    oid = sha256(content).hexdigest()
    place = agent.path / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return agent.commit({".gitattributes": ATTRIBUTES, name: pointer_to(content)})


def test_the_files_of_new_pointers_travel_with_the_commit(mirror: Mirror, agent: Agent) -> None:
    add(agent, "film.bin", FILM)
    head = add(agent, "song.bin", SONG)
    assert handed_in(mirror, agent.path, TASK, 1) == head
    assert store_of(mirror).has(named(FILM))
    assert set(brought_large_files(mirror, head, mirror.tip("main"))) == {b"film.bin", b"song.bin"}
    later = agent.commit({"a": "1"})
    assert handed_in(mirror, agent.path, TASK, 2) == later


def test_a_pointer_without_its_file_is_refused_unless_the_origin_has_it(
    mirror: Mirror, agent: Agent, origin: Origin
) -> None:
    agent.commit({".gitattributes": ATTRIBUTES, "film.bin": pointer_to(FILM)})
    with pytest.raises(BadInput, match=r"film.bin: new in Git LFS, but its object is not in .git/lfs of the clone"):
        handed_in(mirror, agent.path, TASK, 1)
    oid = named(FILM).oid
    place = origin.path / "lfs/objects" / oid[:2] / oid[2:4] / oid
    place.parent.mkdir(parents=True)
    place.write_bytes(FILM)
    handed_in(mirror, agent.path, TASK, 1)


def test_a_file_that_is_not_what_its_pointer_names_is_not_kept(mirror: Mirror, agent: Agent) -> None:
    head = add(agent, "film.bin", FILM)
    place = agent.path / ".git/lfs/objects" / named(FILM).oid[:2] / named(FILM).oid[2:4] / named(FILM).oid
    place.write_bytes(FILM[::-1])
    with pytest.raises(BadInput, match="do not have that digest"):
        handed_in(mirror, agent.path, TASK, 1)
    assert not mirror.has(head)
    assert not store_of(mirror).has(named(FILM))


def test_a_file_that_no_pointer_names_is_not_kept(mirror: Mirror, agent: Agent) -> None:
    head = agent.commit({"a": "1"})
    mirror.refresh("main")
    with collected(agent.path, agent.path / "none", "main") as given:
        content = b"".join(given.chunks)
    sent = Manifest(head, len(content), large=(Announced(named(SONG).oid, len(SONG)),))
    with arrived(mirror.path.parent / "quarantine", Collection(sent, iter((content, SONG)))) as arrival:
        admit(arrival, Admission(mirror, "main", TASK, 1))
    assert not store_of(mirror).has(named(SONG))


def test_what_is_too_much_is_refused_before_it_is_kept(
    mirror: Mirror, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(agent, "film.bin", FILM)
    mirror.refresh("main")

    def spend(size: int) -> None:
        raise BadInput(f"{size} bytes are too much", hint="hand over less")

    with (
        collected(agent.path, agent.path / "none", "main") as given,
        arrived(mirror.path.parent / "quarantine", given) as arrival,
        pytest.raises(BadInput, match="500000 bytes are too much"),
    ):
        admit(arrival, replace(Admission(mirror, "main", TASK, 1), spend=spend))
    assert not store_of(mirror).folder.exists()
    for wrong in (
        [{"name": "../../x", "size": 1}],
        [{"name": named(FILM).oid, "size": manifest.LARGEST_LARGE + 1}],
        [{"name": named(FILM).oid, "size": 1}] * 2,
        [{"name": f"{n:064x}", "size": manifest.LARGEST_LARGE} for n in range(3)],
    ):
        with pytest.raises(BadInput):
            manifest_from({"commit": "a" * 40, "large": wrong})


def test_a_link_or_a_pipe_in_place_of_a_file_is_not_read(mirror: Mirror, agent: Agent, tmp_path: Path) -> None:
    for make in (lambda place: place.symlink_to(tmp_path / "film"), os.mkfifo):
        add(agent, "film.bin", FILM)
        (tmp_path / "film").write_bytes(FILM)
        place = agent.path / ".git/lfs/objects" / named(FILM).oid[:2] / named(FILM).oid[2:4] / named(FILM).oid
        place.unlink()
        make(place)
        with pytest.raises(BadInput, match="its object is not in"):
            handed_in(mirror, agent.path, TASK, 1)
        place.unlink()
        agent.git("reset", "--quiet", "--hard", "HEAD~1")


def test_a_pointer_that_is_filled_is_not_called_uncommitted(agent: Agent, mirror: Mirror) -> None:
    add(agent, "film.bin", FILM)
    (agent.path / "film.bin").write_bytes(FILM)
    (agent.path / "calc.py").write_text("changed\n")
    assert left_uncommitted(agent.path) == ("calc.py",)
    (agent.path / "film.bin").write_bytes(FILM + b"more")
    assert left_uncommitted(agent.path) == ("calc.py", "film.bin")
