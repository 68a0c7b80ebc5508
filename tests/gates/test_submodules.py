"""Submodules are filled at the recorded commits, in gates and in agents' clones, from URLs that the target has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.conftest import bare_origin_at, git, write
from onloop.gates.contents import submodule_parts as parts
from onloop.gates.contents.submodule_files import fill_submodules
from onloop.gates.contents.submodule_parts import ContentsMissing, submodule_parts
from onloop.gates.environment import Environment
from onloop.gates.repository.mirror import Mirror

if TYPE_CHECKING:
    from gates.conftest import Origin

ADA = {f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def library(place: Path, files: Mapping[str, str]) -> Origin:
    place.mkdir()
    origin = bare_origin_at(place)
    origin.commit(files)
    return origin


def record(origin: Origin, modules: Mapping[str, tuple[str, str]], branch: str = "main", **files: str) -> str:
    """A pushed commit that has these submodules: path → URL and commit."""
    text = "".join(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n' for path, (url, _) in modules.items())
    write(origin.clone, {".gitmodules": text, **files})
    git(origin.clone, "add", ".gitmodules", *files)
    for path, (_, commit) in modules.items():
        git(origin.clone, "update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    git(origin.clone, "commit", "--quiet", "-m", "submodules", names=ADA)
    git(origin.clone, "push", "--quiet", "--force", str(origin.path), f"HEAD:refs/heads/{branch}")
    return git(origin.clone, "rev-parse", "HEAD")


def filled(layer: Path) -> set[str]:
    return {str(path.relative_to(layer)) for path in layer.rglob("*") if not path.is_dir()}


def test_submodules_are_filled_at_the_recorded_commits_and_those_within_them_too(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    inner = library(tmp_path / "inner", {"deep.py": "x = 1\n"})
    lib = library(tmp_path / "lib", {"lib.py": "old\n"})
    old = record(lib, {"third/inner": ("../../inner/origin.git", inner.tip())})
    lib.commit({"lib.py": "new\n"})
    head = record(origin, {"vendor/lib": (str(lib.path), old)}, **{"app.py": "1\n"})
    mirror.refresh("main")
    layer = tmp_path / "layer"
    layer.mkdir()
    fill_submodules(submodule_parts(mirror, head, head), layer)
    assert filled(layer) == {
        *("vendor/lib/.gitmodules", "vendor/lib/lib.py", "vendor/lib/third/inner/deep.py"),
    }
    assert (layer / "vendor/lib/lib.py").read_text() == "old\n"


def test_a_commit_that_the_work_moves_a_submodule_to_is_filled_from_the_url_of_the_target(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    lib = library(tmp_path / "lib", {"lib.py": "old\n"})
    base = record(origin, {"lib": (str(lib.path), lib.tip())})
    newer = lib.commit({"lib.py": "new\n"})
    head = record(origin, {"lib": (str(lib.path), newer)}, "work")
    for branch in ("main", "work"):
        mirror.refresh(branch)
    (tmp_path / "layer").mkdir()
    fill_submodules(submodule_parts(mirror, head, base), tmp_path / "layer")
    assert (tmp_path / "layer/lib/lib.py").read_text() == "new\n"


def test_a_url_that_came_with_the_work_is_never_contacted(mirror: Mirror, origin: Origin, tmp_path: Path) -> None:
    lib = library(tmp_path / "lib", {"lib.py": "1\n"})
    base = record(origin, {"lib": (str(lib.path), lib.tip())})
    trap = tmp_path / "trap.git"
    os.mkfifo(trap)  # whoever opens it is stuck
    head = record(origin, {"lib": (str(trap), lib.tip())}, "work")
    for branch in ("main", "work"):
        mirror.refresh(branch)
    with pytest.raises(ContentsMissing, match=r"lib is a submodule from .*trap.git, which the target does not have"):
        submodule_parts(mirror, head, base)


def test_a_submodule_within_one_that_the_work_moved_is_not_contacted_either(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    lib = library(tmp_path / "lib", {"lib.py": "1\n"})
    base = record(origin, {"lib": (str(lib.path), lib.tip())})
    trap = tmp_path / "trap.git"
    os.mkfifo(trap)
    evil = record(lib, {"inner": (str(trap), "1" * 40)}, "somebodys-branch")
    head = record(origin, {"lib": (str(lib.path), evil)}, "work")
    for branch in ("main", "work"):
        mirror.refresh(branch)
    with pytest.raises(ContentsMissing, match=r"lib/inner is a submodule from .*which the target does not have"):
        submodule_parts(mirror, head, base)


def test_what_cannot_be_had_is_said_with_the_path_of_the_submodule(
    mirror: Mirror, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lib = library(tmp_path / "lib", {"lib.py": "1\n"})
    head = record(origin, {"lib": (str(lib.path), "2" * 40)})
    mirror.refresh("main")
    with pytest.raises(ContentsMissing, match=r"the submodule lib: .* does not give commit 2222"):
        submodule_parts(mirror, head, head)
    remote = Mirror(mirror.path, "https://example.org/app.git")
    with pytest.raises(ContentsMissing, match="lib is a submodule from a path of this machine"):
        submodule_parts(remote, head, head)
    many = record(origin, {f"m{n}": (str(lib.path), lib.tip()) for n in range(3)} | {"lib": (str(lib.path), lib.tip())})
    mirror.refresh("main")
    monkeypatch.setattr(parts, "MOST", 2)
    with pytest.raises(ContentsMissing, match="more than 2 submodules"):
        submodule_parts(mirror, many, many)


def test_an_agents_clone_has_its_submodules_and_git_finds_nothing_changed(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    inner = library(tmp_path / "inner", {"deep.py": "x = 1\n"})
    lib = library(tmp_path / "lib", {"lib.py": "1\n"})
    tip = record(lib, {"inner": (str(inner.path), inner.tip())})
    record(origin, {"vendor/lib": (str(lib.path), tip)})
    clone = Environment(tmp_path / "environments" / "r7k2m.5")
    clone.prepare(mirror, "main", "r7k2m.5", "impl-1", submodules=True)
    assert (clone.path / "vendor/lib/inner/deep.py").read_text() == "x = 1\n"
    assert git(clone.path, "status", "--porcelain") == ""
    assert git(clone.path, "submodule", "status").split()[:2] == [tip, "vendor/lib"]
    assert git(clone.path / "vendor/lib", "rev-list", "--count", "HEAD") == "2"
    assert git(clone.path / "vendor/lib", "push", "origin", "HEAD:main", check=False) == ""
    assert lib.tip() == tip
    plain = Environment(tmp_path / "environments" / "r7k2m.6")
    plain.prepare(mirror, "main", "r7k2m.6", "impl-1")
    assert list((plain.path / "vendor/lib").iterdir()) == []
