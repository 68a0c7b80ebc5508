"""Loop: the figures of the loop beside the work, the same as `onloop loop` prints, and followed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from measures.planted_log import Plant, PlantedLog
from onloop.cli.reports.loop_text import text_lines
from onloop.insight.measures.loop_fold import LoopFold
from onloop_tui.model.drawing.text_line import plain, width_of
from onloop_tui.model.loop.loop_rows import LoopRowKind, loop_detail, loop_line, loop_rows
from onloop_tui.screens.followed_loop import LOOK_AGAIN_MS
from support.tui_scenes import busy, playing, screen_text, shows, until


def planted() -> LoopFold:
    fold = LoopFold()
    fold.take(PlantedLog(4, frozenset(Plant), tasks=110).events)
    return fold


FIGURES = planted().figures(1_800_000_000_000)
ROWS = loop_rows(FIGURES)


async def test_the_sixth_view_shows_what_was_asked_and_follows_it() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("6")
        await shows(pilot, "[6 Loop]", "── Gates of people ", "asked", "Machine gates", "0 of them completed")
        scene.cancels("r7k2m.7")
        await shows(pilot, "ended tasks")

        def follows() -> bool:
            scene.clock.later(LOOK_AGAIN_MS)  # each time: a look that was under way may be of before
            return "ended tasks  2," in screen_text(app)

        await until(pilot, follows)


async def test_n_goes_through_what_deserves_a_look_and_w_says_a_row_whole() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app, (80, 24)) as pilot:
        await pilot.press("6")
        await shows(pilot, "[6 Loop]", "Deserves a look")
        await pilot.press("n")
        await shows(pilot, "nothing deserves a look, as far as was seen")
        await pilot.press("G", "w")
        await shows(pilot, "week of 2", "from Mondays,")
        await pilot.press("enter")
        await shows(pilot, "this row is about no single task")


@given(st.integers(38, 220))
def test_no_row_is_wider_than_its_room_and_a_column_without_room_is_said_to_be_missing(width: int) -> None:
    for row in ROWS:
        assert width_of(loop_line(row, width)) <= width
        if row.kind is LoopRowKind.CELLS and width < 70 and row.table is not None and row.table.key == "human_gates":
            assert plain(loop_line(row, width)).endswith("…")
            assert all(f"{column.name} " in loop_detail(row) for column in row.table.columns)


def test_every_row_has_an_id_of_its_own_and_says_what_the_command_says() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    told = "\n".join(text_lines(FIGURES))
    for row in ROWS:
        if row.kind is LoopRowKind.CELLS:
            assert all(cell[:60] in told for cell in row.cells), row
    assert [row.is_finding for row in ROWS].count(True) == len(FIGURES.findings) == len(Plant)
    assert any(row.example for row in ROWS)
