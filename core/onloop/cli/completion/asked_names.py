"""Names that only the whole machinery can tell: causes, and those of a store whose file is another user's."""

from __future__ import annotations

from onloop.access.opening import open_home
from onloop.home import find_home
from onloop.views.overview_projector import ReadBoard
from onloop.views.queries.known_names import NameKind, ReadNames


def asked_names(store: str | None, kind: str) -> list[tuple[str, str]]:
    """The names of that kind that the store's gateway gives, each with a word about it; none for another kind."""
    if kind != "cause" and kind not in {*map(str, NameKind)}:
        return []
    opened = open_home(find_home(store))
    try:
        gateway = opened.gateway
        if kind != "cause":
            return [(name, "") for name in gateway.perform(ReadNames(NameKind(kind)))]
        board = gateway.perform(ReadBoard(gateway.clock()))
        groups = [*board.shown, *(hidden.group for hidden in board.hidden)]
        return [(group.cause, group.headline) for group in groups]
    finally:
        opened.close()
