"""What a repository has that gates would not find is said before any agent starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gates.test_large_files import ATTRIBUTES, FILM, put
from gates.test_submodules import library, record
from onloop.gates.contents.missing_contents import contents_trouble
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import EnvironmentSpec
from support.lfs_server import pointer_to, serving

if TYPE_CHECKING:
    from gates.conftest import Origin

NOTHING, ALL = EnvironmentSpec(), EnvironmentSpec(git=True, submodules=True, lfs=True)


def trouble(mirror: Mirror, commit: str, asked: EnvironmentSpec) -> tuple[str, ...]:
    """What is missing, each with what would help."""
    return tuple(f"{each.what}: {each.works}" for each in contents_trouble(mirror, commit, asked, asks_origins=True))


def test_a_plain_repository_is_in_no_trouble(mirror: Mirror, origin: Origin) -> None:
    assert trouble(mirror, origin.tip(), NOTHING) == ()
    assert trouble(mirror, origin.tip(), ALL) == ()


def test_what_the_workflow_does_not_ask_for_is_named_with_what_to_write(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    lib = library(tmp_path / "lib", {"x": "1"})
    files = {
        ".gitattributes": ATTRIBUTES,
        "film.bin": put(origin.path / "lfs", FILM),
        "pyproject.toml": '[build-system]\nrequires = ["setuptools-scm>=8"]\n',
    }
    head = record(origin, {f"lib{n}": (str(lib.path), lib.tip()) for n in range(4)}, **files)
    mirror.refresh("main")
    assert trouble(mirror, head, NOTHING) == (
        "4 submodules (lib0, lib1, lib2 and 1 more) would be empty folders for agents and gates: "
        "write `submodules: true` under environment",
        "1 file in Git LFS (film.bin) would be pointers for agents and gates: write `lfs: true` under environment",
        "pyproject.toml takes the version from git (setuptools-scm), which a gate's checkout does not have: "
        "write `git: true` under environment",
    )
    assert trouble(mirror, head, ALL) == ()


def test_what_is_asked_for_and_cannot_be_had_is_named_too(mirror: Mirror, origin: Origin, tmp_path: Path) -> None:
    lib = library(tmp_path / "lib", {"x": "1"})
    files = {".gitattributes": ATTRIBUTES, "film.bin": pointer_to(FILM)}
    head = record(origin, {"lib": (str(lib.path), "3" * 40)}, **files)
    mirror.refresh("main")
    assert contents_trouble(mirror, head, ALL, asks_origins=False) == ()
    found = trouble(mirror, head, ALL)
    assert found[0].startswith("the submodule lib: ")
    assert "lacks 1 file in Git LFS (film.bin): push them there" in found[1]
    with serving() as server:
        config = f"[lfs]\n\turl = {server.url}\n"
        head = record(origin, {"lib": (str(lib.path), lib.tip())}, **files, **{".lfsconfig": config})
        mirror.refresh("main")
        assert "it does not have" in trouble(mirror, head, ALL)[0]
        server.put(FILM)
        assert trouble(mirror, head, ALL) == ()
