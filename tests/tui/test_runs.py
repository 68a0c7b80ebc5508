"""The list of runs, every view narrowed to one of them, and ended runs out of the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.state import State
from onloop.records import replace
from onloop_tui.model.finding.run_rows import ENDED, EVERY_RUN, RunEntry, RunPick
from onloop_tui.model.finding.word_match import WordMatch
from onloop_tui.model.ground.run_scope import RunScope
from onloop_tui.model.tree.ended_fold import ENDED_RUNS, EndedFold
from onloop_tui.model.tree.tree_index import TreeIndex
from onloop_tui.screens.finding.run_picker import RunPicker
from support.effort import at_most
from support.tui_attacks import assert_harmless, fitting, hostile_strings
from support.tui_scenes import MINUTE, Scene, busy, list_text, playing, screen_text, shows, until
from tui.test_tree_index import task

RUNS = 10_000


def _scene() -> Scene:
    """The busy fleet, a second run that waits, and a third that has ended."""
    scene = busy()
    scene.fleet(["alpha", "beta"], run="z9z9z", title="second run")
    for each in scene.fleet(["gamma"], run="e0e0e", title="an old run"):
        scene.cancels(each)
    scene.clock.later(MINUTE)
    return scene


async def test_a_run_is_picked_by_some_letters_and_every_view_shows_it_alone_until_that_is_lifted() -> None:
    app = _scene().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("O")
        await shows(pilot, "runs  2 live of 3", "7 need you", "▸ ended: 1")
        assert "an old run" not in screen_text(app)
        await pilot.press(*"beta")
        await until(pilot, lambda: "patch kvlite" not in screen_text(app))
        await pilot.press("enter")
        await shows(pilot, "only run z9z9z", "elsewhere")
        for key, tab in (("2", "[2 Tree]"), ("3", "[3 Fleet]"), ("4", "[4 Agents]"), ("5", "[5 Log]"), ("1", "[1 Inb")):
            await pilot.press(key)
            await shows(pilot, tab)
            await until(pilot, lambda: "r7k2m" not in screen_text(app))
        await pilot.press("2", "O")
        await shows(pilot, "every run is shown", "r7k2m.1")


async def test_esc_lifts_the_narrowing_after_the_filter_and_the_list_of_runs_can_be_left_without_a_choice() -> None:
    app = _scene().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("O", "escape")
        await shows(pilot, "[1 Inbox]")
        assert app.main.narrowing.run == ""
        await pilot.press("2", "O", *"kvlite", "enter")
        await shows(pilot, "only run r7k2m")
        await pilot.press("/", *"billing", "enter")
        await shows(pilot, "1 found")
        await pilot.press("escape")
        await until(pilot, lambda: "1 found" not in screen_text(app))
        assert app.main.narrowing.run == "r7k2m"
        await pilot.press("escape")
        await until(pilot, lambda: app.main.narrowing.run == "")


async def test_enter_on_the_row_of_the_ended_runs_shows_them_in_the_list_and_in_the_tree() -> None:
    app = _scene().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("O", "pagedown", "enter")
        await shows(pilot, "▾ ended: 1", "an old run")
        await pilot.press("escape", "2")
        await shows(pilot, "▸ ended: 1")
        assert "e0e0e" not in list_text(app)
        await pilot.press("G", "enter")
        await shows(pilot, "▾ ended: 1", "e0e0e")
        await pilot.press("enter")
        await until(pilot, lambda: "e0e0e" not in list_text(app))


async def test_an_ended_run_stays_in_the_tree_while_the_cursor_is_on_it() -> None:
    scene = _scene()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("2", "g")
        await until(pilot, lambda: "z9z9z.1" in list_text(app))
        app.main.view.rows.go_to("z9z9z.2")  # type: ignore[attr-defined]
        for name in ("z9z9z.1", "z9z9z.2"):
            scene.cancels(name)
        await shows(pilot, "▸ ended: 2")
        assert "z9z9z.2" in list_text(app)
        await pilot.press("g")
        await until(pilot, lambda: "z9z9z" not in list_text(app))


async def test_what_happens_in_the_run_is_followed_and_another_store_lifts_the_narrowing() -> None:
    scene = _scene()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("O", *"second", "enter", "2")
        await shows(pilot, "only run z9z9z")
        scene.asks("z9z9z.1", "Which of the two?")
        await shows(pilot, "? question")
        scene.asks("r7k2m.9", "And here?")
        await shows(pilot, "8 elsewhere")
        assert "r7k2m.9" not in screen_text(app)


def test_a_snapshot_of_one_run_is_that_of_a_store_with_no_other() -> None:
    scene, alone = busy(), busy()
    scene.fleet(["alpha"], run="z9z9z", title="second run")
    from onloop_tui.feed import StoreWatch

    def look(watch: StoreWatch):  # type: ignore[no-untyped-def]
        return watch.look().snapshot.at(scene.clock())  # type: ignore[union-attr]

    both, one = StoreWatch(scene.place, scene.clock), StoreWatch(alone.place, alone.clock)
    scope = RunScope("r7k2m")
    for asker in ("r7k2m.9", "r7k2m.8"):
        narrowed, plain = scope.of(look(both)), look(one)
        assert narrowed.tasks.keys() == plain.tasks.keys()
        assert narrowed.board.counts == plain.board.counts
        assert [g.cause for g in narrowed.groups] == [g.cause for g in plain.groups]
        assert narrowed.overview.runs == plain.overview.runs
        assert (narrowed.overview.working, narrowed.done) == (plain.overview.working, plain.done)
        for each in (scene, alone):
            each.cancels(asker)


def _entry(number: int, *, live: bool) -> RunEntry:
    words = ("patch", "bump", "deps", "auth", "flaky", "docs", "api", "billing")
    title = f"{words[number % 8]} {words[number % 5]} {words[number % 3]} {number}"
    text = f"{title}\nr{number}\nremediation\nservice-{number % 97}"
    return RunEntry(f"r{number}", title, "remediation", 0, 1, 0, 3, live, number, "", (), text)


def test_a_letter_over_ten_thousand_runs_costs_at_most_ten_milliseconds() -> None:
    pick = RunPick([_entry(number, live=number < 100) for number in range(RUNS)])
    pick.ids("")

    for typed in ("b", "bi", "bil", "bil 7", "bil 77"):
        with at_most(0.010):
            found = pick.ids(typed)
        assert found
    assert pick.ids("bil 77") and all("bil" in pick.entries[i].text for i in pick.ids("bil 77") if i != ENDED)


def test_words_fit_in_any_order_and_letters_in_their_order_where_no_word_does() -> None:
    match = WordMatch(["patch kvlite r7k2m billing", "second run z9z9z alpha", "bump deps q1"])

    assert list(match.places("bill PATCH")) == [0]
    assert list(match.places("")) == [0, 1, 2]
    assert list(match.places("ptkv")) == [0]
    assert list(match.places("bmpdps")) == [2]
    assert list(match.places("zzzzzz")) == []
    assert list(match.places("zzz")) == [1]


@given(st.lists(st.text(alphabet="abc ", max_size=6), max_size=8), st.lists(st.sampled_from("abc "), max_size=6))
def test_typing_on_finds_what_typing_at_once_finds(texts: list[str], letters: list[str]) -> None:
    typing, typed = WordMatch(texts), ""
    for letter in letters:
        typed += letter
        assert list(typing.places(typed)) == list(WordMatch(texts).places(typed))


def test_the_row_that_lifts_the_narrowing_comes_first_and_ended_runs_are_found_by_their_words() -> None:
    pick = RunPick([_entry(1, live=True), _entry(2, live=False)], narrowed="r1")

    assert pick.ids("") == (EVERY_RUN, "r1", ENDED)
    assert pick.ids("r2") == (ENDED, "r2")


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), min_size=1, max_size=12), st.booleans())
def test_rows_and_their_numbers_agree_whatever_has_ended(changes: list[tuple[str, bool]], is_open: bool) -> None:
    index = TreeIndex(task(run, created=place) for place, run in enumerate("abcdef"))
    index.apply(task(f"{run}.1") for run in "abcdef")
    fold = EndedFold(index)
    fold.is_open = is_open
    for run, ends in changes:
        state = State.COMPLETED if ends else State.WORKING
        index.apply([replace(task(run, state, created="abcdef".index(run))), task(f"{run}.1", state)])
        fold.kept = run
        rows = [fold.at(row) for row in range(len(fold))]
        assert [fold.row_of(row) for row in rows] == list(range(len(rows)))
        assert len(set(rows)) == len(rows)
        assert run in rows
        over = {top.id for top in index.tops if top.over}
        if ENDED_RUNS in rows:
            below = rows[rows.index(ENDED_RUNS) + 1 :]
            assert {row[0] for row in below} == (over if is_open else over & {run})


def test_of_one_run_alone_the_rows_are_its_own_and_lifting_that_plants_no_tree_anew() -> None:
    index = TreeIndex(task(run, created=place) for place, run in enumerate("abc"))
    index.apply(task(f"{run}.{number}") for run in "abc" for number in (1, 2))
    fold = EndedFold(index)
    fold.only = "b"

    assert [fold.at(row) for row in range(len(fold))] == ["b", "b.1", "b.2"]
    assert [fold.row_of(each) for each in ("b", "b.2", "a", "c.1")] == [0, 2, None, None]
    index.apply([task("b.3"), task("c.3")])
    assert len(fold) == 4
    fold.only = "nobody"
    assert len(fold) == 0
    fold.only = None
    assert len(fold) == len(index) == 11


async def test_n_in_a_narrowed_tree_stays_in_the_run() -> None:
    scene = _scene()
    scene.asks("z9z9z.1", "Which?")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("2", "O", *"second", "enter")
        await shows(pilot, "only run z9z9z")
        tree = app.main.view.rows
        nodes = tree.index.size  # type: ignore[attr-defined]
        for _ in range(3):
            await pilot.press("n")
            await until(pilot, lambda: tree.cursor == "z9z9z.1")  # type: ignore[attr-defined]
        await pilot.press("O")
        await shows(pilot, "every run is shown")
        assert tree.index.size == nodes  # type: ignore[attr-defined]


async def test_hostile_titles_in_the_list_of_runs_stay_harmless() -> None:
    from onloop.machine.limits import Id, Title

    text = iter(hostile_strings(60))
    scene = Scene()
    scene.enrol("ana")
    for number in range(20):
        scene.fleet([fitting(next(text), Id)], run=f"q{number}q", title=fitting(next(text), Title))
    app = scene.dashboard()

    async with playing(app, (100, 30)) as pilot:
        await shows(pilot, "nothing needs")
        await pilot.press("O")
        await until(pilot, lambda: isinstance(app.screen, RunPicker))
        await shows(pilot, "20 live of 20")
        assert_harmless(app, (100, 30))
        await pilot.press("pagedown", "enter")
        await until(pilot, lambda: not isinstance(app.screen, RunPicker))
        await pilot.press("2")
        await shows(pilot, "[2 Tree]", "only run")
        assert_harmless(app, (100, 30))
