"""Shares and their differences, against figures that are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.insight.proportions import Share, ShareDifference, averaged, newcombe, wanted_counts, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_share_has_the_interval_that_wilson_gives_it(hits: int, of: int, low: float, high: float) -> None:
    share = wilson(hits, of)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),  # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_a_difference_has_the_interval_that_newcombe_gives_it(
    one: tuple[int, int], two: tuple[int, int], low: float, high: float
) -> None:
    found = newcombe(wilson(*one), wilson(*two))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_where_nothing_was_counted_nothing_is_said() -> None:
    assert wilson(0, 0) == Share(0, 0, 0.0, 1.0)
    unknown = newcombe(wilson(0, 0), wilson(3, 3))
    assert unknown.difference is None
    assert not unknown.is_told_apart


def test_what_is_no_share_is_refused() -> None:
    for hits, of in ((-1, 3), (4, 3), (1, 0)):
        with pytest.raises(ValueError, match="is no share"):
            wilson(hits, of)


@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 200), st.integers(1, 200))
def test_what_was_seen_lies_in_its_interval_and_turning_round_mirrors_it(a: int, b: int, c: int, d: int) -> None:
    one, two = wilson(min(a, b), b), wilson(min(c, d), d)
    assert one.share is not None
    assert 0 <= one.low <= one.share <= one.high <= 1
    there, back = newcombe(one, two), newcombe(two, one)
    assert there.difference is not None
    assert -1 <= there.low <= there.difference <= there.high <= 1
    assert there.low == pytest.approx(-back.high)
    assert there.is_told_apart == back.is_told_apart


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_so_many_as_are_wanted_are_enough_and_one_fewer_is_not(a: int, b: int, c: int, d: int) -> None:
    one, two = wilson(min(a, b), b), wilson(min(c, d), d)
    wanted = wanted_counts(one, two)
    if wanted is None:
        assert one.share is not None and two.share is not None and abs(one.share - two.share) < 0.01
        return
    scaled = [wilson(each.hits * wanted, each.of * wanted) for each in (one, two)]
    assert newcombe(*scaled).is_told_apart


def test_five_of_five_and_none_of_five_are_told_apart_and_four_and_three_want_many_more() -> None:
    assert newcombe(wilson(5, 5), wilson(0, 5)).is_told_apart
    assert not newcombe(wilson(4, 5), wilson(3, 5)).is_told_apart
    assert wanted_counts(wilson(5, 5), wilson(0, 5)) == 2
    assert wanted_counts(wilson(4, 5), wilson(3, 5)) == 41
    assert wanted_counts(wilson(3, 5), wilson(3, 5)) is None


def test_the_mean_of_differences_is_surer_than_each_of_them() -> None:
    each = newcombe(wilson(4, 5), wilson(2, 5))
    assert not each.is_told_apart
    assert averaged([each] * 4).is_told_apart
    assert averaged([each]).low == pytest.approx(each.low)
    assert averaged([]) == ShareDifference(None, -1.0, 1.0)
