"""Tasks as rows: whatever happens in whatever order, the rows are those that a plain walk over all tasks gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop_tui.model.drawing.prefix_sums import PrefixSums
from onloop_tui.model.ground.places import places_in
from onloop_tui.model.tree.tree_index import TreeIndex
from onloop_tui.model.tree.tree_node import TreeStanding, key_of, standing_in

NOON = 1_800_000_000_000


def task(task_id: str, state: State = State.WORKING, *, created: int = 0, kind: Kind = Kind.WORK) -> Task:
    parent = task_id.rpartition(".")[0] or None
    run = task_id.partition(".")[0]
    return Task(task_id, run, run, kind, "d", "w", "human:ana", NOON + created, NOON, parent=parent, state=state)


def rows(index: TreeIndex) -> list[str]:
    shown = [index.at(row) for row in range(len(index))]
    assert [index.row_of(row_id) for row_id in shown] == list(range(len(shown)))
    return shown


def plain_rows(tasks: dict[str, Task], is_open: Callable[[str], bool], found: set[str] | None) -> list[str]:
    """The rows by the plainest means: every question is answered by looking at all tasks."""

    def below(parent: str | None) -> list[Task]:
        known = [t for t in tasks.values() if (t.parent if t.parent in tasks else None) == parent]
        return sorted(known, key=key_of)

    def hit(t: Task) -> bool:
        return found is None or t.id in found or any(hit(child) for child in below(t.id))

    def walk(parent: str | None) -> Iterable[str]:
        for t in below(parent):
            if hit(t):
                yield t.id
                if is_open(t.id):
                    yield from walk(t.id)

    return list(walk(None))


IDS = [run + below for run in ("a", "b", "c") for below in ("", ".1", ".2", ".10", ".2.1", ".2.2", ".2.1.1")]
CREATED = {"a": 5, "b": 3, "c": 9}


class Book:
    """The index, and beside it the plainest record of what was done to it."""

    def __init__(self) -> None:
        self.index = TreeIndex()
        self.tasks: dict[str, Task] = {}
        self.closed: set[str] = set()
        self.wanted: State | None = None

    def put(self, on: str, state: State) -> None:
        self.tasks[on] = task(on, state, created=CREATED[on[0]])
        self.index.apply([self.tasks[on]])

    def remove(self, on: str) -> None:
        gone = [each for each in self.tasks if each == on or (each.startswith(f"{on}.") and self._reaches(each, on))]
        self.index.remove(on)
        for each in gone:
            del self.tasks[each]
            self.closed.discard(each)

    def fold(self, on: str, is_open: bool) -> None:
        if self.index.set_open(on, is_open):
            (self.closed.discard if is_open else self.closed.add)(on)

    def filter(self, wanted: State | None) -> None:
        if wanted is None:
            self.closed = {each for each in self.tasks if not self.index.held(each).open}
        elif self.wanted is None:
            self.closed = set()
        self.wanted = wanted
        self.index.filter(None if wanted is None else lambda each: each.state is wanted)

    def rows(self) -> list[str]:
        found = None if self.wanted is None else {t.id for t in self.tasks.values() if t.state is self.wanted}
        return plain_rows(self.tasks, lambda each: each not in self.closed, found)

    def _reaches(self, task_id: str, above: str) -> bool:
        """Whether every task between the two is there, so that one really stands below the other."""
        while task_id != above:
            if task_id not in self.tasks:
                return False
            task_id = task_id.rpartition(".")[0]
        return above in self.tasks


ID, STATE = st.sampled_from(IDS), st.sampled_from([State.WORKING, State.PAUSED])
STEPS = st.lists(
    st.one_of(
        st.builds(lambda on, state: lambda book: book.put(on, state), ID, STATE),
        st.builds(lambda on: lambda book: book.remove(on), ID),
        st.builds(lambda on, is_open: lambda book: book.fold(on, is_open), ID, st.booleans()),
        st.builds(lambda wanted: lambda book: book.filter(wanted), STATE | st.none()),
    ),
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_rows_are_those_of_a_plain_walk_after_any_changes(steps: Sequence[Callable[[Book], None]]) -> None:
    book = Book()
    for step in steps:
        step(book)
        assert rows(book.index) == book.rows()


@given(st.permutations(IDS))
def test_the_order_of_arrival_does_not_matter(order: list[str]) -> None:
    index = TreeIndex()
    for each in order:
        index.apply([task(each, created=CREATED[each[0]])])
    at_once = TreeIndex([task(each, created=CREATED[each[0]]) for each in order])
    assert rows(index) == rows(at_once)
    assert rows(index)[:7] == ["b", "b.1", "b.2", "b.2.1", "b.2.1.1", "b.2.2", "b.10"]


def test_a_chain_of_twenty_thousand_tasks_is_no_deeper_than_python_can_go() -> None:
    tasks = [task("r")] + [replace(task(f"r{i}"), run="r", parent=f"r{i - 1}" if i else "r") for i in range(20_000)]
    index = TreeIndex(tasks)
    assert len(index) == 20_001
    assert index.row_of("r19999") == 20_000
    index.set_open("r100", False)
    assert len(index) == 102


def test_tasks_that_are_each_others_parents_are_all_shown() -> None:
    ring = [replace(task(a), parent=b) for a, b in (("x", "y"), ("y", "z"), ("z", "x"))]
    index = TreeIndex([*ring, replace(task("s"), parent="s")])
    assert sorted(rows(index)) == ["s", "x", "y", "z"]


def test_a_parent_that_is_not_there_leaves_its_children_at_the_top() -> None:
    index = TreeIndex([task("r.1"), task("r.2")])
    assert rows(index) == ["r.1", "r.2"]
    index.apply([task("r")])
    assert rows(index) == ["r", "r.1", "r.2"]


def test_what_is_folded_away_is_shown_by_what_hides_it() -> None:
    index = TreeIndex([task(each) for each in ("r", "r.1", "r.1.1", "r.2")])
    index.set_open("r.1", False)
    assert (index.shown("r.1.1"), index.row_of("r.1.1")) == ("r.1", None)
    index.set_open("r", False)
    assert index.shown("r.1.1") == "r"
    index.reveal("r.1.1")
    assert index.row_of("r.1.1") == 2
    index.set_all_open(False)
    assert rows(index) == ["r"]
    index.set_all_open(True)
    assert rows(index) == ["r", "r.1", "r.1.1", "r.2"]


def test_a_filter_keeps_what_is_above_a_match_and_opens_it() -> None:
    index = TreeIndex([task(each) for each in ("r", "r.1", "r.1.1", "r.2", "s")])
    index.set_all_open(False)
    index.filter(lambda t: t.id == "r.1.1")
    assert (rows(index), index.matching) == (["r", "r.1", "r.1.1"], 1)
    index.apply([replace(task("r.2"), detail="other"), task("r.1.2")])
    assert rows(index) == ["r", "r.1", "r.1.1"]
    index.filter(None)
    assert rows(index) == ["r", "s"]


def test_a_fleets_root_is_found_by_its_children_only() -> None:
    index = TreeIndex([task("r", kind=Kind.FLEET), task("r.1", State.PAUSED)])
    index.filter(lambda t: t.state is State.WORKING)
    assert rows(index) == []


def test_a_task_that_changes_under_a_filter_comes_and_goes() -> None:
    index = TreeIndex([task("r"), task("r.1", State.PAUSED)])
    index.filter(lambda t: t.state is State.PAUSED)
    index.apply([task("r.1")])
    assert rows(index) == []
    index.apply([task("r.1", State.PAUSED)])
    assert rows(index) == ["r", "r.1"]
    index.remove("r.1")
    assert rows(index) == []


def test_the_next_that_needs_a_person_is_found_behind_folds_and_round() -> None:
    needing = {"r.2", "r.10.1", "s"}
    ids = ("r", "r.2", "r.3", "r.10", "r.10.1", "s", "t")
    made = [replace(task(each, created=ord(each[0])), state=State.INPUT_REQUIRED, reason=Reason.QUESTION)
            if each in needing else task(each, created=ord(each[0])) for each in ids]  # fmt: skip
    index = TreeIndex(made)
    index.set_all_open(False)
    assert [index.next_needing(each, 1) for each in (None, "r", "r.2", "r.10", "r.10.1", "s", "t")] == [
        "r.2", "r.2", "r.10.1", "r.10.1", "s", "r.2", "r.2",
    ]  # fmt: skip
    assert [index.next_needing(each, -1) for each in (None, "r", "s", "r.10.1")] == ["s", "s", "r.10.1", "r.2"]
    index.apply([task(each, created=ord(each[0])) for each in needing])
    assert index.next_needing("r", 1) is None


@given(st.lists(st.integers(0, 5), max_size=40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 5))))
def test_prefix_sums_are_sums(counts: list[int], changes: list[tuple[int, int]]) -> None:
    sums = PrefixSums(counts)
    for index, count in changes:
        if index < len(counts):
            counts[index] = count
            sums.put(index, count)
    assert [sums.before(i) for i in range(len(counts) + 1)] == [sum(counts[:i]) for i in range(len(counts) + 1)]
    units = [(index, offset) for index, count in enumerate(counts) for offset in range(count)]
    assert [sums.place_of(row) for row in range(sums.total)] == units


def test_a_filter_that_tests_a_part_at_a_time_finds_the_same_live_runs_first_whatever_happens_meanwhile() -> None:
    tasks = {one.id: one for one in (task(name, created=CREATED[name[0]]) for name in IDS)}
    ended = {name: replace(one, state=State.COMPLETED) if name[0] == "b" else one for name, one in tasks.items()}
    at_once, parts = TreeIndex(ended.values()), TreeIndex(ended.values())

    def fits(one: Task) -> bool:
        return one.id.endswith(".2")

    at_once.filter(fits)
    parts.filter(fits, most=8)
    assert (rows(parts), parts.matches.is_whole) == (["a", "a.2", "a.2.2"], False)
    news = [task("a.3"), task("d.2"), task("d"), replace(ended["c.2"], holder="agent:x"), task("a.2.1.2")]
    for index in (at_once, parts):
        index.apply(news)
    while parts.matches.go_on(3):
        assert set(rows(parts)) <= set(rows(at_once))

    assert rows(parts) == rows(at_once)
    assert (parts.matching, parts.matches.is_whole) == (at_once.matching, True)


def test_what_needs_a_person_is_found_by_a_filter_that_has_not_come_to_it_yet() -> None:
    tasks = [task(name, created=CREATED[name[0]]) for name in IDS]
    last = tasks[-1].id
    tasks[-1] = replace(tasks[-1], state=State.INPUT_REQUIRED, reason=Reason.QUESTION)
    index = TreeIndex(tasks)
    index.filter(lambda one: one.id[-1] == last[-1], most=1)
    before = index.matching

    assert (index.next_needing(None, 1), index.matches.is_whole) == (last, False)
    assert index.row_of(last) is not None and index.matching == before + 1
    while index.matches.go_on(3):
        pass
    assert index.matching == sum(each.id[-1] == last[-1] for each in tasks), "none is counted twice"


def test_a_letter_typed_before_all_was_tested_goes_on_with_what_was_found_and_what_is_left() -> None:
    tasks = [task(name, created=CREATED[name[0]]) for name in IDS]
    index, asked = TreeIndex(tasks), list[str]()
    index.filter(lambda one: one.id.endswith("2"), most=4)

    def narrower(one: Task) -> bool:
        asked.append(one.id)
        return one.id.endswith(".2.2")

    index.filter(narrower, narrower=True)

    assert rows(index) == ["b", "b.2", "b.2.2", "a", "a.2", "a.2.2", "c", "c.2", "c.2.2"]
    assert len(asked) < len(tasks), "what the wider one did not find is not asked again"


def test_tasks_stand_in_the_places_of_an_order_what_is_new_after_them_and_ended_runs_stay_last() -> None:
    tasks = [task("r1"), *(task(f"r1.{number}") for number in (1, 2, 3)), task("r0", State.COMPLETED, created=-5)]
    index = TreeIndex(tasks)
    index.stand_in(standing_in(tasks, places_in(("r0", "r1.3", "r1.1", "r1.2"))))
    assert rows(index) == ["r1", "r1.3", "r1.1", "r1.2", "r0"]

    index.apply([task("r1.0")])
    assert rows(index) == ["r1", "r1.3", "r1.1", "r1.2", "r1.0", "r0"]
    index.stand_in(TreeStanding())
    assert rows(index) == ["r1", "r1.0", "r1.1", "r1.2", "r1.3", "r0"]
