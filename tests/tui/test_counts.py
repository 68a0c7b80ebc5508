"""What needs the person who looks is one number, wherever it is shown, and what is not shown is counted beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from onloop.attention.board import Board
from onloop.attention.scope import Whose, count_words, scoped, whose_needs
from onloop.attention.viewer import NOBODY, Scope, Viewer, viewer_of
from onloop.cli.render import counts_json
from onloop.machine.marks import Muted, Rule, stamped
from onloop.machine.setbacks import Setback, Trouble
from onloop.machine.state import Reason, State
from onloop.machine.store_state import Frozen, PersonEnrolled, StoreEvent, StoreState, fold_store
from onloop.machine.task import Kind, Request, RequestKind, Task
from onloop.records import replace
from onloop.store.rows import Lease
from onloop_tui.model.chrome.header import header_lines
from onloop_tui.model.drawing.signs import sign_of
from onloop_tui.model.drawing.text_line import plain
from onloop_tui.model.filter.filters import EVERYTHING
from onloop_tui.model.fleet.burndown import burndown_lines
from onloop_tui.model.fleet.matrix import Matrix
from onloop_tui.model.ground.rollup import RollupCategory
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.inbox.inbox_lines import empty_lines
from onloop_tui.model.inbox.run_progress import fleet_lines
from onloop_tui.model.tree.tree_index import TreeIndex
from support.tui_scenes import MINUTE, NOON

from .test_tree_index import task

LATER = NOON + 60 * MINUTE
PEOPLE = StoreState(
    people={
        name: PersonEnrolled(name, (group,), "", "", "", "human:init")
        for name, group in (("ana", "approvers"), ("ben", "leads"))
    }
)


def root(run: str) -> Task:
    return replace(task(run, kind=Kind.FLEET), run=run, state=State.WORKING)


def asking(task_id: str, reason: Reason, *approvers: str, sponsor: str = "launcher:ci", owner: str = "") -> Task:
    """A task of a fleet that needs a person: one of these, or anybody."""
    kind = RequestKind.APPROVAL if reason is Reason.APPROVAL_REQUIRED else RequestKind.CHOICE
    asked = Request(f"{task_id}/q", kind, "ship.release", "?", NOON, gate="release", approvers=approvers)
    return replace(
        moving(task_id, State.INPUT_REQUIRED), reason=reason, requests=(asked,), sponsor=sponsor, owner=owner or None
    )


def moving(task_id: str, state: State) -> Task:
    run = task_id.partition(".")[0]
    return replace(task(task_id), run=run, parent=run, repo=f"repo{task_id}", state=state, since=NOON)


def troubled(task_id: str) -> Task:
    """A task that waits for something outside, of which people are told: it goes on by itself."""
    setback = Setback(Trouble.UNREACHABLE, "no network", NOON, 3, LATER, told=True)
    return replace(moving(task_id, State.SUBMITTED), reason=Reason.RETRY_BACKOFF, setback=setback)


IDS = st.builds(lambda run, n: f"{run}.{n}", st.sampled_from(["r1", "r2"]), st.integers(1, 40))
ASKING = st.builds(
    lambda name, reason, approvers, sponsor, owner: asking(name, reason, *approvers, sponsor=sponsor, owner=owner),
    IDS,
    st.sampled_from([Reason.APPROVAL_REQUIRED, Reason.QUESTION, Reason.ROUNDS_EXHAUSTED, Reason.HALTED]),
    st.lists(st.sampled_from(["ana", "ben", "approvers", "leads"]), max_size=2, unique=True),
    st.sampled_from(["launcher:ci", "launcher:ana", "human:ben"]),
    st.sampled_from(["", "human:ana", "agent:coder"]),
)
OTHERS = st.builds(moving, IDS, st.sampled_from([State.WORKING, State.SUBMITTED, State.COMPLETED, State.FAILED]))
TASKS = st.lists(st.one_of(ASKING, ASKING, OTHERS, st.builds(troubled, IDS)), max_size=25, unique_by=lambda t: t.id)
HOUSES = st.lists(
    st.sampled_from(
        [
            stamped(Muted(Rule(reason="question"), "human:ana", LATER + 9 * MINUTE, "known"), NOON),
            stamped(Muted(Rule(run="r2"), "human:ana", LATER + 9 * MINUTE, "known"), NOON),
            Frozen("run:r1", "human:ana", ""),
        ]
    ),
    max_size=2,
)
VIEWERS = st.sampled_from([NOBODY, viewer_of(PEOPLE, "ana"), viewer_of(PEOPLE, "ben"), Viewer("human:eve", None)])


def seen(tasks: Sequence[Task], house: StoreState, viewer: Viewer, scope: Scope) -> Snapshot:
    silent = (Lease(t.id, 1, "agent:a", LATER + MINUTE, NOON, NOON) for t in tasks if t.state is State.WORKING)
    every = (root("r1"), root("r2"), *tasks)
    held = tuple(silent)
    return Snapshot().after(every, house, 1, leases=held).at(LATER, viewer, scope)


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def of_run(board: Board, run: str) -> int:
    return sum(item.run == run for group in board.shown for item in group.members if item.task in whose_needs(board))


@given(TASKS, HOUSES, VIEWERS, st.sampled_from(sorted(Scope)))
def test_what_needs_who_looks_is_the_same_number_wherever_it_is_shown(
    tasks: list[Task], events: list[StoreEvent], viewer: Viewer, scope: Scope
) -> None:
    house = replace(fold_store(events), people=PEOPLE.people)
    snapshot = seen(tasks, house, viewer, scope)
    counts = snapshot.board.counts
    header = " ".join(map(plain, header_lines(snapshot, lost="", age_ms=0, labels=(), tabs=(), width=400)))
    tree = TreeIndex(snapshot.tasks.values())
    tree.take_idle(frozenset(), snapshot.whose)
    lines = {line.split()[1]: line for line in map(plain, fleet_lines(snapshot, 200, 10))}

    asked = {t.id for t in tasks if t.state is State.INPUT_REQUIRED}
    assert snapshot.whose.keys() == asked, "what needs an agent or the machine is never among it"
    assert number(r"needs you (\d+)", header) == counts.needs_you
    assert number(r"^(\d+) needs? you", count_words(counts)[0]) == counts.needs_you
    assert counts_json(counts).needs_you == counts.needs_you
    for run in ("r1", "r2"):
        needing = of_run(snapshot.board, run)
        matrix = Matrix(run)
        matrix.take(snapshot, None)
        burndown = " ".join(map(plain, burndown_lines(matrix.counts, 200)))
        tally = tree.held(run).tally
        assert needing == snapshot.needing(run).get(Whose.YOU, 0) == tally.of(RollupCategory.NEEDS_PERSON)
        assert needing == matrix.counts.needs_you == number(r"needs you (\d+)", burndown)
        assert matrix.counts.total == tally.total
        assert run not in lines or needing == number(r"(\d+) needs? you", lines[run])
    assert counts.needs_you == of_run(snapshot.board, "r1") + of_run(snapshot.board, "r2")


@given(TASKS, HOUSES, VIEWERS, st.sampled_from(sorted(Scope)))
def test_a_scope_hides_nothing_that_it_does_not_count(
    tasks: list[Task], events: list[StoreEvent], viewer: Viewer, scope: Scope
) -> None:
    house = replace(fold_store(events), people=PEOPLE.people)
    whole = seen(tasks, house, NOBODY, scope).board
    part = scoped(whole, viewer, scope)
    items = [item.task for group in (*part.shown, *part.others) for item in group.members]

    assert sorted(items) == sorted(item.task for group in whole.shown for item in group.members)
    assert part.counts.shown + part.counts.for_others == whole.counts.shown
    assert part.counts.for_others == sum(len(group.members) for group in part.others)
    assert part.counts.hidden == whole.counts.hidden
    assert whose_needs(part).keys() == whose_needs(whole).keys()


def test_each_scope_shows_what_its_name_says() -> None:
    tasks = [
        asking("r1.1", Reason.APPROVAL_REQUIRED, "approvers"),
        asking("r1.2", Reason.APPROVAL_REQUIRED, "leads"),
        asking("r1.3", Reason.APPROVAL_REQUIRED, "ana", "leads"),
        asking("r1.4", Reason.QUESTION, sponsor="launcher:ana"),
        asking("r1.5", Reason.ROUNDS_EXHAUSTED),
        asking("r1.6", Reason.APPROVAL_REQUIRED, "leads", owner="human:ana"),
        replace(asking("r1.7", Reason.APPROVAL_REQUIRED, "approvers"), workers={"develop": ("human:ana",)}),
    ]
    ana = viewer_of(PEOPLE, "ana")

    def shown(scope: Scope) -> set[str]:
        board = seen(tasks, PEOPLE, ana, scope).board
        return {item.task[-1] for group in board.shown for item in group.members}

    assert shown(Scope.MAY_ACT) == set("13456"), "not what she may not decide, nor what she worked on herself"
    assert shown(Scope.MINE) == set("346")
    assert shown(Scope.GROUPS) == set("17")
    assert shown(Scope.EVERYBODY) == set("1234567")


def test_an_inbox_that_is_empty_for_one_says_how_many_are_for_others() -> None:
    snapshot = seen(
        [asking("r1.1", Reason.APPROVAL_REQUIRED, "leads")], PEOPLE, viewer_of(PEOPLE, "ana"), Scope.MAY_ACT
    )

    shown = " ".join(map(plain, empty_lines(snapshot, EVERYTHING, 80)))
    assert "nothing needs you" in shown and "1 for others: W shows them" in shown


def test_what_waits_and_what_is_worked_on_has_one_word_and_one_count_everywhere() -> None:
    divided = replace(moving("r1.3", State.WORKING), reason=Reason.CHILDREN_RUNNING)
    later = replace(troubled("r1.2"), setback=None)
    claimable = replace(moving("r1.4", State.SUBMITTED), reason=Reason.READY)
    given = replace(claimable, id="r1.5", owner="human:ana")
    tasks = (root("r1"), moving("r1.1", State.WORKING), later, divided, claimable, given)
    snapshot = Snapshot().after(tasks, PEOPLE, 1).at(LATER, NOBODY, Scope.MAY_ACT)
    header = " ".join(map(plain, header_lines(snapshot, lost="", age_ms=0, labels=(), tabs=(), width=400)))
    (run,) = [line for line in map(plain, fleet_lines(snapshot, 200, 10)) if "r1" in line]
    tally = TreeIndex(snapshot.tasks.values()).held("r1").tally
    matrix = Matrix("r1")
    matrix.take(snapshot, None)
    burndown = " ".join(map(plain, burndown_lines(matrix.counts, 200)))

    assert "working 1" in header and "waiting 3" in header and "ready" not in header
    assert "1 working" in run and "3 waiting" in run and "5 in all" in run, "what was given to a person needs them"
    assert "1 working" in tally.words and "3 waiting" in tally.words
    assert "waiting 3" in burndown and snapshot.overview.ready == 1, "only that can be claimed"
    assert sign_of(troubled("r1.2")).word == "waiting"
