"""A list by ids: it builds what is in sight and nothing else, and cursor and marks stay on what they were put on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence

from textual.app import ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot

from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line, line, plain
from onloop_tui.widgets.row_view import RowView
from support.tui_lists import ListApp

HEIGHT = 10
NOWHERE: str | None = None


class Counting(RowView):
    """Remembers which lines it was asked for, and which rows it had drawn again."""

    def __init__(self) -> None:
        super().__init__(id="rows")
        self.ids: Sequence[str] = ()
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.built: list[str] = []
        self.redrawn: list[int] = []

    def give(self, ids: Sequence[str]) -> None:
        self.ids = ids
        self.show(FlatRows(ids), self.line_for, self.version_for)

    def line_for(self, row_id: str, _width: int) -> Line:
        self.built.append(row_id)
        return line(self.texts.get(row_id, row_id))

    def version_for(self, row_id: str) -> Hashable:
        return self.versions.get(row_id, 0)

    def refresh_line(self, y: int) -> None:
        self.redrawn.append(y)
        super().refresh_line(y)

    def seen(self) -> list[str]:
        return [self.render_line(y).text.rstrip() for y in range(self.size.height)]

    def forget(self) -> None:
        self.built.clear()
        self.redrawn.clear()


class Lists(ListApp):
    def compose(self) -> ComposeResult:
        yield Counting()

    @property
    def rows(self) -> Counting:
        return self.query_one(Counting)


Story = Callable[[Lists, Counting, Pilot[None]], Awaitable[None]]


def play(story: Story, height: int = HEIGHT) -> None:
    async def run() -> None:
        app = Lists()
        async with app.run_test(size=(40, height)) as pilot:
            await story(app, app.rows, pilot)

    asyncio.run(run())


def numbered(count: int, first: int = 0) -> list[str]:
    return [f"r{i}" for i in range(first, first + count)]


def test_of_a_hundred_thousand_rows_only_those_in_sight_are_built() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(100_000))
        await pilot.pause()
        assert rows.count == 100_000
        assert set(rows.built) == set(numbered(HEIGHT))
        rows.forget()
        rows.edge(1)
        await pilot.pause()
        assert set(rows.built) <= set(numbered(HEIGHT, 100_000 - HEIGHT))
        assert rows.seen()[-1] == "▶ r99999"

    play(story)


def test_a_change_out_of_sight_draws_nothing_and_one_in_sight_draws_its_row() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        ids = numbered(1_000)
        rows.give(ids)
        await pilot.pause()
        rows.forget()
        rows.versions["r500"] = 1
        rows.give(ids)
        await pilot.pause()
        assert (rows.built, rows.redrawn) == ([], [])
        rows.versions["r4"], rows.texts["r4"] = 1, "new"
        rows.give(ids)
        await pilot.pause()
        assert (rows.built, rows.redrawn) == (["r4"], [4])
        assert rows.seen()[4] == "  new"

    play(story)


def test_a_step_of_the_cursor_draws_two_rows() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(1_000))
        await pilot.pause()
        rows.forget()
        rows.move(1)
        await pilot.pause()
        assert rows.redrawn == [0, 1]
        assert rows.seen()[:3] == ["  r0", "▶ r1", "  r2"]

    play(story)


def test_time_draws_only_the_rows_in_sight_that_read_otherwise_now() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(1_000))
        await pilot.pause()
        rows.forget()
        rows.texts |= {"r2": "3m", "r900": "3m"}
        rows.renew()
        await pilot.pause()
        assert rows.redrawn == [2]
        assert rows.seen()[2] == "  3m"
        rows.edge(1)
        rows.move(-99)
        await pilot.pause()
        assert "▶ 3m" in rows.seen()

    play(story)


def test_the_cursor_stays_on_its_row_and_in_its_place_when_rows_come_and_go_above() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(100))
        rows.go_to("r50")
        await pilot.pause()
        place = rows.seen().index("▶ r50")
        rows.give([*(f"new{i}" for i in range(33)), *numbered(100)])
        await pilot.pause()
        assert (rows.cursor, rows.position, rows.seen().index("▶ r50")) == ("r50", 84, place)
        rows.give(numbered(60, 40))
        await pilot.pause()
        assert (rows.cursor, rows.position, rows.seen().index("▶ r50")) == ("r50", 11, place)

    play(story)


def test_what_is_read_does_not_move_when_the_cursor_is_elsewhere() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(100))
        await pilot.pause()
        rows.scroll_to(y=40, animate=False)
        await pilot.pause()
        rows.give(["new", *numbered(100)])
        await pilot.pause()
        assert (rows.cursor, rows.seen()[0]) == ("r0", "  r40")

    play(story)


def test_a_cursor_whose_row_goes_stands_on_the_next_one_that_is_left() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(9))
        rows.go_to("r4")
        await pilot.pause()
        rows.give(["new", "r0", "r1", "r6", "r8"])
        assert rows.cursor == "r6"
        await pilot.pause()
        rows.give(["new", "r0"])
        assert rows.cursor == "r0"
        await pilot.pause()
        rows.give([])
        assert (rows.cursor, rows.position) == (NOWHERE, 0)
        rows.move(1)
        await pilot.pause()
        assert rows.seen() == [""] * HEIGHT
        rows.give(["other"])
        assert rows.cursor == "other"

    play(story)


def test_pages_and_edges_move_the_cursor_and_stop_at_the_ends() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(25))
        await pilot.pause()
        stood = []
        page, edge, move = rows.page, rows.edge, rows.move
        for go, by in ((page, 1), (page, 1), (page, 1), (page, -1), (edge, -1), (move, -1), (edge, 1)):
            go(by)
            await pilot.pause()
            assert f"▶ {rows.cursor}" in rows.seen()
            stood.append(rows.cursor)
        assert stood == ["r9", "r18", "r24", "r15", "r0", "r0", "r24"]

    play(story)


def test_a_click_moves_the_cursor_and_nothing_else() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(30))
        rows.go_to("r20")
        await pilot.pause()
        top = rows.scroll_offset.y
        await pilot.click(rows, offset=Offset(3, 2))
        assert rows.cursor == f"r{top + 2}"
        rows.give(numbered(2))
        await pilot.click(rows, offset=Offset(3, 7))
        assert rows.cursor in {"r0", "r1"}

    play(story)


def test_marks_hold_ids_and_are_seen_beside_the_cursor() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(5))
        rows.toggle_mark()
        rows.move(1)
        await pilot.pause()
        assert rows.seen()[:2] == [" *r0", "▶ r1"]
        rows.give(["new", *numbered(5)])
        await pilot.pause()
        assert (set(rows.marks), rows.seen()[1]) == ({"r0"}, " *r0")
        rows.move(-1)
        rows.toggle_mark()
        assert rows.marks == frozenset()

    play(story)


def test_a_cursor_put_somewhere_before_the_first_layout_is_in_sight_after_it() -> None:
    class Early(Lists):
        def on_mount(self) -> None:
            self.rows.give(numbered(200))
            self.rows.go_to("r120")

    async def run() -> None:
        app = Early()
        async with app.run_test(size=(40, HEIGHT)) as pilot:
            await pilot.pause()
            assert "▶ r120" in app.rows.seen()

    asyncio.run(run())


def test_the_cursor_stays_in_sight_when_the_terminal_shrinks() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.give(numbered(200))
        rows.go_to("r19")
        await pilot.pause()
        await pilot.resize_terminal(30, 5)
        await pilot.pause()
        assert "▶ r19" in rows.seen()
        assert {len(rows.render_line(y).text) for y in range(5)} == {rows.size.width}

    play(story, height=24)


def test_nobody_is_told_of_a_cursor_that_did_not_move() -> None:
    moved: list[str | None] = []

    class Told(Lists):
        def on_row_view_moved(self) -> None:
            moved.append(self.rows.cursor)

    async def run() -> None:
        app = Told()
        async with app.run_test(size=(40, HEIGHT)) as pilot:
            app.rows.give(numbered(3))
            await pilot.pause()
            app.rows.give(["new", *numbered(3)])
            await pilot.pause()
            app.rows.edge(1)
            app.rows.edge(1)
            await pilot.pause()
        assert moved == ["r0", "r2"]

    asyncio.run(run())


def test_a_line_is_cut_to_the_room_that_there_is() -> None:
    async def story(app: Lists, rows: Counting, pilot: Pilot[None]) -> None:
        rows.texts["r0"] = "long " * 30
        rows.give(numbered(1))
        await pilot.pause()
        shown = rows.seen()[0]
        assert len(shown) == rows.size.width and shown.endswith("…")
        assert plain(rows.line_for("r0", rows.room)) == rows.texts["r0"]

    play(story)
