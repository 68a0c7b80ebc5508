"""Agents: what the machines are at, and a worker that a person asks to drain."""

from __future__ import annotations

from onloop.gateway.jobs import TakeJob
from onloop.gateway.worker_operations import TellWorker
from onloop.identity.resolution import this_process
from onloop.machine.limits import Id
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.worker_slots import SlotsTold, SlotWork
from onloop.views.queries.worker_reads import SILENT_MS, ReadMachines
from support.tui_attacks import assert_harmless, fitting, hostile_strings
from support.tui_scenes import MINUTE, Scene, playing, screen_text, shows, until

VERIFIER = Principal(PrincipalKind.VERIFIER, "v1")


def _tell(scene: Scene, *told: SlotWork, name: str = "crew", host: str = "box", slots: int = 3) -> None:
    scene.gateway.perform(
        TellWorker(this_process("work"), f"{name}@{host}:7", name, host, "implementer", slots, SlotsTold(told))
    )


def at_work() -> Scene:
    """A worker with two of three slots at work; a gate of what a third task handed in is checked."""
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet(["billing", "ledger", "cart"])
    for task in tasks[:2]:
        scene.claim(task, f"crew-{task[-1]}")
    scene.submit(tasks[2])
    now = scene.clock()
    _tell(scene, SlotWork(1, tasks[0], now), SlotWork(2, tasks[1], now))
    scene.gateway.perform(TakeJob(VERIFIER, 3_600_000, effects=False))
    scene.clock.later(MINUTE // 2)
    return scene


async def test_workers_their_slots_and_gates_stand_below_the_agents_with_what_is_idle_counted() -> None:
    scene = at_work()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "1 worker: 2 slots at work, 1 idle", "gates and effects: 1 under way, 2 waiting")
        await shows(pilot, "● runs   crew", "2 of 3 slots at work", "slot 1: r7k2m.1 at develop.remediate, for 30s")
        await shows(pilot, "● checks verifier:v1", "of r7k2m.3")
        await pilot.press("G", "o")
        await shows(pilot, "log of gate", "of r7k2m.3")
        await pilot.press("escape", "enter")
        await until(pilot, lambda: app.main.sheet.task_id == "r7k2m.3")


async def test_z_asks_first_and_then_has_the_worker_drain_and_again_lets_it_go_on() -> None:
    scene = at_work()
    app = scene.dashboard()

    def asked_by() -> str:
        return scene.gateway.perform(ReadMachines(scene.clock())).workers[0].drain_by

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "● runs   crew")
        await pilot.press("Z")
        await shows(pilot, "Z is for a worker")
        await until(pilot, lambda: app.main.view.rows.go_to("worker crew@box:7"))  # type: ignore[attr-defined]
        await pilot.press("Z")
        await shows(pilot, "Drain crew: it claims nothing more, and ends when 2 of its agents have")
        await pilot.press("escape")
        await until(pilot, lambda: "Drain crew" not in screen_text(app))
        assert asked_by() == ""
        await pilot.press("Z")
        await shows(pilot, "Drain crew")
        scene.clock.later(1_000)
        await pilot.press(*"upgrade", "enter")
        await until(pilot, lambda: asked_by() == "human:ana")
        scene.clock.later(1_000)
        await shows(pilot, "◐ drains crew", "drains (human:ana asked)")
        await pilot.press("Z")
        await until(pilot, lambda: asked_by() == "")
    (asked, lifted) = (event for event in scene.log("house") if event.name.startswith("Drain"))
    assert "upgrade" in asked.data and asked.principal == lifted.principal == "human:ana"


async def test_a_worker_that_is_not_heard_of_is_silent_and_nobody_reads_machines_of_the_past() -> None:
    scene = at_work()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "● runs   crew")
        scene.clock.later(SILENT_MS)
        await shows(pilot, "○ silent crew", "it may be gone")
        await pilot.press("slash", *"repo:billing", "enter")
        await until(pilot, lambda: "crew  " not in screen_text(app))


async def test_hostile_names_of_workers_are_shown_harmlessly() -> None:
    scene = Scene()
    scene.enrol("ana")
    for number, words in enumerate(hostile_strings(12)):
        _tell(scene, name=fitting(words, Id)[:80] or "x", host=f"h{number}", slots=1)
    app = scene.dashboard()

    async with playing(app, (100, 36)) as pilot:
        await pilot.press("4")
        await shows(pilot, "12 workers: 0 slots at work, 12 idle")
        await pilot.press("G", "w")
        await pilot.pause()
        assert_harmless(app, (100, 36))
