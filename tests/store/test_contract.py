"""What every store promises (store/port.py): the same tests on each of them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from onloop.attention.idle import silence
from onloop.machine.events import Claimed, Created, Event, LeaseEnded, Moved, StepEntered
from onloop.machine.evolve import evolve
from onloop.machine.marks import Acknowledged, Muted, Rule, Snoozed
from onloop.machine.state import Reason, State
from onloop.machine.store_state import HOUSE, Frozen, StoreCreated, fold_store
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.store.memory import MemoryStore
from onloop.store.port import EventEntry, Store, TaskFilter, Transaction
from onloop.store.rows import (
    LOG,
    Archived,
    BaseResultRow,
    BriefRow,
    CachedAnswer,
    CallRow,
    Delivery,
    DeliveryBody,
    EnvironmentRow,
    FiringRow,
    FleetMember,
    Head,
    IdempotencyRecord,
    Job,
    LastHour,
    LauncherSlot,
    LauncherUse,
    Lease,
    LinkRow,
    PinnedWorkflow,
    ReadingSession,
    StoreRow,
    SubAgent,
    TimerRow,
    Token,
    TriggerSubject,
    WorkSlot,
    key_of,
)
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.store.verification import verify
from support.team_store import team_store

CREATED = Created("Fix it", Kind.WORK, "feature", "d1", "human:ana", "r1", repo="billing")
READY = Moved(State.SUBMITTED, Reason.READY, "waits")
ROWS: tuple[StoreRow, ...] = (
    Lease("r1", 3, "agent:a", 100, 50, 50),
    Token("ff", "agent:a", "r1", 3, "a.b"),
    PinnedWorkflow("d1", "feature", "workflow: x", "{}"),
    Job("r1/tests/4", "r1", "tests", 10),
    Job("r1/merge/9", "r1", None, 11, "gateway", 99),
    TimerRow("r1|timeout|3", "r1", "timeout", "3", 500),
    IdempotencyRecord("k1", "aa", "{}", 12),
    Head("r9", 2, "ee"),
    CachedAnswer("r1", 3, "ab", 10, "not_yet", "{}"),
    BriefRow("r1", "# Task r1", "{}"),
    Archived("r0", 2, "ee", 1, 99, 2, "ff"),
    SubAgent("r1|a1", "r1", 3, "a1", "Explore", "looks for callers", 60, 70),
    BaseResultRow("cc", "ab", "tests", "{}", 13),
    LauncherSlot("ci/0", "ci", "r1"),
    LauncherUse("ci", 14),
    ReadingSession("dd", "human:ana", "ee", 15, 99),
    WorkSlot("run:r1/000", "run:r1", "r1.1"),
    LinkRow("pull_request github.com/acme/shop#7", "r1.1", "pull_request"),
    FleetMember("r1.1", "r1", 2, "stopped", "c1", "gates keep failing", 1, 5),
    EnvironmentRow("e1", "r1.1", "r1", "clone", "here", "launcher:a", 16, 17, "{}"),
    LastHour("human:ana", "[]"),
    FiringRow("nightly|1", "nightly", 1, "started", "r1", "", 1, 0, "", 0, 2),
    CallRow("c1", "all", "ab12", 0, "ana", "mail", "sent", 1, 2, 3, 0, "m1", 1, 0, ""),
    Delivery("f1", "github", "g-1", "issues.labeled", "5" * 64, 18, "waiting", 18, 0, 1, "[]"),
    DeliveryBody("f1", "{}", '{"action": "labeled"}'),
    TriggerSubject("f2", "acme/shop#5", "fix", "r1", "", 19, "f1"),
)


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "postgres":
        with team_store(tmp_path) as team:
            yield team
        return
    create_store(tmp_path)
    opened = SqliteStore(tmp_path)
    yield opened
    opened.close()


def _write(store: Store, task_id: str, *events: Event, run: str = "r1") -> Task:
    return store.transact(lambda tx: _append(tx, task_id, *events, run=run))


def _append(tx: Transaction, task_id: str, *events: Event, run: str = "r1") -> Task:
    task = tx.task(task_id)
    for event in events:
        tx.append([EventEntry(run, task_id, event, 7, "human:ana", "key")])
        task = evolve(task, event, id=task_id, at=7)
    assert task is not None
    tx.put_task(task)
    return task


def test_what_was_written_is_read_back(store: Store) -> None:
    written = _write(store, "r1", CREATED, StepEntered("a.b", 1, "implementer"), READY)

    with store.reading() as now:
        assert now.task("r1") == written
        assert [(e.seq, e.run_seq, e.version, e.name) for e in now.log()] == [
            (1, 1, 1, "Created"),
            (2, 2, 2, "StepEntered"),
            (3, 3, 3, "Moved"),
        ]


def test_an_error_leaves_no_trace(store: Store) -> None:
    def write(tx: Transaction) -> None:
        _append(tx, "r1", CREATED)
        tx.put(ROWS[0])
        tx.put_blob(b"x")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.transact(write)

    with store.reading() as now:
        assert (now.task("r1"), now.last_seq(), now.get(Lease, "r1")) == (None, 0, None)
        assert now.tasks(TaskFilter()) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_a_row_is_kept_replaced_found_and_removed(store: Store, row: StoreRow) -> None:
    key = key_of(row)

    def write(tx: Transaction) -> None:
        tx.put(row)
        tx.put(row)

    store.transact(write)
    with store.reading() as now:
        assert now.get(type(row), key) == row
        assert now.select(type(row)) == [row]

    def delete(tx: Transaction) -> None:
        tx.delete(type(row), key)
        tx.delete(type(row), "no such key")

    store.transact(delete)
    with store.reading() as now:
        assert now.get(type(row), key) is None


def test_select_finds_by_equal_fields_and_none_equals_none(store: Store) -> None:

    def write(tx: Transaction) -> None:
        for row in ROWS:
            tx.put(row)

    store.transact(write)

    with store.reading() as now:
        assert [job.id for job in now.select(Job, gate=None)] == ["r1/merge/9"]
        assert [job.id for job in now.select(Job, task="r1")] == ["r1/merge/9", "r1/tests/4"]


def test_blobs_are_found_by_the_digest_of_their_bytes(store: Store) -> None:
    def write(tx: Transaction) -> str:
        assert tx.put_blob(b"output") == tx.put_blob(b"output")
        return tx.put_blob(b"output")

    digest = store.transact(write)

    with store.reading() as now:
        assert now.blob(digest) == b"output"
        assert now.blob("00") is None
    assert digest == sha256(b"output").hexdigest()


def test_tasks_are_filtered_and_come_oldest_first(store: Store) -> None:
    _write(store, "r1", CREATED, READY)
    _write(store, "r2", CREATED, READY, run="r2")
    _write(store, "r1", Moved(State.WORKING, None))

    with store.reading() as now:
        assert [t.id for t in now.tasks(TaskFilter())] == ["r1", "r2"]
        assert [t.id for t in now.tasks(TaskFilter(states=(State.WORKING,)))] == ["r1"]
        assert [t.id for t in now.tasks(TaskFilter(states=()))] == []
        assert [t.id for t in now.tasks(TaskFilter(changed_after=4))] == ["r1"]
        assert [t.id for t in now.tasks(TaskFilter(parent="r1"))] == []
        assert now.task_count() == 2


def test_the_states_of_children_are_known_without_the_children(store: Store) -> None:
    child = replace(CREATED, parent="r1")
    _write(store, "r1", CREATED)
    _write(store, "r1.1", child)
    _write(store, "r1.2", child, Moved(State.WORKING, None))
    _write(store, "r1.3", child)

    with store.reading() as now:
        assert sorted(now.child_states("r1")) == [State.SUBMITTED, State.SUBMITTED, State.WORKING]
        assert list(now.child_states("r1.1")) == []


def test_excluded_children_are_not_counted_among_the_states_and_paused_ones_are(store: Store) -> None:
    child = replace(CREATED, parent="r1")
    _write(store, "r1.1", child, Moved(State.PAUSED, Reason.EXCLUDED, "excluded"))
    _write(store, "r1.2", child, Moved(State.PAUSED, Reason.PAUSED, "paused"))
    _write(store, "r1.3", child, Moved(State.COMPLETED, None))

    with store.reading() as now:
        assert sorted(now.child_states("r1")) == [State.COMPLETED, State.PAUSED]


def test_only_waiting_tasks_of_a_wanted_role_are_claimable(store: Store) -> None:
    _write(store, "r1", CREATED, StepEntered("a.b", 1, "implementer"), READY)
    _write(store, "r2", CREATED, StepEntered("a.b", 1, "reviewer"), READY)
    _write(store, "r3", CREATED, StepEntered("a.b", 1, "implementer"), Moved(State.WORKING, None))
    child = replace(CREATED, run="r3", parent="r3")
    _write(store, "r3.1", child, StepEntered("a.b", 1, "reviewer"), READY)

    with store.reading() as now:
        assert now.claimable(["implementer", "agent:a"], 10) == [("r1", "r1")]
        assert now.claimable(["implementer", "reviewer"], 10) == [("r1", "r1"), ("r2", "r1"), ("r3.1", "r3")]
        assert now.claimable(["reviewer", "implementer"], 10, 2) == [("r1", "r1"), ("r2", "r1")]
        assert now.claimable(["planner"], 10) == now.claimable([], 10) == []


def test_held_counts_the_holders_of_a_run(store: Store) -> None:
    claim = Claimed("agent:a", "implementer", 1, 1)
    _write(store, "r1", CREATED, claim)
    _write(store, "r1.1", CREATED, claim)
    _write(store, "r1.1", LeaseEnded(1, "done"))

    with store.reading() as now:
        assert (now.held("r1"), now.held("r2")) == (1, 0)


def test_the_log_is_read_from_either_end_and_always_in_order(store: Store) -> None:
    _write(store, "r1", CREATED, READY)
    _write(store, "r2", CREATED, READY, Moved(State.WORKING, None), run="r2")

    with store.reading() as now:
        assert [e.seq for e in now.log(limit=2)] == [1, 2]
        assert [e.seq for e in now.log(limit=2, newest=True)] == [4, 5]
        assert [e.seq for e in now.log(limit=2, before=4, newest=True)] == [2, 3]
        assert [e.seq for e in now.log(after=1, before=4)] == [2, 3]
        assert [e.seq for e in now.log(run="r1", limit=1, newest=True)] == [2]
        assert [e.seq for e in now.log(task="r2", before=5, limit=9, newest=True)] == [3, 4]
        assert now.log(before=1, newest=True) == []
        assert [e.seq for e in now.log(names=("Created",))] == [e.seq for e in now.log() if e.name == "Created"] != []
        assert now.log(names=("Unheard",)) == [] == now.log(run="r1", names=("Unheard",), newest=True)
        assert [e.seq for e in now.log(task="r2", names=("Created", "Moved"), limit=1, newest=True)] == [5]
        assert now.log(after=5) == []


def test_due_names_tasks_whose_timer_or_lease_has_come(store: Store) -> None:

    def write(tx: Transaction) -> None:
        tx.put(TimerRow("a|retry|1", "a", "retry", "1", 300))
        tx.put(TimerRow("b|retry|1", "b", "retry", "1", 100))
        tx.put(Lease("c", 1, "agent:x", 200, 0, 0))

    store.transact(write)

    with store.reading() as now:
        assert now.due(99) == []
        assert now.due(250) == ["b", "c"]
        assert now.due(300) == ["b", "c", "a"]
        assert now.due(300, "a") == ["a"]


def test_silent_are_the_leases_that_the_rule_calls_silent(store: Store) -> None:
    times = [
        (expires, beat, progress) for expires in (0, 161, 200) for beat in (39, 40, 41) for progress in (69, 70, 71)
    ]
    leases = [Lease(f"t{n:02}", 1, "agent:x", *when) for n, when in enumerate(times)]

    def write(tx: Transaction) -> None:
        for lease in reversed(leases):
            tx.put(lease)

    store.transact(write)

    with store.reading() as now:
        found = now.silent(100, 30)

    assert found == [lease for lease in leases if silence(lease, 100, 30) is not None]
    assert 0 < len(found) < len(leases)


def test_the_house_is_kept(store: Store) -> None:
    events = (
        StoreCreated("s1", scripted=False),
        Frozen("all", "human:ana", "look"),
        Acknowledged("c2", "human:ana", 9, at=3),
        Snoozed("c1", "human:ana", 9, 2, state="ab", grown_to=4, at=4),
        Muted(Rule(repo="billing"), "human:ana", 9, "known", at=5),
    )

    def write(tx: Transaction) -> None:
        tx.append([EventEntry(HOUSE, HOUSE, event, 1, "human:ana") for event in events])
        tx.put_house(fold_store(events))

    store.transact(write)

    with store.reading() as now:
        assert now.house() == fold_store(events)
        assert verify(now).problems == ()


def test_every_run_has_a_chain_of_its_own_and_the_log_verifies(store: Store) -> None:
    _write(store, "r2", CREATED, run="r2")
    _write(store, "r1", CREATED, READY)
    _write(store, "r2", READY, run="r2")

    with store.reading() as now:
        found = verify(now)
        heads = {head.run: head.count for head in now.select(Head)}

    assert (found.problems, found.tasks, heads) == ((), 2, {LOG: 4, "r1": 2, "r2": 2})


def test_a_task_row_that_differs_from_its_events_is_named(store: Store) -> None:
    task = _write(store, "r1", CREATED, READY)
    store.transact(lambda tx: tx.put_task(evolve(task, Moved(State.COMPLETED, None), id="r1", at=7)))

    with store.reading() as now:
        assert verify(now).problems == ("task r1: its row differs from the fold of its 2 events",)


def test_a_row_that_no_event_explains_is_named(store: Store) -> None:
    _write(store, "r1", CREATED)
    store.transact(lambda tx: tx.put_task(evolve(None, CREATED, id="ghost", at=7)))

    with store.reading() as now:
        assert "task ghost: a row that no event explains" in verify(now).problems
