"""A bar is as high as its lines, also where the screen was being laid out when it asked for room."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.screen import Screen

from onloop_tui.model.drawing.text_line import Line, Span
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar


class Deaf(Bar):
    """A bar whose first wish for room nobody hears."""

    heard = 0

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One row too few, once."""
        self.heard += 1
        wanted = super().get_content_height(container, viewport, width)
        return max(1, wanted - 1) if self.heard <= 2 else wanted


class Toned(Screen[None]):
    COMPONENT_CLASSES = COMPONENTS
    lines: tuple[Line, ...] = ()

    def compose(self) -> ComposeResult:
        yield Deaf(lambda _width: self.lines, id="bar")


class Page(App[None]):
    def get_default_screen(self) -> Screen[None]:
        return Toned()


def test_a_height_that_was_not_given_is_asked_for_again() -> None:
    async def story() -> None:
        page = Page()
        async with page.run_test(size=(40, 10)) as pilot:
            screen = page.screen
            assert isinstance(screen, Toned)
            bar = screen.query_one(Deaf)
            screen.lines = tuple((Span(f"line {n}"),) for n in range(3))
            bar.heard = 0
            bar.renew()
            for _ in range(1_000):
                if bar.size.height == 3:
                    return
                await pilot.pause(0.01)
            raise AssertionError(f"{bar.size.height} rows for 3 lines")

    asyncio.run(story())
