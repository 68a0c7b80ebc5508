"""The Inbox tells of denials first, opens nothing that is no task, and takes an acknowledgement for an answer."""

from __future__ import annotations

from onloop.errors import Ground
from onloop.gateway.upkeep import CountDenial
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.store_state import Unfrozen
from support.tui_scenes import busy, playing, screen_text, shows, until


async def test_who_tried_what_stands_first_is_no_task_and_goes_when_it_was_seen() -> None:
    scene = busy()
    agent = Principal(PrincipalKind.AGENT, "mallory", "r7k2m.1", 1)
    for verb in ("approve", "unfreeze"):
        scene.gateway.perform(CountDenial(agent, verb, "r7k2m.1", Ground.KIND))
    scene.enrol("ben")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "‼ denied", "denied: agent:mallory tried to approve, unfreeze", "not for its kind")
        await pilot.press("g", "enter")
        await shows(pilot, "a denied request has no task")
        await pilot.press("space")
        await shows(pilot, "a denied request has no task")
        await pilot.press("w")
        await shows(pilot, "seven days without another denial", "onloop ack")
        await pilot.press("escape", "g", ".", "enter")
        await until(pilot, lambda: "‼ denied" not in screen_text(app))

    assert Unfrozen.__name__ not in {event.name for event in scene.log("house")}
