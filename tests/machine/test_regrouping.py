"""What people say about how failures belong together is applied in its order, bounded, and can be taken back."""

from __future__ import annotations

import pytest

from onloop.errors import OnloopError
from onloop.machine.marks import check_mark, stamped
from onloop.machine.regrouping import MOST_ACTS, CauseAct, CauseRestored, CausesMerged, CauseSplit, RegroupingMark
from onloop.machine.store_state import StoreState, fold_store
from onloop.store.codec import from_text, to_text
from support.scenario import ANA, BEN, NOON


def house(*marks: RegroupingMark) -> StoreState:
    return fold_store(stamped(mark, NOON) for mark in marks)


def test_taking_back_one_act_leaves_the_others_and_their_order() -> None:
    texts, tasks, merged = CauseSplit("c1", ANA), CauseSplit("c2", BEN, ("r1.1",)), CausesMerged("c1", ANA, ("c3",))

    acts = house(texts, tasks, merged, CauseRestored("c1", BEN)).marks.acts

    assert acts == (CauseAct("c2", BEN, NOON, ("r1.1",)),)


def test_a_store_gives_the_acts_back_as_they_were() -> None:
    state = house(CauseSplit("c1", ANA), CausesMerged("c2", BEN, ("c3", "c4")))

    assert from_text(StoreState, to_text(state)) == state


def test_only_the_newest_acts_are_kept() -> None:
    acts = house(*(CauseSplit(f"c{number}", ANA) for number in range(MOST_ACTS + 5))).marks.acts

    assert (len(acts), acts[0].cause) == (MOST_ACTS, "c5")


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (CauseSplit("c1", BEN), "is split so already"),
        (CausesMerged("c1", BEN, ()), "cannot be merged with nothing"),
        (CausesMerged("c1", BEN, ("c1",)), "cannot be merged with c1"),
        (CausesMerged("c1", BEN, ("c2", "c2")), "cannot be merged with c2, c2"),
        (CauseRestored("c9", BEN), "nobody has split 'c9' or merged anything into it"),
    ],
)
def test_what_would_change_nothing_is_refused(mark: RegroupingMark, words: str) -> None:
    with pytest.raises(OnloopError, match=words):
        check_mark(house(CauseSplit("c1", ANA)).marks, mark)
