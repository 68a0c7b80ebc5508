"""What people mark: bounded in time and number, and the same from whatever order a store gives it back in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import OnloopError
from onloop.machine.marks import (
    LONGEST_FIELD,
    LONGEST_HIDDEN_MS,
    MOST_MARKS,
    MOST_MUTES,
    SEEN_FOR_MS,
    Acknowledged,
    Mark,
    Marks,
    Muted,
    Rule,
    Seen,
    Snoozed,
    Unmuted,
    Woken,
    check_mark,
    marked,
    stamped,
)
from onloop.machine.store_state import StoreState, evolve_store, fold_store
from onloop.store.codec import from_text, to_text
from support.scenario import ANA, BEN, NOON
from support.steps import HOUR, MINUTE

DAY = 24 * HOUR
BILLING = Rule(repo="billing")


def folded(*marks: Mark) -> Marks:
    return fold_store(marks).marks


def test_an_acknowledgement_ends_a_snooze_and_a_snooze_an_acknowledgement() -> None:
    taken = Acknowledged("c1", ANA, NOON + HOUR, NOON)
    later = Snoozed("c1", BEN, NOON + HOUR, 2, at=NOON + 1)

    assert folded(taken, later).acknowledged == {}
    assert folded(later, taken).snoozed == {}
    assert folded(taken, later).seen["c1"].by == BEN


def test_waking_ends_both_and_leaves_other_causes_alone() -> None:
    marks = folded(
        Acknowledged("c1", ANA, NOON + HOUR, NOON), Snoozed("c2", ANA, NOON + HOUR, 2, at=NOON), Woken("c1", BEN, NOON)
    )

    assert (set(marks.acknowledged), set(marks.snoozed)) == (set(), {"c2"})


def test_what_has_expired_is_forgotten_with_the_next_mark() -> None:
    marks = folded(
        Seen("c1", ANA, NOON),
        Acknowledged("c2", ANA, NOON + HOUR, NOON),
        Acknowledged("c4", ANA, None, NOON),
        Snoozed("c3", ANA, NOON + HOUR, 2, at=NOON),
        Muted(BILLING, ANA, NOON + HOUR, "known", NOON),
        Seen("c9", ANA, NOON + SEEN_FOR_MS),
    )

    assert [set(kept) for kept in (marks.seen, marks.acknowledged, marks.snoozed, marks.muted)] == [
        {"c9"},
        {"c4"},
        set(),
        set(),
    ]


def test_marks_do_not_grow_for_ever_and_the_oldest_go_first() -> None:
    marks = Marks()
    for n in range(MOST_MARKS + 50):
        marks = marked(marks, Acknowledged(f"c{n}", ANA, NOON + DAY, NOON + n))

    assert len(marks.acknowledged) == len(marks.seen) == MOST_MARKS
    assert "c49" not in marks.acknowledged and "c50" in marks.acknowledged


def test_which_marks_are_kept_does_not_depend_on_the_order_in_which_a_store_gives_them_back() -> None:
    seen = [Seen(f"c{(n * 37) % 1000:03}", ANA, NOON + n) for n in range(MOST_MARKS + 20)]
    before = fold_store(seen[:MOST_MARKS])
    stored, kept = from_text(StoreState, to_text(before)), before
    assert list(stored.marks.seen) != list(kept.marks.seen), "the store has its own order"
    for mark in seen[MOST_MARKS:]:
        stored, kept = evolve_store(stored, mark), evolve_store(kept, mark)

    assert stored == kept
    assert set(kept.marks.seen) == {mark.cause for mark in seen[20:]}


CAUSES = st.sampled_from(["a", "b", "c"])
RULES = st.builds(Rule, repo=st.sampled_from(["x", "y"]), gate=st.sampled_from([None, "tests"]))
TIMES = st.integers(NOON, NOON + 3 * DAY)
MARKS = st.lists(
    st.one_of(
        st.builds(Seen, CAUSES, st.just(ANA), TIMES),
        st.builds(Acknowledged, CAUSES, st.just(ANA), TIMES | st.none(), TIMES),
        st.builds(Snoozed, CAUSES, st.just(ANA), TIMES, st.integers(0, 5), st.just("ab"), st.integers(0, 9), TIMES),
        st.builds(Woken, CAUSES, st.just(BEN), TIMES),
        st.builds(Muted, RULES, st.just(ANA), TIMES, st.just("known"), TIMES),
        st.builds(Unmuted, RULES.map(lambda rule: rule.id), st.just(BEN), TIMES),
    ),
    max_size=30,
)


@given(MARKS)
def test_a_house_that_was_stored_in_between_goes_on_as_if_it_had_not_been(marks: Sequence[Mark]) -> None:
    stored = StoreState()
    for mark in marks:
        stored = from_text(StoreState, to_text(evolve_store(stored, from_text(type(mark), to_text(mark)))))

    assert stored == fold_store(marks)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (Acknowledged("c1", ANA, NOON), "cannot hide"),
        (Acknowledged("c1", ANA, NOON + DAY + 1), "cannot hide"),
        (Snoozed("c1", ANA, NOON - 1, 2), "cannot hide"),
        (Snoozed("c1", ANA, NOON + LONGEST_HIDDEN_MS + 1, 2), "at most 168 h"),
        (Snoozed("c1", ANA, NOON + HOUR, 2, state="x" * (LONGEST_FIELD + 1)), "a state of"),
        (Muted(BILLING, ANA, NOON + LONGEST_HIDDEN_MS + 1, "known"), "at most 168 h"),
        (Muted(BILLING, ANA, NOON + HOUR, " "), "use 1 to 500"),
        (Muted(Rule(), ANA, NOON + HOUR, "known"), "would cover nothing"),
        (Muted(Rule(repo=""), ANA, NOON + HOUR, "known"), "empty or too long"),
        (Muted(Rule(repo="x" * 10_000_000), ANA, NOON + HOUR, "known"), "empty or too long"),
        (Seen("", ANA), "a cause of 0"),
        (Seen("c" * (LONGEST_FIELD + 1), ANA), "a cause of 201"),
        (Woken("c1", ANA), "nobody has acknowledged or snoozed c1"),
        (Unmuted("ffffffff", ANA), "there is no mute"),
    ],
)
def test_a_mark_without_end_or_meaning_is_refused(mark: Mark, words: str) -> None:
    with pytest.raises(OnloopError) as refusal:
        check_mark(Marks(), stamped(mark, NOON))

    said = refusal.value.message + refusal.value.hint
    assert words in said
    assert len(said) < 1_000


def test_so_many_mutes_are_in_force_and_no_more() -> None:
    marks = Marks()
    for n in range(MOST_MUTES):
        marks = marked(marks, Muted(Rule(repo=f"r{n}"), ANA, NOON + HOUR, "known", NOON))

    with pytest.raises(OnloopError, match="100 mutes are in force"):
        check_mark(marks, Muted(Rule(repo="one more"), ANA, NOON + HOUR, "known", NOON))
    check_mark(marks, Muted(Rule(repo="r3"), ANA, NOON + 2 * HOUR, "longer", NOON))
    check_mark(marks, Muted(Rule(repo="one more"), ANA, NOON + 2 * HOUR, "known", NOON + HOUR + MINUTE))


def test_the_same_fields_make_the_same_mute() -> None:
    once = Muted(Rule(repo="x", gate="tests"), ANA, NOON + HOUR, "known", NOON)
    longer = Muted(Rule(gate="tests", repo="x"), BEN, NOON + DAY, "still", NOON + 1)

    assert list(folded(once, longer).muted.values()) == [longer]
    assert Rule(repo="x").id != Rule(run="x").id
