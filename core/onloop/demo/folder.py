"""A demo's folder: the origins, the control repository, the store. Making it again changes nothing that is there."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from onloop.access.opening import GatewayHandle, open_home, wall_clock
from onloop.access.runs import committed_workflow, new_run_id, read_targets, start_fleet, start_run
from onloop.demo.demo_git import git
from onloop.demo.origins import make_origins
from onloop.demo.plays import MAX_PARALLEL, PLAYS, Play
from onloop.demo.scenario import Pattern, Scenario, load
from onloop.errors import BadInput
from onloop.gates.toolchain import write_toolchain
from onloop.gateway.service import append_store_event
from onloop.home import Home, state_home
from onloop.identity.own_key import make_own_key
from onloop.identity.passphrase import enrolment, person_from_passphrase
from onloop.identity.process_privacy import keep_others_out
from onloop.identity.scram import RANDOM_COST
from onloop.machine.principal import Principal, launcher
from onloop.machine.store_state import StoreCreated, StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import TaskFilter, Transaction
from onloop.store.sqlite.database import create_store

SHUT_OUT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""What keeps the machine's own git configuration out of a demo."""


class DemoFolder(Record):
    """Where one demo lives."""

    path: Path

    @property
    def home(self) -> Home:
        """Its store, and what lies beside it."""
        return Home(self.path / "store")

    @property
    def origins(self) -> Path:
        """The repositories that are worked on."""
        return self.path / "origins"

    @property
    def scenario_file(self) -> Path:
        """How each task must end."""
        return self.path / "scenario.yaml"

    @property
    def crew(self) -> Path:
        """Which processes belong to it."""
        return self.path / "crew"

    def scenario(self) -> Scenario:
        """What is played."""
        return load(self.scenario_file)

    @property
    def play(self) -> Play:
        """What belongs to what is played."""
        return PLAYS[self.scenario().pattern]


def demo_folder(given: str | None) -> DemoFolder:
    """The folder that `--dir` names, or a new one under the state folder."""
    if given is None:
        return DemoFolder(state_home() / f"demo-{new_run_id()}")
    path = Path(given).expanduser().absolute()
    if path.exists() and any(path.iterdir()) and not (path / "scenario.yaml").is_file():
        raise BadInput(
            f"{path} is not a demo's folder", hint="give an empty one, a new one, or that of an earlier demo"
        )
    return DemoFolder(path)


def prepare(folder: DemoFolder, wanted: Pattern | None) -> None:
    """Make whatever is not there yet; nothing is ever deleted or overwritten, and a kill half-way does no harm.

    A folder goes on with what it was begun with; a new one plays `wanted`, or the fleet.
    """
    os.environ.update(SHUT_OUT)
    for path in (folder.path, folder.crew):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not folder.scenario_file.exists():
        fresh = folder.path / "scenario.yaml.new"
        shutil.copyfile(PLAYS[wanted or Pattern.FLEET].scenario, fresh)
        fresh.replace(folder.scenario_file)
    if wanted not in (None, folder.scenario().pattern):
        raise BadInput(f"{folder.path} plays {folder.play.workflow}", hint=f"onloop demo --dir {folder.path}")
    make_origins(folder.origins, folder.play.programs)
    _control(folder)
    create_store(folder.home.store, folder.home.anchor)
    write_toolchain(folder.home.store, os.environ.get("PATH", ""))
    make_own_key(folder.home.store)


def _control(folder: DemoFolder) -> Path:
    """The control repository: it holds the workflow file, committed."""
    path = folder.path / "control.git"
    if path.exists():
        return path
    fresh = folder.path / f".control-{secrets.token_hex(4)}.git"
    git(folder.path, "init", "--quiet", "--bare", "--initial-branch=main", str(fresh))
    text = folder.play.paced()
    stream = (
        b"commit refs/heads/main\ncommitter onloop demo <demo@onloop.invalid> 1767225600 +0000\n"
        b"data 24\nThe workflow of the demo\n"
        + f"M 100644 inline {folder.play.workflow}.yaml\ndata {len(text)}\n".encode()
        + text
        + b"\n"
    )
    git(fresh, "fast-import", "--quiet", stdin=stream)
    fresh.rename(path)
    return path


def begin(folder: DemoFolder, person: str) -> tuple[GatewayHandle, Principal, Task]:
    """Open the store, enrol the person with a secret that only this process knows, and start the work if none is."""
    opened = open_home(folder.home)
    by = launcher("demo")
    keep_others_out()
    passphrase = secrets.token_urlsafe(24)
    event = enrolment(person, ("approvers",), "", passphrase, by.id, RANDOM_COST)
    store_id = secrets.token_hex(8)

    def enrolled(tx: Transaction) -> StoreState:
        if not tx.house().id:
            append_store_event(tx, StoreCreated(store_id, scripted=True), wall_clock(), by.id)
        if not tx.house().scripted:
            raise BadInput(f"{folder.path} holds a store that is no demo's", hint="give another folder: --dir D")
        append_store_event(tx, event, wall_clock(), by.id)
        return tx.house()

    house = opened.gateway.store.transact(enrolled)
    principal = person_from_passphrase(house, person, passphrase, typed=False)
    return opened, principal, _root(folder, opened, by)


def _root(folder: DemoFolder, opened: GatewayHandle, by: Principal) -> Task:
    with opened.gateway.store.reading() as at:
        root = next((task for task in at.tasks(TaskFilter()) if task.parent is None), None)
    if root is not None:
        return root
    control = _control(folder)
    workflow = committed_workflow(opened.home.mirror(str(control)), "main", f"{folder.play.workflow}.yaml")
    names = sorted(path.name for path in folder.origins.glob("*.git"))
    targets = read_targets("\n".join(names), "origins", folder.origins)
    played = folder.scenario()
    if played.pattern is Pattern.SWARM:
        return start_run(opened, by, workflow, targets[0], played.title)
    return start_fleet(opened, by, workflow, targets, played.title, MAX_PARALLEL)
