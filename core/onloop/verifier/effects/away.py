"""Hosts that were not reached a moment ago: hundreds of effects that wait for one of them do not each try in vain."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from onloop.access.setback_kind import Postponed, trouble_in
from onloop.machine.setbacks import Trouble
from onloop.records import MutableRecord, field

AWAY_MS = 20_000
"""How long a host that was not reached is left alone."""

MOST_HOSTS = 1_000


class Away(MutableRecord):
    """What was the matter with each host, and until when (ms) it is left alone. Threads may share it."""

    hosts: dict[str, tuple[int, BaseException]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, origin: str, now: int) -> None:
        """Postponed, in the words of the last try, if the origin's host was not reached a moment ago."""
        with self.lock:
            until, problem = self.hosts.get(host_of(origin), (0, None))
        if problem is not None and until > now:
            raise Postponed(problem)

    def note(self, origin: str, problem: BaseException, now: int) -> None:
        """Remember that the origin's host was not reached; other troubles concern no host."""
        host = host_of(origin)
        if host and trouble_in(problem) is Trouble.UNREACHABLE:
            with self.lock:
                if len(self.hosts) >= MOST_HOSTS:
                    self.hosts.clear()
                self.hosts[host] = now + AWAY_MS, problem


def host_of(origin: str) -> str:
    """The host and port of an origin's URL; empty for a path."""
    return urlsplit(origin).netloc.rpartition("@")[2] if "://" in origin else ""
