"""Reads a log through the gateway, some thousand events at a time, into a fold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from onloop.gateway.port import GatewayPort
from onloop.store.port import Recorded
from onloop.views.queries.reads import ReadEvents

PAGE = 2_000
"""How many events are read at a time."""


class PagedFold(Protocol):
    """What takes events in their order, and knows the last one that it took."""

    last: int

    def take(self, events: Iterable[Recorded]) -> None:
        """What these events say; one that was read before is passed over."""


def read_on(gateway: GatewayPort, fold: PagedFold) -> None:
    """Read what the fold has not read yet, to the end of the log as it is then."""
    while page := gateway.perform(ReadEvents(after=fold.last, limit=PAGE)):
        fold.take(page)
        if len(page) < PAGE:
            return
