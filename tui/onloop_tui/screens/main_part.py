"""What each part of the main screen may ask of the whole: said once, for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onloop_tui.bindings import Where
    from onloop_tui.model.drawing.text_line import Tone
    from onloop_tui.model.ground.run_scope import RunScope
    from onloop_tui.model.ground.snapshot import Snapshot
    from onloop_tui.panels.sheet_panel import Sheet
    from onloop_tui.screens.view import View
    from onloop_tui.session import Session
    from onloop_tui.widgets.prompt import Prompt


class MainPart:
    """A part of the main screen. It has what is declared here from the others, in whatever order they are put together.

    `whole` is what is known of the store, `snapshot` the part of it that is shown, `filters` those in force by view.
    """

    session: Session
    view: View
    whole: Snapshot
    snapshot: Snapshot
    narrowing: RunScope
    filters: dict[Where, str]

    if TYPE_CHECKING:

        @property
        def sheet(self) -> Sheet:
            """The decision sheet."""

        @property
        def prompt(self) -> Prompt:
            """The line for filters and commands."""

        @property
        def views(self) -> Sequence[View]:
            """All views."""

        def say(self, words: str, tone: Tone = ...) -> None:
            """Show a notice."""

        def renew_lines(self) -> None:
            """Get the lines around the view again."""

        def focus_front(self) -> None:
            """Give the keys back to what is in front."""

        def action_view(self, name: str) -> None:
            """Bring a view to the front."""

        def narrow(self, run: str) -> None:
            """Narrow every view to a run."""

        def look_anew(self) -> None:
            """Show what the scope has changed."""

        def apply_filter(self, query: str) -> str:
            """Filter the view in front; returns what is wrong with the query, or an empty text."""
