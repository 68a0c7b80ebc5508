"""A merge that nobody could clone whole is stopped in words, and no URL that came with the work is ever asked."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from onloop.gates.contents.clonable import unclonable
from onloop.gates.contents.large_store import LargeStore, store_of
from onloop.gates.repository.pointers import Pointer
from onloop.gates.repository.shown import differing
from onloop.machine.state import Reason, State
from support.histories import Files, Stage
from support.lfs_server import pointer_to

TEXT = "one\ntwo\nthree\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4" * 64 + "\nsize 12345\n"
LARGE = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def repository(folder: Path, files: Files) -> tuple[Path, str]:
    """Another repository, and its tip."""
    folder.mkdir()
    other = Stage(folder)
    other.move(other.commit(files))
    return other.origin, other.target


def modules(**urls: str) -> str:
    return "".join(f'[submodule "{name}"]\n\tpath = {name}\n\turl = {url}\n' for name, url in urls.items())


def trouble(stage: Stage, before: Files, after: Files) -> str:
    """How a merge of the work that makes one of the other ends."""
    base = stage.commit(before)
    stage.move(base)
    stage.submit(stage.handed(stage.commit(after, base)))
    said = stage.merge()
    assert (stage.target == base) == (not said.startswith("done"))
    return said


def test_a_submodule_without_an_entry_is_stopped_in_words(stage: Stage) -> None:
    said = trouble(stage, {"a": TEXT}, {"a": TEXT, "lib": ("160000", "1" * 40)})

    assert said.startswith("unclonable: lib is a submodule without an entry in .gitmodules")
    task = stage.shop.task()
    assert (task.state, task.reason) == (State.INPUT_REQUIRED, Reason.GATE_FAILED)


def test_an_entry_taken_away_under_a_submodule_is_stopped_too(stage: Stage, tmp_path: Path) -> None:
    other, tip = repository(tmp_path / "lib", {"x": "x\n"})
    link = {"lib": ("160000", tip)}

    said = trouble(stage, {".gitmodules": modules(lib=str(other)), **link}, {"a": "a\n", **link})

    assert "without an entry" in said


def test_a_url_that_came_with_the_work_is_never_fetched(stage: Stage, tmp_path: Path) -> None:
    other, tip = repository(tmp_path / "lib", {"x": "x\n"})
    trap = tmp_path / "trap.git"
    os.mkfifo(trap)  # whoever opens it is stuck

    said = trouble(
        stage,
        {".gitmodules": modules(lib=str(other)), "lib": ("160000", tip)},
        {".gitmodules": modules(lib=str(trap)), "lib": ("160000", "1" * 40)},
    )

    assert "which the target does not have: let a person add it" in said


def test_a_submodules_commit_that_its_origin_lacks_is_stopped_and_one_that_it_has_is_merged(
    stage: Stage, tmp_path: Path
) -> None:
    other, tip = repository(tmp_path / "lib", {"x": "x\n"})
    named: Files = {".gitmodules": modules(lib=str(other))}
    before: Files = {**named, "lib": ("160000", "1" * 40)}

    assert "lib needs 222222222222, which its origin did not give" in trouble(
        stage, before, {**named, "lib": ("160000", "2" * 40)}
    )
    (tmp_path / "again").mkdir()
    again = Stage(tmp_path / "again")
    relative: Files = {".gitmodules": modules(lib="../../lib/origin.git")}
    assert trouble(again, {**relative, "lib": ("160000", "1" * 40)}, {**relative, "lib": ("160000", tip)}) == (
        f"done: main holds {again.target[:12]}"
    )


@pytest.mark.parametrize(
    "said",
    [
        modules(lib="LIB") + modules(lib="EVIL"),
        modules(lib="LIB") + '[submodule "other"]\n\tpath = lib\n\turl = EVIL\n',
        modules(lib="LIB") + "[submodule\n",
    ],
)
def test_a_list_of_submodules_that_can_be_read_in_two_ways_is_stopped(stage: Stage, tmp_path: Path, said: str) -> None:
    other, tip = repository(tmp_path / "lib", {"x": "x\n"})
    link = {"lib": ("160000", tip)}

    ended = trouble(
        stage,
        {".gitmodules": modules(lib=str(other)), **link},
        {".gitmodules": said.replace("LIB", str(other)), **link},
    )

    assert ended.startswith("unclonable: cannot read .gitmodules")


def test_a_pointer_to_a_large_file_that_did_not_come_along_is_stopped(stage: Stage) -> None:
    said = trouble(stage, LARGE, {**LARGE, "film.bin": POINTER})

    assert said.startswith(
        "unclonable: 1 files are Git LFS pointers whose content did not come with the work (film.bin)"
    )


def test_the_file_of_a_pointer_that_came_with_the_work_is_at_the_origin_once_the_target_has_moved(stage: Stage) -> None:
    film = b"film" * 1000
    pointer = Pointer(sha256(film).hexdigest(), len(film))
    store_of(stage.mirror).add(pointer, [film])

    assert trouble(stage, LARGE, {**LARGE, "film.bin": pointer_to(film)}).startswith("done")

    assert LargeStore(stage.origin / "lfs" / "objects").place(pointer.oid).read_bytes() == film


def test_a_target_does_not_move_while_its_origin_takes_no_large_files(stage: Stage) -> None:
    film = b"film" * 1000
    store_of(stage.mirror).add(Pointer(sha256(film).hexdigest(), len(film)), [film])
    (stage.origin / "lfs").write_text("a file in place of a folder\n")
    base = stage.commit(LARGE)
    stage.move(base)
    stage.submit(stage.handed(stage.commit({**LARGE, "film.bin": pointer_to(film)}, base)))

    assert "cannot write" in stage.merge()
    assert stage.target == base


@pytest.mark.parametrize("kept", [{}, {"film.bin": POINTER}], ids=["moved", "copied"])
def test_a_pointer_that_the_target_has_may_be_moved_and_copied(stage: Stage, kept: Files) -> None:
    assert trouble(stage, {**LARGE, "film.bin": POINTER}, {**LARGE, "new.bin": POINTER, **kept}).startswith("done")


def test_a_text_that_looks_like_a_pointer_is_a_text_where_nothing_is_kept_elsewhere(stage: Stage) -> None:
    assert trouble(stage, {"a": TEXT}, {"a": TEXT, "film.bin": POINTER}).startswith("done")


def test_a_merge_without_submodules_or_large_files_asks_nobody(stage: Stage) -> None:
    base = stage.commit({"a": TEXT})
    work = stage.commit({"a": "mine\n", "b": "b\n"}, base)
    for name, commit in (("x", base), ("y", work)):
        (stage.origin / "refs/heads" / name).write_text(f"{commit}\n")
        stage.mirror.refresh(name)

    brought = differing(stage.mirror.git, base, work)

    assert unclonable(replace(stage.mirror, origin="/nonexistent"), base, work, brought) == ""
