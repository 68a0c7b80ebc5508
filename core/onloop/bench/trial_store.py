"""Makes what a trial needs, in a folder of its own: an origin that ends at the base, a store, and the run in it."""

from __future__ import annotations

import dataclasses
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from onloop.access.opening import GatewayHandle, open_file, wall_clock
from onloop.bench.bench_plan import ReplayedTask
from onloop.gates import toolchain
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.mending import old_history
from onloop.gateway.command_operations import CreateRun
from onloop.gateway.service import append_store_event
from onloop.gateway.upkeep import KeepContent
from onloop.home import Home
from onloop.identity.own_key import make_own_key
from onloop.machine.artefacts import Artefact
from onloop.machine.commands import Create
from onloop.machine.principal import launcher
from onloop.machine.store_state import HOUSE, StoreCreated
from onloop.machine.task import Kind
from onloop.store.codec import to_text
from onloop.store.port import Transaction
from onloop.store.rows import PinnedWorkflow
from onloop.store.sqlite.database import create_store
from onloop.views.given_files import BRIEF

STARTER = launcher("bench")
RUN = "trial"
"""The id of the only task in a trial's store."""

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")


def made_trial(folder: Path, task: ReplayedTask, tools: Path) -> GatewayHandle:
    """The trial's store, opened, with the task begun in it; the programs of gates are those of the file `tools`.

    Nobody is enrolled in it, so that nobody can decide in it. Its origin holds what `base` reaches, and nothing else.
    """
    home, origin = Home(folder / "store"), folder / "origin.git"
    _make_origin(origin, task)
    create_store(home.store, home.anchor)
    with suppress(FileNotFoundError):  # a store without one has the system's programs
        shutil.copyfile(tools, home.store / toolchain.FILE)
    make_own_key(home.store)
    mirror = dataclasses.replace(home.mirror(str(origin)), tolerated=task.tolerated)
    mirror.create()
    mirror.refresh(task.target)
    opened = open_file(home)
    try:
        opened.gateway.store.transact(_founded, about=HOUSE)
        _begin(opened, task, str(origin))
    except BaseException:
        opened.close()
        raise
    return opened


def _make_origin(origin: Path, task: ReplayedTask) -> None:
    """A bare repository in which the target's branch is the base. Only objects that the base reaches are copied."""
    git = Git(origin, settings=old_history.lenient("fetch.fsck", task.tolerated))
    git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={task.target}")
    wanted = ("--end-of-options", str(task.mirror), f"{task.base}:refs/heads/{task.target}")
    git.run("fetch", *_FETCH, *wanted, timeout_s=LONG_S)


def _founded(tx: Transaction) -> None:
    append_store_event(tx, StoreCreated(secrets.token_hex(8), scripted=True), wall_clock(), STARTER.id)


def _begin(opened: GatewayHandle, task: ReplayedTask, origin: str) -> None:
    files = (*(((BRIEF, task.brief),) if task.brief else ()), *task.attachments)
    kept = tuple(Artefact(name, opened.gateway.perform(KeepContent(text)), len(text)) for name, text in files)
    definition = task.definition
    create = Create(
        title=task.title,
        kind=Kind.WORK,
        workflow=definition.name,
        definition=definition.digest,
        sponsor=STARTER.id,
        run=RUN,
        repo=task.repo,
        origin=origin,
        target=task.target,
        brief=task.asked,
        attachments=kept,
    )
    pinned = PinnedWorkflow(definition.digest, definition.name, "", to_text(definition))
    opened.gateway.perform(CreateRun(STARTER, ((RUN, create),), pinned))
