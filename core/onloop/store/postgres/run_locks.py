"""What a transaction locks before it reads: the runs that it writes to, and the gate that stopping commands close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from onloop.machine.store_state import HOUSE
from onloop.records import MutableRecord, Record, replace
from onloop.store.port import run_of
from onloop.store.rows import Head

LOCKS = 1869507696
"""The first number of every advisory lock of ours: onloop's, as in a file's application id."""

GATE, SEALER = 1, 2
"""The second number: what writers share and stopping commands take alone; who numbers the log (schema.sql)."""

_SHARED = f"SELECT pg_advisory_xact_lock_shared({LOCKS}, {GATE})"
_ALONE = f"SELECT pg_advisory_xact_lock({LOCKS}, {GATE})"
_BEGUN = (
    f"SELECT pg_current_xact_id()::text, (SELECT count FROM head WHERE run = '{HOUSE}'), "  # noqa: S608
    "(SELECT count FROM head WHERE run = '')"
)
"""The transaction's number, how many facts about the whole store there are, and how many events have a number."""

RUN_LOCK = "SELECT count, hash, seal, turn, tally FROM head WHERE run = %s FOR UPDATE"
RUN_LOCK_IF_FREE = f"{RUN_LOCK} SKIP LOCKED"

_OF_NAME = f"hashtextextended(%s, {LOCKS})"
NAME_LOCK = f"SELECT true FROM pg_advisory_xact_lock({_OF_NAME})"  # noqa: S608
NAME_LOCK_IF_FREE = f"SELECT pg_try_advisory_xact_lock({_OF_NAME})"
"""How a run is locked that has no row yet, or a name that is no run's."""


class LockPlan(Record):
    """The runs to lock, and whether nobody else may write at all meanwhile."""

    runs: frozenset[str] = frozenset()
    is_alone: bool = False

    def with_run(self, run: str) -> LockPlan:
        """The plan with one more run."""
        return replace(self, runs=self.runs | {run})

    def in_order(self) -> Sequence[str]:
        """The runs in the order in which everybody locks them; that of the whole store comes last."""
        return sorted(self.runs, key=lambda run: (run == HOUSE, run))

    def statements(self) -> Iterator[tuple[str, Sequence[Any]]]:
        """What begins a transaction: its locks, in order, and its number."""
        yield "BEGIN ISOLATION LEVEL READ COMMITTED", ()
        yield (_ALONE if self.is_alone else _SHARED), ()
        yield _BEGUN, ()
        for run in self.in_order():
            yield RUN_LOCK, (run,)


class LockedRun(MutableRecord):
    """The end of a run's chain, which nobody else can move now; `is_new` until its row is there."""

    head: Head
    turn: int = 0
    tally: str = ""
    is_new: bool = False
    is_changed: bool = False

    @property
    def is_written(self) -> bool:
        """Whether its row is to be written: something of the run has changed, and it has a row or gets one."""
        return self.is_changed and (self.head.count > 0 or not self.is_new)


def first_plan(about: str) -> LockPlan:
    """What a transaction about a task, a run, or the whole store locks at first."""
    return LockPlan(frozenset({run_of(about)}) if about else frozenset())


class LockFirst(Exception):
    """The transaction turned out to need locks that have to be taken before it reads: it is to be run again."""

    def __init__(self, plan: LockPlan) -> None:
        super().__init__(f"lock first: {plan}")
        self.plan = plan
