"""Pictures that follow a store are those that a fresh look would give, and a change costs what has changed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gateway.shop import Shop
from gateway.test_picture import task
from onloop.attention.board import HowHidden
from onloop.attention.groups import groups_of
from onloop.attention.items import Tier, item_of
from onloop.attention.lifecycle import acknowledgement
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.state import REASONS, Reason, State
from onloop.machine.store_state import Frozen, StoreState
from onloop.machine.task import Kind, Task
from onloop.records import replace
from onloop.store.rows import Lease
from onloop.views.overview import Category, FleetLine, Overview, board_at, category_of
from onloop.views.overview_projector import OverviewProjector, board_of_store, overview_of
from support.scenario import FAIL, NOON
from support.steps import HOUR, MINUTE, SECOND, defined, develop, human, ship


def looked_at(tasks: Sequence[Task]) -> Overview:
    """The picture as one would make it by looking at every task, each time."""
    work = [one for one in tasks if one.kind is Kind.WORK]
    items = [item for item in map(item_of, tasks) if item is not None]
    above = {one.parent for one in tasks}
    return Overview(
        groups=groups_of(items),
        runs=tuple(line_of(one, [w for w in work if w.run == one.run]) for one in tasks if one.parent is None),
        needs_person=sum(item.tier is not Tier.FYI for item in items),
        working=sum(category_of(one) is Category.WORKING for one in work),
        ready=sum(one.reason is Reason.READY for one in work),
        waiting=sum(category_of(one) is Category.WAITING for one in work),
        paused=sum(one.state is State.PAUSED for one in work),
        ended=sum(one.ended for one in work),
        parents={one.id: one for one in tasks if one.id in above},
    )


def line_of(root: Task, members: Sequence[Task]) -> FleetLine:
    count = Counter(category_of(one) for one in members)
    steps = dict.fromkeys(one.step or "" for one in members)
    return FleetLine(
        run=root.run,
        title=root.title,
        total=len(members),
        done=count[Category.DONE],
        working=count[Category.WORKING],
        waiting=count[Category.WAITING],
        needs_person=count[Category.NEEDS_PERSON],
        ended_otherwise=count[Category.ENDED_OTHERWISE],
        excluded=count[Category.EXCLUDED],
        merged=sum(one.state is State.COMPLETED and one.result is not None for one in members),
        workflow=root.workflow,
        by_step={s: dict(Counter(category_of(one) for one in members if (one.step or "") == s)) for s in steps},
    )


@st.composite
def pasts(draw: st.DrawFn) -> list[list[Task]]:
    """What a store says time after time: tasks that begin and change, some of them parents, in batches."""
    known: dict[str, Task] = {}
    batches: list[list[Task]] = []
    for _ in range(draw(st.integers(1, 8))):
        batch: dict[str, Task] = {}
        for _ in range(draw(st.integers(0, 6))):
            run, number = draw(st.sampled_from("abc")), draw(st.integers(0, 4))
            parent = run if number < 4 else f"{run}.1"
            for name, above in ((run, None), (f"{run}.1", run), (f"{run}.{number}" if number else run, parent)):
                if name not in known:
                    fleet = name == run and draw(st.booleans())
                    fresh = replace(task(run, 0, State.SUBMITTED, Reason.READY), id=name, parent=above)
                    known[name] = batch[name] = replace(fresh, kind=Kind.FLEET if fleet else Kind.WORK)
            name = f"{run}.{number}" if number else run
            state = draw(st.sampled_from(sorted(State)))
            known[name] = batch[name] = replace(
                known[name],
                state=state,
                reason=draw(st.sampled_from(sorted(REASONS[state]))) if REASONS[state] else None,
                step=draw(st.sampled_from(["a.b", "c.d", None])),
                detail=draw(st.sampled_from(["x", "y"])),
                since=draw(st.integers(NOON, NOON + 5)),
                result=draw(st.sampled_from([None, "f" * 40])),
                version=known[name].version + 1,
            )
        batches.append(list(batch.values()))
    return batches


@given(pasts())
def test_a_picture_that_followed_every_change_is_the_one_that_a_fresh_look_gives(past: list[list[Task]]) -> None:
    gallery = OverviewProjector()
    known: dict[str, Task] = {}
    before = gallery.picture
    for batch in past:
        kept = (before, hash_of(before))
        known |= {one.id: one for one in batch}
        picture = gallery.after(batch)

        assert picture == looked_at(list(known.values())) == overview_of(known.values())
        assert hash_of(kept[0]) == kept[1]
        before = picture


@given(pasts(), st.data())
def test_a_projector_goes_on_from_any_picture_to_what_was_otherwise_and_lets_go_of_what_was_not(
    past: list[list[Task]], data: st.DataObject
) -> None:
    moments: list[dict[str, Task]] = [{}]
    for batch in past:
        moments.append({**moments[-1], **{one.id: one for one in batch}})
    here, there, back = (data.draw(st.sampled_from(moments)) for _ in range(3))
    projector = OverviewProjector.resumed(overview_of(here.values()), here, {})

    for now, then in ((here, there), (there, back)):
        changed = [one for name, one in then.items() if now.get(name) is not one]
        picture = projector.after(changed, gone=[name for name in now if name not in then])

        assert picture == looked_at(list(then.values()))
        assert dict(projector.tasks) == then


def hash_of(picture: Overview) -> str:
    """What the picture says, so that a later change of it would be seen."""
    return repr(picture)


def many(count: int, causes: int) -> list[Task]:
    """A fleet in which everything fails, for so many causes."""
    root = replace(task("r1", 0, State.WORKING, Reason.CHILDREN_RUNNING), kind=Kind.FLEET)
    failing = [
        replace(
            task("r1", n, State.INPUT_REQUIRED, Reason.ROUNDS_EXHAUSTED),
            detail=f"tests: {'abcdefgh'[n % causes]} failed",
            since=NOON + n,
        )
        for n in range(1, count + 1)
    ]
    return [root, *failing]


def cost_ms(gallery: OverviewProjector, changes: Sequence[Task]) -> float:
    """How long the cheapest of these changes keeps a processor: what is more is somebody else's."""
    best = float("inf")
    for change in changes:
        began = time.thread_time()
        gallery.after([change])
        best = min(best, time.thread_time() - began)
    return best * 1000


