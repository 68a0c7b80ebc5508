"""A demo's folder: the origins, the control repository, the store. Preparing it again changes nothing in it."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from onloop.access.fleet_order import FleetOrder
from onloop.access.opening import GatewayHandle, open_home, wall_clock
from onloop.access.runs import committed_workflow, new_run_id, start_fleet, start_run
from onloop.access.targets import read_targets
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
from onloop.machine.store_state import HOUSE, StoreCreated, StoreState
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.port import TaskFilter, Transaction
from onloop.store.sqlite.database import create_store

WITHOUT_GIT_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""Environment variables that keep the machine's git configuration out of a demo."""


class DemoFolder(Record):
    """The folder of one demo."""

    path: Path

    @property
    def home(self) -> Home:
        """The store and the files beside it."""
        return Home(self.path / "store")

    @property
    def origins(self) -> Path:
        """The folder of the repositories that the agents change."""
        return self.path / "origins"

    @property
    def scenario_file(self) -> Path:
        """The file of the scenario, which says how each task must end."""
        return self.path / "scenario.yaml"

    @property
    def crew(self) -> Path:
        """The folder with the process records of this demo."""
        return self.path / "crew"

    def scenario(self) -> Scenario:
        """The scenario of this demo."""
        return load(self.scenario_file)

    @property
    def play(self) -> Play:
        """The workflow, programs and workers of this demo."""
        return PLAYS[self.scenario().pattern]


def demo_folder(given: str | None) -> DemoFolder:
    """The folder that `--dir` names, or a new one under the state folder."""
    if given is None:
        return DemoFolder(state_home() / f"demo-{new_run_id()}")
    path = Path(given).expanduser().absolute()
    if path.exists() and any(path.iterdir()) and not (path / "scenario.yaml").is_file():
        raise BadInput(
            f"{path} is not the folder of a demo", hint="give an empty folder, a new one, or that of an earlier demo"
        )
    return DemoFolder(path)


def prepare(folder: DemoFolder, wanted: Pattern | None) -> None:
    """Create what does not exist yet. It deletes and overwrites nothing, and may be killed at any time.

    An existing demo keeps its pattern; a new one plays `wanted`, by default the fleet.
    """
    os.environ.update(WITHOUT_GIT_CONFIG)
    for path in (folder.path, folder.crew):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not folder.scenario_file.exists():
        fresh = folder.path / "scenario.yaml.new"
        shutil.copyfile(PLAYS[wanted or Pattern.FLEET].scenario, fresh)
        fresh.replace(folder.scenario_file)
    if wanted not in (None, folder.scenario().pattern):
        raise BadInput(
            f"{folder.path} holds a demo of {folder.play.workflow}, not of {PLAYS[wanted].workflow}",
            hint=f"onloop demo --dir {folder.path} continues it; another --dir starts another demo",
        )
    make_origins(folder.origins, folder.play.programs)
    _control(folder)
    create_store(folder.home.store, folder.home.anchor)
    write_toolchain(folder.home.store, os.environ.get("PATH", ""))
    make_own_key(folder.home.store)


def _control(folder: DemoFolder) -> Path:
    """The control repository with the committed workflow file; creates it if it does not exist."""
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
    """Open the store, enrol the person with a secret that only this process knows, and start the run if needed."""
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
            raise BadInput(f"{folder.path} holds a store that no demo created", hint="give another folder: --dir DIR")
        append_store_event(tx, event, wall_clock(), by.id)
        return tx.house()

    state = opened.gateway.store.transact(enrolled, about=HOUSE)
    principal = person_from_passphrase(state, person, passphrase, typed=False)
    return opened, principal, _root(folder, opened, by)


def _root(folder: DemoFolder, opened: GatewayHandle, by: Principal) -> Task:
    with opened.gateway.store.reading() as reading:
        root = next((task for task in reading.tasks(TaskFilter()) if task.parent is None), None)
    if root is not None:
        return root
    control = _control(folder)
    workflow = committed_workflow(opened.home.mirror(str(control)), "main", f"{folder.play.workflow}.yaml")
    names = sorted(path.name for path in folder.origins.glob("*.git"))
    targets = read_targets("\n".join(f"{name} main" for name in names), "origins", folder.origins)
    scenario = folder.scenario()
    if scenario.pattern is not Pattern.FLEET:
        return start_run(opened, by, workflow, targets[0], scenario.title)
    return start_fleet(opened, by, workflow, targets, FleetOrder(scenario.title, MAX_PARALLEL))
