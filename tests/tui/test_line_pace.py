"""A slow line: what is on its way is waited for, a key's answer goes first, and what has passed is never sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onloop_tui.terminal.line_pace import IN_A_HURRY, QUICK_S, STALLED_S, LinePace

ROUND_TRIP = 0.3


def _far() -> LinePace:
    """A line that has answered once, slowly."""
    pace = LinePace()
    pace.painted(0.0, 100)
    pace.answered(ROUND_TRIP)
    return pace


def test_a_terminal_that_never_answers_is_never_waited_for() -> None:
    pace = LinePace()

    for frame in range(100):
        assert pace.may_paint(frame / 30, urgent=False)
        pace.painted(frame / 30, 10_000)
    assert not pace.is_asked


def test_a_near_terminal_is_not_waited_for_between_its_answers() -> None:
    pace = LinePace()
    pace.painted(0.0, 100)
    pace.answered(0.001)
    pace.painted(1.0, 100)

    assert pace.may_paint(1.0 + QUICK_S / 2, urgent=False)


def test_on_a_slow_line_only_a_keys_answer_is_sent_while_something_is_on_its_way() -> None:
    pace = _far()

    assert pace.may_paint(1.0, urgent=False)
    pace.painted(1.0, 500)
    assert not pace.may_paint(1.1, urgent=False)
    assert pace.may_paint(1.1, urgent=True)
    pace.answered(1.3)
    assert pace.may_paint(1.3, urgent=False)


def test_a_key_that_is_held_down_piles_nothing_up() -> None:
    pace = _far()
    sent = 0

    for press in range(200):
        if pace.may_paint(1 + press / 1000, urgent=True):
            pace.painted(1 + press / 1000, 1_000)
            sent += 1_000
    assert IN_A_HURRY < sent <= IN_A_HURRY + 1_000


def test_a_line_that_stalled_is_tried_again() -> None:
    pace = _far()
    pace.painted(1.0, 500)

    assert not pace.may_paint(STALLED_S, urgent=False)
    assert pace.may_paint(1.1 + STALLED_S, urgent=False)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20_000)), max_size=200))
def test_whatever_is_painted_before_the_answer_only_one_painting_goes_beyond_what_a_hurry_allows(
    paintings: list[tuple[bool, int]],
) -> None:
    pace, sent = _far(), list[int]()

    for number, (urgent, size) in enumerate(paintings):
        if pace.may_paint(1 + number / 1000, urgent=urgent):
            pace.painted(1 + number / 1000, size)
            sent.append(size)
    assert sum(sent[:-1]) <= IN_A_HURRY
