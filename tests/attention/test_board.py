"""Nothing falls between what is shown and what is hidden, whatever people mark, freeze, pause and mute."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attention.needs import grouped, needing
from onloop.attention.board import Board, HowHidden, board_of, covers
from onloop.attention.groups import Group
from onloop.attention.items import Tier
from onloop.attention.lifecycle import Stage, acknowledgement, snooze
from onloop.machine.marks import Mark, Muted, Rule, Seen, Woken, stamped
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit
from onloop.machine.state import Reason, State
from onloop.machine.store_state import Frozen, StoreEvent, StoreState, Unfrozen, evolve_store, fold_store
from onloop.machine.task import Kind, Task
from onloop.records import replace
from support.scenario import ALFA, ANA, BEN, NOON
from support.steps import HOUR, MINUTE

LATER = NOON + HOUR


def failing(count: int = 3, run: str = "r1", reason: Reason = Reason.ROUNDS_EXHAUSTED, repo: str = "") -> list[Task]:
    """Tasks of a run that fail alike."""
    tasks = [needing(reason, "tests: failed", f"{run}.{n}", NOON + n) for n in range(1, count + 1)]
    return [replace(task, run=run, parent=run, repo=repo or f"repo{n}") for n, task in enumerate(tasks, 1)]


def house_of(*events: StoreEvent, at: int = LATER) -> StoreState:
    return fold_store(stamped(one, at) if isinstance(one, Mark) else one for one in events)


def board(tasks: Sequence[Task], house: StoreState | None = None, *parents: Task, now: int = LATER) -> Board:
    return board_of(grouped(*tasks), house or StoreState(), {parent.id: parent for parent in parents}, now)


def root(run: str = "r1", state: State = State.WORKING, parent: str | None = None) -> Task:
    """A fleet's root."""
    reason = Reason.PAUSED if state is State.PAUSED else None
    task = needing(Reason.HALTED, "paused by human:ana: look", run)
    return replace(task, kind=Kind.FLEET, run=run, state=state, reason=reason, requests=(), parent=parent)


def hidden(shown: Board) -> list[tuple[HowHidden, str, list[str]]]:
    return [(one.how, one.by, [item.task for item in one.group.members]) for one in shown.hidden]


def test_what_nobody_hides_is_shown_in_its_order() -> None:
    tasks = [*failing(), needing(Reason.QUESTION, "Which?", "q1")]

    now = board(tasks)

    assert now.shown == grouped(*tasks)
    assert (now.hidden, now.counts.needs_you, now.counts.blocked, now.counts.causes) == ((), 4, 3, 1)


def test_an_acknowledged_cause_is_hidden_with_its_owner_until_it_lapses() -> None:
    (group,) = grouped(*failing())
    house = house_of(acknowledgement(group, ANA, LATER))

    now = board(failing(), house, now=LATER + 10 * MINUTE)
    assert hidden(now) == [(HowHidden.ACKNOWLEDGED, ANA, ["r1.1", "r1.2", "r1.3"])]
    assert now.hidden[0].words == "acknowledged by human:ana; it lapses in 20m"
    assert now.life(group.cause).stage is Stage.ACKNOWLEDGED
    assert board(failing(), house, now=LATER + 30 * MINUTE).shown == (group,)


def test_a_snoozed_cause_comes_back_with_its_time_and_says_when_that_is() -> None:
    (group,) = grouped(*failing())
    house = house_of(snooze(group, BEN, LATER, for_ms=HOUR, until_change=True, grows_by=2))

    now = board(failing(), house)

    assert hidden(now) == [(HowHidden.SNOOZED, BEN, ["r1.1", "r1.2", "r1.3"])]
    assert now.hidden[0].words == "snoozed by human:ben for 1h00m more or when it changes or at 5 members"
    assert board(failing(5), house).shown == grouped(*failing(5))
    woken = evolve_store(house, Woken(group.cause, ANA, LATER))
    assert board(failing(), woken).shown == (group,)


