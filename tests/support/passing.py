"""What agents pass on, as plays: see scenario."""

from __future__ import annotations

from onloop.machine import commands as c
from onloop.machine.agent_environment import EnvironmentKind, MadeEnvironment
from onloop.machine.definition import Isolation
from onloop.machine.messages import Message, MessageKind
from onloop.machine.usage import Usage
from support.scenario import ALFA, ANA, BRAVO, Play, voice

TEXT = "5" * 64


def tell(to: str = "parent", size: int = 5, kind: MessageKind = MessageKind.NOTE) -> Play:
    """The holder tells another task something."""
    return lambda at: c.Tell(at.task.holder or ALFA, at.task.epoch, to, kind, TEXT, size)


def delivered(by: str = BRAVO, run: str = "r1") -> Play:
    """Somebody told this task something."""
    return lambda at: c.Deliver(Message(MessageKind.FINDING, by, "r1.9", TEXT, 5, at.now), run)


def shown(upto: int, epoch: int | None = None) -> Play:
    """The holder was shown its messages."""
    return lambda at: c.MarkShown(at.task.holder or ALFA, at.task.epoch if epoch is None else epoch, upto)


def note(text: str = "use version 2", by: str = ANA) -> Play:
    """A person tells whoever works on the task something."""
    return lambda _: c.SendNote(voice(by), text)


def entered(session: str = "s1", by: str = ANA, most_ms: int = 3_600_000) -> Play:
    """A person steps into the task's environment."""
    return lambda _: c.Enter(session, voice(by), "clone", "here", most_ms)


def left(session: str = "s1", by: str = ANA, how: str = "exit code 0") -> Play:
    """Their shell ended."""
    return lambda _: c.Leave(session, voice(by), how)


def notes_shown(upto: int, way: str = "check", epoch: int | None = None) -> Play:
    """The holder was shown what people told it."""
    return lambda at: c.MarkNotesShown(at.task.holder or ALFA, at.task.epoch if epoch is None else epoch, upto, way)


def checkpoint(digest: str = TEXT, size: int = 5) -> Play:
    """The holder leaves word for its successor."""
    return lambda at: c.SaveCheckpoint(at.task.holder or ALFA, at.task.epoch, digest, size)


def handoff(to: str = "", why: str = "my context is full", *questions: str) -> Play:
    """The holder gives the step to another."""
    return lambda at: c.Handoff(at.task.holder or ALFA, at.task.epoch, to, why, questions)


def attested(isolation: Isolation = Isolation.CLONE, kind: EnvironmentKind = EnvironmentKind.CLONE) -> Play:
    """The holder's launcher says in what it works."""
    made = MadeEnvironment("env-1", kind, isolation, "here", by="launcher:worker")
    return lambda at: c.ReportEnvironment(at.task.holder or ALFA, at.task.epoch, made)


def context(percent: int) -> Play:
    """The holder says how full its context is."""
    return lambda at: c.ReportContext(at.task.holder or ALFA, at.task.epoch, percent)


def used(
    tokens: int | None = None,
    micro_usd: int | None = None,
    source: str = "claude",
    epoch: int | None = None,
    agent: str = "",
    model: str = "",
) -> Play:
    """Who held the task last says what it used in all of its lease: so many tokens that went in, and their cost."""
    usage = Usage(input=tokens, micro_usd=micro_usd)
    return lambda at: c.ReportUsage(
        agent or at.task.holder or ALFA, at.task.epoch if epoch is None else epoch, source, usage, model
    )
