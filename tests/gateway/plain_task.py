"""What one task must do, said a second time and plainly: fields and ifs, and nothing of onloop.machine."""

from __future__ import annotations

from dataclasses import dataclass, field

OK, USAGE, NOT_YET, HELD, REDO, NOT_YOURS, NOTHING, ENDED, UNAVAILABLE = 0, 2, 10, 11, 12, 13, 15, 16, 17
"""The exit codes that the guide `protocol` promises."""

OVER = ("completed", "failed", "canceled", "rejected")


class No(Exception):
    """A refusal, with its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class PlainGate:
    """A gate that `quorum` people answer; after `expire` (ms) it holds, or ends the task where it `rejects`."""

    id: str
    quorum: int = 1
    remind: int | None = None
    expire: int | None = None
    rejects: bool = False


@dataclass(frozen=True)
class PlainStep:
    """A step: an agent's by its role, the verifier's where it only has gates, people's, or an effect."""

    id: str
    role: str | None = None
    gates: tuple[str, ...] = ()
    human: PlainGate | None = None
    effect: bool = False
    rounds: int = 2
    attempts: int = 3
    timeout: int = 45 * 60_000
    max_visits: int = 3
    on_fail: str | None = None
    on_reject: str | None = None


BACKOFF, MAX_BACKOFF = 10_000, 60_000
FIRST_PAUSE, LONGEST_PAUSE, RARE_PAUSE, PATIENCE, FORGOTTEN = 1_000, 300_000, 900_000, 1_800_000, 900_000
MOST_POSTPONED, DAY = 3, 86_400_000


@dataclass(frozen=True)
class Trouble:
    """What keeps a task from going on: since when, how often it was met, and until when it waits."""

    since: int
    count: int
    until: int
    is_word: bool = False


@dataclass
class Asked:
    """Something a person is asked; `number` counts what was ever asked of the task."""

    number: int
    kind: str
    gate: PlainGate | None
    opened: int
    reminders: int = 0
    approved: list[str] = field(default_factory=list)


