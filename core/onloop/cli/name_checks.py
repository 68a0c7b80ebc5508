"""Names that somebody gave, compared with those of the store: an unknown one is an error that says which is near."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from onloop.cli.arguments import Arguments
from onloop.cli.context import Context
from onloop.errors import Exit, OnloopError, Refused, UnknownThing
from onloop.text import safe
from onloop.views.queries.known_names import NameKind, ReadNames
from onloop.views.queries.reads import ReadTask
from onloop.workflow.hints import nearest

LONGEST_NAME = 100
LISTED = 8
"""How many names are listed where none is near."""

_SHOWN_BY = {
    NameKind.TASK: "onloop list shows every task",
    NameKind.RUN: "onloop tree shows every run",
    NameKind.PERSON: "onloop people lists who is enrolled",
}


def check_names(context: Context[Arguments], **given: str | None) -> None:
    """UnknownThing for the first of the names, each under the word for its kind, that the store does not have."""
    for kind, name in given.items():
        if name:
            _check(context, NameKind(kind), name)


def unknown_names(context: Context[Arguments], **given: str | None) -> Iterable[str]:
    """What to mind of names that nothing has yet: work may still come that has them."""
    for kind, name in given.items():
        known = _known(context, NameKind(kind)) if name else ()
        if name and name not in known:
            yield f"mind: nothing here has the {kind} {_shown(name)} yet; {_meant(name, known, NameKind(kind))}"


def meant_task(context: Context[Arguments], problem: UnknownThing) -> UnknownThing:
    """The error, with the nearest task in its hint where it says that there is no such task."""
    name = getattr(context.args, "task", None)
    if isinstance(name, str) and problem.message == f"there is no task {name!r}":
        with suppress(OnloopError):  # whoever may not read the names gets the error as it is
            near = nearest(name, _known(context, NameKind.TASK))
            return UnknownThing(problem.message, hint=f"{near}{problem.hint}")
    return problem


def meant_role(context: Context[Arguments], role: str, problem: Refused) -> Refused:
    """The refusal of a claim, with the nearest role in its hint where no workflow of the store has that one."""
    known = _known(context, NameKind.ROLE)
    if problem.exit is not Exit.NOTHING or role in known:
        return problem
    return Refused(problem.message, exit=problem.exit, hint=_meant(role, known, NameKind.ROLE))


def _check(context: Context[Arguments], kind: NameKind, name: str) -> None:
    if kind in {NameKind.TASK, NameKind.RUN}:  # a look at one row, not at all of them
        found = context.opened.gateway.perform(ReadTask(name))
        if found is not None and (kind is NameKind.TASK or found.run == name):
            return
        if found is not None:
            raise UnknownThing(f"{found.id} is a task of the run {found.run}", hint=f"--run {found.run}")
    known = _known(context, kind)
    if name not in known:
        raise UnknownThing(f"there is no {kind} {_shown(name)}", hint=_meant(name, known, kind))


def _known(context: Context[Arguments], kind: NameKind) -> tuple[str, ...]:
    return context.opened.gateway.perform(ReadNames(kind))


def _shown(name: str) -> str:
    return repr(safe(name, LONGEST_NAME))


def _meant(name: str, known: tuple[str, ...], kind: NameKind) -> str:
    """The nearest name, and where to see them all, or the names themselves."""
    there_are = ", ".join(known[:LISTED]) + ("…" if len(known) > LISTED else "") or "none yet"
    return safe(nearest(name, known) + _SHOWN_BY.get(kind, f"there are: {there_are}"))
