"""The lines that the door keeps: some for each bearer, one for each person's session."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from onloop.errors import Unavailable
from onloop.identity.accounts import NETWORK_UID, address_account
from onloop.remote.http.door_settings import DoorLimits
from onloop.remote.http.entry.door_rates import MOST_KNOWN, Allowance, Places
from onloop.remote.http.entry.problem_details import HttpProblem, answered_problem, session_lost, too_many, unauthorized
from onloop.remote.http.entry.request_checks import digest
from onloop.remote.http.lines.adopted_line import Adopt, AdoptedLine, LineLost
from onloop.remote.unix_socket import Peer

PROOFS: Mapping[str, str] = {"onl_agt_": "agent", "onl_lnc_": "launcher", "onl_ses_": "session"}
"""What a credential proves, by how it begins; the signed token of a CI job proves `job`."""

PROVING_AT_ONCE = 32
"""Until something is proved on it, a line counts among those of an address, of which the gateway takes a few."""

LONGEST_CREDENTIAL = 8_192
_PARTS_OF_JWT = 3


@dataclass(slots=True)
class _Bearer:
    """The lines of one credential: `turns` are as many as it may have."""

    turns: asyncio.Semaphore
    free: list[AdoptedLine] = field(default_factory=list)
    present: int = 0
    is_proved: bool = False


@dataclass(slots=True, eq=False)
class PersonsLine:
    """One person's line, found by its id. Nothing is proved on it before they have."""

    line: AdoptedLine
    address: str
    began_at: float
    is_proved: bool = False


