"""What cannot be done is told in words: who was faster, what has changed, who may not; and the sheet reads again."""

from __future__ import annotations

import pytest

from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.task import DecisionKind
from onloop_tui.dialogs.form import FormDialog
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.widgets.form_entry import LinesEntry
from support.tui_decisions import last_decision, open_sheet, type_in, when_done
from support.tui_scenes import PASSPHRASE, busy, playing, screen_text, shows, until


@pytest.mark.parametrize(
    ("row", "key", "why"),
    [
        ("approve", "t", "nothing failed"),
        ("approve", "e", "no question was asked"),
        ("failing", "a", "there is nothing to approve"),
        ("question", "r", "it waits for an answer"),
    ],
)
async def test_a_key_that_does_not_apply_is_shown_disabled_and_says_why(row: str, key: str, why: str) -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, row)
        await shows(pilot, f": {why})")
        await pilot.press(key)
        await shows(pilot, f"is not possible: {why}")


async def test_the_slower_of_two_approvers_is_told_who_decided_and_sees_the_task_as_it_is_now() -> None:
    scene = busy()
    app = scene.dashboard()
    ben = scene.person("ben")
    assert ben.voice is not None
    voice = ben.voice

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("r")
        await shows(pilot, "Reject:")
        asked = scene.place.dossier("r7k2m.1").asked[0]
        scene.gateway.perform(PerformCommand(ben, "r7k2m.1", c.Approve(asked.request.id, asked.digest, voice)))
        scene.clock.later(1000)
        await type_in(pilot, "too late")
        await pilot.press("enter")
        await shows(pilot, "when you looked", "human:ben approved", "changed since shown", "human:ben approved release")

    assert [d.by for d in scene.task("r7k2m.1").decisions] == ["human:ben"]


async def test_a_subject_that_changed_is_refused_read_again_and_marked() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        before = scene.place.dossier("r7k2m.1").asked[0]
        await pilot.press("a")
        await shows(pilot, "Enter confirms")
        ana = scene.person()
        assert ana.voice is not None
        scene.gateway.perform(
            PerformCommand(ana, "r7k2m.1", c.Reject(before.request.id, before.digest, ana.voice, "again"))
        )
        await shows(pilot, "human:ana rejected release")
        assert app.main.sheet.mode is Mode.SHOWN
        scene.clock.later(1000)
        await pilot.press("a")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "changed since shown", "nothing is asked of a person now")

    assert [d.answer for d in scene.task("r7k2m.1").decisions] == [DecisionKind.REJECT]


async def test_a_refusal_is_shown_in_words_with_what_would_work() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        scene.freeze("all")
        await pilot.press("r")
        scene.clock.later(1000)
        await type_in(pilot, "no")
        await pilot.press("enter")
        await shows(pilot, "✗ r7k2m.1 is frozen (all)", "→ a person can lift it: onloop unfreeze all")
        assert app.main.sheet.is_open


async def test_the_first_decision_asks_who_decides_and_later_ones_do_not() -> None:
    scene = busy()
    app = scene.dashboard(who=None)

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("a")
        await shows(pilot, "Who decides?")
        scene.clock.later(1000)
        await type_in(pilot, "ana")
        await pilot.press("enter")
        await type_in(pilot, "not the passphrase")
        await pilot.press("enter")
        await shows(pilot, "the passphrase for 'ana' is wrong")
        await type_in(pilot, PASSPHRASE)
        assert PASSPHRASE not in screen_text(app)
        await pilot.press("enter")
        await shows(pilot, "Enter confirms")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.1", DecisionKind.APPROVE))
        await shows(pilot, "r7k2m.2 ledger")
        scene.clock.later(1000)
        await pilot.press("a")
        await shows(pilot, "Enter confirms")

    assert last_decision(scene, "r7k2m.1").assurance.value == "A1"


async def test_someone_who_may_not_decide_is_refused_by_the_gateway() -> None:
    scene = busy()
    scene.enrol("eve", groups=("visitors",))
    app = scene.dashboard(who="eve")

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("a")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "human:eve may not decide", "it is for approvers")

    assert not scene.task("r7k2m.1").decisions


async def test_a_form_that_was_left_before_its_focus_came_does_not_take_it() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve", "r")
        form = app.main.sheet.query_one(FormDialog)
        app.main.set_focus(app.main.sheet.body)
        form.remove()
        app.main.set_focus(form.query_one(LinesEntry))
        assert app.focused is app.main.sheet.body