def test_a_mute_of_one_repository_hides_that_one_and_leaves_the_rest_of_the_cause() -> None:
    rule = Rule(repo="repo2")
    house = house_of(Muted(rule, ANA, LATER + HOUR, "known flaky"))

    now = board(failing(), house)

    assert [[item.task for item in group.members] for group in now.shown] == [["r1.1", "r1.3"]]
    assert hidden(now) == [(HowHidden.MUTED, ANA, ["r1.2"])]
    assert now.hidden[0].rule == rule.id and "known flaky" in now.hidden[0].words
    assert board(failing(), house, now=LATER + HOUR).hidden == ()


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (Rule(repo="repo1"), True),
        (Rule(repo="repo1", step="develop.implement", workflow="feature", run="r1"), True),
        (Rule(reason="rounds_exhausted"), True),
        (Rule(repo="repo1", gate="tests"), False),
        (Rule(repo="repo"), False),
        (Rule(), False),
    ],
)
def test_a_rule_covers_what_equals_every_field_that_it_gives(rule: Rule, *, matches: bool) -> None:
    (group,) = grouped(*failing(1))

    assert covers(rule, group.members[0]) is matches


@pytest.mark.parametrize("scope", ["all", "run:r1", "workflow:feature", "repo:repo1"])
def test_a_freeze_by_a_person_inhibits_what_it_covers(scope: str) -> None:
    house = house_of(Frozen(scope, ANA, "incident"))

    now = board(failing(1), house)

    assert hidden(now) == [(HowHidden.INHIBITED, ANA, ["r1.1"])]
    assert now.hidden[0].words == f"inhibited by the freeze of {scope}, by human:ana: incident"
    assert board(failing(1), evolve_store(house, Unfrozen(scope, ANA))).hidden == ()


def test_an_agent_that_freezes_its_task_takes_nothing_from_peoples_eyes() -> None:
    mine, theirs = Frozen("task:r1.1", ALFA, "nothing to see"), Frozen("all", ALFA, "nothing to see")

    assert board(failing(1), house_of(mine)).hidden == ()
    assert board(failing(1), house_of(theirs)).hidden == ()


def test_a_paused_run_inhibits_its_tasks_at_any_depth_and_no_others() -> None:
    deep = replace(failing(1)[0], id="r1.1.1", parent="r1.1")
    inner = replace(root("r1.1", parent="r1"), run="r1")

    now = board([deep, *failing(2, "r2")], None, root(state=State.PAUSED), inner, root("r2"))

    assert hidden(now) == [(HowHidden.INHIBITED, "task:r1", ["r1.1.1"])]
    assert now.hidden[0].words == "inhibited by r1, paused: paused by human:ana: look"
    assert [item.task for group in now.shown for item in group.members] == ["r2.1", "r2.2"]


def test_what_has_failed_is_told_though_its_run_has_ended() -> None:
    failed = ended(failing(1)[0])

    now = board([failed], None, root(state=State.FAILED))

    assert (now.counts.failed, now.counts.shown, now.counts.hidden) == (1, 1, 0)
    assert board(failing(1), None, root(state=State.CANCELED)).counts.inhibited == 1


def test_no_rule_hides_what_concerns_safety_and_a_person_can_by_name() -> None:
    tasks = failing(2, reason=Reason.POLICY_VIOLATION)
    (group,) = grouped(*tasks)
    everything = (
        Frozen("all", ANA, "incident"),
        Muted(Rule(workflow="feature"), ANA, LATER + HOUR, "noise"),
        Muted(Rule(cause=group.cause), ANA, LATER + HOUR, "noise"),
    )

    assert board(tasks, house_of(*everything), root(state=State.PAUSED)).shown == (group,)
    assert board(tasks, house_of(*everything, acknowledgement(group, ANA, LATER))).counts.acknowledged == 2
    assert board(tasks, house_of(*everything, snooze(group, ANA, LATER, for_ms=HOUR))).counts.snoozed == 2


def test_several_ways_of_hiding_are_told_apart_the_strongest_first() -> None:
    tasks = [*failing(2), *failing(1, "r2", repo="noisy"), *failing(1, "r3", repo="calm")]
    (group,) = grouped(*tasks)
    house = house_of(
        Frozen("run:r1", ANA, ""),
        Muted(Rule(repo="noisy"), BEN, LATER + HOUR, "known"),
        Muted(Rule(repo="repo1"), BEN, LATER + HOUR, "known"),
        acknowledgement(group, ANA, LATER),
    )

    now = board(tasks, house)

    assert now.shown == ()
    assert {how: tasks for how, _, tasks in hidden(now)} == {
        HowHidden.INHIBITED: ["r1.1", "r1.2"],
        HowHidden.MUTED: ["r2.1"],
        HowHidden.ACKNOWLEDGED: ["r3.1"],
    }


def ended(task: Task) -> Task:
    """The same, failed for good."""
    return replace(task, state=State.FAILED, reason=None, requests=())


