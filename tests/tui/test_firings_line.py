"""What begins next by the clock: a line above the log, which is not there where nothing is scheduled."""

from __future__ import annotations

from collections.abc import Callable

from textual.pilot import Pilot

from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.schedules import KnownSchedule, Schedule, ScheduleAdopted, ScheduledStart
from onloop_tui.model.drawing.text_line import plain, width_of
from onloop_tui.model.log.next_firings import firing_lines
from support.tui_scenes import Scene, busy, playing, screen_text, shows, until

NOON = 1_700_000_000_000
"""22:13 in UTC, on a Tuesday."""


def known(name: str, cron: str = "30 2 * * *", zone: str = "UTC", paused_by: str = "") -> KnownSchedule:
    return KnownSchedule(Schedule(name, cron, zone, ScheduledStart("feature")), "human:ana", "agreed", 0, paused_by)


def scheduled() -> Scene:
    scene = busy()
    ana = scene.person()
    for name, cron, zone in (("nightly", "30 2 * * *", "Europe/Berlin"), ("weekly", "0 6 * * MON", "UTC")):
        adopted = ScheduleAdopted(Schedule(name, cron, zone, ScheduledStart("feature")), ana.id, "agreed")
        scene.gateway.perform(RecordStoreEvent(ana, adopted))
    return scene


def test_the_soonest_come_first_each_in_its_own_zone_and_the_rest_are_counted() -> None:
    schedules = {name: known(name) for name in ("a", "b", "c", "d")}
    schedules |= {"soon": known("soon", "30 22 * * *"), "off": known("off", paused_by="human:ana")}
    schedules["far"] = known("far", "0 0 1 1 *", "Asia/Kathmandu")

    (shown,) = firing_lines(schedules, NOON, 120)

    assert plain(shown).startswith("begins next: soon 22:30 UTC · a 2023-11-15 02:30 UTC")
    assert plain(shown).endswith(" · 3 more · 1 paused")
    assert firing_lines({}, NOON, 80) == ()
    (none,) = firing_lines({"off": known("off", paused_by="human:ana")}, NOON, 80)
    assert plain(none) == "nothing begins by the clock  · 1 paused"
    assert width_of(firing_lines(schedules, NOON, 30)[0]) <= 30


async def test_the_log_says_what_begins_next_and_nothing_where_nothing_is_scheduled() -> None:
    app = scheduled().dashboard()
    async with playing(app) as pilot:
        await _log(pilot)
        await shows(pilot, "begins next: ", "nightly", "CE", "weekly")

    plain_app = busy().dashboard()
    async with playing(plain_app) as pilot:
        await _log(pilot)
        await until(pilot, lambda: "following" in screen_text(plain_app))
        assert "begins next" not in screen_text(plain_app)


async def _log(pilot: Pilot[str]) -> None:
    await pilot.press("5")
    await shows(pilot, "[5 Log]", "following", "details")


def test_the_log_with_schedules_looks_like_this(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(scheduled().dashboard(), terminal_size=(80, 24), run_before=_log)
