"""Everything that a commit changes can be opened from the sheet, and an approval names what was not."""

from __future__ import annotations

from onloop.machine.state import Reason
from onloop.machine.task import DecisionKind
from onloop_tui.dialogs.bulk_dialog import FEW, BulkDialog, Phase
from onloop_tui.dialogs.change_screens import ChangeScreen
from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.panels.sheet_panel import Mode
from support.tui_changes import LOCK_LINES, changing
from support.tui_decisions import last_decision, open_sheet, when_done
from support.tui_scenes import commit, playing, screen_text, shows, until

UNSEEN = "uv.lock (59,960 of 60,000 lines)"


async def test_an_approval_names_what_was_not_shown_before_it_is_confirmed_and_for_ever() -> None:
    scene, (task,) = changing({"cart": "one"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("a")
        await shows(pilot, f"approved without showing: {UNSEEN}; d shows it")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, when_done(scene, task, DecisionKind.APPROVE))
        await pilot.press("5")
        await shows(pilot, "approved without showing: uv.lock")

    assert last_decision(scene, task).unseen == (UNSEEN,)


async def test_a_file_of_sixty_thousand_lines_is_opened_whole_in_a_few_pages_and_is_not_named_then() -> None:
    scene, (task,) = changing({"cart": "one"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("G")
        await shows(pilot, "shown 2 of 2 files, 42 of 60,002 lines; 1 file shortened")
        await pilot.press("d")
        await shows(pilot, "◐ in part", "▶ ◐", "● ")
        await pilot.press("enter")
        await shows(pilot, "┆ +line 1", f"of {LOCK_LINES:,}")
        await pilot.press("G")
        await shows(pilot, f"┆ +line {LOCK_LINES}")
        assert isinstance(app.screen, DiffScreen) and app.screen.is_in_patch
        await pilot.press("escape")
        await shows(pilot, "● opened")
        assert isinstance(app.screen, DiffScreen) and not app.screen.is_in_patch
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
        scene.clock.later(1000)
        await pilot.press("a")
        await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
        assert "without showing" not in screen_text(app)
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, when_done(scene, task, DecisionKind.APPROVE))

    assert len(scene.read) <= 4
    assert last_decision(scene, task).unseen == ()


async def test_a_patch_of_another_commit_than_the_sheet_shows_does_not_count_as_opened() -> None:
    scene, (task,) = changing({"cart": "one"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        shown = app.main.sheet._dossier
        assert shown is not None
        scene.decides(task, DecisionKind.REJECT)
        scene.submit(task, what=commit(task, head="e" * 40))
        await pilot.press("d")
        await shows(pilot, "◐ in part")
        await pilot.press("enter")
        await shows(pilot, "was submitted since: read the sheet again")
        assert app.main.sheet._session.looks.opened(shown) == set()


async def test_equal_changes_are_one_row_shown_once_and_decided_for_exactly_those() -> None:
    kinds = {"cart": "one", "flags": "one", "links": "one", "queue": "other"}
    scene, tasks = changing(kinds)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "approve release at ship.approve, the same diff")
        await open_sheet(pilot, scene, app, "the same diff")
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, BulkDialog))
        await shows(pilot, "Approve 3 tasks", "one diff, the same in all", "⚠ not shown whole")
        bulk = app.screen
        assert isinstance(bulk, BulkDialog)
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)
        await pilot.press("enter")
        await shows(pilot, "3 accepted", "r7k2m.4 queue")

    reasons = [scene.task(task).reason for task in tasks]
    assert reasons == [Reason.EFFECT_RUNNING] * 3 + [Reason.APPROVAL_REQUIRED]
    assert len({last_decision(scene, task).digest for task in tasks[:3]}) == 3


async def test_a_member_that_changes_while_the_list_is_read_is_refused_and_comes_back_as_its_own_row() -> None:
    scene, tasks = changing({"cart": "one", "flags": "one"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "the same diff")
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, BulkDialog))
        bulk = app.screen
        assert isinstance(bulk, BulkDialog)
        scene.decides(tasks[1], DecisionKind.REJECT)
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)
        await shows(pilot, "1 accepted · 1 refused")

    assert [d.answer for d in scene.task(tasks[1]).decisions] == [DecisionKind.REJECT]


async def test_a_list_of_different_changes_says_which_were_not_shown_and_names_them_in_the_approvals() -> None:
    scene, tasks = changing({"cart": "one", "flags": "other"})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("asterisk", "a")
        await until(pilot, lambda: isinstance(app.screen, BulkDialog))
        await shows(pilot, "2 different diffs, 2 not shown here", "d shows it, or the approvals will name it")
        await pilot.press("d")
        await shows(pilot, "d files · Esc back")
        assert isinstance(app.screen, ChangeScreen)
        looked_at = app.screen.dossier.task.id
        await pilot.press("escape")
        await shows(pilot, "2 different diffs, 1 not shown here")
        bulk = app.screen
        assert isinstance(bulk, BulkDialog)
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)

    (other,) = set(tasks) - {looked_at}
    assert last_decision(scene, looked_at).unseen == (UNSEEN,)
    assert last_decision(scene, other).unseen == ("a.py (2 lines)", "uv.lock (60,000 lines)")


async def test_in_a_list_so_long_that_its_number_is_typed_d_shows_a_diff_and_is_no_digit() -> None:
    scene, tasks = changing({f"repo-{n}": f"text {n}" for n in range(FEW + 1)})
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("asterisk", "a")
        await until(pilot, lambda: isinstance(app.screen, BulkDialog))
        bulk = app.screen
        assert isinstance(bulk, BulkDialog)
        await shows(pilot, "how many", f"{len(tasks)} different diffs")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChangeScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is bulk)
        scene.clock.later(1000)
        await pilot.press("6", "enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)
        await shows(pilot, "6 accepted")
