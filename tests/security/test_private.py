"""What onloop makes is its user's alone, whatever umask it was started with; what is others' keeps the user's."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from onloop.home import Home
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, World

SHARED = {"serve": 0o710, "serve/gateway.sock": 0o660}
"""What agents of other users reach: a folder that lets its group through, and the socket in it."""

HELLO = 'umask > "$ONLOOP_OUT/umask"; echo hello > hello.txt; git add -A; git commit -qm "Say hello"'
WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    brief: Make it say hello.
    gates:
      - {id: hello, file: {path: hello.txt, contains: hello}}
      - {id: runs, command: [sh, -c, "echo done"]}
  - id: ship.merge
    effect: merge
"""


def made(folder: Path) -> Iterator[tuple[str, int]]:
    """Everything below a folder, and it, with its mode; not what lies in agents' clones, which is theirs."""
    yield ".", stat.S_IMODE(folder.lstat().st_mode)
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_symlink() and not (name.startswith(("environments/", "out/")) and name.count("/") > 1):
            yield name, stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_what_onloop_makes_is_its_users_alone(tmp_path: Path, umask: int) -> None:
    world = World(tmp_path)
    origin, control = world.origin(), world.control(WORKFLOW)

    def onloop(*words: str, passphrase: str = "") -> str:
        reader, writer = os.pipe()
        os.write(writer, passphrase.encode())
        os.close(writer)
        secret = ("--passphrase-fd", str(reader)) if passphrase else ()
        command = [sys.executable, "-m", "onloop.cli.entry", *words, *secret]
        ran = subprocess.run(
            command,
            env=world.environment,
            cwd=tmp_path,
            pass_fds=(reader,),
            umask=umask,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        os.close(reader)
        assert ran.returncode in {0, 15}, ran.stderr
        return ran.stdout

    onloop("init", "--name", "ana", passphrase=PASSPHRASE)
    targets = tmp_path / "targets.txt"
    targets.write_text(f"{origin}\n")
    run = onloop("fleet", "small.yaml", "--control", str(control), "--targets", str(targets), "--json")
    task = f"{json.loads(run)['task']}.1"
    command = [sys.executable, "-m", "onloop.cli.entry"]
    serve = subprocess.Popen([*command, "serve"], env=world.environment, umask=umask, stderr=subprocess.DEVNULL)
    try:
        wait_for(Home(world.store).socket.exists, lambda: "serve does not come up")
        onloop("work", "--once", "--role", "implementer", "--", "sh", "-ec", HELLO)
        world.until(task, "completed")
        onloop("store", "export", str(world.store.parent / "copy.jsonl"))
        found = dict(made(world.store.parent))
    finally:
        serve.terminate()
        serve.wait(20)

    assert {"store/onloop.db", "store/onloop.db-wal", "store.anchor", "logs/verifier.log", "copy.jsonl"} <= found.keys()
    assert any(name.startswith("store/mirrors/") for name in found) and f"environments/{task}" in found
    for name, mode in SHARED.items():
        assert found.pop(name) == mode
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}
    said = (world.store.parent / "out" / task / "umask").read_text().strip()
    assert int(said, 8) == umask, "an agent works with its user's umask"
    pushed = {stat.S_IMODE(path.stat().st_mode) for path in (origin / "objects").rglob("??/*") if path.is_file()}
    assert 0o444 & ~umask in pushed, "a repository that is pushed to is for whom it was"
