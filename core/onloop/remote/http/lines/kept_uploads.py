"""Work that is handed in over HTTP: each upload has a line of its own, and waits some minutes for its next bytes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from onloop.errors import UnknownThing
from onloop.remote.http.door_settings import DoorLimits
from onloop.remote.http.entry.door_rates import Places
from onloop.remote.http.entry.problem_details import HttpProblem, answered_problem, too_many
from onloop.remote.http.entry.request_checks import digest
from onloop.remote.http.entry.statuses import UPLOAD_LOST
from onloop.remote.http.lines.adopted_line import AdoptedLine
from onloop.remote.http.lines.kept_lines import KeptLines


@dataclass(slots=True, eq=False)
class KeptUpload:
    """One upload of whoever has the credential `owner`; `answer` is what was answered to its submission."""

    line: AdoptedLine
    owner: str
    used_at: float
    received: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: str = ""
    answer: bytes = b""
    _refusal: HttpProblem | None = None

    def refusal(self) -> HttpProblem | None:
        """What the gateway said before it closed the line, if it said anything."""
        said = self.line.last_words()
        if said is not None:
            self._refusal = answered_problem(said)
        return self._refusal


@dataclass(slots=True)
class KeptUploads:
    """The uploads of one door. One loop uses it."""

    lines: KeptLines
    limits: DoorLimits
    now: Callable[[], float]
    _kept: dict[str, KeptUpload] = field(default_factory=dict)
    _places: Places = field(init=False)

    def __post_init__(self) -> None:
        self._places = Places(self.limits.uploads, self.limits.uploads_of_one)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._kept)

    async def begun(self, bearer: str, address: str) -> tuple[str, KeptUpload]:
        """A new upload and its id; HttpProblem where there are too many, or the credential is not right."""
        owner = digest(bearer)
        if not self._places.take(owner):
            raise too_many("too many uploads are under way", "finish one, or leave it alone for five minutes")
        try:
            line = await self.lines.proved_line(bearer, address)
        except BaseException:
            self._places.leave(owner)
            raise
        name = secrets.token_urlsafe(32)
        made = self._kept[digest(name)] = KeptUpload(line, owner, self.now())
        return name, made

    def of(self, name: str, bearer: str) -> KeptUpload:
        """The upload of that id; UnknownThing where there is none, or it is another's.

        HttpProblem where the gateway takes no more of it, with what it said.
        """
        found = self._kept.get(digest(name))
        if found is None or found.owner != digest(bearer):
            raise _unknown()
        if found.line.is_gone and not found.answer:
            raise found.refusal() or _unknown()
        return found

    def end(self, name: str) -> None:
        """Forget an upload, and what has come of it."""
        self._end(digest(name))

    def _end(self, name: str) -> None:
        found = self._kept.pop(name, None)
        if found is not None:
            self._places.leave(found.owner)
            self.lines.drop(found.line)

    def sweep(self) -> None:
        """Forget uploads for which nothing has come for a while."""
        late = self.now() - self.limits.upload_idle_s
        for name, found in list(self._kept.items()):
            if found.used_at < late and not found.turn.locked():
                self._end(name)


def _unknown() -> HttpProblem:
    hint = "hand in again: an upload waits five minutes for its next byte"
    return HttpProblem(UnknownThing("there is no such upload", hint=hint), code=UPLOAD_LOST)
