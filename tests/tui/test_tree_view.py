"""The live tree on a screen: every state can be told without colour, and the cursor is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot

from onloop.attention.items import item_of
from onloop.machine.state import Reason, State
from onloop.machine.store_state import Frozen, StoreState
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.store.rows import Lease
from onloop_tui.feed import StoreUpdate, StoreWatch
from onloop_tui.model.filter.filters import EVERYTHING, Filter, parse
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.widgets import tree_view
from onloop_tui.widgets.tree_view import REFILTER_MS, TreeView
from support.tui_lists import ListApp
from support.tui_scenes import MINUTE, NOON, SIZES, Clock, Scene, busy, playing, screen_text, shows, until

from .test_tree_index import task


class Trees(ListApp):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def compose(self) -> ComposeResult:
        yield TreeView(self.clock)

    @property
    def shown(self) -> TreeView:
        return self.query_one(TreeView)


Story = Callable[[TreeView, Pilot[None]], Awaitable[None]]


def play(story: Story, snapshot: Snapshot, *, clock: Clock | None = None, size: tuple[int, int] = (100, 12)) -> None:
    async def run() -> None:
        app = Trees(clock or Clock())
        async with app.run_test(size=size) as pilot:
            app.shown.take(snapshot, None)
            await pilot.pause()
            await story(app.shown, pilot)

    asyncio.run(run())


def seen(tree: TreeView) -> list[str]:
    return [text for y in range(tree.size.height) if (text := tree.render_line(y).text.rstrip())]


def ids(tree: TreeView) -> list[str]:
    return [tree.index.at(row) for row in range(len(tree.index))]


def made(tasks: Iterable[Task], before: Snapshot | None = None) -> Snapshot:
    snapshot = before or Snapshot()
    return snapshot.after(list(tasks), snapshot.house, snapshot.seq + 1)


def fleet(run: str, count: int, *, created: int = 0) -> list[Task]:
    root = task(run, created=created, kind=Kind.FLEET)
    return [root, *(replace(task(f"{run}.{i}"), repo=f"repo{i}") for i in range(1, count + 1))]


def asking(task_id: str) -> Task:
    return replace(task(task_id), state=State.INPUT_REQUIRED, reason=Reason.QUESTION)


def understood(text: str) -> Filter:
    found = parse(text)
    assert isinstance(found, Filter)
    return found


def snapshot_of(scene: Scene) -> Snapshot:
    watch = StoreWatch(scene.place, scene.clock)
    news = watch.look()
    watch.close()
    assert isinstance(news, StoreUpdate)
    return news.snapshot


@pytest.mark.parametrize("size", SIZES)
def test_a_row_says_state_gates_and_age_without_colour(size: tuple[int, int]) -> None:
    scene = busy()

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        rows = seen(tree)
        at = "approve · approvers" if size[0] < 110 else "ship.approve"
        assert "▾ ● children r7k2m" in rows[0] and "0 of 10 done · 7 need you" in rows[0]
        assert [row.split()[1:4] for row in rows[3:5]] == [["✗", "failing", "r7k2m.3"], ["✗", "failing", "r7k2m.4"]]
        for words in (("◆ approve", "billing", at, "✓✓✓ ○", "1m"), ("✗ failing", "sessions", "✗✓✓ ·", "4m"),
                      ("? question", "links", "––– ·", "3m"), ("● working", "limiter", "––– ·"), ("○ ready", "queue"),
                      ("– canceled", "search")):  # fmt: skip
            assert any(all(word in row for word in words) for row in rows), words
        assert all(len(row) <= size[0] for row in rows)
        assert any("coder" in row for row in rows)

    play(story, snapshot_of(scene), clock=scene.clock, size=size)


def test_what_an_agent_wrote_reaches_no_terminal_as_control() -> None:
    evil = replace(task("r"), title="\x1b]2;PWNED\x07[b]x[/b]\u202e", repo=None)

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        assert "[b]x[/b]" in seen(tree)[0]
        assert not any(char in seen(tree)[0] for char in "\x1b\x07\u202e")

    play(story, made([evil]))


def test_right_goes_in_and_left_goes_out() -> None:
    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.edge(-1)
        steps = []
        for key in (tree.unfold, tree.fold, tree.fold, tree.unfold, tree.unfold, tree.unfold, tree.unfold, tree.fold):
            key()
            steps.append((tree.cursor, tree.count))
        assert steps == [
            ("r.1", 4), ("r.1", 3), ("r", 3), ("r.1", 3), ("r.1", 4), ("r.1.1", 4), ("r.1.1", 4), ("r.1", 4),
        ]  # fmt: skip
        assert "▾" in seen(tree)[0]
        tree.fold_all(is_open=False)
        await pilot.pause()
        assert (tree.cursor, tree.count) == ("r", 1)
        assert seen(tree)[0].startswith("▶ ▸")

    play(story, made(task(each) for each in ("r", "r.1", "r.1.1", "r.2")))


def test_the_cursor_stays_on_its_task_while_others_appear_above_it() -> None:
    before = made([*fleet("r", 50, created=5)])

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.go_to("r.40")
        await pilot.pause()
        place = next(y for y, row in enumerate(seen(tree)) if row.startswith("▶"))
        older = fleet("q", 20)
        tree.take(made(older, before), {each.id for each in older})
        await pilot.pause()
        assert (tree.cursor, tree.position) == ("r.40", 62)
        assert seen(tree)[place].startswith("▶") and "r.40 " in seen(tree)[place]

    play(story, before)


def test_only_what_changed_is_looked_at_again() -> None:
    before = made([*fleet("r", 5)])

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        after = made([replace(task("r.1"), state=State.COMPLETED), replace(task("r.2"), state=State.COMPLETED)], before)
        tree.take(after, {"r.1"})
        await pilot.pause()
        assert "1 of 5 done" in seen(tree)[0]
        tree.take(after, None)
        await pilot.pause()
        assert "2 of 5 done" in seen(tree)[0]

    play(story, before)


def test_another_store_in_the_old_ones_place_is_shown_alone() -> None:
    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.show_only(understood("task:s"))
        tree.take(made([*fleet("s", 2), task("t")]), None)
        await pilot.pause()
        assert ids(tree) == ["s", "s.1", "s.2"]
        tree.show_only(EVERYTHING)
        tree.take(made(fleet("r", 3)), None)
        await pilot.pause()
        assert "0 of 3 done" in seen(tree)[0]
        tree.take(made([replace(each, title="again") for each in fleet("r", 2)]), None)
        await pilot.pause()
        assert "again" in seen(tree)[0] and "0 of 2 done" in seen(tree)[0]

    play(story, made(fleet("r", 3)))


def test_while_following_the_cursor_goes_to_what_changed_last_until_a_person_moves_it() -> None:
    snapshot = made(fleet("r", 30))

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        nonlocal snapshot

        def change(task_id: str, at: int) -> None:
            nonlocal snapshot
            snapshot = made([replace(snapshot.tasks[task_id], updated_at=NOON + at)], snapshot)
            tree.take(snapshot, {task_id})

        change("r.7", 1)
        assert tree.cursor == "r"
        tree.follow(True)
        change("r.20", 2)
        await pilot.pause()
        assert tree.cursor == "r.20" and any(row.startswith("▶") for row in seen(tree))
        tree.index.set_open("r", False)
        change("r.3", 3)
        assert tree.cursor == "r"
        tree.move(1)
        assert not tree.following
        change("r.9", 4)
        assert tree.cursor == "r"

    play(story, snapshot)


def test_a_filter_keeps_the_cursor_on_its_task_or_on_what_is_above_it() -> None:
    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.go_to("r.3")
        tree.show_only(understood("repo:repo3,repo5"))
        assert (tree.cursor, ids(tree)) == ("r.3", ["r", "r.3", "r.5"])
        tree.show_only(understood("repo:repo5"))
        assert (tree.cursor, tree.index.matching) == ("r", 1)
        assert not tree.go_to("r.3")
        tree.show_only(understood("repo:nowhere"))
        await pilot.pause()
        assert (tree.cursor, seen(tree)) == (None, [])
        tree.show_only(EVERYTHING)
        assert (tree.cursor, tree.count) == ("r", 7)

    play(story, made(fleet("r", 6)))


def test_a_filter_for_a_cause_finds_all_that_need_a_person_for_it() -> None:
    scene = busy()
    snapshot = snapshot_of(scene)
    failing = item_of(snapshot.tasks["r7k2m.3"])
    assert failing is not None

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.show_only(understood(f"cause:{failing.cause}"))
        assert ids(tree) == ["r7k2m", *(f"r7k2m.{number}" for number in (3, 4, 5, 6))]

    play(story, snapshot, clock=scene.clock)


def test_a_filter_for_ages_finds_what_has_grown_old_though_nothing_happened() -> None:
    clock = Clock()
    old = [replace(each, since=NOON) for each in fleet("r", 2)]

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.show_only(understood("age:>5m"))
        assert tree.count == 0
        clock.later(5 * MINUTE)
        tree.tick()
        assert tree.count == 0
        clock.later(REFILTER_MS)
        tree.tick()
        await pilot.pause()
        assert ids(tree) == ["r", "r.1", "r.2"]
        assert seen(tree)[1].endswith(" 5m")
        clock.later(5 * MINUTE)
        tree.tick()
        await pilot.pause()
        assert seen(tree)[1].endswith("10m")

    play(story, made(old), clock=clock)


def test_a_filter_for_ages_that_looks_again_in_parts_moves_no_cursor_and_hides_no_row_that_still_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tree_view, "AT_ONCE", 4)
    clock = Clock()
    old = [replace(each, since=NOON - 10 * MINUTE) for each in fleet("r", 20)]

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        async def sifted() -> None:
            while not tree.index.matches.is_whole:
                await pilot.pause()

        tree.show_only(understood("age:>5m"))
        await sifted()
        tree.go_to("r.15")
        for _ in range(2):
            clock.later(REFILTER_MS)
            tree.tick()
            assert (tree.cursor, tree.count, tree.index.matches.is_whole) == ("r.15", 21, False)
            await sifted()
            assert (tree.cursor, tree.count, tree.matching) == ("r.15", 21, 20)
        tree.take(made([replace(each, since=clock()) for each in old[5:9]], tree.snapshot), None)
        clock.later(REFILTER_MS)
        tree.tick()
        await sifted()
        assert (tree.cursor, tree.count, tree.matching) == ("r.15", 17, 16)

    play(story, made(old), clock=clock)


def test_next_goes_to_what_needs_a_person_behind_folds_and_round() -> None:
    tasks = [*fleet("r", 3), asking("r.2"), *fleet("s", 2, created=1), asking("s.1"), task("s.1.1")]

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        assert tree.cursor == "r.2"
        tree.fold_all(is_open=False)
        assert (tree.cursor, tree.count) == ("r", 2)
        stood = [tree.cursor for step in (1, 1, 1, -1, -1) if tree.next_needing(step)]
        assert stood == ["r.2", "s.1", "r.2", "s.1", "r.2"]
        tree.show_only(understood("run:s"))
        assert tree.next_needing(1) and tree.next_needing(1)
        assert tree.cursor == "s.1"
        tree.show_only(understood("state:working"))
        assert not tree.next_needing(1)

    play(story, made(tasks))


def test_a_parent_that_says_completed_is_not_shown_as_done_while_a_child_lives() -> None:
    tasks = [task("r", State.COMPLETED), task("r.1"), task("s", State.COMPLETED, created=1)]

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.fold_all(is_open=True)
        tree.turn_ended()
        await pilot.pause()
        assert "● children" in seen(tree)[0] and "✓" not in seen(tree)[0]
        assert "✓ done" in seen(tree)[3]

    play(story, made(tasks))


def test_a_freeze_is_seen_on_every_row_that_it_covers() -> None:
    frozen = StoreState(freezes={"run:r": Frozen("run:r", "human:ana", "wait")})

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.take(replace(tree.snapshot, house=frozen), frozenset())
        tree.tick()
        await pilot.pause()
        assert ["‖ frozen" in row for row in seen(tree)] == [True, True, False]

    play(story, made([task("r"), task("r.1"), task("s", created=1)]))


def test_an_agent_that_is_not_heard_from_is_counted_shown_and_found_as_stalled_though_nothing_is_written() -> None:
    clock = Clock()
    held = [replace(each, holder="agent:coder", epoch=1) if each.parent else each for each in fleet("r", 2)]
    lease = Lease("r.1", 1, "agent:coder", NOON + 20 * MINUTE, NOON, NOON)

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        assert "0 of 2 done · 2 working" in seen(tree)[0]
        tree.show_only(understood("reason:disconnected,stalled"))
        assert tree.count == 0
        clock.later(11 * MINUTE)
        tree.tick()
        await pilot.pause()
        assert "1 stalled · 1 working" in seen(tree)[0] and "⚠ no beat" in seen(tree)[1]
        assert ids(tree) == ["r", "r.1"]
        tree.take(replace(tree.snapshot, leases={"r.1": replace(lease, beat_at=clock())}), frozenset())
        tree.show_only(EVERYTHING)
        await pilot.pause()
        assert "0 of 2 done · 2 working" in seen(tree)[0] and "● working" in seen(tree)[1]

    play(story, replace(made(held), leases={"r.1": lease}), clock=clock)


def test_a_tree_deeper_than_the_screen_still_says_what_each_row_is() -> None:
    chain = [task("r")] + [replace(task(f"r{i}"), run="r", parent=f"r{i - 1}" if i else "r") for i in range(3_000)]

    async def story(tree: TreeView, pilot: Pilot[None]) -> None:
        tree.go_to("r2999")
        await pilot.pause()
        here = next(row for row in seen(tree) if row.startswith("▶"))
        assert "+2992" in here and "● working" in here and "r2999" in here

    play(story, made(chain), size=(80, 24))


async def test_the_tree_of_a_large_store_is_made_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_view, "LARGE", 10)
    scene = busy()
    scene.fleet([f"more{number}" for number in range(20)], run="z9z9z")
    app = scene.dashboard()

    async with playing(app, (120, 40)) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("2")
        await shows(pilot, "[2 Tree]", "r7k2m.1")
        rows = app.main.query_one(TreeView)
        assert rows.cursor == "r7k2m.1", "the subject of the Inbox, once the tree is there"
        assert "making the tree" not in screen_text(app)
        scene.cancels("z9z9z.3")
        await until(pilot, lambda: rows.index.held("z9z9z.3").task.ended)
