"""The state of one dashboard besides the store: who decides, the clock, and what the person may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from onloop.access.opening import wall_clock
from onloop.attention.viewer import Scope, Viewer, viewer_of
from onloop.machine.principal import Principal
from onloop.machine.store_state import StoreState
from onloop.machine.task import Request
from onloop.machine.voice import is_fresh
from onloop.records import replace
from onloop.store.port import Recorded
from onloop.views.dossier import Dossier
from onloop_tui.bindings import Where
from onloop_tui.last_places import LastPlaces
from onloop_tui.model.diff.line_comments import LineComments
from onloop_tui.model.ground.looks import Looks
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.past.seen_moment import READ_ONLY, SeenMoment
from onloop_tui.settings import ROLE_VIEWS, Settings
from onloop_tui.store_access import StoreAccess

ARMING_MS = 300
"""For this long after something to decide appears, keys are ignored: they were meant for what was there before."""


class Session:
    """One run of the dashboard. `settings` change while it runs.

    The first decision asks who decides, and so does the first one more than `settings.proof_ms` after the passphrase
    was typed. The shorter of the old and the new setting counts, so that editing settings cannot extend a proof. A
    `person` given at the start, whose secret nobody typed, stays. `memory` keeps the place between two runs.
    """

    def __init__(
        self,
        place: StoreAccess,
        clock: Callable[[], int] = wall_clock,
        person: Principal | None = None,
        person_name: str = "",
        read_only: bool = False,
        settings: Settings | None = None,
        memory: LastPlaces | None = None,
        role: str | None = None,
        views_file: Path | None = None,
        has_files: bool = True,
    ) -> None:
        self.place = place
        self._clock = clock
        self.moment: SeenMoment | None = None
        """The moment that is looked at; None: now."""
        self.person_name = person_name
        self._read_only = read_only
        self.settings = settings or Settings()
        self.memory = memory
        self._role = role
        self.views_file = views_file
        """Where saved views are kept; None where nothing can be saved."""
        self.has_files = has_files
        """Whether the files of this machine are the person's: not where they only look at it from elsewhere."""
        self.looks = Looks()
        self.comments = LineComments()
        self._person = person
        self._typed_at: int | None = None
        self._lists = 0
        self._lasts_ms = self.settings.proof_ms
        self.scope = Scope.MAY_ACT
        """Which part of what needs people is shown; the rest is counted."""

    @property
    def clock(self) -> Callable[[], int]:
        """The time as of which everything is shown: of the moment that is looked at, else now."""
        then = self.moment
        return self._clock if then is None else lambda: then.at

    def now(self) -> int:
        """The time now (ms), whatever is looked at."""
        return self._clock()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be decided here, or at the moment that is looked at."""
        return self._read_only or self.moment is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """What the header says of the session at all times."""
        return ("read-only",) if self._read_only else ()

    @property
    def why_read_only(self) -> str:
        """Why nothing can be decided, if that is so."""
        return READ_ONLY if self.moment is not None else "read-only" if self._read_only else ""

    def dossier(self, task: str, *, changes: bool = True) -> Dossier:
        """Everything that a person must see of a task, as it is or as it stood."""
        return self.place.dossier(task, changes=changes, seq=self.moment.seq if self.moment is not None else None)

    def log(self, *, after: int = 0, before: int | None = None, limit: int, newest: bool = False) -> Sequence[Recorded]:
        """A page of the log, up to the moment that is looked at."""
        until = before
        if self.moment is not None:
            until = min(before, self.moment.seq + 1) if before is not None else self.moment.seq + 1
        return self.place.log(after=after, before=until, limit=limit, newest=newest)

    @property
    def landing(self) -> Where | None:
        """The view to begin with, by the role given at the start, else by the settings; None for the last place."""
        return ROLE_VIEWS[self._role] if self._role is not None else self.settings.start

    def viewer(self, house: StoreState) -> Viewer:
        """Who looks, as far as anybody has said: whoever decides, else the name given at the start."""
        names = (self._person.name,) if self._person is not None else ()
        return viewer_of(house, *names, self.person_name)

    def seen(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot as it is now, for who looks, in the scope that they chose."""
        return snapshot.at(self.clock(), self.viewer(snapshot.house), self.scope)

    @property
    def person(self) -> Principal | None:
        """The person who decides now; None after their proof has expired or the clock was set back."""
        age = 0 if self._typed_at is None or self._lists else self._clock() - self._typed_at
        if not 0 <= age <= min(self._lasts_ms, self.settings.proof_ms):
            self._person, self._typed_at = None, None
            self.place.forget()
        return self._person

    def recognised(self, person: Principal, typed_at: int) -> None:
        """Let the person whose passphrase was typed at that time (ms) decide from now on."""
        self._person, self._typed_at = person, typed_at
        self._lasts_ms = self.settings.proof_ms
        self.person_name = person.name

    def decider(self, request: Request | None) -> Principal | None:
        """The person who may decide the request; None if it demands a passphrase typed more recently than theirs."""
        person = self.person
        if person is None or person.voice is None or request is None or self._typed_at is None:
            return person
        voice = replace(person.voice, proved_at=self._typed_at)
        return person if is_fresh(voice, request.fresh_ms, self._clock()) else None

    def spent(self, person: Principal) -> Principal:
        """The person after one more decision with the same proof."""
        if person.voice is None:
            return person
        after = replace(person, voice=replace(person.voice, decided=person.voice.decided + 1))
        if self._person == person:
            self._person = after
        return after

    @contextmanager
    def list_under_way(self) -> Iterator[None]:
        """Keep the proof valid inside the block, so that a list begun with it is finished with it."""
        self._lists += 1
        try:
            yield
        finally:
            self._lists -= 1

    def armed(self, since: int) -> bool:
        """Whether keys count for what appeared at `since`; they also count after the clock was set back."""
        return not 0 <= self._clock() - since < ARMING_MS
