"""A gateway whose dashboard is a page, over TLS, before a store in which one approval waits."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.over_http import certified
from gateway.served import starting
from onloop.access.opening import create_home, open_file, wall_clock
from onloop.gateway.credential_operations import MintSession
from onloop.home import Home
from onloop.identity.scram import LEAST_COST
from onloop.records import replace
from onloop.remote.client_credentials import Credentials
from onloop.remote.http.door import HttpDoor
from onloop.remote.http.door_settings import DoorSettings
from onloop.remote.http.web.app_start import PROGRAM
from onloop.remote.http.web.web_settings import WebLimits, WebSettings
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from onloop.remote.server import Adopt
from support import tui_scenes
from support.chromium import Browser, Tab, chromium
from support.tui_scenes import CHEAP, Scene, commit

PASSPHRASE = "long enough, ana"
PASSPHRASES = {"ana": PASSPHRASE, "ben": tui_scenes.PASSPHRASE}


@dataclass
class Page:
    """A gateway with a page."""

    home: Home
    task: str
    words: list[str] = field(default_factory=list)
    doors: list[HttpDoor] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.doors[-1].url

    @property
    def port(self) -> int:
        return self.doors[-1].port

    def session(self, name: str = "ana", passphrase: str = PASSPHRASE) -> str:
        """A session in which a person reads, as their client begins one."""
        line = HttpLine(self.url, SmallCarrier(self.url, certified().ca), Credentials(least_cost=CHEAP))
        secret = line.ask(MintSession(line.person(name, passphrase, typed=True))).secret
        line.close()
        return secret

    def tab(self, browser: Browser, url: str = "", size: tuple[int, int] = (1200, 800), name: str = "ana") -> Tab:
        """A page of somebody who signed in before, in a browser of their own; without a name, of nobody."""
        tab, where = browser.tab("about:blank", browser.person(), size), url or f"{self.url}/web"
        if name:
            cookie = {"name": "__Secure-onloop", "value": self.session(name, PASSPHRASES[name]), "path": "/web"}
            how = {"url": where, "secure": True, "httpOnly": True, "sameSite": "Strict"}
            assert tab.call("Network.setCookie", **cookie, **how)["success"]
        tab.go(where)
        return tab

    def apps(self) -> list[int]:
        """The numbers of the processes that draw."""
        return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _draws(each.name)]

    def decided(self) -> list[str]:
        """By whom the task was decided."""
        opened = open_file(self.home)
        with opened.gateway.store.reading() as at:
            found = [each.principal for each in at.log(task=self.task) if each.name == "Decided"]
        opened.close()
        return found


def _draws(pid: str) -> bool:
    """Whether a process is a dashboard of this one's."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return False
    return PROGRAM.encode() in words and parent == os.getpid()


@contextmanager
def served(limits: WebLimits | None = None, cost: int = CHEAP, **more: Any) -> Iterator[Page]:
    """A gateway with a page in the block; a passphrase costs little where no browser computes it."""
    with tempfile.TemporaryDirectory(prefix="onloop-page-") as folder:
        home = Home(Path(folder) / "store")
        given = {"store_id": "s", "person": "ana", "groups": ("approvers",), "passphrase": PASSPHRASE, "email": ""}
        create_home(home, scripted=False, cost=cost, **given)  # type: ignore[arg-type]
        scene = Scene(store=open_file(home).gateway.store)
        (task, *_) = scene.fleet(more.get("repositories", ["cart", "flags"]))
        scene.wants_approval(task, what=commit(task, more.get("summary", "Tests pass.")))
        scene.enrol("ben")
        scene.store.close()
        made = Page(home, task)
        with starting(home, wall_clock, door=partial(_door, made, limits or WebLimits(), more)):
            yield made
            assert [word for word in made.words if word.startswith("trouble")] == []


def _door(page: Page, limits: WebLimits, more: Mapping[str, Any], adopt: Adopt) -> HttpDoor:
    def web(url: str) -> WebSettings:
        return replace(WebSettings(url, limits=limits), **more.get("web", {}))

    settings = replace(DoorSettings("127.0.0.1", 0), tls=certified().files, public=more.get("public", ()))
    settings = replace(settings, **more.get("door", {}))
    page.doors.append(HttpDoor(settings, adopt, page.words.append, wall_clock, web=web))
    return page.doors[-1]


@pytest.fixture
def limits() -> WebLimits:
    """The limits of a page; a test may have narrower ones."""
    return WebLimits()


@pytest.fixture
def page(limits: WebLimits) -> Iterator[Page]:
    """A gateway with a page, asked by sockets."""
    with served(limits) as made:
        yield made


@pytest.fixture(scope="session")
def one_browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process."""
    with chromium() as made:
        yield made


@pytest.fixture
def browser(one_browser: Browser) -> Iterator[Browser]:
    """A browser in which nobody has been before."""
    yield one_browser
    one_browser.send_away()


@pytest.fixture(scope="module")
def real_page() -> Iterator[Page]:
    """A gateway whose people have passphrases that cost as much as real ones do."""
    with served(WebLimits(kept_s=0.5), cost=LEAST_COST) as made:
        yield made
