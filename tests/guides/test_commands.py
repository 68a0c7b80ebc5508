"""Every command that a guide shows is run, as it stands there, in a terminal, in a store and a repository of its own.

A command with `# exit N` behind it must end so, every other one with 0. `RUN=`, `TASK=`, `CAUSE=` and `MUTE=` stand
for what the reader sees on their own screen: here they get what the store holds. A passphrase is typed when it is
asked for.
"""

from __future__ import annotations

import json
import os
import pty
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from guides.pages import GUIDES, PAGES, blocks
from onloop.access.opening import create_home
from onloop.gateway.credential_operations import MintSession
from onloop.home import Home
from onloop.identity.scram import LEAST_COST, RANDOM_COST
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from support.listening import Authority, listening
from support.world import PASSPHRASE, WORKFLOW, World

RUNNABLE = [name for name, page in GUIDES.items() if any(b.language == "sh" and not b.why_not for b in blocks(page))]
MOST_NOT_RUN = 31
GREETING = 'echo hello > hello.txt; git add -A; git commit -qm "Say hello"'
ENDED = re.compile(r"^(?P<command>[^#\n]*?) +# exit (?P<code>\d+)$", re.MULTILINE)
PLACEHOLDER = re.compile(r"^(RUN|TASK|CAUSE|MUTE)=.*$", re.MULTILINE)
ASKED = re.compile(rb"(assphrase[^\n]*|Again): $")
FOUND = {
    "RUN": "list | t['run'] for t in d['tasks']",
    "TASK": "list | t['task'] for t in d['tasks'] if t['repo']",
    "CAUSE": "attention | g['cause'] for g in d['groups']",
    "MUTE": "attention --all | h['rule'] for h in d['hidden'] if h['rule']",
}


def _script(name: str) -> str:
    """The guide's commands as one script for bash, with what they must end with."""
    text = "\n".join(each.code for each in blocks(GUIDES[name]) if each.language == "sh" and not each.why_not)
    return PLACEHOLDER.sub(lambda match: f"{match[1]}=$(find_{match[1]}); test -n ${match[1]}", _checked(text))


def _checked(text: str) -> str:
    """The commands with `# exit N` as ones that fail where they end otherwise."""
    return ENDED.sub(r"code=0; \g<command> || code=$?; [ $code = \g<code> ]", text)


def _finders() -> str:
    """Functions for bash that print the first task, cause and mute of the store."""
    lines = []
    for name, found in FOUND.items():
        verb, _, picked = found.partition(" | ")
        code = f"import json, sys; d = json.load(sys.stdin); print([{picked}][0])"
        lines.append(f'find_{name}() {{ onloop {verb} --json | {sys.executable} -c "{code}"; }}')
    return "\n".join(lines)


def _run(world: World, script: str, folder: Path, more: dict[str, str]) -> tuple[int, str]:
    """The exit code and the screen of a script that runs in a terminal."""
    shim = world.folder / "bin"
    shim.mkdir(exist_ok=True)
    (shim / "onloop").write_text(f'#!/bin/sh\nexec {sys.executable} -m onloop.cli.entry "$@"\n')
    (shim / "onloop").chmod(0o755)
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _IDENTITY.items()}
    environment = {**world.environment, **identity, "PAGER": "cat", "TERM": "xterm", **more}
    environment["PATH"] = f"{shim}{os.pathsep}{environment['PATH']}"
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe("bash", ["bash", "--norc", "-euxo", "pipefail", "-c", f"{_finders()}\n{script}"], environment)  # noqa: S606
    screen = b""
    seen = 0
    while True:
        try:
            got = os.read(terminal, 65_536)
        except OSError:  # its other end is closed
            break
        if not got:
            break
        screen += got
        if ASKED.search(screen[seen:]):
            seen = len(screen)
            os.write(terminal, f"{PASSPHRASE}\n".encode())
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), screen.decode(errors="replace")


_IDENTITY = {"NAME": "You", "EMAIL": "you@example.org"}


def _shop(world: World) -> Path:
    """A store, and a bare repository beside it."""
    world.init(scripted=False)
    for name in ("shop", "billing", "ledger"):
        world.origin(name)
    return world.folder / "origins"


def _waiting(world: World) -> Path:
    """Two tasks that wait for an approval."""
    folder = _shop(world)
    run = world.fleet(folder / "shop.git", folder / "billing.git")
    for task in (1, 2):
        world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GREETING))
        world.until(f"{run}.{task}", "input_required", "approval_required")
    return folder


def _failed(world: World) -> Path:
    """A fleet whose agents have all given up."""
    folder = _shop(world)
    run = world.fleet(folder / "shop.git", folder / "billing.git", workflow=WORKFLOW.replace("max: 2", "max: 1"))
    for task in (1, 2):
        world.onloop("work", "--role", "implementer", "--once", "--", "false")
        world.until(f"{run}.{task}", "input_required", "attempts_exhausted")
    return folder


def _saved(world: World) -> Path:
    """The example of the guide, saved as it says."""
    folder = _shop(world)
    (folder / ".onloop").mkdir()
    example = next(each.code for each in blocks(GUIDES["workflows"]) if each.code.startswith("workflow:"))
    (folder / ".onloop" / "feature.yaml").write_text(example)
    return folder


