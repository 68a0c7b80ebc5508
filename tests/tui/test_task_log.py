"""The log of a task in the dashboard, a note to its agent, and a copied command that names its store."""

from __future__ import annotations

from pathlib import Path

import pytest

from onloop.home import Home
from onloop.records import replace
from onloop.remote.agent_log import HEADING, AgentLogPage
from onloop_tui.app import Dashboard
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.log.task_log_lines import MOST_LINES, kept
from onloop_tui.screens.task_log_screen import TaskLogScreen
from onloop_tui.session import Session
from onloop_tui.store_access import access_of
from onloop_tui.widgets.line_view import LineView
from support.tui_decisions import open_sheet, type_in
from support.tui_scenes import Scene, busy, playing, screen_text, shows, until

RUN = f"{HEADING}1800000000000 1 0 agent:coder develop.remediate\n"


def over(scene: Scene, text: list[str]) -> Dashboard:
    """The dashboard over a scene whose agents print `text`, which may grow; its store has an odd name."""

    def agent_log(_task: str, start: int) -> AgentLogPage:
        whole = "".join(text)
        return AgentLogPage(len(whole), len(whole), whole[max(0, start) :])

    place = replace(
        scene.place, agent_log=agent_log, name="/a b", addressed=lambda command: f"{command} --store '/a b'"
    )
    return Dashboard(Session(place, scene.clock, scene.person("ana")))


async def test_what_agents_print_is_followed_until_a_person_scrolls_up_and_again_after_g() -> None:
    scene, text = busy(), [RUN, "first\x1b[2J words\n", *(f"line {number}\n" for number in range(60))]
    app = over(scene, text)

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("L")
        await shows(pilot, "log of r7k2m.1 · follows", "│ line 59")
        view = app.screen.query_one(LineView)
        text.append("one more\n")
        await shows(pilot, "│ one more")
        await pilot.press("g")
        await shows(pilot, "is held", "agent:coder: attempt 1, round 0, develop.remediate", "│ first␛[2J words")
        text.append("and more\n")
        await until(pilot, lambda: any("and more" in span.text for shown in view.lines for span in shown))
        assert view.scroll_offset.y == 0
        await pilot.press("G")
        await shows(pilot, "follows", "│ and more")
        await pilot.press("escape")
        await shows(pilot, "◆ approve")
        assert not isinstance(app.screen, TaskLogScreen)


async def test_a_text_is_found_in_what_was_written_and_its_lines_are_gone_through() -> None:
    text = [RUN, *(f"line {number}\n" for number in range(60)), "an Error here\n", *(f"end {n}\n" for n in range(60))]
    app = over(busy(), text)

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("o")
        await shows(pilot, "follows", "│ end 59")
        await pilot.press("slash", *"error")
        await shows(pilot, "1 lines have 'error'")
        await pilot.press("enter")
        await shows(pilot, "is held", "an Error here")
        view = app.screen.query_one(LineView)
        lit = [span.text for shown in view.lines for span in shown if span.tone is Tone.TAB]
        assert lit == ["Error"], "only what is looked for stands out"
        await pilot.press("f")
        await shows(pilot, "follows", "│ end 59")
        await pilot.press("N")
        await shows(pilot, "is held", "an Error here")
        await pilot.press("slash", "escape")
        await until(pilot, lambda: "lines have" not in screen_text(app))
        await pilot.press("q")
        await shows(pilot, "◆ approve")


async def test_a_note_is_begun_from_what_an_agent_writes() -> None:
    scene = busy()
    app = over(scene, [RUN, "first\n"])

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("o")
        await shows(pilot, "log of r7k2m.1", "│ first")
        await pilot.press("i")
        await until(pilot, lambda: app.main.sheet.is_open and not isinstance(app.screen, TaskLogScreen))
        await shows(pilot, "Note")


async def test_a_note_is_written_in_the_sheet_and_reaches_the_task_of_its_agent() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve", "i")
        await type_in(pilot, "use version 2")
        await pilot.press("enter")
        await shows(pilot, "✓ note: r7k2m.1")

    task = scene.task("r7k2m.1")
    assert [(note.by, note.text, note.shown) for note in task.notes] == [("human:ana", "use version 2", ())]
    assert not task.decisions


async def test_y_copies_a_command_that_names_its_store() -> None:
    app = over(busy(), [])

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve", "in /a b")
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard == "onloop approve r7k2m.1 --store '/a b'")


def test_no_more_lines_are_kept_than_said_and_the_first_of_them_has_its_heading() -> None:
    found = kept([], [("agent:ada", [str(number) for number in range(MOST_LINES + 10)])])
    more = kept(found, [("agent:ada", ["next"]), ("gate tests", ["Ran 2 tests"])])

    assert len(found) == len(more) == MOST_LINES
    assert found[0] == more[0] == (True, "agent:ada")
    assert more[-3:] == [(False, "next"), (True, "gate tests"), (False, "Ran 2 tests")]


def test_the_dashboard_knows_the_name_of_its_store_and_what_means_it_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONLOOP_URL", raising=False)
    access = access_of(Home(tmp_path / "a b"))

    assert access.name == str(tmp_path / "a b")
    assert access.addressed("onloop show r1") == f"onloop show r1 --store '{tmp_path}/a b'"
    far = access_of(Home(tmp_path / "gw.sock", is_known=False))
    assert far.name == f"unix:{tmp_path / 'gw.sock'}"
