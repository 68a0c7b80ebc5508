"""The preview beside the list follows the cursor, reads aside, and takes no key."""

from __future__ import annotations

from onloop.machine.task import DecisionKind
from onloop_tui.app import Dashboard
from onloop_tui.session import Session
from support.slow_place import SlowPlace
from support.tui_scenes import Scene, busy, playing, screen_text, shows, until


async def test_it_shows_the_cause_its_tasks_and_how_the_first_of_them_stands() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "── 2 tasks ", "ledger", "── r7k2m.1: gates ", "✓ passed     tests 14 tests, 0 failed")
        await pilot.press("G")
        await shows(pilot, "── 4 tasks ", "journal", "── output of tests ", "┆ Traceback", "· 1 later")
        await shows(pilot, "what the agent says (not evidence)", "┆ Done.")


async def test_a_question_stands_in_it_once_and_other_words_of_the_agent_stay() -> None:
    scene = Scene()
    scene.enrol("ana")
    scene.fleet(["billing"])
    scene.asks("r7k2m.1", "Keep the old key,  or\nwrite it anew?")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "── r7k2m.1: gates ", "┆ Keep the old key")
        assert screen_text(app).count("┆ Keep the old key") == 1
        await pilot.press("2", "G")
        await shows(pilot, "what the agent says (not evidence)", "┆ Keep the old key")


async def test_p_hides_it_and_shows_it_again() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "── 2 tasks ")
        await pilot.press("p")
        await until(pilot, lambda: "── 2 tasks " not in screen_text(app))
        await pilot.press("p")
        await shows(pilot, "── 2 tasks ")


async def test_a_narrow_screen_has_no_room_for_it_and_p_says_so() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "◆ approve")
        assert "── 2 tasks " not in screen_text(app)
        await pilot.press("p", "p")
        await shows(pilot, "the preview needs 120 columns")
        await pilot.resize_terminal(140, 45)
        await shows(pilot, "── 2 tasks ", "── r7k2m.1: gates ")


async def test_it_makes_room_for_the_sheet() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "── r7k2m.1: gates ")
        await pilot.press("enter")
        await shows(pilot, "── subject ")
        assert "── r7k2m.1: gates " not in screen_text(app)


async def test_it_is_read_anew_when_its_task_has_changed() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "── r7k2m.1: gates ")
        scene.decides("r7k2m.1", DecisionKind.APPROVE)
        await shows(pilot, "── 1 task ", "── r7k2m.2: gates ")


async def test_a_store_that_answers_slowly_makes_no_key_wait_and_only_the_last_wish_is_read() -> None:
    scene = busy()
    slow = SlowPlace(scene.place.open)
    app = Dashboard(Session(slow, scene.clock, scene.person()))

    async with playing(app) as pilot:
        await shows(pilot, "reading r7k2m.1 …")
        await pilot.press("j", "G")
        await shows(pilot, "▶ ✗ failing", "── 4 tasks ", "reading r7k2m.3 …")
        slow.told.set()
        await shows(pilot, "── r7k2m.3: gates ")

    assert slow.read == ["r7k2m.1", "r7k2m.3"]


async def test_what_is_not_shown_is_not_read() -> None:
    scene = busy()
    place = SlowPlace(scene.place.open)
    app = Dashboard(Session(place, scene.clock, scene.person()))

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("j", "j")
        await shows(pilot, "▶ ✗ failing")

    assert not place.read
