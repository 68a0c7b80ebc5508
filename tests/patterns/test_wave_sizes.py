"""Waves as people write them: what they come to in a fleet, and what makes no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import BadInput
from onloop.machine.wave_plan import HaltRule
from onloop.patterns.wave_sizes import divided, halt_rule


@pytest.mark.parametrize(
    ("written", "count", "sizes"),
    [
        ("1,5,25,rest", 500, (1, 5, 25, 469)),
        ("5%,25%,rest", 500, (25, 125, 350)),
        ("1%,rest", 10, (1, 9)),
        ("rest", 3, (3,)),
        ("1, 5 ,rest", 7, (1, 5, 1)),
        ("50%,50%", 5, (3, 2)),
        ("2,3", 5, (2, 3)),
    ],
)
def test_what_waves_come_to(written: str, count: int, sizes: tuple[int, ...]) -> None:
    assert divided(written.split(","), count).sizes == sizes


def test_waves_that_are_larger_than_the_fleet_are_cut_and_that_is_said() -> None:
    found = divided(["1", "5", "25", "rest"], 4)

    assert (found.sizes, found.mind) == ((1, 3), "the fleet has 4 tasks, so its waves are 1, 3")
    assert divided(["1", "3", "rest"], 4).mind == ""


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "the waves are empty"),
        ("0,rest", "a wave of 0 would pass before anything was tried"),
        ("0%,rest", "a wave of 0% would pass before anything was tried"),
        ("101%", "a wave of 101% is more than the fleet"),
        ("60%,60%", "120 % of the fleet"),
        ("rest,5", "rest is not the last"),
        ("-1,rest", "'-1' is not the size of a wave"),
        ("1.5,rest", "'1.5' is not the size of a wave"),
        ("many", "'many' is not the size of a wave"),
        ("1,2", "the waves 1,2 hold 3 of 10 tasks"),
        (",".join(["1"] * 60), "60 waves are too many"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(written: str, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        divided(written.split(","), 10)

    assert words in refused.value.message and refused.value.hint


@pytest.mark.parametrize(
    ("given_rule", "words"),
    [
        ((0, None, None), "halting at 0 %"),
        ((None, 10, None), "10 is of no share"),
        ((20, 0, None), "once 0 are judged"),
        ((None, None, 0), "0 failures with one cause"),
    ],
)
def test_a_rule_that_would_halt_before_anything_failed_is_refused(
    given_rule: tuple[int | None, int | None, int | None], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        halt_rule(*given_rule)


def test_a_rule_of_nothing_never_halts() -> None:
    assert halt_rule(None, None, None) == HaltRule(0, 1, 0)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 200))
def test_the_waves_hold_every_task_once_and_none_is_empty(sizes: list[int], count: int) -> None:
    found = divided([*map(str, sizes), "rest"], count)

    assert sum(found.sizes) == count and min(found.sizes) >= 1
    assert found.sizes[:-1] == tuple(sizes)[: len(found.sizes) - 1]


@given(st.text(max_size=20))
def test_whatever_is_written_is_a_division_or_refused(text: str) -> None:
    try:
        assert sum(divided(text.split(","), 9).sizes) == 9
    except BadInput as refused:
        assert refused.message and refused.hint