def _clone(world: World) -> Path:
    """The clone of an agent that has claimed a task; the script takes its variables from a file."""
    folder = _shop(world)
    run = world.fleet(folder / "shop.git", folder / "billing.git")
    claimed = world.onloop("claim", f"{run}.1", "--role", "implementer", "--name", "ada")
    assert claimed.code == 0, claimed.err
    (world.folder / "claimed").write_text(claimed.out)
    return world.store.parent / "environments" / f"{run}.1"


def _finished(world: World) -> Path:
    """A task that is finished, and two agents to compare on it."""
    folder = _shop(world)
    people = WORKFLOW[WORKFLOW.index("  - id: ship.approve") : WORKFLOW.index("  - id: ship.merge")]
    run = world.fleet(folder / "shop.git", workflow=WORKFLOW.replace(people, ""))
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GREETING))
    world.until(f"{run}.1", "completed")
    for name, script in (("careful", GREETING), ("quick", "exit 0")):
        (folder / name).write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


OF_THEIR_OWN = {"tutorial", "http", "remote", "elsewhere"}
"""Guides whose commands have a test of their own."""

SCENES: dict[str, Callable[[World], Path]] = {
    "engineer": _shop,
    "approver": _waiting,
    "operator": _failed,
    "agents": _clone,
    "benches": _finished,
    "swarms": _clone,
    "workflows": _saved,
}


@pytest.mark.parametrize("name", [name for name in RUNNABLE if name not in OF_THEIR_OWN])
def test_the_commands_of_a_guide_do_what_it_says(world: World, name: str) -> None:
    folder = SCENES.get(name, _shop)(world)
    claimed = 'set +x; eval "$(grep ^export ../../claimed || grep ^export "$CLAIMED")"; set -x\n'
    script = (claimed if SCENES.get(name) is _clone else "") + _script(name)

    code, screen = _run(world, script, folder, {"CLAIMED": str(world.folder / "claimed")})

    assert code == 0, screen[-6000:]


def test_the_commands_of_the_tutorial_end_in_a_merged_change(world: World) -> None:
    code, screen = _run(world, _script("tutorial"), world.folder, {})
    assert code == 0, screen[-6000:]
    task = world.onloop("list", "--json").json["tasks"][0]["task"]

    world.until(task, "completed")

    assert "hello, {name}" in world.git(world.folder / "shop.git", "show", "main:shop.py")


def test_the_requests_of_the_guide_to_http_are_answered_as_it_says(world: World) -> None:
    _shop(world)
    run = world.fleet(world.folder / "origins" / "shop.git")
    authority = Authority(world.folder)
    with listening(world.environment, authority) as url:
        line = HttpLine(url, SmallCarrier(url, str(authority.file)), Credentials(least_cost=RANDOM_COST))
        secret = line.ask(MintSession(line.person("ana", PASSPHRASE, typed=True))).secret
        line.close()
        for name in ("credential", "session"):
            (world.folder / name).write_text(f"Authorization: Bearer {secret}\n")
        given = {"URL": url, "CA": str(authority.file), "TASK": f"{run}.1"}

        code, screen = _run(world, _script("http"), world.folder, given)

    assert code == 0, screen[-6000:]
    assert (world.folder / "openapi.json").read_text() != ""
    assert json.loads((world.folder / "task.json").read_text())["ok"]["id"] == f"{run}.1"


def test_the_commands_of_the_guide_to_other_machines_read_through_the_gateway(world: World) -> None:
    world.init(scripted=False, cost=LEAST_COST)
    world.origin("shop")
    run = world.fleet(world.folder / "origins" / "shop.git")
    authority = Authority(world.folder)
    with listening(world.environment, authority) as url:
        far = {"ONLOOP_STORE": "", "XDG_STATE_HOME": str(world.folder / "far")}
        given = {"URL": url, "CA": str(authority.file), "TASK": f"{run}.1", **far}

        code, screen = _run(world, _script("remote"), world.folder, given)

    assert code == 0, screen[-6000:]
    assert f"ana reads at {url} until" in screen
    assert f"ana is logged out of {url}" in screen


def test_the_commands_of_the_guide_for_other_machines_hand_work_in(world: World) -> None:
    made = {"store_id": "world", "person": "ana", "groups": ("approvers",), "email": "", "scripted": False}
    create_home(Home(world.store), passphrase=PASSPHRASE, **made)  # type: ignore[arg-type]
    task = f"{world.fleet(world.origin())}.1"
    authority = Authority(world.folder)
    with listening(world.environment, authority) as url:
        given = {"ONLOOP_URL": url, "ONLOOP_CA": str(authority.file)}
        code, screen = _run(world, _script("elsewhere"), world.folder, given)
        assert code == 0, screen[-6000:]

    assert world.task(task)["reason"] == "approval_required", screen[-6000:]


def test_a_command_that_ends_otherwise_than_the_guide_says_is_seen(world: World) -> None:
    world.init()

    assert _run(world, "onloop show r1.1", world.folder, {})[0] != 0
    assert _run(world, _checked("true  # exit 3"), world.folder, {})[0] != 0
    assert _run(world, _checked("onloop list --no-such-option  # exit 2"), world.folder, {})[0] == 0


def test_few_commands_are_not_run_and_each_says_why() -> None:
    not_run = [each for page in PAGES.values() for each in blocks(page) if each.why_not]

    assert len(not_run) <= MOST_NOT_RUN + len([each for each in blocks(PAGES["README.md"]) if each.why_not])
    assert all(len(each.why_not) > 20 for each in not_run)
    assert not [each for each in blocks(PAGES["README.md"]) if each.language == "sh" and not each.why_not]
