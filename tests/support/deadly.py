"""A process that is killed at some moment: each call of the forge and of the gateway may be the last, before or after.

What is raised is no `Exception`, so that nothing of ours handles it: what a process had done is done, and what it knew
is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from onloop.access.opening import GatewayHandle
from onloop.machine.task import Task
from onloop.verifier.effects.outside_deed import FindForge, ForgePlace, declared_forge


class Killed(BaseException):
    """The process ends here."""


class Fate:
    """Counts moments, and kills at those that are named."""

    def __init__(self, *deadly: int) -> None:
        self.deadly, self.moments = set(deadly), 0

    def pass_by(self) -> None:
        """One more moment."""
        self.moments += 1
        if self.moments in self.deadly:
            raise Killed(self.moments)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, with a moment before and one after it."""

        def called(*words: Any, **more: Any) -> Any:
            self.pass_by()
            done = call(*words, **more)
            self.pass_by()
            return done

        return called


class _Mortal:
    """Something whose calls of these names are deadly; everything else is as it was."""

    def __init__(self, of: Any, fate: Fate, *names: str) -> None:
        self._of, self._fate, self._names = of, fate, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        is_deadly = callable(found) and (name in self._names or not self._names)
        return self._fate.around(found) if is_deadly else found


def mortal_forge(fate: Fate) -> FindForge:
    """Finds the forge as ever, but each of its calls may be the last."""

    def find(opened: GatewayHandle, task: Task) -> ForgePlace:
        place = declared_forge(opened, task)
        return ForgePlace(cast("Any", _Mortal(place.forge, fate)), place.repo)

    return find


def mortal_handle(opened: GatewayHandle, fate: Fate) -> GatewayHandle:
    """The handle, but each thing that it records may be the last."""
    return GatewayHandle(opened.home, cast("Any", _Mortal(opened.gateway, fate, "perform")))
