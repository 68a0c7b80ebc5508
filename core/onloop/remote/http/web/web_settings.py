"""How the dashboard is served as a page, and how much of it: loaded without the extra."""

from __future__ import annotations

import sys

from onloop.errors import BadInput
from onloop.records import Record
from onloop.remote.http.door_settings import DoorSettings

PAGE = "/web"
"""Where the page is."""
_KIB, _MIB = 1_024, 1_048_576


class AppUser(Record):
    """The user of the machine as whom the dashboards of the page run."""

    name: str
    uid: int
    gid: int


class WebLimits(Record):
    """How much the page takes: dashboards in all and of one person, and what goes over the line to each."""

    apps: int = 20
    apps_of_one: int = 6
    idle_s: float = 3_600.0
    """How long a dashboard goes on at which nobody types or points."""
    kept_s: float = 60.0
    """How long one waits for a browser whose line was cut."""
    start_s: float = 30.0
    """How long one may take to begin to draw."""
    begin_s: float = 10.0
    """How long a browser may take to say what it wants, once its line is open."""
    session_s: float = 30.0
    """How often it is looked whether the session of a page still reads."""
    ending_s: float = 3.0
    """How long one may take to leave by itself, before it is killed."""
    message: int = 64 * _KIB
    """Bytes that a browser may send at a time."""
    packet: int = 8 * _MIB
    """Bytes that a dashboard may send at a time."""
    piece: int = 64 * _KIB
    """Bytes of it that are on their way to a browser at a time."""
    connections: int = 48
    """Connections of one dashboard to its gateway."""


class WebSettings(Record):
    """How the page is served. `url` is how people reach it; `user` as whom dashboards run, None for the gateway's."""

    url: str
    user: AppUser | None = None
    python: str = sys.executable
    """What runs them: it must be one that `user` may run."""
    limits: WebLimits = WebLimits()

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.url.startswith("https:")


def check_reachable(settings: DoorSettings) -> None:
    """BadInput where the door listens everywhere and nobody said by which URL people reach it: no page could ask it."""
    if settings.host in {"0.0.0.0", "::"} and not settings.public:  # noqa: S104 - it is compared, not listened at
        words = f"a page at {settings.host} is reached by a name that nobody said, and no other may ask the gateway"
        raise BadInput(words, hint="add --public-url https://HOST:PORT, as people type it")
    if settings.proxies and settings.tls is None and not settings.public:
        words = "the proxy is reached by a name that nobody said, and no page of another may ask the gateway"
        raise BadInput(words, hint="add --public-url https://HOST, as people type it")


def page_url(settings: DoorSettings, url: str) -> str:
    """By which URL people reach the page of a door that listens at `url`."""
    return settings.public[0] if settings.public else url
