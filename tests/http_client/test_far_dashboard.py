"""A dashboard over a URL is the same one: slow and broken ways only delay it, and it says nothing that is not so."""

from __future__ import annotations

import asyncio
import datetime
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gateway.over_http import certified, over_http
from http_client.bad_way import BadWay, bad_way
from http_client.scripted_host import answer, scripted_host
from onloop.access.opening import create_home, open_file, wall_clock
from onloop.gateway.credential_operations import MintSession
from onloop.gateway.port import GatewayPort
from onloop.home import Home
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal
from onloop.machine.state import State
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection_operations import ReadStamp
from onloop.remote.http_client.carriers import PooledCarrier, SmallCarrier
from onloop.remote.http_client.far_place import FarPlace
from onloop.remote.http_client.http_line import HttpLine
from onloop.store.port import Store
from onloop.views.queries.store_changes import ReadStoreChanges
from onloop_tui.app import Dashboard
from onloop_tui.feed import StoreLost, StoreUpdate, StoreWatch
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess, access_far
from support.tui_scenes import CHEAP, Scene, commit, play, screen_text, shows, until

PASSPHRASE = "long enough"


@dataclass
class Far:
    """A gateway, the bad way to it, and what a person there sees of a store in which one approval waits."""

    home: Home
    task: str
    way: BadWay
    session: str
    places: list[FarPlace] = field(default_factory=list)
    ahead_ms: int = 0

    def later(self) -> None:
        """So much time passes that keys are taken as meant for what came up."""
        self.ahead_ms += 400

    def access(self) -> StoreAccess:
        place = FarPlace(self.way.url, PooledCarrier(self.way.url, certified().ca))
        self.places.append(place)
        return access_far(place, Credentials(bearer=self.session, least_cost=CHEAP))

    def dashboard(self) -> Dashboard:
        access = self.access()
        return Dashboard(Session(access, lambda: access.clock() + self.ahead_ms, person_name="ana"))

    def approvals(self) -> int:
        """How often the task was approved."""
        opened = open_file(self.home)
        with opened.gateway.store.reading() as at:
            found = [each for each in at.log(task=self.task) if each.principal == "human:ana"]
        opened.close()
        return len([each for each in found if each.name == "Decided"])

    def another_task(self) -> str:
        scene = Scene(store=open_file(self.home).gateway.store)
        (task,) = scene.fleet(["flags"], run="r8k2m")
        scene.store.close()
        return task


@pytest.fixture
def far(request: pytest.FixtureRequest) -> Iterator[Far]:
    """The way is as the test's parameter says: how late in seconds, and how many pieces of a hundred break it."""
    late_s, breaks = getattr(request, "param", (0.0, 0.0))
    with ExitStack() as block:
        folder = Path(block.enter_context(tempfile.TemporaryDirectory(prefix="onloop-far-")))
        home = Home(folder / "store")
        given = {"store_id": "s", "person": "ana", "groups": ("approvers",), "passphrase": PASSPHRASE, "email": ""}
        create_home(home, scripted=False, cost=CHEAP, **given)  # type: ignore[arg-type]
        scene = Scene(store=open_file(home).gateway.store)
        (task,) = scene.fleet(["cart"])
        scene.wants_approval(task, what=commit(task, "Tests pass."))
        scene.store.close()
        way = block.enter_context(bad_way())
        door = block.enter_context(over_http(home, wall_clock, public=(way.url,)))
        way.target = door.doors[0].port
        way.late_s, way.breaks = late_s, breaks
        made = Far(home, task, way, _session(door.url))
        yield made
        for place in made.places:
            place.carrier.close()


def _session(url: str) -> str:
    line = HttpLine(url, SmallCarrier(url, certified().ca), Credentials(least_cost=CHEAP))
    person = line.person("ana", PASSPHRASE, typed=True)
    secret = line.ask(MintSession(person)).secret
    line.close()
    return secret


async def _up_to_the_last_key(pilot: Pilot[str], app: Dashboard, far: Far) -> None:
    """Say that what waits is approved, with the passphrase that is asked for once, but for confirming it."""
    await shows(pilot, "▶ ◆ approve")
    await pilot.press("enter")
    await shows(pilot, "in cart pass ship.approve?")
    await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
    far.later()
    await pilot.press("a")
    await until(pilot, lambda: isinstance(app.focused, Input))
    assert isinstance(app.focused, Input)
    app.focused.value = PASSPHRASE
    far.later()
    await pilot.press("enter")
    await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
    far.later()


@pytest.mark.parametrize("far", [(0.15, 0.05)], indirect=True, ids=["300 ms and 5 %"])
def test_through_latency_and_loss_one_decides_once_and_sees_what_came_of_it(far: Far) -> None:
    app = far.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _up_to_the_last_key(pilot, app, far)
        await pilot.press("enter")
        await until(pilot, lambda: "nothing needs you" in screen_text(app))

    asyncio.run(play(app, story))
    assert far.approvals() == 1


