"""What one dashboard knows besides the store: who sits in front of it, what time it is, and what it may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from onloop.gateway.identity import Principal
from onloop.gateway.opening import wall_clock
from onloop_tui.place import Place
from onloop_tui.settings import Settings

ARMING_MS = 300
"""For so long after something to decide came up, keys are those that were meant for what was there before."""


@dataclass(slots=True)
class Session:
    """One run of the dashboard.

    `person` is asked for at the first decision, and kept until it is left; `settings` change while it runs.
    """

    place: Place
    clock: Callable[[], int] = wall_clock
    person: Principal | None = None
    person_name: str = ""
    read_only: bool = False
    settings: Settings = field(default_factory=Settings)

    def armed(self, since: int) -> bool:
        """Whether keys may be taken as meant for what came up at `since`; a clock that was set back does not lock."""
        return not 0 <= self.clock() - since < ARMING_MS