def test_a_change_among_ten_thousand_costs_little_more_than_one_among_a_hundred() -> None:
    costs = {}
    for count in (100, 10_000):
        gallery, tasks = OverviewProjector(), many(count, 3)
        gallery.after(tasks)
        news = [replace(tasks[n], detail=f"tests: {'abc'[(n + 1) % 3]} failed", version=n) for n in range(1, 30)]
        costs[count] = cost_ms(gallery, news)

    assert costs[10_000] < max(20 * costs[100], 10)


def test_what_is_overdue_now_is_known_from_the_workflow(shop: Shop) -> None:
    shop.definition = defined(develop(), ship(human(remind_ms=HOUR)))
    shop.fleet(1)
    shop.waiting("r1.1")
    with shop.store.reading() as at:
        before, after = board_of_store(at, NOON), board_of_store(at, NOON + HOUR)

    assert [group.is_overdue(NOON) for group in before.shown] == [False]
    assert [group.is_overdue(NOON + HOUR) for group in after.shown] == [True]


def test_the_board_of_a_store_has_failures_silent_agents_and_what_is_hidden(shop: Shop) -> None:
    shop.definition = defined(develop(rounds=0), ship())
    shop.fleet(3)
    shop.submit(shop.claim("r1.1"))
    shop.report("r1.1", verdict=FAIL)
    shop.claim("r1.2")
    shop.later(40 * SECOND)
    with shop.store.reading() as at:
        board = board_of_store(at, shop.clock())

    assert [(group.reason, group.tier) for group in board.shown] == [
        (Reason.ROUNDS_EXHAUSTED, Tier.BROKEN),
        (Reason.DISCONNECTED, Tier.STALLED),
    ]
    ana = shop.person()
    shop.gateway.perform(RecordStoreEvent(ana, acknowledgement(board.shown[0], ana.id, shop.clock())))
    shop.freeze("run:r1")
    with shop.store.reading() as at:
        frozen = board_of_store(at, shop.clock())
    assert [one.how for one in frozen.hidden] == [HowHidden.INHIBITED]
    assert frozen.hidden[0].group.reason is Reason.ROUNDS_EXHAUSTED, "whose task is frozen is not expected to work"
    shop.unfreeze("run:r1")
    with shop.store.reading() as at:
        mine = board_of_store(at, shop.clock())
        later = board_of_store(at, shop.clock() + 30 * MINUTE)
    assert [one.how for one in mine.hidden] == [HowHidden.ACKNOWLEDGED]
    assert later.counts.shown == 2


def test_both_ways_of_reading_a_board_agree(shop: Shop) -> None:
    shop.fleet(4)
    shop.waiting("r1.1")
    shop.ask(shop.claim("r1.2"))
    shop.claim("r1.3")
    shop.later(2 * MINUTE)
    with shop.store.reading() as at:
        found = {name: at.task(name) for name in ("r1", "r1.1", "r1.2", "r1.3", "r1.4")}
        tasks = {name: one for name, one in found.items() if one is not None}
        house, leases = at.house(), at.select(Lease)
        assert board_at(overview_of(tasks.values()), tasks, house, leases, shop.clock()) == board_of_store(
            at, shop.clock()
        )


def test_who_is_frozen_is_not_called_silent() -> None:
    held = replace(task("r1", 0, State.WORKING), holder="agent:alfa", epoch=1)
    lease = Lease("r1", 1, "agent:alfa", NOON + MINUTE, NOON, NOON)
    frozen = StoreState(
        freezes={"repo:None": Frozen("repo:None", "human:ana", ""), "all": Frozen("all", "human:ana", "")}
    )

    assert board_at(Overview(), {"r1": held}, StoreState(), [lease], NOON + HOUR).counts.stalled == 1
    assert board_at(Overview(), {"r1": held}, frozen, [lease], NOON + HOUR).counts.shown == 0
