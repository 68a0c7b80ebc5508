"""One environment with its ways out: the socket to the gateway, and the proxy to what may be reached."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack

from onloop.environments.egress_proxy import EgressProxy, named
from onloop.environments.port import EnvironmentTrouble, LiveEnvironment, TaskFolders, Wanted
from onloop.environments.probing import prove
from onloop.machine.agent_environment import MOST_DETAILS, EnvironmentKind, MadeEnvironment, reaches, weaker
from onloop.remote.line import Line
from onloop.remote.relay.agent_relay import AgentRelay
from onloop.text import safe

LONGEST_HOST = 100


def host_name() -> str:
    """What this machine is called where environments are told."""
    return safe(socket.gethostname(), LONGEST_HOST) or "host"


class LentPlace:
    """An environment that a session uses; `key` is for what it may be used again: a task, a run, or nothing yet."""

    def __init__(self, live: LiveEnvironment, wanted: Wanted) -> None:
        self.live, self.wanted = live, wanted
        self.key, self.idle_since, self.is_spoilt = "", 0, False
        self._leaving, self._turn = ExitStack(), threading.Lock()
        self.refused: set[str] = set()

    def prove(self) -> None:
        """Try to get out of it; EnvironmentTrouble where it separates less than it is said to."""
        gives, told = self.wanted.offer.gives, self.live.attest()
        if not reaches(told.isolation, gives):
            words = (
                f"{self.live.id} should be isolated as a {gives.value}, but its platform attests {told.isolation.value}"
            )
            raise EnvironmentTrouble(words, hint="look at how it is made")
        prove(self.live, gives, self.wanted.room / "probe")

    def attested(self) -> MadeEnvironment:
        """What its launcher attests of it; the gateway adds who says so, and how far that is believed."""
        told, offer = self.live.attest(), self.wanted.offer
        digest = told.digest if re.fullmatch(r"[0-9a-f]{0,128}", told.digest) else ""
        details = tuple(safe(each, 300) for each in told.details[:MOST_DETAILS])
        isolation = weaker(told.isolation, offer.gives)
        return MadeEnvironment(
            self.live.id, offer.kind, isolation, host_name(), safe(told.image, 1_000), digest, details
        )

    def open(self, made: Callable[[], Line], say: Callable[[str], None]) -> None:
        """Listen at both sockets, for whoever is inside."""
        wanted, user = self.wanted, self.live.user
        self._leaving.enter_context(AgentRelay(wanted.gateway, made, user))
        if wanted.reach:
            self._leaving.enter_context(
                EgressProxy(wanted.egress, tuple(named(wanted.reach)), lambda what: self._refuse(what, say), user)
            )

    def _refuse(self, what: str, say: Callable[[str], None]) -> None:
        """Say once of each address that was asked for that it is not allowed."""
        with self._turn:
            is_news = what not in self.refused and len(self.refused) < 100
            self.refused.add(what) if is_news else None
        if is_news:
            say(f"{self.live.id} asked for {what}, which is not allowed: --reach {what} allows it")

    def prepare(self, folders: TaskFolders) -> None:
        """Where a kind sets itself up for a clone, do it now, while nobody waits for an agent's first word."""
        if self.wanted.offer.kind is EnvironmentKind.DEVCONTAINER:
            self.enter(folders)
            self.settle()

    def settle(self, *, has_entered: bool = True) -> None:
        """After a round: end what runs inside, bring the folders out; EnvironmentTrouble where it died meanwhile."""
        try:
            if not has_entered or not self.live.is_alive():
                raise EnvironmentTrouble(
                    f"environment {self.live.id} ended while its agent worked", hint="it is made anew"
                )
            self.live.sweep()
            self.live.bring_out()
        except EnvironmentTrouble:  # it is removed before anything is brought out: something in it may go on
            self.is_spoilt = True
            raise

    def enter(self, folders: TaskFolders) -> None:
        """Before a round: bring the task's folders in."""
        try:
            self.live.bring_in(folders)
        except EnvironmentTrouble:
            self.is_spoilt = True
            raise

    def remove(self) -> None:
        """Close the ways out, and remove the environment; EnvironmentTrouble where something is left."""
        self._leaving.close()
        self.live.remove()
