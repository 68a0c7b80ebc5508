"""What needs people, as one of them sees it: the same board and count for every verb."""

from __future__ import annotations

from onloop.attention.board import Board
from onloop.attention.scope import count_words, scoped
from onloop.attention.viewer import Scope, Viewer, viewer_of
from onloop.cli.arguments import Arguments
from onloop.cli.context import Context
from onloop.errors import UnknownThing
from onloop.machine.store_state import StoreState
from onloop.views.overview_projector import ReadBoard
from onloop.views.queries.reads import ReadStoreState


def board_of(context: Context[Arguments]) -> Board:
    """The board as of now."""
    gateway = context.opened.gateway
    return gateway.perform(ReadBoard(gateway.clock()))


def seen_board(
    context: Context[Arguments], house: StoreState, name: str | None = None, scope: Scope = Scope.MAY_ACT
) -> tuple[Viewer, Board]:
    """Who looks (the person of that name, else whoever is enrolled alone), and the board in their scope."""
    if name is not None and name not in house.people:
        known = ", ".join(sorted(house.people)) or "nobody"
        raise UnknownThing(f"nobody named {name!r} is enrolled", hint=f"enrolled: {known}")
    viewer = viewer_of(house, *filter(None, (name,)))
    return viewer, scoped(board_of(context), viewer, scope)


def needs_note(context: Context[Arguments]) -> str:
    """The one count of what needs who looks, with all that is beside it."""
    _, board = seen_board(context, context.opened.gateway.perform(ReadStoreState()))
    return " · ".join(count_words(board.counts))
