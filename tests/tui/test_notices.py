"""Calling a person who does not look: once for each new cause, gathered, and never with anything a terminal obeys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from onloop.attention.groups import Group
from onloop.attention.items import Tier
from onloop.machine.state import Reason
from onloop.records import replace
from onloop_tui.feed import StoreWatch
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.inbox.notice import (
    GATHER_MS,
    WATCHING_MS,
    NoticeState,
    is_approval_for,
    is_watched,
    notices_after,
    title_words,
)
from onloop_tui.notices import BELL, Notices, Terminal
from onloop_tui.session import Session
from onloop_tui.settings import Settings
from support.tui_scenes import NOON, Scene, busy, playing, shows, until

ATTACK = "\x1b]0;owned\x07\x9b31m;\u202e\n4;1;80"


def _seen(scene: Scene) -> Snapshot:
    news = StoreWatch(scene.place, scene.clock).look()
    return news.snapshot.at(scene.clock())  # type: ignore[union-attr]  # a scene's store is never lost


def _causes(*names: str) -> list[Group]:
    """Groups that differ in their cause only."""
    return [
        Group(name, Reason.QUESTION, Tier.DECISION, "w", "develop.write", None, f"headline of {name}", "", NOON, ())
        for name in names
    ]


@dataclass
class Person:
    """Somebody who is told what is there at a time, and what was said to them."""

    told: NoticeState = field(default_factory=NoticeState)
    urgent: frozenset[str] = frozenset()

    def sees(self, groups: Sequence[Group], at: int, *, watched: bool = False) -> str:
        self.told, words = notices_after(
            self.told, groups, NOON + at, watched=watched, is_urgent=lambda group: group.cause in self.urgent
        )
        return words


def test_what_is_there_at_the_start_is_no_news() -> None:
    person = Person()

    assert person.sees(_causes("a", "b"), 0) == ""
    assert person.sees(_causes("a", "b"), GATHER_MS * 2) == ""


def test_a_new_cause_is_said_once_and_never_again_while_it_is_there() -> None:
    person = Person()
    person.sees([], 0)

    assert person.sees(_causes("a"), 1) == "onloop: headline of a"
    assert [person.sees(_causes("a"), at) for at in range(2, GATHER_MS * 3, 1000)] == [""] * 90


def test_what_comes_shortly_after_a_call_is_gathered_into_the_next() -> None:
    person = Person()
    person.sees([], 0)
    person.sees(_causes("a"), 1)

    assert person.sees(_causes("a", "b"), 2) == ""
    assert person.sees(_causes("a", "b", "c"), 3) == ""
    assert person.sees(_causes("a", "b", "c"), GATHER_MS) == ""
    assert person.sees(_causes("a", "b", "c"), GATHER_MS + 1) == "onloop: headline of b and 1 more"


def test_an_approval_that_is_yours_does_not_wait_and_takes_the_others_along() -> None:
    person = Person(urgent=frozenset({"mine"}))
    person.sees([], 0)
    person.sees(_causes("a"), 1)
    person.sees(_causes("a", "b"), 2)

    assert person.sees(_causes("mine", "a", "b"), 3) == "onloop: headline of mine and 1 more"
    assert person.sees(_causes("mine", "a", "b"), GATHER_MS * 2) == ""


def test_a_cause_that_comes_and_goes_is_said_at_most_once_in_the_time_of_gathering() -> None:
    person = Person(urgent=frozenset({"mine"}))
    person.sees([], 0)
    said = [person.sees(_causes("mine") if at % 2 else [], at * 1000) for at in range(1, 60)]

    assert [at for at, words in enumerate(said, 1) if words] == [1, 31]


def test_a_cause_that_is_gone_before_its_call_is_due_is_not_called_for() -> None:
    person = Person()
    person.sees([], 0)
    person.sees(_causes("a"), 1)
    person.sees(_causes("a", "b"), 2)
    person.sees(_causes("a"), 3)

    assert person.sees(_causes("a"), GATHER_MS * 2) == ""


def test_a_call_says_how_many_tasks_wait_for_the_same_cause() -> None:
    snapshot = _seen(busy())
    (failing,) = [group for group in snapshot.groups if group.reason is Reason.ROUNDS_EXHAUSTED]
    person = Person()
    person.sees([], 0)

    assert person.sees([failing], 1) == "onloop: gates of develop.remediate keep failing (4 waiting)"


def test_whoever_looks_is_not_called_not_even_later() -> None:
    person = Person(urgent=frozenset({"a"}))
    person.sees([], 0)

    assert person.sees(_causes("a"), 1, watched=True) == ""
    assert person.sees(_causes("a"), GATHER_MS * 2) == ""


@pytest.mark.parametrize(
    ("focused", "key_at", "watched"),
    [
        (True, NOON - WATCHING_MS + 1, True),
        (True, NOON - WATCHING_MS, False),
        (True, NOON + 1, False),  # the clock was set back
        (False, NOON, False),
        (True, None, False),
    ],
)
def test_looking_is_a_key_a_moment_ago_in_a_terminal_with_the_focus(
    focused: bool, key_at: int | None, watched: bool
) -> None:
    assert is_watched(focused=focused, key_at=key_at, now=NOON) is watched


def test_an_approval_is_yours_if_the_gate_names_you_or_a_group_of_yours() -> None:
    snapshot = _seen(busy())
    approval = next(group for group in snapshot.groups if group.reason is Reason.APPROVAL_REQUIRED)
    question = next(group for group in snapshot.groups if group.reason is Reason.QUESTION)

    assert is_approval_for("human:ana", ("approvers",), approval, snapshot.tasks)
    assert is_approval_for("human:approvers", (), approval, snapshot.tasks)
    assert not is_approval_for("human:ana", ("leads",), approval, snapshot.tasks)
    assert not is_approval_for("human:ana", ("approvers",), question, snapshot.tasks)


def test_the_title_counts_what_needs_a_person() -> None:
    assert [title_words(count) for count in (0, 1, 4)] == ["onloop", "onloop: 1 needs you", "onloop: 4 need you"]


@pytest.mark.parametrize(
    ("environment", "sent"),
    [
        ({"TERM": "xterm-256color"}, "\x1b]9;onloop: hello\x1b\\"),
        ({"TERM": "foot"}, "\x1b]777;notify;onloop;onloop: hello\x1b\\"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "\x1b]777;notify;onloop;onloop: hello\x1b\\"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x"}, "\x1bPtmux;\x1b\x1b]9;onloop: hello\x1b\x1b\\\x1b\\"),  # noqa: S108
        ({"TERM": "screen", "TMUX": "/tmp/x"}, "\x1bPtmux;\x1b\x1b]9;onloop: hello\x1b\x1b\\\x1b\\"),  # noqa: S108
    ],
)
def test_each_terminal_gets_the_notification_that_it_takes(environment: dict[str, str], sent: str) -> None:
    assert Terminal.of(environment).notification("onloop: hello") == sent


@dataclass
class Room:
    """A person's session, and every byte that the terminal got beside the screen."""

    scene: Scene = field(default_factory=busy)
    settings: Settings = field(default_factory=Settings)
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        session = Session(self.scene.place, self.scene.clock, person_name="ana", settings=self.settings)
        self.notices = Notices(session, Terminal(), self.written.append)

    def look(self, *, focused: bool = False) -> list[str]:
        before = len(self.written)
        self.notices.look(_seen(self.scene), focused=focused)
        return self.written[before:]