def test_a_decision_is_not_shown_as_taken_before_the_gateway_said_so(far: Far) -> None:
    app = far.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _up_to_the_last_key(pilot, app, far)
        await asyncio.to_thread(far.way.hold)
        await pilot.press("enter")
        await until(pilot, far.approvals)
        assert "needs you 1" in screen_text(app)
        await asyncio.to_thread(far.way.release)
        await until(pilot, lambda: "nothing needs you" in screen_text(app))

    asyncio.run(play(app, story))
    assert far.approvals() == 1


def test_a_gateway_that_cannot_be_reached_is_missed_and_found_again(far: Far) -> None:
    app = far.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "▶ ◆ approve")
        target, far.way.target = far.way.target, 1
        await asyncio.to_thread(far.way.cut)
        await shows(pilot, "⚠ store lost since", f"the gateway at {far.way.url} is gone")
        assert app.main.around.why_not_decide((140, 45))
        far.way.target = target
        await until(pilot, lambda: "store lost" not in screen_text(app))

    asyncio.run(play(app, story))


@dataclass
class Overheard:
    """A gateway, and what was asked of it."""

    gateway: GatewayPort
    asked: list[Operation[Any]]

    @property
    def store(self) -> Store:
        return self.gateway.store

    @property
    def clock(self) -> Callable[[], int]:
        return self.gateway.clock

    def perform(self, operation: Operation[AnswerT]) -> AnswerT:
        self.asked.append(operation)
        return self.gateway.perform(operation)

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        return self.gateway.person(name, passphrase, typed=typed)


def test_who_lost_the_gateway_goes_on_from_where_they_were(far: Far) -> None:
    access, asked = far.access(), list[Operation[Any]]()
    look = access.look
    assert look is not None
    heard = StoreAccess(access.open, look=lambda: Overheard(look(), asked), resumes=access.resumes)
    watch = StoreWatch(heard, access.clock)
    first = watch.look()
    assert isinstance(first, StoreUpdate)

    target, far.way.target = far.way.target, 1
    far.way.cut()
    assert isinstance(watch.look(), StoreLost)
    task = far.another_task()
    far.way.target = target
    again = watch.look()
    watch.close()

    assert isinstance(again, StoreUpdate)
    assert {far.task, task} <= set(again.snapshot.tasks)
    places = [each.after for each in asked if isinstance(each, ReadStoreChanges)]
    assert places == [None, first.snapshot.seq]


def test_the_gateways_clock_counts_where_ours_is_hours_away() -> None:
    ahead = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=5)
    said = answer(b'{"ok": 7}', more=(f"Date: {ahead:%a, %d %b %Y %H:%M:%S} GMT",))

    with scripted_host(lambda _, __: said, None) as host:
        line = HttpLine(host.url, SmallCarrier(host.url), Credentials(bearer="onl_ses_x"))
        assert abs(line.clock() - wall_clock()) < 2_000
        line.ask_until_told(ReadStamp())
        there = line.clock()
        line.close()

    assert abs(there - ahead.timestamp() * 1000) < 5_000


def test_one_looks_back_and_takes_back_from_afar(far: Far) -> None:
    app = far.dashboard()

    def moment() -> int | None:
        then = app.main.session.moment
        return then.seq if then is not None else None

    async def story(pilot: Pilot[str]) -> None:
        await _up_to_the_last_key(pilot, app, far)
        asked = app.main.snapshot.seq
        await pilot.press("enter")
        await until(pilot, lambda: "nothing needs you" in screen_text(app))
        await until(pilot, lambda: not app.main.sheet.is_open)

        await pilot.press("ctrl+t")
        app.main.prompt.line.value = f"at #{asked}"
        await pilot.press("enter")
        await until(pilot, lambda: moment() == asked)
        await shows(pilot, "AS IT STOOD AT", "▶ ◆ approve")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: (moment() or asked) < asked)
        before = moment() or 0
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: (moment() or 0) > before)
        await pilot.press("escape")
        await until(pilot, lambda: moment() is None)

        await pilot.press("3")
        app.main.view.go_to(Subject(SubjectKind.TASK, far.task, (far.task,)))
        await pilot.press("U")
        await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
        far.later()
        await pilot.press("enter")
        await shows(pilot, "needs you 1")

    asyncio.run(play(app, story))
    assert far.approvals() == 1
    opened = open_file(far.home)
    with opened.gateway.store.reading() as at:
        task = at.task(far.task)
    opened.close()
    assert task is not None and task.decisions == () and task.state is State.INPUT_REQUIRED
