"""One search over all that has a name and over the events; Enter goes there."""

from __future__ import annotations

import pytest

from onloop_tui.model.finding.search_index import MOST_EACH, FoundKind, SearchIndex
from onloop_tui.screens.finding.search_screen import SearchScreen
from support.effort import at_most
from support.tui_attacks import assert_harmless, fitting, hostile_strings
from support.tui_scenes import Scene, busy, list_text, playing, screen_lines, screen_text, shows, until


def _scene() -> Scene:
    scene = busy()
    scene.fleet(["alpha", "beta"], run="z9z9z", title="second run")
    for each in scene.fleet(["gamma"], run="e0e0e", title="an old run"):
        scene.cancels(each)
    return scene


def _under_cursor(lines: list[str]) -> str:
    return next((line for line in lines if line.startswith(("▶", " ▶"))), "")


@pytest.mark.parametrize(
    ("typed", "listed", "tab", "under"),
    [
        ("legacy_scan", "cause", "[1 Inbox]", "✗ failing"),
        ("second", "run", "[2 Tree]", "z9z9z"),
        ("z9z9z.2", "task", "[2 Tree]", "z9z9z.2"),
        ("old run", "run", "[2 Tree]", "e0e0e"),
        ("limiter", "task", "[2 Tree]", "r7k2m.8"),
        ("coder", "task", "[2 Tree]", "r7k2m"),
        ("ben", "person", "[5 Log]", ""),
    ],
)
async def test_what_is_found_is_gone_to_in_its_view_with_the_cursor_on_it(
    typed: str, listed: str, tab: str, under: str
) -> None:
    app = _scene().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("ctrl+f")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        await pilot.press(*typed)
        await shows(pilot, f"▶ {listed}")
        await pilot.press("enter")
        await shows(pilot, tab)
        await until(pilot, lambda: under in _under_cursor(screen_lines(app)))


async def test_an_event_is_found_in_the_log_and_shown_there_even_far_from_what_was_read() -> None:
    scene = _scene()
    for number in range(700):
        scene.freeze(f"repo:r{number}")
    scene.freeze("repo:the-needle")
    for number in range(1_500):
        scene.freeze(f"repo:s{number}")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("ctrl+f", *"the-needle")
        await shows(pilot, "▶ event")
        await pilot.press("enter")
        await shows(pilot, "[5 Log]")
        await until(pilot, lambda: "the-needle" in _under_cursor(screen_lines(app)))
        before = app.main.view.rows.position  # type: ignore[attr-defined]
        await pilot.press("k")
        await until(pilot, lambda: app.main.view.rows.position == before - 1)  # type: ignore[attr-defined]


async def test_what_would_hide_it_is_lifted() -> None:
    app = _scene().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("2", "/", *"billing", "enter", "O", *"kvlite", "enter")
        await shows(pilot, "only run r7k2m")
        await pilot.press("ctrl+f", *"beta")
        await shows(pilot, "▶ task")
        await pilot.press("enter")
        await until(pilot, lambda: "z9z9z.2" in _under_cursor(screen_lines(app)))
        assert "only run r7k2m" not in screen_text(app)
        assert "billing" in list_text(app)


async def test_a_repository_shows_all_its_tasks_and_what_fits_nothing_is_said() -> None:
    app = _scene().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        await pilot.press("colon", *"find", "enter")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        await pilot.press(*"alpha")
        await shows(pilot, "repository")
        await pilot.press("down", "enter")
        await shows(pilot, "filter repo is alpha", "1 found")
        await pilot.press("ctrl+f", *"qqqzzz")
        await shows(pilot, "nothing fits")
        await pilot.press("escape")
        await shows(pilot, "[2 Tree]")


def test_a_search_over_many_tasks_shows_few_and_counts_all() -> None:
    from onloop_tui.feed import StoreWatch

    scene = Scene()
    scene.enrol("ana")
    scene.fleet([f"service-{number}" for number in range(3_000)])
    watch = StoreWatch(scene.place, scene.clock)
    watch.look()  # first what needs somebody
    news = watch.look()
    index = SearchIndex(news.snapshot)  # type: ignore[union-attr]

    with at_most(0.05):
        found = {group.kind: group for group in index.found("service-1")}
    assert found[FoundKind.TASK].count == 1_111
    assert len(found[FoundKind.TASK].rows) == MOST_EACH
    assert found[FoundKind.REPOSITORY].count == 1_111
    assert index.found("  ") == ()


async def test_hostile_names_and_events_in_the_search_stay_harmless() -> None:
    from onloop.machine.limits import Id, Title

    text = iter(hostile_strings(100))
    scene = Scene()
    scene.enrol("ana")
    for number in range(20):
        scene.fleet([fitting(next(text), Id)], run=f"q{number}q", title=fitting(next(text), Title))
    for _ in range(20):
        scene.freeze(fitting(next(text), Id))
    app = scene.dashboard()

    async with playing(app, (100, 30)) as pilot:
        await shows(pilot, "nothing needs")
        for typed in ("q", "e"):
            await pilot.press("ctrl+f", *typed)
            await until(pilot, lambda: "looking" not in screen_text(app) and "▶" in screen_text(app))
            assert_harmless(app, (100, 30))
            await pilot.press("pagedown", "pagedown")
            assert_harmless(app, (100, 30))
            await pilot.press("escape")
