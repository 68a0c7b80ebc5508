"""Looking back: the dashboard shows the store as it stood, marked and read-only, and steps through a task's events."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from onloop.machine.limits import Words
from onloop.machine.task import DecisionKind
from onloop_tui.app import Dashboard
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.past.seen_moment import READ_ONLY
from onloop_tui.panels.sheet_panel import Mode
from support.tui_attacks import assert_harmless, fitting, hostile_strings
from support.tui_scenes import Scene, busy, playing, screen_text, shows, until


def _seq(app: Dashboard) -> int | None:
    moment = app.main.session.moment
    return moment.seq if moment is not None else None


async def arrived(pilot: Pilot[str], seq: int) -> None:
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until(pilot, lambda: _seq(app) == seq)


def _subject(task: str) -> Subject:
    return Subject(SubjectKind.TASK, task, (task,))


async def travel(pilot: Pilot[str], words: str) -> None:
    """Type a moment after `:at`, and wait until it is shown."""
    await pilot.press("ctrl+t")
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.main.prompt.line.value = f"at {words}"
    await pilot.press("enter")
    await until(pilot, lambda: app.main.session.moment is not None)


async def test_the_dashboard_is_as_it_stood_then_and_says_so() -> None:
    scene = busy()
    asked = next(event.seq for event in scene.log("r7k2m.7") if event.name == "RequestOpened")
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        assert "keep the old key format" in screen_text(app).lower()
        live = app.main.snapshot

        await travel(pilot, f"#{asked - 1}")

        shown = screen_text(app)
        assert f"event {asked - 1}" in shown and "AS IT STOOD AT" in shown and "Esc: now" in shown
        assert "keep the old key format" not in shown.lower(), "nobody had asked yet"
        assert app.main.snapshot.tasks["r7k2m.7"].version < live.tasks["r7k2m.7"].version
        await pilot.press("2")
        assert "AS IT STOOD AT" in screen_text(app)

        await pilot.press("escape")

        assert "AS IT STOOD AT" not in screen_text(app)
        assert app.main.snapshot.tasks == live.tasks


async def test_nothing_is_decided_at_a_moment_that_has_been() -> None:
    scene = busy()
    with scene.store.reading() as at:
        before = at.last_seq()
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await travel(pilot, f"#{before}")
        for key in ("a", "r", "t", "b", "at", "e", "c", "x", "P", "i"):
            await pilot.press(key)
            assert READ_ONLY in screen_text(app), key
            assert app.main.sheet.mode is Mode.CLOSED, key
        await pilot.press("enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        for key in ("a", "r", "c", "enter", "A"):
            await pilot.press(key)
            assert app.main.sheet.mode is Mode.SHOWN, key
        await pilot.press("escape", "full_stop", "z", "M", "space", "a", "r")
        await pilot.pause()

    with scene.store.reading() as at:
        assert at.last_seq() == before


async def test_brackets_go_through_what_happened_to_the_task_under_the_cursor() -> None:
    scene = busy()
    log = scene.log("r7k2m.1")
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("2")
        app.main.view.go_to(_subject("r7k2m.1"))
        await pilot.press("right_square_bracket")
        assert "this is now" in screen_text(app)
        for event in (log[-1], log[-2], log[-3]):
            await pilot.press("left_square_bracket")
            await arrived(pilot, event.seq)
            assert f"event {event.seq}, r7k2m.1" in screen_text(app)
            assert app.main.snapshot.tasks["r7k2m.1"].version == event.version
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: _seq(app) == log[-2].seq)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: _seq(app) == log[-1].seq)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: app.main.session.moment is None)
        assert "nothing has happened to r7k2m.1 since" in screen_text(app)


async def test_brackets_stay_with_a_task_that_the_view_does_not_show_then() -> None:
    scene = busy()
    log = scene.log("r7k2m.7")
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("1")
        app.main.view.go_to(_subject("r7k2m.7"))
        for event in reversed(log):
            await pilot.press("left_square_bracket")
            await arrived(pilot, event.seq)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "had not begun before" in screen_text(app))


async def test_what_happens_meanwhile_changes_nothing_that_is_shown_and_is_there_on_return() -> None:
    scene = busy()
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await travel(pilot, "#9")
        scene.clock.later(1000)
        scene.decides("r7k2m.1", DecisionKind.APPROVE)
        live = scene.task("r7k2m.1").version
        await until(pilot, lambda: app.main.live.tasks["r7k2m.1"].version == live)
        assert _seq(app) == 9 and app.main.snapshot.seq == 9

        await pilot.press("escape")

        assert app.main.snapshot.tasks["r7k2m.1"].version == live


async def test_the_sheet_shows_the_task_as_it_stood_and_the_log_ends_there() -> None:
    scene = busy()
    claimed = next(event.seq for event in scene.log("r7k2m.1") if event.name == "Claimed")
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await travel(pilot, f"#{claimed}")
        await pilot.press("2")
        app.main.view.go_to(_subject("r7k2m.1"))
        await pilot.press("enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        assert app.main.sheet._dossier is not None
        assert (app.main.sheet._dossier.task.holder, app.main.sheet._dossier.asked) == ("agent:coder", ())
        await pilot.press("escape", "5")
        await until(pilot, lambda: str(claimed) in screen_text(app))
        assert max(event.seq for event in app.main.view.list.window.events) == claimed  # type: ignore[attr-defined]


async def test_an_event_under_the_cursor_is_offered_as_a_moment() -> None:
    scene = busy()
    app = scene.dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("5")
        await until(pilot, lambda: app.main.view.subject() is not None)
        await pilot.press("k", "k", "ctrl+t")
        subject = app.main.view.subject()
        assert subject is not None
        assert app.main.prompt.line.value == f"at #{subject.id}"
        await pilot.press("escape", "1", "ctrl+t", *str(subject.id))
        assert app.main.prompt.line.value == f"at {subject.id}", "what is typed goes on with it"
        await pilot.press("enter")
        await until(pilot, lambda: _seq(app) == int(subject.id))


@pytest.mark.parametrize("words", ["soon", "2999-01-01", "#", "tomorrow"])
async def test_what_is_no_moment_is_said_and_the_dashboard_stays_where_it_is(words: str) -> None:
    app = busy().dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("ctrl+t")
        app.main.prompt.line.value = f"at {words}"
        await pilot.press("enter")
        await until(pilot, lambda: "is no moment that has been" in screen_text(app))
        assert app.main.session.moment is None


async def test_an_event_that_has_not_been_is_said_and_the_newest_named() -> None:
    app = busy().dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await pilot.press("ctrl+t")
        app.main.prompt.line.value = "at #999999"
        await pilot.press("enter")
        await shows(pilot, "there is no event 999999 yet; the newest is #")
        assert app.main.session.moment is None


async def test_before_the_first_event_there_is_nothing() -> None:
    app = busy().dashboard()
    async with playing(app) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        await travel(pilot, "#0")
        assert "BEFORE THE FIRST EVENT" in screen_text(app)
        assert not app.main.snapshot.tasks
        await pilot.press("2", "3", "4", "5", "6", "1")
        await pilot.press("escape")
        assert app.main.snapshot.tasks


async def test_what_hostile_agents_said_is_harmless_at_every_moment() -> None:
    scene = Scene()
    scene.enrol("ana")
    said = [fitting(text, Words) for text in list(hostile_strings(60))[::5]]
    tasks = scene.fleet([f"repo{n}" for n in range(len(said))])
    for task, text in zip(tasks, said, strict=True):
        scene.asks(task, text)
    app = scene.dashboard()
    size = (100, 30)
    async with playing(app, size) as pilot:
        await until(pilot, lambda: app.main.around.has_read)
        for task in tasks:
            asked = next(event.seq for event in scene.log(task) if event.name == "RequestOpened")
            app.main.travel_to(f"#{asked}")
            await arrived(pilot, asked)
            assert_harmless(app, size)
