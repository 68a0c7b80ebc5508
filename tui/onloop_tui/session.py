"""What one dashboard knows besides the store: who sits in front of it, what time it is, and what it may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from onloop.access.opening import wall_clock
from onloop.machine.principal import Principal
from onloop.machine.task import Request
from onloop.machine.voice import is_fresh
from onloop.records import replace
from onloop_tui.settings import Settings
from onloop_tui.store_access import StoreAccess

ARMING_MS = 300
"""For so long after something to decide came up, keys are those that were meant for what was there before."""


class Session:
    """One run of the dashboard. `settings` change while it runs.

    Who decides is asked for at the first decision, and again once the passphrase was typed `settings.proof_ms` ago:
    what that was then, or is now, whichever is shorter, so that whoever writes settings lengthens no proof. A `person`
    who is given from the start, whose secret nobody typed, stays.
    """

    def __init__(
        self,
        place: StoreAccess,
        clock: Callable[[], int] = wall_clock,
        person: Principal | None = None,
        person_name: str = "",
        read_only: bool = False,
        settings: Settings | None = None,
    ) -> None:
        self.place = place
        self.clock = clock
        self.person_name = person_name
        self.read_only = read_only
        self.settings = settings or Settings()
        self._person = person
        self._typed_at: int | None = None
        self._lists = 0
        self._lasts_ms = self.settings.proof_ms

    @property
    def person(self) -> Principal | None:
        """Who decides now; nobody any more once their proof has lapsed, nor after the clock was set back."""
        age = 0 if self._typed_at is None or self._lists else self.clock() - self._typed_at
        if not 0 <= age <= min(self._lasts_ms, self.settings.proof_ms):
            self._person, self._typed_at = None, None
            self.place.forget()
        return self._person

    def recognised(self, person: Principal, typed_at: int) -> None:
        """Whose passphrase was typed at that time (ms) decides from now on."""
        self._person, self._typed_at = person, typed_at
        self._lasts_ms = self.settings.proof_ms
        self.person_name = person.name

    def decider(self, request: Request | None) -> Principal | None:
        """Who decides what is asked: nobody where it wants a passphrase that is typed later than theirs was."""
        person = self.person
        if person is None or person.voice is None or request is None or self._typed_at is None:
            return person
        voice = replace(person.voice, proved_at=self._typed_at)
        return person if is_fresh(voice, request.fresh_ms, self.clock()) else None

    def spent(self, person: Principal) -> Principal:
        """The person after one decision more under the same proof."""
        if person.voice is None:
            return person
        after = replace(person, voice=replace(person.voice, decided=person.voice.decided + 1))
        if self._person == person:
            self._person = after
        return after

    @contextmanager
    def list_under_way(self) -> Iterator[None]:
        """What was begun with a proof is finished with it."""
        self._lists += 1
        try:
            yield
        finally:
            self._lists -= 1

    def armed(self, since: int) -> bool:
        """Whether keys may be taken as meant for what came up at `since`; a clock that was set back does not lock."""
        return not 0 <= self.clock() - since < ARMING_MS
