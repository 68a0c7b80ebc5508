"""Two people decide in two dashboards over one store while it changes under them: never the wrong thing, never twice.

What is compared is the log with what each screen showed at the moment Enter was pressed.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from textual.pilot import Pilot

from onloop.errors import OnloopError
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.service import Gateway
from onloop.machine import commands as c
from onloop.machine.digest import shown_digest
from onloop.machine.evolve import evolve
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.machine.store_state import HOUSE, StoreEvent
from onloop.machine.task import Task
from onloop.store.codec import event_from_text
from onloop.store.port import Recorded, TaskFilter
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop_tui.app import Dashboard
from onloop_tui.model.drawing.text_line import plain
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess
from onloop_tui.widgets.form_entry import LinesEntry
from support.tui_decisions import type_in
from support.tui_scenes import Clock, Scene, commit, play, screen_text, shows, until

EVENTS_PER_S = 20
SUBMITTING = 6
"""How many events it takes until a commit waits for approval."""
SIZE = (80, 24)
APART_MS = 400
"""More than the time for which keys are taken as meant for what was there before."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody decided, as far as they could see it."""

    by: str
    task: str
    answer: str
    digest: str


@dataclass(frozen=True, slots=True)
class Shop:
    """A store on disk that several threads open for themselves, and one clock for all of them."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    def scene(self) -> Scene:
        """The store for one thread."""
        return Scene(store=SqliteStore(self.folder), clock=self.clock)

    def dashboard(self, person: Principal) -> Dashboard:
        """A dashboard in front of which `person` sits."""
        place = StoreAccess(lambda: Gateway(SqliteStore(self.folder), self.clock))
        return Dashboard(Session(place, self.clock, person))

    def decisions(self, scene: Scene, after: int = 0) -> list[tuple[Recorded, Intent]]:
        """What the log says was decided after a sequence number, and by whom."""
        with scene.store.reading() as at:
            log = at.log(after=after, limit=1_000_000)
        found = [(e, json.loads(e.data)["decision"]) for e in log if e.name == "Decided"]
        return [(e, Intent(d["by"], e.task, d["answer"], d["digest"])) for e, d in found]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    create_store(tmp_path / "store")
    return Shop(tmp_path / "store")


def _visible(app: Dashboard) -> tuple[str, str] | None:
    """The task and the beginning of the digest that the sheet shows, scrolled or not; None where it asks nothing."""
    text = "\n".join(map(plain, app.main.sheet.body.lines))
    digest = re.search(r"shown +([0-9a-f]{12}) \(a decision is bound to it\)", text)
    request = re.search(r"request +(\S+?)/", text)
    return (request[1], digest[1]) if digest and request else None


@dataclass
class Approver:
    """Somebody who decides as fast as keys can be pressed, and remembers what they saw."""

    shop: Shop
    app: Dashboard
    name: str
    dice: random.Random
    intents: list[Intent] = field(default_factory=list)

    async def work(self, enough: threading.Event) -> None:
        """Decide until it is enough."""
        await play(self.app, lambda pilot: self._story(pilot, enough), SIZE)

    async def _story(self, pilot: Pilot[str], enough: threading.Event) -> None:
        sheet = self.app.main.sheet
        await shows(pilot, "◆ approve")
        while not enough.is_set():
            if sheet.mode is Mode.CLOSED:
                await self._until(lambda: self.app.main.inbox.arrangement.rows or enough.is_set())
                self.app.simulate_key("enter")
                if not await self._comes(lambda: sheet.mode is not Mode.CLOSED, 5.0):
                    continue  # the row went away as the key came
                self.app.simulate_key(self.dice.choice(("n", "N", "w")))
            await self._until(lambda: sheet.mode not in {Mode.READING, Mode.SENDING})
            if sheet.mode is Mode.SHOWN:
                await self._decide()
            elif sheet.mode is not Mode.CLOSED:  # a key came late, and began something
                begun = sheet.mode
                self.app.simulate_key("escape")
                await self._comes(lambda begun=begun: sheet.mode is not begun, 0.5)  # type: ignore[misc]  # bound now
        await self._comes(lambda: sheet.mode not in {Mode.READING, Mode.SENDING}, 5.0)
        await pilot.pause()

    async def _decide(self) -> None:
        """Press the keys of a decision, and note what is on the screen when Enter is pressed."""
        sheet, rejects = self.app.main.sheet, self.dice.random() < 0.3
        self.shop.clock.later(APART_MS)
        sheet.decision.notice = ()
        self.app.simulate_key("r" if rejects else "a")
        if not await self._comes(lambda: sheet.mode is not Mode.SHOWN or sheet.decision.notice, 0.5):
            return  # the sheet had just come up anew, and takes no key yet
        if rejects and sheet.mode is Mode.WRITING:
            await self._until(lambda: isinstance(self.app.focused, LinesEntry) or sheet.mode is not Mode.WRITING)
            if isinstance(self.app.focused, LinesEntry):
                self.app.focused.words = "once more"
        self.shop.clock.later(APART_MS)
        seen, mode = _visible(self.app), sheet.mode
        if seen is None or mode not in {Mode.CONFIRMING, Mode.WRITING}:
            self.app.simulate_key("escape" if seen is None else "R")
            await self._comes(lambda: sheet.mode is not mode, 0.5)  # Esc closes what `w` had opened first
            return
        answer = "approve" if mode is Mode.CONFIRMING else "reject"
        self.intents.append(Intent(f"human:{self.name}", seen[0], answer, seen[1]))
        self.app.simulate_key("enter")
        await self._comes(lambda: sheet.mode not in {mode, Mode.SENDING}, 2.0)  # faster than the focus, it is lost

    async def _until(self, holds: Callable[[], object]) -> None:
        if not await self._comes(holds, 30.0):
            at = f"{self.app.main.sheet.mode.value}, focus on {self.app.focused!r}"
            raise AssertionError(f"{self.name} waits in vain ({at}):\n{screen_text(self.app)}")

    async def _comes(self, holds: Callable[[], object], seconds: float) -> bool:
        """Wait for a condition without waiting for the screen: this is about as fast as somebody can be."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.005)
        return True


