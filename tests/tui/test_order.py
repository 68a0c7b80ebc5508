"""Rows stand still while somebody uses them, and a cursor holds a cause."""

from __future__ import annotations

from onloop.attention.board import Board, Hidden, HowHidden
from onloop.attention.groups import Group
from onloop.attention.items import Tier
from onloop.machine.state import Reason
from onloop.records import replace
from onloop_tui.model.inbox.order import HOLD_MS, Arrangement, InboxRow, arranged, cursor_after, hidden_rows, is_frozen


def _group(cause: str) -> Group:
    return Group(cause, Reason.HALTED, Tier.STALLED, "w", "s", None, "held", "", 0, ())


def _rows(causes: str) -> tuple[InboxRow, ...]:
    return tuple(InboxRow(_group(cause)) for cause in causes)


def test_rows_follow_the_order_of_the_rows() -> None:
    assert arranged(Arrangement(_rows("ab")), _rows("cba"), frozen=False).keys == ("c", "b", "a")


def test_while_frozen_nothing_changes_places_and_newcomers_are_counted() -> None:
    after = arranged(Arrangement(_rows("abc")), _rows("xcbay"), frozen=True)

    assert after.keys == ("a", "b", "c")
    assert after.waiting == ("x", "y")


def test_while_frozen_what_needs_nobody_any_more_goes() -> None:
    assert arranged(Arrangement(_rows("abc")), _rows("ca"), frozen=True).keys == ("a", "c")


def test_an_empty_list_fills_even_while_frozen() -> None:
    assert arranged(Arrangement(), _rows("ab"), frozen=True).keys == ("a", "b")
    assert arranged(Arrangement(_rows("x")), _rows("ab"), frozen=True).keys == ("a", "b")


def test_the_cursor_stays_with_its_cause_wherever_that_goes() -> None:
    assert cursor_after("abc", "b", "xyb") == "b"
    assert cursor_after("abc", "c", "cab") == "c"


def test_a_cursor_whose_row_went_stands_on_the_next_one_that_is_left() -> None:
    assert cursor_after("abcd", "b", "ad") == "d"
    assert cursor_after("abcd", "d", "ab") == "b"
    assert cursor_after("abcd", "b", "") is None


def test_the_order_is_let_go_some_seconds_after_the_last_key() -> None:
    assert is_frozen(sheet_open=False, marked=False, focused=True, touched_at=0, now=HOLD_MS - 1)
    assert not is_frozen(sheet_open=False, marked=False, focused=True, touched_at=0, now=HOLD_MS)
    assert not is_frozen(sheet_open=False, marked=False, focused=True, touched_at=None, now=0)
    assert is_frozen(sheet_open=True, marked=False, focused=False, touched_at=None, now=0)


def test_the_order_stands_still_while_anything_is_marked() -> None:
    assert is_frozen(sheet_open=False, marked=True, focused=False, touched_at=None, now=0)


def test_a_cause_that_is_hidden_in_two_ways_is_two_rows() -> None:
    muted = Hidden(_group("a"), HowHidden.MUTED, "human:ana", 1, "muted by human:ana", "rule1")
    twice = [replace(muted, rule="rule2"), replace(muted, how=HowHidden.INHIBITED, rule="", words="inhibited by r1")]

    rows = hidden_rows(Board(hidden=(muted, *twice)))

    assert len({row.key for row in rows}) == 3
