"""The tour: a card goes on when the person has done what it says, and never by itself."""

from __future__ import annotations

from onloop_tui.app import Dashboard
from onloop_tui.model.drawing.text_line import plain, width_of
from onloop_tui.model.tour.tour_cards import CARDS, TourSight, card_after, card_lines
from onloop_tui.session import Session
from support.tui_scenes import busy, playing, screen_text, shows, until


def test_a_card_that_was_not_done_stays() -> None:
    for number in range(len(CARDS)):
        assert card_after(number, TourSight("none")) == number
    assert card_after(len(CARDS), TourSight("inbox", 1, True, True, True)) == len(CARDS)


def test_every_card_fits_its_width_and_says_how_to_leave() -> None:
    for number in range(len(CARDS)):
        for width in (40, 80, 200):
            lines = card_lines(number, width)
            assert all(width_of(line) <= width for line in lines)
            assert "Esc in a list ends the tour" in " ".join(" ".join(plain(line) for line in lines).split())
    assert card_lines(len(CARDS), 80) == ()


async def test_the_tour_follows_what_a_person_does() -> None:
    scene = busy()
    app = Dashboard(Session(scene.place, scene.clock, scene.person()), tour=True)

    async with playing(app, (120, 40)) as pilot:
        await shows(pilot, "tour 2 of 7", "Press w")
        await pilot.press("w")
        await shows(pilot, "tour 3 of 7", "Press Enter")
        await pilot.press("w", "enter")
        await shows(pilot, "tour 4 of 7", "── subject")
        scene.clock.later(1_000)
        await pilot.press("a")
        await shows(pilot, "Enter confirms")
        scene.clock.later(1_000)
        await pilot.press("enter")
        await shows(pilot, "tour 5 of 7")
        await pilot.press("escape", "2")
        await shows(pilot, "tour 6 of 7", "Press 5")
        await pilot.press("5")
        await shows(pilot, "tour 7 of 7")
        await pilot.press("1")
        await until(pilot, lambda: "tour" not in screen_text(app))


async def test_esc_in_a_list_ends_it_and_without_asking_there_is_none() -> None:
    scene = busy()
    app = Dashboard(Session(scene.place, scene.clock, scene.person()), tour=True)

    async with playing(app, (120, 40)) as pilot:
        await shows(pilot, "tour 2 of 7")
        await pilot.press("escape")
        await until(pilot, lambda: "tour" not in screen_text(app))

    async with playing(scene.dashboard(), (120, 40)) as pilot:
        await shows(pilot, "◆ approve")
        assert "tour" not in screen_text(pilot.app)  # type: ignore[arg-type]
