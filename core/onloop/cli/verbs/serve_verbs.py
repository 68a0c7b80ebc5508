"""The verb that serves."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable

from onloop.access.opening import open_file, wall_clock
from onloop.access.submission import hand_in, task_of
from onloop.access.verifier_process import ensure_verifier
from onloop.cli.arguments import ServeArguments
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput
from onloop.cli.running import say, stop_signals
from onloop.cli.verbs.work_verbs import jobs_at_once
from onloop.errors import BadInput, Exit, NotAllowed
from onloop.gates.intake.quarantine import Arrival
from onloop.home import Home
from onloop.machine.task import Task
from onloop.remote.connection_operations import ReadPatchPage, SubmitAnnounced
from onloop.remote.server import GatewayServer
from onloop.store.rows import Head
from onloop.views.assurance import why_no_proof
from onloop.views.changes import Changes, PatchPage, changes_of, patch_page
from onloop.views.queries.reads import ReadStoreState


def serve(context: Context[ServeArguments]) -> VerbOutput:
    """Be the resident gateway until stopped. An agent may not be it: everybody's proofs would pass its hands."""
    if os.environ.get("ONLOOP_TOKEN"):
        context.note_denied("serve")
        raise NotAllowed("an agent may not serve", hint="a person starts it: onloop serve")
    home, at_once = context.home, jobs_at_once(context.args.jobs)
    open_file(home).close()

    def submitted(asked: SubmitAnnounced, arrival: Arrival) -> tuple[Task, Head | None]:
        opened = open_file(home)
        try:
            task = hand_in(opened, asked.principal, asked.statement, arrival, key=asked.key)
            return task, opened.gateway.store.receipt
        finally:
            opened.close()

    with stop_signals() as stop:
        GatewayServer(
            home=home,
            clock=wall_clock,
            stopped=lambda: stop.is_set() or home.is_gone,
            say=say,
            submit=submitted,
            changes=_changes_of(home),
            ensure_verifier=lambda: ensure_verifier(home, at_once),
            group=_group(context.args.group),
            box_is_strong=lambda: _box_is_strong(home),
            guessed=lambda uid, person: say(f"user {uid} guesses at the passphrase of {person or 'nobody enrolled'}"),
            patch_page=_pages_of(home),
        ).run()
    home.check_there()
    return VerbOutput(Exit.OK)


def _changes_of(home: Home) -> Callable[[str], Changes]:
    """What reads the changes of a task from the mirrors of `home`."""

    def changed(task: str) -> Changes:
        opened = open_file(home)
        try:
            return changes_of(task_of(opened, task), home.mirror)
        finally:
            opened.close()

    return changed


def _box_is_strong(home: Home) -> bool:
    """Whether a verifier of late proved that nothing gets out of its box."""
    opened = open_file(home)
    try:
        return not why_no_proof(opened.gateway.perform(ReadStoreState()).proof, wall_clock())
    finally:
        opened.close()


def _pages_of(home: Home) -> Callable[[ReadPatchPage], PatchPage]:
    """What shows pages of changes, read from the mirrors of `home`."""

    def page(asked: ReadPatchPage) -> PatchPage:
        opened = open_file(home)
        try:
            task = task_of(opened, asked.task)
            return patch_page(task, home.mirror, asked.path, asked.first, asked.count, asked.columns)
        finally:
            opened.close()

    return page


def _group(name: str | None) -> int | None:
    if name is None:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise BadInput(f"there is no group {name!r}", hint="groupadd makes one; agents' users must be in it") from None
