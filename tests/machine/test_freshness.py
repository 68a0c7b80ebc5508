"""A decision about a task that has changed since it was looked at is refused, with what has happened to it."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, Stale
from onloop.machine import commands as c
from onloop.machine.rules.freshness import Change
from onloop.records import replace
from support.passing import checkpoint, context, delivered, handoff, shown, tell
from support.scenario import (
    BEN,
    BRAVO,
    FAIL,
    OTHER_HEAD,
    Play,
    Scenario,
    approve,
    ask,
    cancel,
    claim,
    exclude,
    fire,
    member,
    pause,
    reassign,
    reject,
    release,
    reply,
    report,
    resume,
    retry,
    submit,
    work,
    workflow,
)
from support.steps import HOUR, MINUTE, SECOND, develop, human, ship


def since(loop: Scenario, version: int) -> Scenario:
    """The scenario in which it is known what happened after `version`."""
    news = loop.past[version:]
    return loop.knowing(changes=tuple(Change(event, "agent:alfa", at) for event, at in news))


Versioned = c.Approve | c.Reject | c.Reply | c.Reassign | c.Retry | c.Cancel | c.Pause | c.Exclude | c.Resume


def at_version(version: int, play: c.Command | Play) -> Play:
    """The command of somebody who looked at that version."""

    def spoken(loop: Scenario) -> c.Command:
        command = play if isinstance(play, c.Command) else play(loop)
        assert isinstance(command, Versioned)
        return replace(command, version=version)

    return spoken


ASKED = member(ship(human(quorum=2)))
LOST = member(develop()).given(claim(), release())
DECISIONS: dict[str, tuple[Scenario, c.Command | Play]] = {
    "approve": (ASKED, approve()),
    "reject": (ASKED, reject()),
    "reply": (member(develop()).given(claim(), ask()), reply()),
    "reassign": (LOST, reassign()),
    "retry": (LOST, retry()),
    "cancel": (LOST, cancel()),
    "pause": (LOST, pause()),
    "exclude": (LOST, exclude()),
    "resume": (LOST.given(pause()), resume()),
}


@pytest.mark.parametrize(("loop", "decision"), DECISIONS.values(), ids=DECISIONS)
def test_every_decision_is_refused_at_another_version_and_taken_at_the_same(
    loop: Scenario, decision: c.Command
) -> None:
    version = loop.task.version

    assert loop.when(at_version(version, decision))
    no = since(loop, version - 1).refuses(at_version(version - 1, decision))
    assert isinstance(no, Stale)
    assert f"was at version {version - 1} when you looked, and is at {version} now" in no.message
    assert loop.refuses(at_version(version + 1, decision)).exit is Exit.USAGE


def test_who_comes_second_is_told_who_decided_what_and_when() -> None:
    before = workflow(ship(human(quorum=2)))
    after = before.given(approve(BEN)).later(4 * SECOND)

    no = since(after, before.task.version).refuses(at_version(before.task.version, cancel()))

    assert "human:ben approved release 4 s ago" in no.message
    assert "it is input_required (approval_required)" in no.message


def test_only_the_newest_changes_are_told() -> None:
    before = workflow(develop(rounds=5))
    other = submit(work(OTHER_HEAD))
    after = before.given(claim(), submit(), report("tests", FAIL), other, report("tests", FAIL))

    no = since(after, before.task.version).refuses(at_version(before.task.version, cancel()))

    assert no.message.count(" ago") == 3
    assert "claimed" not in no.message and "gate tests said fail" in no.message


def test_a_reminder_alone_makes_no_decision_stale() -> None:
    before = workflow(ship(human(remind_ms=HOUR)))
    version = before.task.version
    after = since(before.later(HOUR).given(fire(c.TimerKind.REMIND)), version)

    assert after.task.version > version
    assert after.when(at_version(version, approve()))


def test_what_agents_tell_each_other_makes_no_decision_stale_and_a_hand_off_is_told() -> None:
    before = member(develop()).given(claim())
    talked = before.given(delivered(), shown(1), context(60), checkpoint(), tell("r1"))
    handed = talked.later(SECOND).given(handoff(BRAVO))
    version = before.task.version

    assert since(talked, version).when(at_version(version, cancel()))
    no = since(handed, version).refuses(at_version(version, cancel()))

    assert "agent:alfa handed it to agent:bravo 0 s ago" in no.message


def test_who_decides_what_has_ended_is_told_how_and_when_it_did() -> None:
    loop = LOST.given(cancel("not needed")).later(MINUTE)

    no = loop.refuses(retry())

    assert (no.exit, no.message) == (
        Exit.ENDED,
        f"r1.1 has ended: {loop.task.state.value}, {loop.task.detail}, 60 s ago",
    )
    assert "human:ana" in no.message


def test_who_retries_what_somebody_has_just_retried_is_told_who_and_when() -> None:
    held = workflow(develop(rounds=0)).given(claim(), submit(), report("tests", FAIL))

    no = held.given(retry()).later(2 * SECOND).refuses(retry())

    assert "last: human:ana had it retried 2 s ago" in no.message
