"""A gate runs in exactly the files of the commit, and nothing it does there can reach the mirror."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.handing_in import handed_in
from onloop.errors import UnknownThing
from onloop.gates.checkout import clean_checkout
from onloop.gates.repository.mirror import Mirror

if TYPE_CHECKING:
    from gates.conftest import Agent, Origin

TASK = "r7k2m.3"


def contents(folder: Path) -> dict[Path, bytes | None]:
    """What lies below the folder: of every file its bytes, of anything else that it is there."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_a_checkout_holds_the_files_of_the_commit_and_nothing_else(mirror: Mirror, agent: Agent) -> None:
    (agent.path / "tool").write_text("#!/bin/sh\n")
    (agent.path / "tool").chmod(0o755)
    head = agent.commit({"crlf": b"a\r\nb\n", "sub/deep": "1", "caf\u00e9": "x"})
    (agent.path / "calc.py").write_text("not committed\n")
    handed_in(mirror, agent.path, TASK, 1)
    with clean_checkout(mirror, head) as checkout:
        assert {str(path.relative_to(checkout.path)) for path in checkout.path.rglob("*") if path.is_file()} == {
            *("README.md", "calc.py", "tool", "crlf", "sub/deep", "caf\u00e9")
        }
        assert (checkout.path / "calc.py").read_text() == "def add(a, b):\n    return a + b\n"
        assert (checkout.path / "crlf").read_bytes() == b"a\r\nb\n"
        assert os.access(checkout.path / "tool", os.X_OK)
        assert checkout.removed == ()


def test_a_checkout_is_private_and_gone_afterwards_whatever_happened_in_it(mirror: Mirror, origin: Origin) -> None:
    with pytest.raises(RuntimeError), clean_checkout(mirror, origin.tip()) as checkout:
        assert checkout.path.stat().st_mode & 0o777 == 0o700
        (checkout.path / "left").mkdir(mode=0o500)
        raise RuntimeError
    assert not checkout.path.parent.exists()


def test_a_checkout_leads_back_to_no_repository(mirror: Mirror, origin: Origin) -> None:
    with clean_checkout(mirror, origin.tip()) as checkout:
        assert not (checkout.path / ".git").exists()
        asked = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=checkout.path, capture_output=True, check=False)
        assert asked.returncode != 0


def test_links_that_lead_out_are_taken_away_and_named(mirror: Mirror, agent: Agent, tmp_path: Path) -> None:
    for name, leads_to in {
        "absolute": "/etc/passwd",
        "upwards": "../../../etc/passwd",
        "chain": "upwards",
        "sub/folder": "../..",
        "sub/through": "folder/x",
        "good": "calc.py",
        "sub/good": "../calc.py",
        "dangling": "absent",
        "loop": "loop",
    }.items():
        (agent.path / name).parent.mkdir(exist_ok=True)
        (agent.path / name).symlink_to(leads_to)
    head = agent.commit({})
    handed_in(mirror, agent.path, TASK, 1)
    with clean_checkout(mirror, head) as checkout:
        assert checkout.removed == ("absolute", "chain", "sub/folder", "sub/through", "upwards")
        links = {str(path.relative_to(checkout.path)) for path in checkout.path.rglob("*") if path.is_symlink()}
        assert links == {"good", "sub/good", "dangling", "loop"}


def test_a_submodule_is_an_empty_folder(mirror: Mirror, agent: Agent, origin: Origin) -> None:
    agent.git("update-index", "--add", "--cacheinfo", f"160000,{origin.tip()},module")
    (agent.path / "module").mkdir()
    head = agent.commit({".gitmodules": f'[submodule "module"]\n\tpath = module\n\turl = {origin.path}\n'})
    handed_in(mirror, agent.path, TASK, 1)
    with clean_checkout(mirror, head) as checkout:
        assert list((checkout.path / "module").iterdir()) == []


def test_a_checkout_changes_nothing_in_the_mirror(mirror: Mirror, origin: Origin) -> None:
    before = contents(mirror.path)
    with clean_checkout(mirror, origin.tip()) as checkout:
        (checkout.path / "calc.py").write_text("changed\n")
    assert contents(mirror.path) == before


def test_two_checkouts_of_one_commit_are_apart(mirror: Mirror, origin: Origin) -> None:
    with clean_checkout(mirror, origin.tip()) as one, clean_checkout(mirror, origin.tip()) as two:
        (one.path / "calc.py").write_text("changed\n")
        assert (two.path / "calc.py").read_text() != "changed\n"


def test_a_commit_that_is_not_in_the_mirror_cannot_be_checked_out(mirror: Mirror) -> None:
    with pytest.raises(UnknownThing), clean_checkout(mirror, "0" * 39 + "1"):
        pass


FULL = """\
import sys, tempfile
from pathlib import Path
from onloop.errors import Unavailable
from onloop.gates.checkout import clean_checkout
from onloop.gates.repository.mirror import Mirror
tempfile.tempdir = sys.argv[1]
try:
    with clean_checkout(Mirror(Path(sys.argv[2]), ""), sys.argv[3]):
        pass
except Unavailable as problem:
    print(problem.message, "->", problem.hint)
"""


def test_a_disk_that_is_too_small_for_a_checkout_is_named(mirror: Mirror, agent: Agent, tmp_path: Path) -> None:
    head = agent.commit({"big": os.urandom(1_000_000)})
    handed_in(mirror, agent.path, TASK, 1)
    small = tmp_path / "small"
    small.mkdir()
    mount = ("unshare", "-Urm", "sh", "-c", 'mount -t tmpfs -o size=300k none "$0" && exec "$@"', str(small))
    if not shutil.which("unshare") or subprocess.run((*mount, "true"), capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    words = (sys.executable, "-c", FULL, str(small), str(mirror.path), head)
    said = subprocess.run((*mount, *words), capture_output=True, text=True, check=True).stdout
    assert f"cannot write a checkout to {small}; the disk may be full: " in said
    assert "TMPDIR" in said