TASKS = st.lists(
    st.builds(
        lambda reason, words, run, number, since: replace(
            needing(reason, words, f"{run}.{number}", since),
            run=run,
            parent=run,
            repo=f"repo{number % 3}",
        ),
        st.sampled_from([Reason.POLICY_VIOLATION, Reason.QUESTION, Reason.ROUNDS_EXHAUSTED, Reason.HALTED]),
        st.sampled_from(["a", "got 1", "got 2"]),
        st.sampled_from(["r1", "r2", "r3"]),
        st.integers(1, 30),
        st.integers(NOON, LATER),
    ).flatmap(lambda task: st.sampled_from([task, task, ended(task)])),
    max_size=25,
    unique_by=lambda task: task.id,
)
RULES = st.builds(
    Rule,
    reason=st.sampled_from([None, "question", "failed"]),
    repo=st.sampled_from([None, "repo1", "repo2"]),
    run=st.sampled_from([None, "r1"]),
)
PEOPLE = st.sampled_from([ANA, BEN])
SCOPES = st.sampled_from(["all", "run:r1", "repo:repo2", "task:r1.1"])


@st.composite
def houses(draw: st.DrawFn, groups: Sequence[Group]) -> StoreState:
    """A house in which people and agents have marked, muted and frozen things, in any order and at any time."""
    marks: list[st.SearchStrategy[StoreEvent]] = [
        st.builds(Muted, RULES, PEOPLE, st.integers(NOON, LATER + HOUR), st.just("known")),
        st.builds(Frozen, SCOPES, st.sampled_from([ANA, ALFA]), st.just("")),
    ]
    if groups:
        group, after = st.sampled_from(groups), st.integers(1, 2 * HOUR)
        marks += [
            st.builds(lambda g, by, ms: acknowledgement(g, by, NOON, ms), group, PEOPLE, after),
            st.builds(
                lambda g, by, ms, change, n: snooze(g, by, NOON, for_ms=ms, until_change=change, grows_by=n),
                group,
                PEOPLE,
                after,
                st.booleans(),
                st.integers(0, 2),
            ),
            st.builds(lambda g, by: Seen(g.cause, by), group, PEOPLE),
            st.builds(lambda g, by: CauseSplit(g.cause, by), group, PEOPLE),
            st.builds(lambda g, by: CauseSplit(g.cause, by, (g.members[0].task,)), group, PEOPLE),
            st.builds(lambda g, by, h: CausesMerged(g.cause, by, (h.cause,)), group, PEOPLE, group),
            st.builds(lambda g, by: CauseRestored(g.cause, by), group, PEOPLE),
        ]
    house = StoreState()
    for mark in draw(st.lists(st.one_of(marks), max_size=8)):
        at = draw(st.integers(NOON, LATER))
        house = evolve_store(house, stamped(mark, at) if isinstance(mark, Mark) else mark)
    return house


@given(st.data(), TASKS, TASKS, st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), st.sampled_from(sorted(State))))
def test_every_item_is_shown_or_hidden_in_exactly_one_way_and_the_counts_add_up(
    data: st.DataObject, before: list[Task], tasks: list[Task], roots: dict[str, State]
) -> None:
    groups = grouped(*tasks)
    house = data.draw(houses([*grouped(*before), *groups]))
    now = board(
        tasks,
        house,
        *(root(run, state) for run, state in roots.items()),
        now=data.draw(st.integers(LATER, LATER + HOUR)),
    )

    shown = [item for group in now.shown for item in group.members]
    out = {how: [i for one in now.hidden if one.how is how for i in one.group.members] for how in HowHidden}
    everything = [item.task for item in (*shown, *(item for items in out.values() for item in items))]
    counts = now.counts

    assert sorted(everything) == sorted(task.id for task in tasks)
    assert counts.shown == counts.needs_you + counts.stalled + counts.failed == len(shown)
    assert counts.hidden == sum(map(len, out.values())) and counts.shown + counts.hidden == len(tasks)
    assert {how: getattr(counts, how.value) for how in HowHidden} == {how: len(items) for how, items in out.items()}
    assert now.lives.keys() <= house.marks.seen.keys()
    assert len({group.cause for group in now.shown}) == len(now.shown)
    assert [group.tier for group in now.shown] == sorted(group.tier for group in now.shown)
    assert not any(item.tier is Tier.SAFETY for item in (*out[HowHidden.MUTED], *out[HowHidden.INHIBITED]))
    assert all(one.words and one.by for one in now.hidden)
