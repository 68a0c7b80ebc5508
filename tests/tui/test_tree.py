"""The Tree as an engineer uses it: look, go in, find what needs somebody, follow, decide."""

from __future__ import annotations

from onloop_tui.app import Dashboard
from onloop_tui.session import ARMING_MS
from support.tui_scenes import MINUTE, Scene, busy, list_text, playing, screen_text, shows, until


async def test_the_tree_opens_on_the_first_task_that_needs_a_person() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("2")
        await shows(pilot, "[2 Tree]", "▾ ● children r7k2m", "0 of 10 done · 7 need you")
        line = next(row for row in screen_text(app).splitlines() if row.startswith("▶"))
        assert "r7k2m.1" in line and "billing" in line


async def test_n_goes_round_what_needs_a_person_and_enter_opens_it() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("2")
        await shows(pilot, "[2 Tree]", "billing")
        await pilot.press("n", "n")
        await until(pilot, lambda: "r7k2m.3" in under_cursor(app))
        await pilot.press("enter")
        await shows(pilot, "✗ failing  r7k2m.3 sessions", "── gates ")
        await pilot.press("escape", "N")
        await until(pilot, lambda: "r7k2m.2" in under_cursor(app))


async def test_enter_folds_a_run_and_unfolds_it_and_the_keys_for_all_do_it_for_all() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("2", "g")
        await shows(pilot, "▶ ▾ ● children")
        await pilot.press("enter")
        await until(pilot, lambda: "billing" not in list_text(app))
        await pilot.press("plus")
        await shows(pilot, "billing")
        await pilot.press("minus")
        await until(pilot, lambda: "billing" not in list_text(app))
        await pilot.press("right")
        await shows(pilot, "billing")
        await pilot.press("h")
        await until(pilot, lambda: "billing" not in list_text(app))


async def test_a_change_is_seen_and_followed_until_a_key_is_pressed() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("2", "f")
        await shows(pilot, "following")
        scene.clock.later(MINUTE)
        scene.claim("r7k2m.9", "zoe")
        await until(pilot, lambda: "r7k2m.9" in under_cursor(app))
        await shows(pilot, "zoe")
        await pilot.press("k")
        await until(pilot, lambda: "following" not in screen_text(app))
        scene.clock.later(MINUTE)
        scene.cancels("r7k2m.9")
        await shows(pilot, "2 ended otherwise")
        assert "r7k2m.9" not in under_cursor(app)


async def test_a_filter_keeps_what_fits_with_the_run_above_it() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("2")
        await shows(pilot, "billing")
        await pilot.press("slash", *"state:working", "enter")
        await until(pilot, lambda: "billing" not in list_text(app))
        await shows(pilot, "limiter", "children r7k2m", "filter")
        await pilot.press("escape")
        await shows(pilot, "billing")


async def test_w_says_of_every_task_what_would_move_it() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await pilot.press("2", "w")
        await shows(pilot, "r7k2m.1 at ship.approve: input_required (approval_required)", "moved by")
        await pilot.press("G", "k")
        await shows(pilot, "an agent that claims it: onloop work --role implementer")
        await pilot.press("k", "k")
        await shows(pilot, "an answer, which goes into the agent's brief")


async def test_a_decision_in_the_tree_goes_on_to_the_next_that_needs_one() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("2")
        await shows(pilot, "billing")
        await pilot.press("enter")
        await shows(pilot, "── subject ")
        scene.clock.later(ARMING_MS)
        await pilot.press("a")
        await shows(pilot, "Enter confirms")
        scene.clock.later(ARMING_MS)
        await pilot.press("enter")
        await shows(pilot, "✓ approve: r7k2m.1", "r7k2m.2 ledger")


async def test_an_empty_store_says_in_the_tree_too_what_to_do() -> None:
    app = Scene().dashboard(who=None)

    async with playing(app) as pilot:
        await pilot.press("2")
        await shows(pilot, "nothing has been started in this store")
        await pilot.press("enter", "w", "n")
        await shows(pilot, "nothing here needs you now")


def under_cursor(app: Dashboard) -> str:
    rows = screen_text(app).splitlines()
    return next((row for row in rows if row.startswith("▶")), "")
