"""The one count of what needs a person: of a board, for whoever looks, in the scope that they chose.

What needs an agent or the machine is never among it, and what is not shown is counted beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from onloop.attention.board import Board, BoardCounts, counts_of
from onloop.attention.groups import Group, group_of
from onloop.attention.items import AttentionItem, needs_person
from onloop.attention.viewer import Scope, Ties, Viewer, is_in_scope
from onloop.records import replace


class Whose(StrEnum):
    """Whom a task that needs a person needs: who looks, others, or, while it is hidden, nobody yet."""

    YOU = "you"
    OTHERS = "others"
    HIDDEN = "hidden"


def scoped(board: Board, viewer: Viewer, scope: Scope) -> Board:
    """The board with what is outside the scope among `others`, counted and not shown."""
    if scope is Scope.EVERYBODY or not viewer.is_known:
        return board
    known: dict[Ties, bool] = {}

    def is_within(item: AttentionItem) -> bool:
        if item.ties not in known:
            known[item.ties] = is_in_scope(item.ties, viewer, scope)
        return known[item.ties]

    shown, others = list[Group](), list[Group]()
    for group in board.shown:
        within = [item for item in group.members if is_within(item)]
        outside = [item for item in group.members if not is_within(item)] if len(within) < len(group.members) else []
        if within:
            shown.append(group if not outside else group_of(within))
        if outside:
            others.append(group if not within else group_of(outside))
    return replace(board, shown=tuple(shown), others=tuple(others), counts=counts_of(shown, board.hidden, others))


def whose_needs(board: Board) -> Mapping[str, Whose]:
    """Every task that needs a person, and whom it needs; denials and held roles are no tasks."""
    parts: tuple[tuple[Whose, Iterable[Group]], ...] = (
        (Whose.HIDDEN, (hidden.group for hidden in board.hidden)),
        (Whose.OTHERS, board.others),
        (Whose.YOU, board.shown),
    )
    return {
        item.task: whose
        for whose, groups in parts
        for group in groups
        for item in group.members
        if item.run and needs_person(item)
    }


def needs_you(count: int) -> str:
    """The one word for what needs who looks: `1 needs you`, `4 need you`."""
    return f"{count} need{'s' if count == 1 else ''} you"


def count_words(counts: BoardCounts) -> tuple[str, ...]:
    """What needs the person who looks, and all that is beside it; what is zero is left out, but for the first."""
    causes = f" in {counts.causes} cause{'s' if counts.causes != 1 else ''}"
    blocked = f" (blocked {counts.blocked}{causes})" if counts.blocked else ""
    return (f"{needs_you(counts.needs_you)}{blocked}", *beside(counts))


def beside(counts: BoardCounts) -> Iterator[str]:
    """The counts of what does not need the person who looks, or is hidden; zero counts are left out."""
    kinds = (
        (counts.bypassed, "BYPASSED"),
        (counts.stalled, "stalled"),
        (counts.failed, "failed"),
        (counts.for_others, "for others"),
        (counts.snoozed, "snoozed"),
        (counts.muted, "muted"),
        (counts.inhibited, "inhibited"),
        (counts.acknowledged, "acknowledged"),
    )
    return (f"{count} {word}" for count, word in kinds if count)