@dataclass(slots=True)
class KeptLines:
    """The lines of one door to its gateway, which adopts them. One loop uses it."""

    adopt: Adopt
    limits: DoorLimits
    now: Callable[[], float]
    _bearers: dict[str, _Bearer] = field(default_factory=dict)
    _sessions: dict[str, PersonsLine] = field(default_factory=dict)
    _open: set[AdoptedLine] = field(default_factory=set)
    _proving: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PROVING_AT_ONCE))
    _right: dict[str, float] = field(default_factory=dict)
    """Which credentials were right of late, and when: others at their address who guess do not keep them out."""
    _failures: Allowance = field(init=False)
    _session_places: Places = field(init=False)

    def __post_init__(self) -> None:
        self._failures = Allowance(self.limits.failures, self.limits.failure_burst)
        self._session_places = Places(self.limits.sessions, self.limits.sessions_of_one)

    @property
    def lines(self) -> int:
        """How many there are."""
        return len(self._open)

    @property
    def sessions(self) -> int:
        """How many sessions of people there are."""
        return len(self._sessions)

    def is_known(self, bearer: str) -> bool:
        """Whether that credential was proved here of late."""
        found = self._bearers.get(digest(bearer))
        return found is not None and found.is_proved

    @asynccontextmanager
    async def of_bearer(self, bearer: str, address: str) -> AsyncIterator[AdoptedLine]:
        """A line on which the credential is proved, for one request; HttpProblem where it is not right, or too busy."""
        name = digest(bearer)
        kept = self._bearers.setdefault(name, _Bearer(asyncio.Semaphore(self.limits.lines_of_one)))
        if kept.present >= self.limits.lines_of_one + self.limits.waiting_of_one:
            raise too_many(f"{kept.present} requests with this credential are under way")
        kept.present += 1
        line: AdoptedLine | None = None
        try:
            async with kept.turns:
                line = self._free_line(kept, address) or await self.proved_line(bearer, address)
                kept.is_proved = True
                yield line
        finally:
            kept.present -= 1
            if line is not None and not line.is_gone and not line.is_busy:
                kept.free.append(line)
            if not kept.present and not kept.free:
                self._bearers.pop(name, None)

    def _free_line(self, kept: _Bearer, address: str) -> AdoptedLine | None:
        """A line of the credential for who calls from there: the gateway records from where somebody claims."""
        for line in [line for line in kept.free if line.is_gone]:
            kept.free.remove(line)
            self._open.discard(line)
        account = address_account(address)
        found = next((line for line in reversed(kept.free) if line.account == account), None)
        if found is not None:
            kept.free.remove(found)
        elif len(kept.free) >= self.limits.lines_of_one:
            self.drop(kept.free[0])
        return found

    async def proved_line(self, bearer: str, address: str) -> AdoptedLine:
        """A new line on which the credential is proved; HttpProblem where it is not right."""
        name = digest(bearer)
        wait_s = 0.0 if name in self._right else self._failures.wait_s(address, self.now())
        if wait_s:
            words = f"{address} sent too many credentials that are not right"
            raise too_many(words, "send one that is valid", retry_s=int(wait_s) + 1)
        async with self._proving:
            line = await self.new_line(address)
            try:
                refused = await self.proof_refused(line, bearer)
            except BaseException:
                self.drop(line)
                raise
        self._right.pop(name, None)
        if refused is not None:
            self._failures.spend(address, self.now())
            self.drop(line)
            raise refused
        self._right[name] = self.now()
        if len(self._right) > MOST_KNOWN:
            del self._right[next(iter(self._right))]
        return line

    async def proof_refused(self, line: AdoptedLine, bearer: str) -> HttpProblem | None:
        """Prove the credential on a line; what is answered where it is not right (any more)."""
        operation = _proof_of(bearer)
        if operation is None:
            return unauthorized("this is no credential of onloop")
        try:
            answer = await line.ask(operation, {"token": bearer}, within_s=self.limits.answer_s)
        except LineLost:
            raise Unavailable("the gateway closed the line", hint="try again") from None
        problem = answered_problem(answer)
        if problem is None or problem.error.code in {"unavailable", "store"}:
            return problem
        return unauthorized(problem.error.message, problem.error.hint)

    async def new_line(self, address: str) -> AdoptedLine:
        """A line of somebody at that address, on which nothing is proved; Unavailable where there are too many."""
        if len(self._open) >= self.limits.lines and not self._drop_idlest():
            raise Unavailable(f"{len(self._open)} requests are under way", hint="try again in a moment")
        line = await AdoptedLine.made(self.adopt, Peer(0, NETWORK_UID, NETWORK_UID, address_account(address)))
        self._open.add(line)
        return line

    def _drop_idlest(self) -> bool:
        idle = [line for kept in self._bearers.values() for line in kept.free]
        if not idle:
            return False
        self.drop(min(idle, key=lambda line: line.used_at))
        return True

    def drop(self, line: AdoptedLine) -> None:
        """Close a line for good."""
        line.close()
        self._open.discard(line)
        for kept in self._bearers.values():
            if line in kept.free:
                kept.free.remove(line)
                return

    async def begun_session(self, address: str) -> tuple[str, PersonsLine]:
        """A new session and its id, for a person who begins to prove who they are."""
        places = self._session_places
        if places.taken >= places.most:
            self._end_oldest_unproved()
        if not places.take(address):
            raise too_many(f"{address} has too many sessions under way", "use the one you have")
        try:
            line = await self.new_line(address)
        except BaseException:
            self._session_places.leave(address)
            raise
        made = PersonsLine(line, address, self.now())
        name = secrets.token_urlsafe(32)
        self._sessions[digest(name)] = made
        return name, made

    def _end_oldest_unproved(self) -> None:
        """Who only begins and never proves anything keeps nobody out."""
        unproved = [name for name, kept in self._sessions.items() if not kept.is_proved]
        if unproved:
            self._end(min(unproved, key=lambda name: self._sessions[name].began_at))

    def session(self, name: str, address: str) -> PersonsLine:
        """The session of that id; HttpProblem where it is not there any more, or was begun at another address."""
        found = self._sessions.get(digest(name))
        if found is None or found.line.is_gone or found.address != address:
            raise session_lost()
        if found.line.waiting > self.limits.waiting_of_one:
            raise too_many("this session has too many requests under way")
        return found

    def is_proved(self, name: str) -> bool:
        """Whether a person has proved themselves in the session of that id."""
        found = self._sessions.get(digest(name))
        return found is not None and found.is_proved

    def end_session(self, name: str) -> None:
        """Forget a session."""
        self._end(digest(name))

    def _end(self, name: str) -> None:
        found = self._sessions.pop(name, None)
        if found is not None:
            self._session_places.leave(found.address)
            self.drop(found.line)

    def sweep(self) -> None:
        """Close what nobody has used for a while."""
        now, limits = self.now(), self.limits
        for kept in list(self._bearers.values()):
            for line in [line for line in kept.free if line.is_gone or now - line.used_at > limits.line_idle_s]:
                self.drop(line)
        for name in [name for name, kept in self._bearers.items() if not kept.present and not kept.free]:
            del self._bearers[name]
        for name, found in list(self._sessions.items()):
            is_late = not found.is_proved and now - found.began_at > limits.session_unproved_s
            if found.line.is_gone or now - found.line.used_at > limits.session_idle_s or is_late:
                self._end(name)
        for name in [name for name, at in self._right.items() if now - at > limits.session_idle_s]:
            del self._right[name]
        self._failures.forget_rested(now)

    def close(self) -> None:
        """Close every line."""
        for line in list(self._open):
            line.close()
        self._open.clear()
        self._bearers.clear()
        self._sessions.clear()


def _proof_of(bearer: str) -> str | None:
    if len(bearer) > LONGEST_CREDENTIAL:
        return None
    known = next((operation for start, operation in PROOFS.items() if bearer.startswith(start)), None)
    is_jwt = bearer.startswith("eyJ") and bearer.count(".") == _PARTS_OF_JWT - 1
    return known or ("job" if is_jwt else None)