@dataclass
class PlainTask:
    """One task; `now` is set before anything is done with it, `deeds` counts what was done."""

    name: str
    steps: tuple[PlainStep, ...]
    parent: str | None
    now: int
    state: str = "submitted"
    reason: str | None = None
    step: str = ""
    holder: str | None = None
    epoch: int = 0
    attempt: int = 0
    tries: int = 0
    round: int = 0
    visits: dict[str, int] = field(default_factory=dict)
    owner: str | None = None
    not_before: int = 0
    claimed_at: int = 0
    lease_until: int | None = None
    head: str = ""
    handed_at: int = 0
    rejected_head: str = ""
    awaited: tuple[str, ...] = ()
    found: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    asked: Asked | None = None
    asks: int = 0
    approvals: set[tuple[str, int, str, str]] = field(default_factory=set)
    decided: int = 0
    effects: int = 0
    effect: str | None = None
    is_started: bool = False
    result: str | None = None
    deeds: int = 1
    beat_at: int = 0
    trouble: Trouble | None = None
    postponed: tuple[int, ...] = ()

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def at(self) -> PlainStep:
        return next(step for step in self.steps if step.id == self.step)

    def done(self) -> None:
        """Count a deed that may leave everything else as it is."""
        self.deeds += 1

    def move(self, state: str, reason: str | None) -> None:
        self.done()
        self.state, self.reason = state, reason
        if reason not in {"gates_running", "external"}:
            self.awaited = ()
        if reason not in {"effect_running", "external"}:
            self.effect, self.is_started = None, False

    def end(self, state: str) -> None:
        self.holder, self.lease_until, self.asked = None, None, None
        self.move(state, None)

    def hold(self, reason: str) -> None:
        """A person must say what now."""
        self.ask("choice")
        self.move("input_required", reason)

    def ask(self, kind: str, gate: PlainGate | None = None) -> None:
        self.trouble = None
        self.holder, self.lease_until = None, None
        self.asks += 1
        self.asked = Asked(self.asks, kind, gate, self.now)

    def reset(self) -> None:
        """A person has decided: what was counted begins anew."""
        self.tries = self.round = self.not_before = 0
        self.trouble = None

    @property
    def is_verifying(self) -> bool:
        return self.reason == "gates_running" or (self.reason == "external" and bool(self.awaited))

    @property
    def is_away(self) -> bool:
        """Whether its holder's lease has run out, and nobody has wanted the task since."""
        return self.lease_until is not None and 0 < self.lease_until <= self.now

    def come_back(self, *, frozen: bool) -> None:
        """Its holder is heard of again; the time away is none of its own."""
        if self.is_away and self.lease_until is not None:
            if not frozen:
                self.claimed_at += self.now - self.beat_at
                self.done()
            self.lease_until, self.beat_at = self.now + self.lease_until - self.beat_at, self.now

    def meet_trouble(self) -> None:
        """Nobody's fault: it waits, longer each time it goes on."""
        known = self.trouble
        if known is not None and not known.is_word and self.now - known.until < FORGOTTEN:
            since, count = known.since, known.count + 1
        else:
            since, count = self.now, 1
        pause = RARE_PAUSE if self.now - since >= PATIENCE else min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (count - 1))
        self.wait(Trouble(since, count, self.now + pause))

    def wait(self, trouble: Trouble) -> None:
        self.trouble, self.not_before = trouble, trouble.until
        self.postponed = tuple(at for at in self.postponed if self.now - at < DAY)[-MOST_POSTPONED:]
        if trouble.is_word:
            self.postponed = (*self.postponed, self.now)

    def postpone(self, until: int) -> None:
        """An agent says *not now*, which counts three times a day."""
        if len([at for at in self.postponed if self.now - at < DAY][-MOST_POSTPONED:]) >= MOST_POSTPONED:
            self.hold("halted")
            return
        self.holder, self.lease_until = None, None
        self.wait(Trouble(self.now, 1, until, is_word=True))
        self.move("submitted", "retry_backoff")

    def try_again(self) -> None:
        """The pause is over."""
        if self.effect is not None:
            self.move("working", "effect_running")
        elif self.awaited:
            self.move("working", "gates_running")
        else:
            self.move("submitted", "ready")

    def enter(self, step: str) -> None:
        self.done()
        self.step, self.owner, self.awaited = step, None, ()
        self.reset()
        self.visits[step] = self.visits.get(step, 0) + 1
        self.found = {key: what for key, what in self.found.items() if key[0] != step}
        if self.visits[step] > self.at.max_visits:
            self.hold("rounds_exhausted")
        else:
            self.start()

    def enter_with_work(self, step: str) -> None:
        """Enter a step whose work is there: it waits for no agent."""
        self.done()
        self.step, self.owner, self.awaited = step, None, ()
        self.reset()
        self.visits[step] = self.visits.get(step, 0) + 1
        self.found = {key: what for key, what in self.found.items() if key[0] != step}
        if self.visits[step] > self.at.max_visits:
            self.hold("changed_since_approval")
        else:
            self.request_gates()

    def start(self) -> None:
        if self.at.effect:
            self.effects += 1
            self.move("working", "effect_running")
            self.effect = f"{self.name}/{self.step}/{self.effects}"
        elif self.at.role:
            self.move("submitted", "ready")
        elif self.at.gates:
            self.request_gates()
        else:
            self.advance()

    def request_gates(self) -> None:
        for gate in self.at.gates:
            self.found.pop((self.step, gate), None)
        self.move("working", "gates_running")
        self.awaited = self.at.gates

    def verdicts(self) -> list[str]:
        """What the gates of the step have said of the commit that counts; a missing answer is none."""
        told = (self.found.get((self.step, gate), ("", "")) for gate in self.at.gates)
        return [verdict if head == self.head else "" for verdict, head in told]

    def advance(self) -> None:
        """Leave the step, or ask whoever must agree."""
        if any(verdict != "pass" for verdict in self.verdicts()):
            return
        gate = self.at.human
        if gate is None or len(self.approvers()) >= gate.quorum:
            self.leave()
            return
        if self.asked is None or self.asked.kind != "approval":
            self.ask("approval", gate)
        self.move("input_required", "approval_required")

    def approvers(self) -> set[str]:
        """Who has approved what counts now."""
        about = (self.step, self.visits[self.step], self.head)
        return {person for *told, person in self.approvals if tuple(told) == about}

    def leave(self) -> None:
        self.holder, self.lease_until, self.asked = None, None, None
        ids = [step.id for step in self.steps]
        following = ids[ids.index(self.step) + 1 :]
        if following:
            self.enter(following[0])
        else:
            self.move("completed", None)

    def settle_gates(self) -> None:
        """All gates have answered."""
        said = self.verdicts()
        if any(verdict in {"", "error"} for verdict in said):
            self.hold("gate_failed")
        elif all(verdict == "pass" for verdict in said):
            self.advance()
        elif self.at.role is None:
            self.return_to(self.at.on_fail)
        elif self.round >= self.at.rounds:
            self.hold("rounds_exhausted")
        else:
            self.round += 1
            self.move(*(("working", None) if self.holder else ("submitted", "ready")))

    def return_to(self, step: str | None) -> None:
        if step is None:
            self.hold("gate_failed")
        else:
            self.enter(step)

    def lose_attempt(self, reason: str = "attempts_exhausted") -> None:
        self.tries += 1
        self.trouble = None
        self.holder, self.lease_until, self.awaited = None, None, ()
        if self.tries >= self.at.attempts:
            self.hold(reason)
        else:
            self.not_before = self.now + min(MAX_BACKOFF, BACKOFF * 2 ** (self.tries - 1))
            self.move("submitted", "retry_backoff")

    def return_work(self) -> None:
        """A person, or time in their place, said no."""
        self.asked = None
        target = self.at.on_reject
        if target == "end":
            self.end("rejected")
        else:
            ids = [step.id for step in self.steps]
            agents = [step.id for step in self.steps[: ids.index(self.step) + 1] if step.role]
            self.enter(target or agents[-1])

    def fire_due(self, *, wanted: bool) -> None:
        """Whatever time has brought about by now, one thing after another.

        Unless somebody wants the task, a holder who is away keeps it.
        """
        while not self.over and self.fire_one(keeps=self.is_away and not wanted):
            pass

    def fire_one(self, *, keeps: bool) -> bool:
        if self.lease_until is not None and self.lease_until <= self.now and not keeps:
            self.expire_lease()
        elif self.reason in {"retry_backoff", "external"} and self.not_before <= self.now:
            self.try_again()
        elif self.holder and not keeps and not self.is_verifying and self.claimed_at + self.at.timeout <= self.now:
            self.lose_attempt("timed_out")
        else:
            return self.fire_asked()
        return True

    def expire_lease(self) -> None:
        if self.is_verifying:  # the work is handed in: its maker is not needed
            self.holder, self.lease_until = None, None
            self.done()
        else:
            self.lose_attempt()

    def fire_asked(self) -> bool:
        """Whatever is due of an open approval: reminding, then giving up waiting. Neither ever approves."""
        asked, gate = self.asked, self.asked.gate if self.asked else None
        if asked is None or gate is None:
            return False
        waited = self.now - asked.opened
        if gate.remind is not None and waited >= gate.remind * (asked.reminders + 1):
            asked.reminders = waited // gate.remind
            self.done()
        elif gate.expire is not None and waited >= gate.expire:
            self.expire(gate)
        else:
            return False
        return True

    def expire(self, gate: PlainGate) -> None:
        if gate.rejects:
            self.return_work()
        else:
            self.hold("halted")
