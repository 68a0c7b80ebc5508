"""Four hundred hostile strings in everything that agents, repositories and files can say, and every view looked at."""

from __future__ import annotations

from collections.abc import Iterator

from textual.pilot import Pilot

from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.machine import commands as c
from onloop.machine.limits import Address, Id, Path, Statement, Title, Words
from onloop.machine.task import Artefact, Submission
from onloop.views.sub_agents import SubAgentNews, cut
from onloop_tui.app import Dashboard
from onloop_tui.bindings import VIEWS as WHERES
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.screens.main_screen import VIEWS
from support.tui_attacks import assert_harmless, fitting, hostile_strings
from support.tui_scenes import NOON, Scene, commit, playing, screen_text, shows, until

SIZE = (100, 30)
COUNT = 400
TASKS = 40
SHEETS = 3


def _dealt() -> Iterator[str]:
    while True:
        yield from hostile_strings(COUNT)


def _work(task: str, text: Iterator[str]) -> Submission:
    honest = commit(task)
    notes = Artefact(fitting(next(text), Path), "5" * 64, 812)
    author, statement = fitting(next(text), Address), fitting(next(text), Statement)
    return Submission(honest.head, honest.tree, honest.base, (author,), (notes,), statement, NOON)


def _sub_agent(text: Iterator[str]) -> SubAgentNews:
    """What is too long is refused; whatever fits is taken, and shown."""
    return cut(SubAgentNews(next(text), next(text), next(text)))


def _hostile_scene() -> Scene:
    """Ten strings for each of forty tasks; what becomes of them takes turns."""
    text = _dealt()
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet([fitting(next(text), Id) for _ in range(TASKS)], title=fitting(next(text), Title))
    for number, task in enumerate(tasks):
        scene.clock.later(1000)
        match number % 4:
            case 0:
                scene.submit(task, what=_work(task, text))
                for gate in ("tests", "patched", "notes"):
                    scene.passes(task, gate, fitting(next(text), Words))
            case 1:
                scene.submit(task, what=_work(task, text))
                scene.passes(task, "patched", fitting(next(text), Words))
                scene.passes(task, "notes", fitting(next(text), Words))
                scene.refuses(task, fitting(next(text), Words), "\n".join(next(text) for _ in range(5)))
            case 2:
                scene.asks(task, fitting("".join(next(text) for _ in range(4)), Words))
            case _:  # an agent's own name is refused by the core if it is hostile; its words are not
                claimed, agent = scene.claim(task)
                if number % 8 == 3:
                    scene.gateway.perform(
                        Heartbeat(agent, lease_ms=3_600_000, news=[_sub_agent(text) for _ in range(3)])
                    )
                    continue
                words = fitting("".join(next(text) for _ in range(4)), Words)
                scene.gateway.perform(PerformCommand(agent, task, c.Fail(agent.id, claimed.task.epoch, words)))
    scene.freeze(fitting(next(text), Id))
    return scene


async def _leaf_through(app: Dashboard, pilot: Pilot[str], most: int, upto: str = "") -> None:
    """Page by page to the end, or so many of them, or to where those words are on the screen, which must come."""
    for _ in range(most):
        assert_harmless(app, SIZE)
        before = screen_text(app)
        if upto and upto in before:
            return
        await pilot.press("pagedown")
        if screen_text(app) == before:
            break
    assert not upto, f"{upto!r} never came:\n{screen_text(app)}"


def test_the_strings_are_four_hundred_different_ones_and_always_the_same() -> None:
    strings = hostile_strings(COUNT)

    assert len(set(strings)) == COUNT
    assert strings == hostile_strings(COUNT)
    assert sum("\x1b" in each for each in strings) > COUNT / 10


async def test_no_view_and_no_sheet_obeys_any_of_them() -> None:
    app = _hostile_scene().dashboard()

    async with playing(app, SIZE) as pilot:
        await shows(pilot, "▶ ◆ approve")
        for view in VIEWS:
            await pilot.press(str(WHERES.index(view.where) + 1))
            await shows(pilot, f"{view.where.name.capitalize()}]")
            await pilot.press("g", "w")
            await _leaf_through(app, pilot, 4)
            await pilot.press("w", "/", *"x")
            assert_harmless(app, SIZE)
            await pilot.press("escape")
        await pilot.press("4", "g", "j", "w")
        await shows(pilot, "nobody has verified it")
        await _leaf_through(app, pilot, 1)
        await pilot.press("w", "enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        await _leaf_through(app, pilot, 12, "in its agent's process")
        await _leaf_through(app, pilot, 4)
        await pilot.press("escape")
        await until(pilot, lambda: not app.main.sheet.is_open)
        await pilot.press("2", "g")
        for _ in range(SHEETS):
            await pilot.press("n", "enter")
            await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
            await _leaf_through(app, pilot, 4)
            await pilot.press("escape")
            await until(pilot, lambda: not app.main.sheet.is_open)
