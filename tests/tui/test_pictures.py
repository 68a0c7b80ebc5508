"""A task and a run as pictures: times as a chart, and the workflow with the way that was taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.evidence import Verdict
from onloop.views.reporting.timelines import SpentTime, TimelineRow, timeline_of
from onloop.views.time_kinds import AT_WORK, FOR_AGENTS, FOR_PEOPLE, GATES, TIMES
from onloop_tui.model.drawing.terminal_text import is_safe
from onloop_tui.model.drawing.text_line import Tone, plain, width_of
from onloop_tui.model.pictures.gantt_lines import gantt_lines
from onloop_tui.screens.picture_screen import PictureScreen
from support.tui_scenes import MINUTE, busy, playing, screen_text, shows, until

HOUR = 60 * MINUTE
HOSTILE = "x\x1b]2;owned\x07\u202e\u0301\u0301\n[/b][@click=app.quit]" + "漢" * 90


def test_a_cell_has_what_most_of_its_time_went_to_and_each_kind_its_shape() -> None:
    spans = (SpentTime(FOR_AGENTS, 0, HOUR), SpentTime(AT_WORK, HOUR, 3 * HOUR), SpentTime(FOR_PEOPLE, 3 * HOUR))
    shown = gantt_lines(timeline_of([[TimelineRow("develop.fix", spans)]], 4 * HOUR), 72)

    assert "·" * 10 + "█" * 19 in plain(shown[1])
    assert plain(shown[1]).count("◆") == 10
    assert plain(shown[1]).endswith("4h00m")
    assert "◆ waits for people 1h00m" in plain(shown[-1])


def test_only_waiting_for_people_has_the_accent() -> None:
    spans = tuple(SpentTime(kind, n * HOUR, (n + 1) * HOUR) for n, kind in enumerate(TIMES))
    shown = gantt_lines(timeline_of([[TimelineRow("all", spans)]], 9 * HOUR), 120)

    lit = [span.text for span in shown[1] if span.tone is Tone.ACCENT]
    assert [set(text) for text in lit] == [{"◆"}]
    shapes = {text for span in shown[1][2:] for text in span.text.strip() if text in "◆█▒▚░·‖~"}
    assert len(shapes) == len(TIMES), "told apart without colour"


def test_what_lasted_less_than_a_cell_is_still_seen_where_the_cell_is_free() -> None:
    gate = TimelineRow("tests", (SpentTime(GATES, HOUR, HOUR + 1),), gate=True, verdict=Verdict.FAIL)
    long = TimelineRow("develop.fix", (SpentTime(AT_WORK, 0, 100 * HOUR),))

    shown = gantt_lines(timeline_of([[long, gate]], 100 * HOUR), 80)

    assert plain(shown[2]).count("▒") == 1
    assert "✗ tests" in plain(shown[2])


SPANS = st.lists(
    st.tuples(st.sampled_from(TIMES), st.integers(0, 10**13), st.integers(0, 10**9)).map(
        lambda each: SpentTime(each[0], each[1], each[1] + each[2])
    ),
    max_size=8,
)


@given(st.lists(st.tuples(st.text(max_size=30) | st.sampled_from([HOSTILE]), SPANS), max_size=6), st.integers(40, 200))
def test_every_line_fits_and_nothing_in_it_is_obeyed(rows: list[tuple[str, list[SpentTime]]], width: int) -> None:
    made = [TimelineRow(name, tuple(spans), task="r1.1") for name, spans in rows]

    for shown in gantt_lines(timeline_of([made], 10**13), width):
        assert width_of(shown) <= width
        assert is_safe(plain(shown))


async def test_v_draws_the_task_under_the_cursor_and_goes_on_while_time_passes() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app, (120, 40)) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("v")
        await shows(pilot, "r7k2m.1 in time and on its way", "── time", "develop.remediate", "✓ tests", "── workflow")
        await shows(pilot, "│ ✓ develop.remediate", "│ ▶ ship.approve")
        assert "◆ waits for people 1m" in screen_text(app)
        scene.clock.later(90 * MINUTE)
        await shows(pilot, "◆ waits for people 1h31m")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, PictureScreen))


async def test_v_on_a_run_draws_its_tasks_and_its_open_ones() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app, (120, 60)) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("2")
        await shows(pilot, "[2 Tree]", "r7k2m")
        await pilot.press("g", "v")
        await shows(pilot, "r7k2m in time", "r7k2m.2     ledger", "── open tasks", "── workflow cve-remediation")


async def test_what_cannot_be_read_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        app.push_screen(PictureScreen(app.main.session, "gone.1"))
        await shows(pilot, "gone.1")
        await shows(pilot, "there is no task")
