"""`onloop` alone: the dashboard, found through an entry point, so that the core never imports it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

from onloop import __version__
from onloop.access.verifier_process import ensure_verifier
from onloop.cli.arguments import DashboardArguments
from onloop.cli.context import Context
from onloop.cli.json_models.work_models import NoStoreJson, VersionJson
from onloop.cli.output import VerbOutput
from onloop.cli.seen_board import needs_note
from onloop.errors import Exit, Unavailable
from onloop.home import check_private

GROUP = "onloop.dashboard"

WELCOME = (
    "There is no store yet. What you can do:",
    "  onloop demo                           see it all: a fleet, agents that misbehave, and you",
    "  onloop init                           make a store, and be its first approver",
    "  onloop start feature --repo PATH      then begin work on a repository",
)


def open_dashboard(context: Context[DashboardArguments]) -> VerbOutput:
    """Show the dashboard in a terminal; without a store, say what to do first."""
    if context.args.version:
        return VerbOutput(lines=(f"onloop {__version__}",), data=VersionJson(__version__))
    own = context.home.is_ours
    if own and not context.home.database and not context.home.store.exists():
        return VerbOutput(Exit.NOTHING, lines=WELCOME, data=NoStoreJson(None, ("demo", "init", "start")))
    if own and not context.home.database:
        check_private(context.home.store)
    if not sys.stdout.isatty() or not sys.stdin.isatty():
        counts = needs_note(context)
        hint = f"{counts}: onloop attention and onloop list print the same facts"
        raise Unavailable("the dashboard needs a terminal", hint=hint)
    context.opened  # noqa: B018 - a store that cannot be opened is said before the screen is taken over
    if not context.args.read_only:
        ensure_verifier(context.home)
    dashboard()(
        context.home,
        person=None,
        person_name=context.args.person,
        read_only=context.args.read_only,
        settings=context.args.settings,
        workflows=context.args.workflows,
        role=context.args.role,
        plain=context.args.plain,
    )
    return VerbOutput()


def dashboard() -> Callable[..., Any]:
    """The dashboard that is installed; Unavailable if none is."""
    from importlib.metadata import entry_points  # here: costly, and no other verb needs it

    for found in entry_points(group=GROUP):
        gc.disable()  # nothing that is imported becomes garbage
        try:
            opener: Callable[..., Any] = found.load()
        finally:
            gc.enable()
        return opener
    raise Unavailable("no dashboard is installed", hint="pip install onloop brings it")
