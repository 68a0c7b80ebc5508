"""A git that is too old is refused at once, by every verb that needs git and before anything is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onloop.cli.verb_table import VERBS
from support.world import World

NEEDING = sorted(verb.name for verb in VERBS if verb.needs_git)
WORDS = {
    "start": ("feature", "--repo", "."),
    "fleet": ("feature", "--targets", "x"),
    "work": ("--role", "implementer", "--", "true"),
    "demo": ("--unattended", "--dir", "demo"),
    "claim": ("--role", "implementer"),
    "join": ("r7k2m",),
    "open": ("r7k2m",),
    "take": ("r7k2m",),
    "amend": ("r7k2m", "--workflow", "feature", "--reason", "x"),
    "retarget": ("r7k2m", "--branch", "main"),
    "bench": ("r7k2m.1", "--agent", "claude"),
    "init": ("--repo", "."),
    "submit": (),
    "tickets": ("list", "--repo", "/nowhere"),
    "adopt": ("r7k2m",),
    "acp": ("--", "true"),
    "mcp": (),
    "conformance": ("--command", "onloop"),
    "serve": (),
    "verifier": (),
}


@pytest.mark.parametrize("verb", [*NEEDING, "verifier", "init"])
def test_an_old_git_is_refused_before_anything_is_done(world: World, tmp_path: Path, verb: str) -> None:
    world.init()
    place = tmp_path / "bin"
    place.mkdir()
    fake = place / "git"
    fake.write_text("#!/bin/sh\necho git version 2.30.2\n")
    fake.chmod(0o755)
    (world.store / "toolchain").write_text(f"{place}\n/usr/bin\n/bin\n")
    before = {path for path in world.folder.rglob("*") if not path.name.startswith("onloop.db")}
    ran = world.onloop(verb, *WORDS[verb], env={"PATH": f"{place}:{os.environ['PATH']}"}, cwd=tmp_path)
    assert ran.code == 17, ran
    assert "git 2.30 at" in ran.err
    assert "is too old" in ran.err
    assert "install git 2.38 or newer" in ran.err
    assert {path for path in world.folder.rglob("*") if not path.name.startswith("onloop.db")} == before
    assert not (tmp_path / "demo").exists()
