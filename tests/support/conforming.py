"""Gateways for the conformance suite to be played against: ours over each transport, mutations of it, a second one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock

from onloop.cli.verbs.conformance_verbs import published_schema
from onloop.interop.conformance.case_index import CASES
from onloop.interop.conformance.levels import ConformanceCase
from onloop.interop.conformance.speakers import CommandSpeaker, HandedSecret, Speaker
from onloop.interop.conformance.suite import CaseStanding, play
from onloop.interop.conformance.venue import PASSPHRASE, PERSON, TrialGateway, Venue
from onloop.interop.conformance.wire import Wire
from support.small_gateway import called
from support.world import World
from support.zygote import zygote

Came = tuple[int, str, str]
OURS = CommandSpeaker((sys.executable, "-m", "onloop.cli.entry"))
ONE_AT_A_TIME = Lock()
NUMBERED = {case.number: case for case in CASES}


class ZygoteSpeaker:
    """Our command line, forked from a process that has imported it."""

    def run(self, words: Sequence[str], env: Mapping[str, str], cwd: Path, secrets: Sequence[HandedSecret]) -> Came:
        if [secret.option for secret in secrets] not in ([], ["--passphrase-fd"]):
            return OURS.run(words, env, cwd, secrets)
        import os

        reader = None
        if secrets:
            reader, writer = os.pipe()
            os.write(writer, secrets[0].text.encode())
            os.close(writer)
        try:
            with ONE_AT_A_TIME:
                return zygote().run(words, env, cwd, reader)
        finally:
            if reader is not None:
                os.close(reader)


@dataclass
class SmallSpeaker:
    """The second implementation, called in this process."""

    breaks: str = ""

    def run(self, words: Sequence[str], env: Mapping[str, str], cwd: Path, secrets: Sequence[HandedSecret]) -> Came:
        more = [word for secret in secrets for word in (secret.option, "0")]
        with ONE_AT_A_TIME:
            return called([*words, *more], {**env, "SMALL_GATEWAY_BREAKS": self.breaks}, cwd)


Change = Callable[[Sequence[str], Mapping[str, str], Callable[..., Came]], Came]


@dataclass
class Mutant:
    """A gateway that stands before the real one and breaks a promise of it: `changes` says what it does with a call."""

    real: Speaker
    changes: Change

    def run(self, words: Sequence[str], env: Mapping[str, str], cwd: Path, secrets: Sequence[HandedSecret]) -> Came:
        def real(words: Sequence[str] = words, env: Mapping[str, str] = env, cwd: Path = cwd) -> Came:
            return self.real.run(words, env, cwd, secrets)

        return self.changes(words, env, real)


@dataclass
class Stand:
    """Where a gateway stands trial."""

    venue: Venue
    told: list[str] = field(default_factory=list)

    def failing(self, cases: Sequence[ConformanceCase]) -> dict[int, str]:
        """The cases that did not pass, by their numbers, with what was sent, came and was expected."""
        reports = [play(case, self.venue) for case in cases]
        return {
            each.case.number: f"{each.standing}: {each.case.name}: {each.sent} -> {each.came}; expected {each.expected}"
            for each in reports
            if each.standing is not CaseStanding.PASSED
        }

    def keeps(self, cases: Sequence[ConformanceCase]) -> bool:
        """True; an assertion says what every case that did not pass said."""
        failing = self.failing(cases)
        assert not failing, "\n".join(f"{number} {words}" for number, words in failing.items())
        return bool(cases)


def ours(world: World, agents: Speaker | None = None, more: Mapping[str, str] | None = None, **given: object) -> Stand:
    """Our gateway, of a store that is there: `more` says how agents and people reach it."""
    env = {**world.environment, **({"ONLOOP_STORE": str(world.store)} if more is None else more)}
    folder = Path(mkdtemp(prefix="trial-", dir=world.folder))
    owner: Speaker = _Owner(world)
    owner = Mutant(owner, agents.changes) if isinstance(agents, Mutant) else owner
    gateway = TrialGateway(
        agents or ZygoteSpeaker(), owner, env, published_schema, "ana", "correct horse battery", **given,  # type: ignore[arg-type]
    )  # fmt: skip
    return Stand(Venue(folder, gateway))


@dataclass
class _Owner:
    """The store's owner, who works with the file."""

    world: World

    def run(self, words: Sequence[str], env: Mapping[str, str], cwd: Path, secrets: Sequence[HandedSecret]) -> Came:
        own = {name: value for name, value in env.items() if name not in {"ONLOOP_URL", "ONLOOP_CA"}}
        own |= {**self.world.environment, "ONLOOP_STORE": str(self.world.store)}
        return ZygoteSpeaker().run(words, own, cwd, secrets)


def small(folder: Path, breaks: str = "") -> Stand:
    """The second implementation, with a store of its own."""
    speaker, env = SmallSpeaker(breaks), {"ONLOOP_STORE": str(folder / "store"), "PATH": "/usr/bin:/bin"}
    return Stand(Venue(folder, TrialGateway(speaker, speaker, env, published_schema, PERSON, PASSPHRASE)))


def wired(url: str, authority: Path) -> Wire:
    """The HTTP end of a gateway."""
    return Wire(url, str(authority))