def test_a_new_cause_rings_and_notifies_and_the_title_follows() -> None:
    room = Room()
    assert room.look() == ["\x1b]2;onloop: 7 need you\x1b\\"]

    room.scene.asks("r7k2m.9", "And now?")

    assert room.look() == [
        BELL,
        "\x1b]9;onloop: a question at develop.remediate\x1b\\",
        "\x1b]2;onloop: 8 need you\x1b\\",
    ]
    assert room.look() == []


def test_bell_and_notification_can_be_switched_off_one_by_one() -> None:
    for settings, expected in (
        (Settings(bell=False), "\x1b]9;"),
        (Settings(osc=False), BELL),
        (Settings(bell=False, osc=False), None),
    ):
        room = Room(settings=settings)
        room.look()
        room.scene.asks("r7k2m.9", "And now?")
        called = [written[:4] for written in room.look() if not written.startswith("\x1b]2;")]
        assert called == ([expected] if expected else [])


def test_whoever_pressed_a_key_just_now_hears_nothing() -> None:
    room = Room()
    room.look()
    room.notices.pressed()
    room.scene.asks("r7k2m.9", "And now?")

    assert room.look(focused=True) == ["\x1b]2;onloop: 8 need you\x1b\\"]


def test_nothing_that_data_says_is_obeyed_by_the_terminal() -> None:
    (group,) = _causes("a")
    person = Person()
    person.sees([], 0)
    words = person.sees([replace(group, headline=ATTACK)], 1)

    for terminal in (Terminal(), Terminal(by_name_and_body=True), Terminal(in_tmux=True)):
        sent = terminal.notification(words)
        inside = re.sub(r"^(\x1bPtmux;)?\x1b{1,2}\]\d+;(notify;onloop;)?|(\x1b{1,2}\\)+$", "", sent)
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e;]", inside), repr(inside)
        assert inside.startswith("onloop: ")


async def test_the_dashboard_calls_when_something_new_comes_and_not_before() -> None:
    scene = busy()
    (other,) = scene.fleet(["other"], run="q2222")
    app = scene.dashboard()
    written: list[str] = []
    app.notices = Notices(Session(scene.place, scene.clock), Terminal(), written.append)

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await until(pilot, lambda: "\x1b]2;onloop: 7 need you\x1b\\" in written)
        assert BELL not in written
        scene.asks("r7k2m.9", "And now?")
        await until(pilot, lambda: BELL in written)
        await pilot.press("j")
        scene.clock.later(GATHER_MS - 1)
        scene.asks(other, "Another cause?")
        await until(pilot, lambda: "\x1b]2;onloop: 9 need you\x1b\\" in written)
        assert written.count(BELL) == 1

    assert written[-1] == "\x1b[23;2t"
