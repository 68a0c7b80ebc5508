"""A change is read over a real line: `onloop serve` in a process of its own, TLS, and a dashboard elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from onloop.access.opening import create_home, open_file
from onloop.gateway.credential_operations import MintSession
from onloop.home import Home
from onloop.identity.scram import LEAST_COST
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.carriers import PooledCarrier, SmallCarrier
from onloop.remote.http_client.far_place import FarPlace
from onloop.remote.http_client.http_line import HttpLine
from onloop.store.port import Store
from onloop.views.changes import PageWanted
from onloop_tui.app import Dashboard
from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess, access_far
from support.far_machines import certified, far_gateway
from support.tui_reading import Files, reading
from support.tui_scenes import PASSPHRASE, playing, screen_text, shows, until
from support.world import World

OLD = "".join(f"line {number} of the cart\n" for number in range(3_000))
BEFORE: Files = {".gitattributes": "made.txt linguist-generated\n", "cart.txt": OLD, "made.txt": "1\n"}
FIRST: Files = {"cart.txt": OLD.replace("line 7 of", "line seven of"), "made.txt": "2\n"}
SECOND: Files = {"cart.txt": OLD.replace("line 7 of", "line seven of").replace("line 2900 of", "line last of")}
CA = str(certified() / "ca.pem")


@dataclass
class Served:
    """What a person elsewhere knows of a gateway."""

    url: str
    session: str
    task: str
    ahead_ms: int = 0

    @contextmanager
    def access(self) -> Iterator[StoreAccess]:
        carrier = PooledCarrier(self.url, CA)
        with closing(carrier):
            yield access_far(FarPlace(self.url, carrier), Credentials(bearer=self.session))

    def dashboard(self, access: StoreAccess) -> Dashboard:
        return Dashboard(Session(access, lambda: access.clock() + self.ahead_ms, person_name="ana"))


def _store(home: Home) -> Store:
    return open_file(home).gateway.store


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A task with two rounds behind a gateway that is a process of its own."""
    world = World(tmp_path)
    home = Home(world.store)
    given = {"store_id": "s", "person": "ana", "groups": ("approvers",), "passphrase": PASSPHRASE, "email": ""}
    create_home(home, scripted=False, cost=LEAST_COST, **given)  # type: ignore[arg-type]
    opened = partial(_store, home)
    scene, task = reading(tmp_path / "work", BEFORE, FIRST, SECOND, opened=opened, mirror_at=home.mirror)
    scene.store.close()
    with far_gateway(world) as gateway:
        with closing(HttpLine(gateway.url, SmallCarrier(gateway.url, CA), Credentials())) as line:
            session = line.ask(MintSession(line.person("ana", PASSPHRASE, typed=True))).secret
        yield Served(gateway.url, session, task)


async def _reader(pilot: Pilot[str], served: Served, app: Dashboard) -> DiffScreen:
    await shows(pilot, "▶ ◆ approve")
    await pilot.press("enter")
    await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
    served.ahead_ms += 400
    await pilot.press("d")
    await until(pilot, lambda: isinstance(app.screen, DiffScreen) and app.screen.file_list.count > 0)
    assert isinstance(app.screen, DiffScreen)
    return app.screen


async def test_pages_folds_and_rounds_are_read_over_the_line_as_they_are_beside_the_store(served: Served) -> None:
    with served.access() as access:
        app = served.dashboard(access)
        async with playing(app) as pilot:
            screen = await _reader(pilot, served, app)
            screen.file_list.go_to("made.txt")
            await shows(pilot, "folded: generated, says .gitattributes of the base")
            screen.file_list.go_to("cart.txt")
            await pilot.press("enter")
            await shows(pilot, "line seven of", "lines 1 to")
            await pilot.press("G")
            await shows(pilot, "line last of")
            row = next(row for row in screen_text(app).splitlines() if "+line last of" in row)
            assert "2901" in row, "a page knows which lines of the file it begins with"

            await pilot.press("i")
            await until(pilot, lambda: "since" in screen_text(app) and "line last of" in screen_text(app))
            assert "line seven of" not in screen_text(app), "that was there in the round before"


def test_a_page_of_the_wire_is_the_page_of_the_mirror_whole_and_while_it_is_made(served: Served) -> None:
    with served.access() as access:
        task = access.dossier(served.task).task
        whole = access.pages(task, PageWanted("cart.txt", 1, 100, 80))
        soon = access.pages(task, PageWanted("cart.txt", 1, 100, 80, soon=True))
        assert (whole.rows, whole.total, whole.is_slow) == (soon.rows, soon.total, False)
        assert (soon.old, soon.new, soon.is_counting) == (0, 0, False)
        end = access.pages(task, PageWanted("cart.txt", soon.total - 3, 100, 80, soon=True))
        assert (end.old, end.new) == (2_901, 2_901) or end.new > 2_890
        changed = access.since(task, "")
        assert {file.path: file.marked for file in changed.files}["made.txt"] == "generated"
