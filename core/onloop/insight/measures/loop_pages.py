"""Reads a log through the gateway, some thousand events at a time, into a fold."""

from __future__ import annotations

from onloop.gateway.port import GatewayPort
from onloop.insight.measures.loop_fold import LoopFold
from onloop.views.queries.reads import ReadEvents

PAGE = 2_000
"""How many events are read at a time."""


def read_on(gateway: GatewayPort, fold: LoopFold) -> None:
    """Read what the fold has not read yet, to the end of the log as it is then."""
    while page := gateway.perform(ReadEvents(after=fold.last, limit=PAGE)):
        fold.take(page)
        if len(page) < PAGE:
            return