def _churn(shop: Shop, tasks: list[str], cleo: Principal, dice: random.Random, stop: threading.Event) -> None:
    """Agents submit, and a third person returns what others may be looking at; under twenty events a second."""
    scene = shop.scene()
    assert cleo.voice is not None
    submissions = 0
    while not stop.is_set():
        with scene.store.reading() as at:
            known = at.tasks(TaskFilter(states=(State.SUBMITTED, State.INPUT_REQUIRED)))
        waiting = [task for task in known if task.state is State.INPUT_REQUIRED]
        ready = [task for task in known if task.state is State.SUBMITTED and task.id in tasks]
        try:
            if ready and (len(waiting) < 6 or dice.random() < 0.6):
                submissions += 1
                head = f"{submissions:x}".ljust(40, "e")
                task = dice.choice(ready[:20]).id
                scene.wants_approval(task, what=commit(task, "Done.", head=head))
            elif waiting:
                asked = waiting[0].requests[0]
                digest = shown_digest(waiting[0], asked)
                scene.gateway.perform(
                    PerformCommand(cleo, waiting[0].id, c.Reject(asked.id, digest, cleo.voice, "not yet"))
                )
        except OnloopError:  # somebody else was faster
            continue
        stop.wait(SUBMITTING / EVENTS_PER_S)
    scene.store.close()


