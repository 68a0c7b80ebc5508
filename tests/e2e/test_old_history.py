"""An origin with old history that git's checks refuse: the refusal names the command, and a person's word is kept."""

from __future__ import annotations

import re
import shlex
import subprocess

from onloop.errors import Exit
from support.waiting import wait_for
from support.world import PASSPHRASE, Ran, World


def test_a_person_tolerates_old_history_by_the_command_that_the_refusal_names(world: World) -> None:
    world.init()
    origin = world.origin()
    tree, author = world.git(origin, "rev-parse", "main^{tree}"), "A<a@b> 0 +0000"
    text = f"tree {tree}\nauthor {author}\ncommitter {author}\n\nold\n"
    words = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    made = subprocess.run(words, cwd=origin, input=text, capture_output=True, text=True, check=True).stdout.strip()
    world.git(origin, "update-ref", "refs/heads/main", made)

    start = ("start", "raise-coverage", "--repo", str(origin), "--json")
    refused = world.onloop(*start)
    assert refused.code == 2
    command = re.search(r"onloop (repository tolerate .*)", refused.json["hint"])
    assert command is not None
    assert world.onloop(*shlex.split(command[1])).code == 13  # nobody's word
    assert world.onloop(*shlex.split(command[1]), env={"ONLOOP_TOKEN": "x"}).code == 13
    done = world.onloop(*shlex.split(command[1]), "--as", "ana", passphrase=PASSPHRASE)
    assert done.code == 0, done.err
    task = world.onloop(*start).json["task"]
    ran = wait_for(lambda: _worked(world), lambda: world.onloop("show", task).out)  # its gates look at the base first
    assert "missingSpaceBeforeEmail" not in ran.err
    assert f"{origin}: missingSpaceBeforeEmail is passed over, by human:ana" in world.onloop("doctor").out
    assert "Tolerated" in world.onloop("log", "--run", "house").out
    assert (world.store.parent / "environments" / task).is_dir()
    harm = world.onloop("repository", "tolerate", str(origin), "hasDotgit", "--as", "ana", passphrase=PASSPHRASE)
    assert harm.code == 2
    assert "'hasDotgit' cannot be tolerated" in harm.err


def _worked(world: World) -> Ran | None:
    ran = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent("true"))
    return ran if ran.code != Exit.NOTHING else None
