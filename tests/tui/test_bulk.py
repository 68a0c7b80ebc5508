"""One answer for many: every one is listed, sent by itself, and none is sent that was not as it was shown."""

from __future__ import annotations

from collections.abc import Mapping

from textual.pilot import Pilot

from onloop.errors import StoreError
from onloop.gateway.bulk import BulkOutcome
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.state import State
from onloop_tui.app import Dashboard
from onloop_tui.dialogs.bulk_dialog import FEW, BulkDialog, BulkPlan, Phase
from onloop_tui.model.decide.bulk_lines import BulkEntry, tally_words
from onloop_tui.model.form.fields import FormField
from support.tui_scenes import Scene, commit, playing, screen_text, shows, until

WORDS = "no module named kvlite"


def failing(count: int) -> tuple[Scene, list[str]]:
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet([f"repo-{i}" for i in range(count)])
    for task in tasks:
        scene.fails(task, WORDS)
    return scene, tasks


def retry_plan(scene: Scene, tasks: list[str], *fields: FormField) -> BulkPlan:
    versions = {task: scene.task(task).version for task in tasks}

    def make(task: str, voice: c.Voice, typed: Mapping[str, str]) -> c.Command:
        return c.Retry(voice, typed.get("words", ""), versions[task])

    return BulkPlan("retry them", tuple(BulkEntry(task, f"words of {task}") for task in tasks), make, fields)


class Given:
    """A list of decisions over a dashboard, and what it gave back."""

    def __init__(self, scene: Scene, plan: BulkPlan) -> None:
        self.scene, self.plan = scene, plan
        self.app: Dashboard = scene.dashboard()
        self.outcomes: tuple[BulkOutcome, ...] | None = None

    async def opened(self, pilot: Pilot[str]) -> BulkDialog:
        await shows(pilot, "✗ failing")
        session = self.app.main.view.session
        self.app.push_screen(BulkDialog(session, self.plan), self._answered)
        await shows(pilot, self.plan.title)
        self.scene.clock.later(1000)
        bulk = self.app.screen
        assert isinstance(bulk, BulkDialog)
        return bulk

    def _answered(self, outcomes: tuple[BulkOutcome, ...] | None) -> None:
        self.outcomes = outcomes


async def test_few_are_sent_by_enter_and_each_has_its_verdict() -> None:
    scene, tasks = failing(3)
    given = Given(scene, retry_plan(scene, tasks))

    async with playing(given.app) as pilot:
        bulk = await given.opened(pilot)
        await shows(pilot, "○ to send", *(f"words of {task}" for task in tasks))
        await pilot.press("enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)
        assert screen_text(given.app).count("✓ accepted") == 3
        await pilot.press("enter")
        await until(pilot, lambda: given.outcomes is not None)

    assert [(o.task, o.accepted) for o in given.outcomes or ()] == [(task, True) for task in tasks]
    assert all(scene.task(task).state is State.SUBMITTED for task in tasks)


async def test_many_are_sent_only_once_their_number_is_typed() -> None:
    scene, tasks = failing(FEW + 1)
    given = Given(scene, retry_plan(scene, tasks))

    async with playing(given.app) as pilot:
        bulk = await given.opened(pilot)
        await pilot.press("5", "enter")
        await shows(pilot, "there are 6 tasks: type 6")
        assert bulk.phase is Phase.ASKING
        await pilot.press("6", "enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)

    assert all(scene.task(task).state is State.SUBMITTED for task in tasks)


async def test_who_has_moved_on_since_is_refused_and_the_others_are_not() -> None:
    scene, tasks = failing(3)
    given = Given(scene, retry_plan(scene, tasks))

    async with playing(given.app) as pilot:
        bulk = await given.opened(pilot)
        scene.cancels(tasks[1])
        await pilot.press("enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)
        await shows(pilot, "✗ refused", "2 accepted · 1 refused")
        await pilot.press("escape")
        await until(pilot, lambda: given.outcomes is not None)

    assert [o.accepted for o in given.outcomes or ()] == [True, False, True]


async def test_who_failed_again_for_something_else_is_not_retried_for_what_was_shown() -> None:
    scene, tasks = failing(2)
    given = Given(scene, retry_plan(scene, tasks))

    async with playing(given.app) as pilot:
        bulk = await given.opened(pilot)
        fails_again(scene, tasks[0])
        await pilot.press("enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)
        await shows(pilot, "1 accepted · 1 refused")

    assert [d.reason for d in scene.task(tasks[0]).decisions] == ["by somebody else"]


def fails_again(scene: Scene, task: str) -> None:
    """Somebody else has the task tried again, and it fails at another commit."""
    ana = scene.person()
    assert ana.voice is not None
    scene.gateway.perform(PerformCommand(ana, task, c.Retry(ana.voice, "by somebody else")))
    scene.submit(task, what=commit(task, "", "e" * 40))
    scene.passes(task, "patched")
    scene.passes(task, "notes")
    scene.refuses(task, "another cause")


async def test_the_words_are_asked_once_and_go_to_all() -> None:
    scene, tasks = failing(2)
    given = Given(scene, retry_plan(scene, tasks, FormField("words", "note")))

    async with playing(given.app) as pilot:
        bulk = await given.opened(pilot)
        await pilot.press("enter")
        await shows(pilot, "note is required")
        await pilot.press(*"go", "enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)

    assert [scene.task(task).decisions[-1].reason for task in tasks] == ["go", "go"]


async def test_escape_before_anything_was_sent_sends_nothing() -> None:
    scene, tasks = failing(2)
    given = Given(scene, retry_plan(scene, tasks))

    async with playing(given.app) as pilot:
        await given.opened(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: given.outcomes is not None)

    assert given.outcomes == ()
    assert all(scene.task(task).state is State.INPUT_REQUIRED for task in tasks)


async def test_escape_while_it_sends_stops_after_the_one_under_way() -> None:
    scene, tasks = failing(4)
    plan = retry_plan(scene, tasks)
    stopping: list[BulkDialog] = []

    def make(task: str, voice: c.Voice, typed: Mapping[str, str]) -> c.Command:
        if task == tasks[1]:
            stopping[0].action_back()
        return plan.make(task, voice, typed)

    given = Given(scene, BulkPlan(plan.title, plan.entries, make))

    async with playing(given.app) as pilot:
        stopping.append(await given.opened(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: stopping[0].phase is Phase.DONE)
        await shows(pilot, "2 accepted · 2 not sent", "– not sent")

    assert [scene.task(task).state for task in tasks] == [State.SUBMITTED] * 2 + [State.INPUT_REQUIRED] * 2


async def test_a_key_that_was_meant_for_the_list_before_sends_nothing() -> None:
    scene, tasks = failing(2)
    given = Given(scene, retry_plan(scene, tasks))

    async with playing(given.app) as pilot:
        await shows(pilot, "✗ failing")
        given.app.push_screen(BulkDialog(given.app.main.view.session, given.plan))
        await shows(pilot, given.plan.title)
        await pilot.press("enter")
        bulk = given.app.screen
        assert isinstance(bulk, BulkDialog) and bulk.phase is Phase.ASKING

    assert all(scene.task(task).state is State.INPUT_REQUIRED for task in tasks)


def test_what_was_not_sent_is_counted_too() -> None:
    outcomes = [BulkOutcome("a", None, None), BulkOutcome("b", None, StoreError("no", hint="put it back"))]
    assert tally_words(5, outcomes) == "1 accepted · 1 refused · 3 not sent"
