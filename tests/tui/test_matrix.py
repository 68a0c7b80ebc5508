"""One run as repositories × steps: every repository is counted once, and counting on gives what counting anew gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.definition import Assurance
from onloop.machine.state import REASONS, Reason, State
from onloop.machine.store_state import StoreState
from onloop.machine.task import Decision, DecisionKind, Kind, Request, RequestKind, Task
from onloop.records import replace
from onloop.store.rows import Lease
from onloop_tui.model.decide.retry_rest import remedy_of
from onloop_tui.model.drawing.signs import sign_of
from onloop_tui.model.drawing.text_line import line, plain, width_of
from onloop_tui.model.fleet.burndown import burndown_lines
from onloop_tui.model.fleet.matrix import CauseRow, Matrix, run_order, steps_of
from onloop_tui.model.fleet.matrix_rows import (
    cause_columns,
    cause_heading,
    cause_line,
    marks,
    repository_columns,
    repository_heading,
    repository_line,
)
from onloop_tui.model.ground.snapshot import Snapshot
from support.tui_scenes import DIGEST, MINUTE, NOON, REMEDIATION

STEPS = tuple(step.id for step in REMEDIATION.steps)
ROOT = Task("r", "r", "patch kvlite", Kind.FLEET, DIGEST, "cve", "human:ana", NOON, NOON, state=State.WORKING)
HOSTILE = "x\x1b]2;owned\x07\u202e\u0301\u0301\u0301\n[/b][@click=app.quit]" + "漢" * 90


def repository(number: int, state: State = State.WORKING, reason: Reason | None = None, *, detail: str = "") -> Task:
    asked = (Request(f"q{number}", RequestKind.CHOICE, STEPS[0], "which?", NOON),) if state is BLOCKED else ()
    return replace(
        ROOT,
        id=f"r.{number}",
        kind=Kind.WORK,
        parent="r",
        repo=f"repo-{number}",
        step=STEPS[0],
        state=state,
        reason=reason,
        detail=detail,
        since=NOON,
        requests=asked,
    )


BLOCKED = State.INPUT_REQUIRED


def failing(number: int, detail: str) -> Task:
    return repository(number, BLOCKED, Reason.ROUNDS_EXHAUSTED, detail=detail)


def seen(tasks: Iterable[Task], before: Snapshot | None = None) -> Snapshot:
    before = before or Snapshot()
    return before.after(tuple(tasks), StoreState(), before.seq + 1, definitions={DIGEST: REMEDIATION})


def counted(snapshot: Snapshot, run: str = "r") -> Matrix:
    matrix = Matrix(run)
    matrix.take(snapshot, None)
    return matrix


def keys(matrix: Matrix) -> list[tuple[str, int]]:
    return [(row.group.detail if row.group else row.key, len(row.members)) for row in matrix.rows]


def test_five_hundred_failing_repositories_with_three_causes_are_three_rows() -> None:
    words = ("ImportError: kvlite", "SyntaxError: line", "TimeoutError: gate")
    tasks = [failing(i, words[0 if i < 300 else 1 if i < 450 else 2]) for i in range(500)]
    rest = [repository(500), repository(501, State.COMPLETED), repository(502, State.SUBMITTED, Reason.READY)]
    matrix = counted(seen([ROOT, *tasks, *rest]))
    assert keys(matrix) == [
        (words[0], 300),
        (words[1], 150),
        (words[2], 50),
        ("working", 1),
        ("waiting", 1),
        ("done", 1),
    ]
    assert [row.needs for row in matrix.rows] == [300, 150, 50, 0, 0, 0]
    assert (matrix.counts.blocked, matrix.counts.causes, matrix.counts.total) == (500, 3, 503)


STATES = st.sampled_from([(state, reason) for state in State for reason in (*REASONS[state], None)])
CHANGES = st.lists(st.lists(st.tuples(st.integers(0, 12), STATES, st.integers(0, 2), st.integers(0, 2)), max_size=4))


@given(CHANGES)
def test_counting_on_gives_what_counting_anew_gives(
    moments: Sequence[Sequence[tuple[int, tuple[State, Reason | None], int, int]]],
) -> None:
    matrix, snapshot = Matrix("r"), seen([ROOT])
    matrix.take(snapshot, None)
    for moment in moments:
        changed = {
            f"r.{number}": replace(repository(number, *stands, detail=f"cause {'abc'[cause]}"), step=STEPS[step])
            for number, stands, cause, step in moment
        }
        snapshot = seen(changed.values(), snapshot)
        matrix.take(snapshot, frozenset(changed))
        anew = counted(snapshot)
        assert keys(matrix) == keys(anew)
        assert [_shown(row) for row in matrix.rows] == [_shown(row) for row in anew.rows]
        assert (matrix.counts, matrix.ids) == (anew.counts, anew.ids)
        everybody = [task for row in matrix.rows for task in row.members]
        assert sorted(everybody) == sorted(matrix.ids) and len(set(everybody)) == matrix.counts.total


def _shown(row: CauseRow) -> tuple[object, ...]:
    return row.members, {step: count for step, count in row.cells.items() if count}, row.needs, row.since


def test_an_agent_that_falls_silent_is_a_cause_though_nothing_was_recorded() -> None:
    task = replace(repository(1), holder="agent:ada", epoch=1)
    lease = Lease("r.1", 1, "agent:ada", NOON + 60 * MINUTE, NOON, NOON)
    snapshot = Snapshot().after((ROOT, task), StoreState(), 1, definitions={DIGEST: REMEDIATION}, leases=(lease,))
    matrix = counted(snapshot.at(NOON))
    assert (keys(matrix), matrix.counts.blocked) == ([("working", 1)], 0)
    matrix.take(snapshot.at(NOON + 50 * MINUTE), frozenset())
    (row,) = matrix.rows
    assert row.group is not None and row.group.reason is Reason.DISCONNECTED
    assert (row.needs, matrix.counts.stalled, matrix.cause_of("r.1")) == (0, 1, row.key)
    matrix.take(snapshot.at(NOON), frozenset())
    assert keys(matrix) == [("working", 1)]


def test_what_does_not_fit_the_filter_is_not_counted_and_comes_back_when_it_does() -> None:
    matrix = Matrix("r", lambda task, _cause: task.state is State.WORKING)
    snapshot = seen([ROOT, repository(1), repository(2, State.COMPLETED)])
    matrix.take(snapshot, None)
    assert matrix.ids == ("r.1",)
    snapshot = seen([repository(1, State.COMPLETED), repository(2)], snapshot)
    matrix.take(snapshot, frozenset({"r.1", "r.2"}))
    assert (matrix.ids, matrix.counts.running, matrix.counts.total) == (("r.2",), 1, 1)


def test_the_newest_run_that_lives_comes_first_and_those_that_ended_last() -> None:
    def alone(run: str, state: State) -> Task:
        return replace(repository(1), id=run, run=run, parent=None, state=state)

    runs = [alone("a", State.WORKING), alone("b", State.COMPLETED), alone("c", State.WORKING), alone("d", State.FAILED)]
    assert run_order(seen(runs)) == ("c", "a", "d", "b")


def test_a_mark_for_every_step_says_passed_here_or_later() -> None:
    def shapes(task: Task) -> str:
        return "".join(sign.shape for sign in marks(task, STEPS, sign_of(task)))

    assert shapes(repository(1)) == "●··"
    assert shapes(replace(repository(1), step=STEPS[1])) == "✓●·"
    assert shapes(replace(failing(1, "no"), step=STEPS[2])) == "✓✓✗"
    assert shapes(replace(repository(1, State.COMPLETED), step=STEPS[2])) == "✓✓✓"
    assert shapes(replace(repository(1, State.CANCELED), step=STEPS[1])) == "✓–·"
    assert shapes(replace(repository(1), step=None)) == "···"


def test_lines_fill_their_width_whatever_a_repository_and_a_cause_are_called() -> None:
    task = replace(failing(1, HOSTILE), repo=HOSTILE)
    matrix = counted(seen([ROOT, task]))
    for width in (40, 77, 109, 137, 200):
        for steps in (STEPS, tuple(f"phase.step-{i}" for i in range(12))):
            by_cause, by_repository = cause_columns(steps, width), repository_columns(steps, width)
            lines = (
                *cause_heading(by_cause),
                *repository_heading(by_repository, drilled=False),
                cause_line(matrix.rows[0], by_cause, NOON),
                repository_line(task, "c" * 8, by_repository, StoreState(), NOON, drilled=True),
            )
            assert all(plain(shown).isprintable() for shown in lines)
            assert width < 77 or all(width_of(shown) <= width for shown in lines)


def test_steps_without_room_for_their_names_are_numbered_and_named_above() -> None:
    steps = tuple(f"phase.step-{i}" for i in range(1, 11))
    legend, *_, heading = cause_heading(cause_columns(steps, 100))
    assert plain(legend).startswith("1 phase.step-1 · 2 phase.step-2")
    assert " 9  10 " in plain(heading)
    assert "remediate" in plain(cause_heading(cause_columns(STEPS, 137))[0])


def test_an_unknown_workflow_has_the_steps_at_which_somebody_stands() -> None:
    assert steps_of(None, [repository(1), replace(repository(2), step="ship.merge")]) == (STEPS[0], "ship.merge")
    assert steps_of(REMEDIATION, ()) == STEPS


def test_the_bar_shows_whatever_there_is_and_is_never_longer_than_itself() -> None:
    few = [repository(i, state) for i, state in enumerate((State.COMPLETED, State.FAILED, State.WORKING))]
    many = [repository(i, State.SUBMITTED, Reason.READY) for i in range(3, 400)]
    bar = plain(burndown_lines(counted(seen([ROOT, *few, *many])).counts, 80)[0])[:18]
    assert [bar.count(shape) for shape in "▕█▚▒▏"] == [1, 1, 1, 1, 1] and len(bar) == 18
    assert burndown_lines(counted(seen([ROOT])).counts, 80)[-1] != line("")


def _retried(task: Task, at: int) -> Task:
    decision = Decision("q", DecisionKind.RETRY, "human:ana", Assurance.A1, at, step=STEPS[0])
    return replace(task, decisions=(decision,))


def test_a_member_that_was_retried_and_passed_since_speaks_for_retrying_the_rest() -> None:
    now, rest = NOON + 9 * MINUTE, [failing(i, "no") for i in range(1, 4)]
    later = NOON + MINUTE
    passed = _retried(replace(repository(4), step=STEPS[1]), later)
    trying = _retried(repository(5), later)
    failed = _retried(failing(6, "no"), later)
    matrix = counted(seen([ROOT, *rest]))
    group = matrix.rows[0].group
    assert group is not None

    good = remedy_of(group, rest, [*rest, passed], STEPS)
    assert [words for words, _ in good.remarks(now)] == [
        "✓ r.4 (repo-4) was retried, and passed develop.remediate since"
    ]
    assert len(good.rest) == 3

    doubtful = remedy_of(group, [*rest, failed], [*rest, failed, trying], STEPS)
    told = " / ".join(words for words, _ in doubtful.remarks(now))
    assert "no task with this cause has passed" in told
    assert "r.5 was retried 8m ago and has not passed yet" in told
    assert "r.6 was retried 8m ago and failed again" in told

    before = _retried(replace(repository(4), step=STEPS[1]), NOON - MINUTE)
    assert not remedy_of(group, rest, [*rest, before], STEPS).passed, "it was retried for something else"
