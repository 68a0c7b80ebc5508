"""One decision for what is marked: every task is listed, sent by itself, and gets a verdict of its own."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from onloop.machine.definition import HumanGate
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind
from onloop.records import replace
from onloop_tui.app import Dashboard
from onloop_tui.dialogs.bulk_decisions import decision_plan
from onloop_tui.dialogs.bulk_dialog import BulkDialog, BulkPlan, Phase
from onloop_tui.model.diff.line_comments import LineComment
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.looks import Looks
from onloop_tui.model.ground.selection import Selection
from support.tui_decisions import last_decision, type_in
from support.tui_scenes import (
    APPROVE,
    MERGE,
    MINUTE,
    REMEDIATE,
    REMEDIATION,
    Scene,
    busy,
    playing,
    screen_text,
    shows,
    until,
)

TWO_APPROVERS = replace(APPROVE, gates=(HumanGate("release", ("approvers",), quorum=2),))
FAILING = ("r7k2m.3", "r7k2m.4", "r7k2m.5", "r7k2m.6")


def _bulk(app: Dashboard) -> BulkDialog:
    screen = app.screen
    assert isinstance(screen, BulkDialog)
    return screen


async def _listed(pilot: Pilot[str], scene: Scene, app: Dashboard, *words: str) -> None:
    """Wait for the list of what would be sent, and let the arming time go by."""
    await until(pilot, lambda: isinstance(app.screen, BulkDialog))
    await shows(pilot, *words)
    scene.clock.later(1000)


async def _done(pilot: Pilot[str], app: Dashboard) -> None:
    await until(pilot, lambda: _bulk(app).phase is Phase.DONE)


async def test_space_marks_a_cause_and_a_decision_is_made_for_each_of_its_tasks() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("G", "space")
        await shows(pilot, "▶*✗ failing", "4 of 4 marked", "4 marked in 1 cause")
        await pilot.press("t")
        await _listed(pilot, scene, app, "Retry 4 tasks", *FAILING, "sessions", "digest ")
        assert all(not scene.task(task).decisions for task in FAILING)
        await type_in(pilot, "use snapshot()")
        await pilot.press("enter")
        await _done(pilot, app)
        await shows(pilot, "4 accepted")
        await pilot.press("enter")
        await shows(pilot, "◆ approve", "4 accepted")
        assert not app.main.inbox.selection

    assert {last_decision(scene, task).reason for task in FAILING} == {"use snapshot()"}


async def test_a_bulk_approval_binds_each_task_to_the_digest_that_was_listed() -> None:
    scene = busy()
    app = scene.dashboard()
    digests = {task: scene.place.dossier(task).asked[0].digest for task in ("r7k2m.1", "r7k2m.2")}

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("space", "a")
        await _listed(pilot, scene, app, "Approve 2 tasks", *(f"digest {digest[:12]}" for digest in digests.values()))
        await pilot.press("enter")
        await _done(pilot, app)

    assert {task: last_decision(scene, task).digest for task in digests} == digests


async def test_a_rejection_of_many_takes_along_what_was_said_about_lines_to_each_its_own() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        comments, first = app.main.session.comments, scene.task("r7k2m.1")
        comments.put(first, LineComment("src/a.py", 3, "why twice?"))
        comments.put(first, LineComment("src/b.py", 7, "a test?"))
        await pilot.press("space", "r")
        await _listed(pilot, scene, app, "Reject 2 tasks", "✎ 2 comments on its lines")
        comments.put(first, LineComment("src/b.py", 9, "and this?"))
        await type_in(pilot, "not yet")
        await pilot.press("enter")
        await _done(pilot, app)
        assert not comments.of(first)

    assert last_decision(scene, "r7k2m.1").reason.split("\n") == [
        "not yet",
        "src/a.py:3: why twice?",
        "src/b.py:7: a test?",
        "src/b.py:9: and this?",
    ]
    assert last_decision(scene, "r7k2m.2").reason == "not yet"


async def test_what_is_refused_is_told_by_task_and_stays_marked() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("space", "r")
        await _listed(pilot, scene, app, "Reject 2 tasks")
        scene.freeze("task:r7k2m.2")
        await type_in(pilot, "no tests")
        await pilot.press("enter")
        await _done(pilot, app)
        await shows(pilot, "1 accepted", "1 refused", "r7k2m.2 is frozen")
        await pilot.press("escape")
        await shows(pilot, "1 marked in 1 cause", "still marked")
        assert app.main.inbox.selection.tasks == ("r7k2m.2",)

    assert scene.task("r7k2m.1").state is State.SUBMITTED
    assert not scene.task("r7k2m.2").decisions


async def test_what_was_accepted_is_no_longer_marked_even_where_another_person_must_decide_too() -> None:
    scene = Scene(definition=replace(REMEDIATION, steps=(REMEDIATE, TWO_APPROVERS, MERGE)))
    scene.enrol("ana", "ben")
    for task in scene.fleet(["cart", "links"]):
        scene.wants_approval(task)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("space", "a")
        await _listed(pilot, scene, app, "Approve 2 tasks")
        await pilot.press("enter")
        await _done(pilot, app)
        await pilot.press("escape")
        await shows(pilot, "◆ approve", "2 accepted")
        assert not app.main.inbox.selection


async def test_what_has_changed_since_it_was_listed_is_refused() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("space", "a")
        await _listed(pilot, scene, app, "Approve 2 tasks")
        scene.cancels("r7k2m.1")
        await pilot.press("enter")
        await _done(pilot, app)
        await shows(pilot, "1 accepted", "1 refused", "r7k2m.1 has ended")

    assert scene.task("r7k2m.2").reason is Reason.EFFECT_RUNNING


async def test_for_more_than_five_their_number_has_to_be_typed() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("*", "c")
        await _listed(pilot, scene, app, "Cancel 7 tasks", "type 7 to confirm")
        await type_in(pilot, "retired")
        await pilot.press("enter", "6", "enter")
        await shows(pilot, "there are 7 tasks")
        assert not scene.task("r7k2m.1").ended
        await type_in(pilot, "7")
        await pilot.press("enter")
        await _done(pilot, app)

    assert all(scene.task(f"r7k2m.{i}").state is State.CANCELED for i in range(1, 8))


async def test_a_key_that_only_some_can_take_leaves_the_others_out_and_says_so() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("*", "e")
        await _listed(pilot, scene, app, "Answer 1 task:", "r7k2m.7", "left out: r7k2m.1, r7k2m.2")
        await pilot.press("escape")
        await shows(pilot, "7 marked in 3 causes")

    assert not scene.task("r7k2m.7").decisions


@pytest.mark.parametrize(
    ("count", "named"), [(1, "x1"), (3, "x1, x2, x3"), (4, "x1, x2, x3 and 1 more"), (9, "x1, x2, x3 and 6 more")]
)
def test_of_those_that_are_left_out_three_are_named_and_the_rest_counted(count: int, named: str) -> None:
    unread = {f"x{number}": "it was not read" for number in range(1, count + 1)}

    plan = decision_plan(Act.ANSWER, [busy().place.dossier("r7k2m.7")], unread, None, Looks())

    assert isinstance(plan, BulkPlan)
    assert plan.remarks == ((f"left out: {named}: it was not read", Tone.WARN),)


async def test_a_key_that_none_can_take_says_why_and_opens_nothing() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("G", "space", "a")
        await shows(pilot, "approve is not possible for what is marked", "there is nothing to approve")
        assert not isinstance(app.screen, BulkDialog)


async def test_while_something_is_marked_the_order_stands_still_and_escape_unmarks() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("space")
        scene.clock.later(MINUTE)
        scene.fails("r7k2m.9", "KeyError: 'a new cause'")
        await shows(pilot, "1 new", "2 marked in 1 cause")
        assert "a new cause" not in screen_text(app)
        await pilot.press("escape")
        scene.clock.later(MINUTE)
        await shows(pilot, "a new cause")
        assert "marked" not in screen_text(app)


async def test_a_read_only_dashboard_marks_and_decides_nothing() -> None:
    scene = busy()
    app = scene.dashboard(read_only=True)

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("*", "c")
        await shows(pilot, "read-only: nothing can be decided")
        assert not isinstance(app.screen, BulkDialog)


async def test_marks_are_of_a_task_and_its_cause_so_that_one_that_came_back_for_another_is_not_marked() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("G", "space")
        await shows(pilot, "4 marked in 1 cause")
        scene.decides("r7k2m.3", DecisionKind.RETRY)
        scene.asks("r7k2m.3", "What is it that I should do?")
        await shows(pilot, "3 marked in 1 cause")
        assert "r7k2m.3" not in app.main.inbox.selection.tasks


def test_a_second_space_unmarks_and_a_second_star_unmarks_all() -> None:
    groups = busy().groups()
    one = Selection().toggled(groups[0])

    assert one.within(groups[0]) == len(groups[0].members)
    assert not one.toggled(groups[0])
    assert len(one.all_of(groups)) == 7
    assert not one.all_of(groups).all_of(groups)
