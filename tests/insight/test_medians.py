"""Medians of few figures, and their differences, against tables that are published and against counting."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.insight.medians import Median, MedianDifference, _ways, difference_of, median_of

FIGURES = st.lists(st.integers(-50, 50), min_size=1, max_size=25)


@pytest.mark.parametrize(
    ("count", "low", "high", "sure"),
    [
        (1, 1, 1, 0.0),
        (5, 1, 5, 0.9375),
        (6, 1, 6, 0.96875),
        (10, 2, 9, 0.9785),  # the ranks of Conover, Practical Nonparametric Statistics, table A3
        (20, 6, 15, 0.9586),
    ],
)
def test_a_median_lies_between_the_ranks_of_the_sign_test(count: int, low: int, high: int, sure: float) -> None:
    found = median_of(range(1, count + 1))
    assert (found.low, found.high, found.count) == (low, high, count)
    assert found.sure == pytest.approx(sure, abs=5e-5)


def test_of_nothing_there_is_no_median() -> None:
    assert median_of(()) == Median()
    assert difference_of((), (1,)) == MedianDifference()


@pytest.mark.parametrize(("one", "two"), [(3, 2), (4, 4), (5, 3)])
def test_orders_are_counted_as_they_are(one: int, two: int) -> None:
    counted = [0] * (one * two + 1)
    for ranks in combinations(range(one + two), one):
        counted[sum(ranks) - one * (one - 1) // 2] += 1
    assert _ways(one, two) == counted


@pytest.mark.parametrize(
    ("one", "two", "outside"),
    [(4, 4, 0), (5, 5, 2), (8, 8, 13), (10, 10, 23)],  # Mann and Whitney's critical values at 5 per cent, two-sided
)
def test_differences_leave_out_what_the_published_critical_values_say(one: int, two: int, outside: int) -> None:
    first, second = [100.0 * n for n in range(1, one + 1)], [float(n) for n in range(1, two + 1)]
    every = sorted(a - b for a in first for b in second)
    found = difference_of(first, second)
    assert (found.low, found.high) == (every[outside], every[-1 - outside])


def test_three_figures_on_each_side_are_too_few_to_be_told_apart() -> None:
    found = difference_of((100, 101, 102), (1, 2, 3))
    assert found.difference == 99
    assert not found.is_told_apart
    assert difference_of((100, 101, 102, 103), (1, 2, 3, 4)).is_told_apart


@given(FIGURES, FIGURES)
def test_a_difference_lies_in_its_interval_and_turning_round_mirrors_it(one: list[float], two: list[float]) -> None:
    there, back = difference_of(one, two), difference_of(two, one)
    assert there.difference is not None and back.difference is not None
    assert there.difference == -back.difference
    if there.low is not None and there.high is not None:
        assert there.low <= there.difference <= there.high
    assert there.is_told_apart == back.is_told_apart


def test_many_figures_are_compared_by_a_normal_distribution() -> None:
    first, second = [float(n) for n in range(200)], [float(n) for n in range(100, 300)]
    found = difference_of(first, second)
    assert found.difference == -100
    assert found.is_told_apart
