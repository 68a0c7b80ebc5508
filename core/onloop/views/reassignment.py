"""What somebody means who names another for a task: the work, or the request that is open."""

from __future__ import annotations

from onloop.machine.commands import HandOn, Reassign, Voice
from onloop.machine.people import is_of_people
from onloop.machine.task import Request, RequestKind

ME = "me"


def is_handing_on(request: Request | None, to: str) -> bool:
    """Whether naming `to` hands the open request on: to people, and to oneself where an approval is asked for."""
    if request is None:
        return False
    return is_of_people(to) or (to == ME and request.kind is RequestKind.APPROVAL)


def reassignment(request: Request | None, to: str, voice: Voice, reason: str, version: int | None) -> HandOn | Reassign:
    """The command that makes the open request, or the work, somebody's; `me` is whoever speaks."""
    owner = voice.person if to == ME else to
    if request is not None and is_handing_on(request, to):
        return HandOn(request.id, owner, voice, reason, version)
    return Reassign(owner, voice, reason, version)


def handing_on_words(request: Request, *, has_work: bool) -> str:
    """What naming somebody would do while this request is open, in a sentence; `has_work` for a step of agents."""
    theirs = "human:NAME or group:NAME is told; who may decide stays as it is"
    if request.kind is RequestKind.APPROVAL or not has_work:
        return theirs
    return f"{theirs}; a role, an agent or me takes the work, and the {request.kind.value} ends"
