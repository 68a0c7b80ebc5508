"""What people hide stays counted in the header, can be listed with how and by whom, and comes back."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import partial

import pytest

from onloop.attention.groups import Group
from onloop.attention.lifecycle import acknowledgement, snooze
from onloop.machine.marks import Muted, Rule
from onloop_tui.app import Dashboard
from support.tui_decisions import type_in
from support.tui_scenes import MINUTE, PASSPHRASE, Scene, busy, playing, screen_text, shows, until


def _header(app: Dashboard) -> str:
    return " ".join(screen_text(app).splitlines()[:3])


def _counted(app: Dashboard) -> dict[str, int]:
    """The numbers of the header by what they count."""
    words = _header(app)
    shown = {name: int(found[1]) for name in ("needs you", "stalled") if (found := re.search(rf"{name} (\d+)", words))}
    kinds = ("snoozed", "muted", "inhibited", "acknowledged")
    return shown | {kind: int(found[1]) for kind in kinds if (found := re.search(rf"(\d+) {kind}", words))}


async def test_an_acknowledged_cause_is_hidden_and_counted_until_it_lapses() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing", "blocked 4 in 1 cause")
        await pilot.press("G", ".")
        await shows(
            pilot, "needs you 3", "4 acknowledged", "acknowledged for 30m: gates of develop.remediate keep failing"
        )
        await until(pilot, lambda: "✗ failing" not in screen_text(app))
        scene.clock.later(31 * MINUTE)
        await shows(pilot, "✗ failing")
        await until(pilot, lambda: "acknowledged" not in _counted(app))


async def test_a_snoozed_cause_sleeps_as_long_as_was_typed_and_wakes_when_it_grows() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("G", "z")
        await shows(pilot, "Snooze gates of develop.remediate keep failing")
        await type_in(pilot, "later")
        await pilot.press("enter")
        await shows(pilot, "'later' is not a time to wake: 15m")
        await pilot.press("ctrl+u")
        await type_in(pilot, "1h or +1")
        await pilot.press("enter")
        await shows(pilot, "4 snoozed", "needs you 3")
        scene.fails("r7k2m.9", "AttributeError: module 'kvlite' has no attribute 'legacy_scan'")
        await shows(pilot, "blocked 5 in 1 cause")
        scene.clock.later(MINUTE)
        await shows(pilot, "5 repos")


async def test_a_mute_hides_what_fits_its_rule_only_and_needs_a_reason() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("G", "M")
        await shows(pilot, "Mute whatever fits all of", "for", "4h")
        await pilot.press("enter")
        await shows(pilot, "reason is required")
        await pilot.press("shift+tab", "shift+tab")
        await type_in(pilot, "repo:cart")
        await pilot.press("enter", "enter")
        await type_in(pilot, "its team is away")
        await pilot.press("enter")
        await shows(pilot, "blocked 3 in 1 cause", "1 muted", "3 repos")
        await pilot.press("H")
        await shows(pilot, "× muted", "repo:cart", "its team is away", "cart")
        assert "◆ approve" not in screen_text(app)


async def test_h_lists_what_is_hidden_how_and_by_whom_and_a_key_shows_it_again() -> None:
    scene = busy()
    groups = {group.reason.value: group for group in scene.groups()}
    now = scene.clock()
    scene.marks(acknowledgement(groups["approval_required"], "human:ben", now), "ben")
    scene.marks(snooze(groups["question"], "human:ana", now, for_ms=60 * MINUTE))
    scene.marks(Muted(Rule(repo="cart"), "human:ana", now + 60 * MINUTE, "known"))
    app = scene.dashboard()

    async with playing(app) as pilot:
        hidden = {"snoozed": 1, "muted": 1, "acknowledged": 2}
        await until(pilot, lambda: hidden.items() <= _counted(app).items())
        await pilot.press("H")
        await shows(pilot, "✓ acked", "acknowledged by human:ben", "z snoozed", "× muted", "why hidden")
        for gone in ("acknowledged", "snoozed"):
            await pilot.press("g", ".")
            await until(pilot, lambda gone=gone: gone not in _counted(app))  # type: ignore[misc]  # bound now
        await pilot.press("z")
        await shows(pilot, "nothing is hidden", "the mute is lifted")
        await pilot.press("H")
        await shows(pilot, "◆ approve", "? question", "✗ failing", "needs you 7")


async def test_what_a_freeze_inhibits_says_so_and_no_key_lifts_it() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        scene.freeze("run:r7k2m")
        await shows(pilot, "needs you 0", "7 inhibited", "✓ nothing is shown", "7 are hidden")
        await pilot.press("H")
        await shows(pilot, "‖ inhibited", "inhibited by the freeze of run:r7k2m")
        await pilot.press(".")
        await shows(pilot, "it is shown again when that moves on")
        await pilot.press("w")
        await shows(pilot, "comes back", "when the stalled task above it moves again", "cleared by")


async def test_who_hides_something_is_asked_for_once() -> None:
    scene = busy()
    app = scene.dashboard(who=None)

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press(".")
        await shows(pilot, "Who decides?")
        await type_in(pilot, "ana")
        await pilot.press("enter")
        await type_in(pilot, PASSPHRASE)
        await pilot.press("enter")
        await shows(pilot, "2 acknowledged")
        await pilot.press("G", ".")
        await shows(pilot, "6 acknowledged")


async def test_escape_leaves_a_form_and_records_nothing() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("z")
        await shows(pilot, "until when?")
        await pilot.press("escape")
        await until(pilot, lambda: "until when?" not in screen_text(app))
        await pilot.press("G")
        await shows(pilot, "▶ ✗ failing")

    assert not [e for e in scene.log("house") if e.name == "Snoozed"]


async def test_a_read_only_dashboard_hides_nothing() -> None:
    scene = busy()
    app = scene.dashboard(read_only=True)

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        for key in (".", "z", "M"):
            await pilot.press(key)
            await shows(pilot, "read-only: nothing is recorded")


async def test_opening_a_sheet_tells_the_others_that_the_cause_was_seen_once() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve", "+ new")
        await pilot.press("enter")
        await shows(pilot, "── subject ", "· seen")
        await pilot.press("escape", "enter")
        await shows(pilot, "── subject ")
        await pilot.press("escape")
        await shows(pilot, "seen by human:ana")

    assert [e.name for e in scene.log("house")].count("Seen") == 1


@pytest.mark.parametrize("who", [None, "ana"])
async def test_a_look_is_recorded_of_nobody_who_is_unknown_and_of_nobody_who_may_not_act(who: str | None) -> None:
    scene = busy()
    app = scene.dashboard(who=who, read_only=who is not None)

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, "── subject ")
        await pilot.press("escape")
        await shows(pilot, "+ new")

    assert not [e for e in scene.log("house") if e.name == "Seen"]


def _random_scene(seed: int) -> Scene:
    """Forty tasks of which most need somebody, some of them hidden one way or another."""
    dice = random.Random(seed)  # noqa: S311 - a scene, not a secret
    scene = Scene()
    scene.enrol("ana")
    fates: list[Callable[[str], object]] = [
        *(partial(scene.fails, cause=f"Error: {cause}") for cause in "abc"),
        partial(scene.asks, question="Which?"),
        scene.wants_approval,
        scene.claim,
    ]
    for task in scene.fleet([f"repo{i}" for i in range(40)]):
        dice.choice(fates)(task)
    now = scene.clock()
    covers: list[Callable[[Group], object]] = [
        lambda group: scene.marks(acknowledgement(group, "human:ana", now)),
        lambda group: scene.marks(snooze(group, "human:ana", now, for_ms=MINUTE)),
        lambda group: scene.marks(Muted(Rule(cause=group.cause), "human:ana", now + MINUTE, "known")),
        lambda group: scene.freeze(f"repo:{group.members[0].repo}"),
        lambda group: group,
    ]
    for group in scene.groups():
        dice.choice(covers)(group)
    return scene


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_shown_and_what_is_hidden_add_up_to_all_that_there_is(seed: int) -> None:
    scene = _random_scene(seed)
    app = scene.dashboard()
    everything = {item.task for group in scene.groups() for item in group.members}

    async with playing(app) as pilot:
        await shows(pilot, "data 0.0 s old")
        assert sum(_counted(app).values()) == len(everything)
        shown = [item.task for row in app.main.inbox.arrangement.rows for item in row.group.members]
        await pilot.press("H")
        hidden = [item.task for row in app.main.inbox.arrangement.rows for item in row.group.members]
        assert sorted((*shown, *hidden)) == sorted(everything)
        assert hidden
