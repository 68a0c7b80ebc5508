"""Dossiers that are read aside, one at a time in a thread, so that no key waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.dom import DOMNode

from onloop.errors import OnloopError
from onloop.records import replace
from onloop_tui.background import in_background
from onloop_tui.model.detail.dossier_found import DossierFound
from onloop_tui.session import Session

KEPT = 32
"""The number of dossiers that are kept."""

Wanted = tuple[str, int]
"""A task, and its version: a task that has changed is read again."""


class DossiersAside:
    """Reads what `node` wants now, and then has it drawn; what it wanted in between is skipped."""

    def __init__(self, session: Session, node: DOMNode, wanted: Callable[[], Wanted | None], draw: Callable[[], None]):
        self._session, self._node, self._wanted, self._draw = session, node, wanted, draw
        self._found: dict[Wanted, DossierFound] = {}
        self._reading = False

    def of(self, wanted: Wanted) -> DossierFound:
        """What has been found out about a task in this version."""
        return self._found.get(wanted, DossierFound())

    def read(self) -> None:
        """Read what is wanted, unless it has been read or somebody is reading."""
        if self._missing() is not None and not self._reading:
            self._reading = True
            in_background(self._node, self._read, group="preview")

    async def _read(self) -> None:
        try:
            while (wanted := self._missing()) is not None:
                self._found[wanted] = await asyncio.to_thread(self._looked_up, wanted[0])
                while len(self._found) > KEPT:
                    del self._found[next(iter(self._found))]
                self._draw()
        finally:
            self._reading = False

    def _looked_up(self, task: str) -> DossierFound:
        try:
            return DossierFound(replace(self._session.dossier(task), diff=""))
        except OnloopError as problem:
            return DossierFound(None, problem.message)

    def _missing(self) -> Wanted | None:
        wanted = self._wanted()
        return None if wanted is None or wanted in self._found else wanted