@contextmanager
def _churning(shop: Shop, tasks: list[str], cleo: Principal, dice: random.Random) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=_churn, args=(shop, tasks, cleo, dice, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _stale(scene: Scene, decided: list[tuple[Recorded, Intent]]) -> list[str]:
    """Of the decisions, those that were not about what their task asked when it was decided: found by folding again."""
    with scene.store.reading() as at:
        log = at.log(limit=1_000_000)
    intents, tasks, found = {record.seq: intent for record, intent in decided}, dict[str, Task](), list[str]()
    for record in log:
        if record.task == HOUSE:
            continue
        before, intent = tasks.get(record.task), intents.get(record.seq)
        if intent is not None:
            asked = json.loads(record.data)["decision"]["request"]
            request = before.request(asked) if before is not None else None
            if before is None or request is None or shown_digest(before, request) != intent.digest:
                found.append(f"{record.task} at version {record.version}")
        event = event_from_text(record.name, record.data)
        assert not isinstance(event, StoreEvent)
        tasks[record.task] = evolve(before, event, id=record.task, at=record.at)
    return found


@pytest.mark.parametrize("count", [8, pytest.param(1_000, marks=pytest.mark.soak)])
def test_two_people_over_a_store_that_changes_never_decide_the_wrong_thing_or_twice(shop: Shop, count: int) -> None:
    scene, dice = shop.scene(), random.Random(count)  # noqa: S311 - a schedule, not a secret
    scene.enrol("ana", "ben", "cleo")
    tasks = scene.fleet([f"repo{i}" for i in range(2 * count)])
    for task in tasks[:8]:
        scene.wants_approval(task)
    people = {name: scene.person(name) for name in ("ana", "ben", "cleo")}
    approvers = [Approver(shop, shop.dashboard(people[name]), name, dice) for name in ("ana", "ben")]
    enough = threading.Event()

    async def watched() -> None:
        made, seen = 0, 0
        while made < count:
            for record, intent in shop.decisions(scene, seen):
                made, seen = made + (intent.by != "human:cleo"), record.seq
            await asyncio.sleep(0.2)
        enough.set()

    async def everybody() -> None:
        await asyncio.gather(watched(), *(approver.work(enough) for approver in approvers))

    with _churning(shop, tasks, people["cleo"], dice):
        asyncio.run(everybody())

    decided = shop.decisions(scene)
    theirs = Counter(Intent(i.by, i.task, i.answer, i.digest[:12]) for _, i in decided if i.by != "human:cleo")
    meant = Counter(intent for approver in approvers for intent in approver.intents)
    requests = Counter(json.loads(e.data)["decision"]["request"] for e, _ in decided)
    assert sum(theirs.values()) >= count
    assert not theirs - meant, "somebody's decision was about something else than their screen showed"
    assert max(requests.values()) == 1, "a request was decided twice"
    assert not _stale(scene, decided), "what was decided was no longer so"
    scene.store.close()


def test_of_two_people_at_once_one_decides_and_the_other_sees_who_what_and_when(shop: Shop) -> None:
    scene = shop.scene()
    scene.enrol("ana", "ben")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    ready, sent = asyncio.Barrier(2), asyncio.Event()

    async def sit(name: str, first: bool) -> None:
        app = shop.dashboard(scene.person(name))

        async def story(pilot: Pilot[str]) -> None:
            await shows(pilot, "◆ approve")
            await pilot.press("enter")
            await shows(pilot, "in cart pass ship.approve?")
            shop.clock.later(APART_MS)
            await pilot.press("r")
            await shows(pilot, "Reject:")
            await type_in(pilot, f"{name} says no")
            shop.clock.later(APART_MS)
            await ready.wait()
            if first:
                await pilot.press("enter")
                await until(pilot, lambda: scene.task(task).decisions)
                sent.set()
            else:
                await sent.wait()
                await pilot.press("enter")
                await shows(pilot, f"✗ {task} was at version", "human:ana", "rejected release 0 s", "ago")
                await shows(pilot, "changed since shown", "ana says no")

        await play(app, story, SIZE)

    async def both() -> None:
        await asyncio.gather(sit("ana", first=True), sit("ben", first=False))

    asyncio.run(both())
    assert [(d.by, d.reason) for d in scene.task(task).decisions] == [("human:ana", "ana says no")]
    scene.store.close()
