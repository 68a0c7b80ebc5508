"""The verb that serves."""

from __future__ import annotations

import grp
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from onloop.access.histories.passed_histories import PassedHistories
from onloop.access.opening import borrowing, open_file, wall_clock
from onloop.access.submission import hand_in, hold_again, task_of
from onloop.access.verifier_process import ensure_verifier
from onloop.cli.arguments import ServeArguments
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput
from onloop.cli.running import say, stop_signals
from onloop.cli.verbs.work_verbs import jobs_at_once
from onloop.errors import BadInput, Exit, NotAllowed, OnloopError, StoreError, Unavailable
from onloop.gates.intake.quarantine import Arrival
from onloop.home import Home
from onloop.identity.accounts import account_words
from onloop.machine.task import Task
from onloop.opened_store import clock_of, store_pool
from onloop.remote.connection_operations import ReadPatchPage, SubmitAnnounced
from onloop.remote.http.door_settings import DoorSettings, door_settings
from onloop.remote.http.web.app_start import app_user, check_starts
from onloop.remote.http.web.web_settings import PAGE, WebSettings, check_reachable, page_url
from onloop.remote.server import Adopt, Door, GatewayServer
from onloop.store.rows import Head
from onloop.store.store_pool import StorePool
from onloop.triggers.source_reading import freshened
from onloop.triggers.trigger_keeper import TriggerKeeper
from onloop.views.assurance import why_no_proof
from onloop.views.changes import Changes, PatchPage, changes_of, patch_page
from onloop.views.kept_patches import KeptPatches
from onloop.views.queries.reads import ReadStoreState


def serve(context: Context[ServeArguments]) -> VerbOutput:
    """Be the resident gateway until stopped. An agent may not be it: everybody's proofs would pass its hands."""
    if os.environ.get("ONLOOP_TOKEN"):
        context.note_denied("serve")
        raise NotAllowed("an agent may not serve", hint="a person starts it: onloop serve")
    home, at_once = context.home, jobs_at_once(context.args.jobs)
    stores = store_pool(home)
    opened = partial(borrowing, home, stores) if home.database else partial(open_file, home)
    keeper = TriggerKeeper(home, opened, say, freshened(home))
    door = _door(context.args, home, keeper)
    open_file(home).close()
    with stop_signals() as stop, keeper.kept(), kept_there(home):
        has_ended = GatewayServer(
            home=home,
            clock=clock_of(home, wall_clock),
            stopped=lambda: stop.is_set() or home.is_gone,
            say=say,
            submit=_submitting(home, stores),
            changes=_changes_of(home, stores),
            ensure_verifier=lambda: ensure_verifier(home, at_once),
            group=_group(context.args.group),
            box_is_strong=lambda: _box_is_strong(home, stores),
            guessed=_say_guesses,
            patch_page=_pages_of(home, stores),
            histories=PassedHistories(home, stores),
            stores=stores,
            door=door,
        ).run()
    if not has_ended:  # threads that still wait for git would keep the process; what they do is safe to be cut off
        sys.stderr.flush()
        os._exit(Exit.OK)
    return VerbOutput(Exit.OK)


@contextmanager
def kept_there(home: Home) -> Iterator[None]:
    """StoreError at the end, and for what fails within, where our store's folder was removed or moved meanwhile."""
    try:
        yield
    except (StoreError, FileNotFoundError):
        home.check_there()
        raise
    home.check_there()


def _door(args: ServeArguments, home: Home, keeper: TriggerKeeper) -> Callable[[Adopt], Door] | None:
    """What makes the HTTP door that `--listen` asks for; BadInput for options that do not fit."""
    if args.listen is None:
        if args.tls_cert or args.tls_key or args.public_url or args.behind_proxy:
            words = "--tls-cert, --tls-key, --public-url and --behind-proxy say how HTTP is served, and nothing where"
            raise BadInput(words, hint="add --listen HOST:PORT")
        if args.web or args.web_user:
            raise BadInput("--web is a page over HTTP, and nothing says where", hint="add --listen HOST:PORT")
        return None
    settings = door_settings(
        args.listen,
        certificate=args.tls_cert,
        key=args.tls_key,
        public=args.public_url or (),
        proxies=args.behind_proxy or (),
    )
    try:
        from onloop.agents.hooks.http_hook import hook_routes  # here: only whoever listens needs the extra
        from onloop.interop.a2a.a2a_door import A2A_ROUTES
        from onloop.remote.http.door import HttpDoor
        from onloop.remote.http.routes import ROUTES
        from onloop.triggers.hook_routes import hook_doors
    except ImportError as missing:
        words = f"--listen needs {missing.name or 'a package'}, which is not installed"
        raise Unavailable(words, hint="pip install 'onloop[server]'") from None

    web = _web(args, settings)

    def made(adopt: Adopt) -> Door:
        hooks = (*hook_routes(home, adopt, wall_clock), *hook_doors(home.store, keeper.intake, wall_clock))
        return HttpDoor(settings, adopt, say, wall_clock, routes=(*hooks, *A2A_ROUTES, *ROUTES), web=web)

    return made


def _web(args: ServeArguments, settings: DoorSettings) -> Callable[[str], WebSettings] | None:
    """How the dashboard is served as a page, if `--web` asks for it; BadInput or Unavailable where it cannot be."""
    if not args.web:
        if args.web_user:
            raise BadInput("--web-user says as whom dashboards of a page run, and there is no page", hint="add --web")
        return None
    check_reachable(settings)
    user = app_user(args.web_user)
    try:
        import wsproto  # noqa: F401 - here: only the page needs it, and it is an extra
    except ImportError:
        words = "--web needs wsproto, which is not installed"
        raise Unavailable(words, hint="pip install 'onloop[web]'") from None
    check_starts(user)

    def settled(url: str) -> WebSettings:
        found = WebSettings(page_url(settings, url), user)
        whose = f"as {user.name}" if user is not None else "as this user, who can open the store"
        say(f"the dashboard is a page at {found.url}{PAGE}; it runs {whose}")
        return found

    return settled


def _submitting(home: Home, stores: StorePool) -> Callable[[SubmitAnnounced, Arrival], tuple[Task, Head | None]]:
    """What hands in for an agent."""

    def submitted(asked: SubmitAnnounced, arrival: Arrival) -> tuple[Task, Head | None]:
        opened = borrowing(home, stores)
        task = hand_in(opened, asked.principal, asked.statement, arrival, key=asked.key)
        return task, opened.gateway.store.receipt

    return submitted


def _say_guesses(account: str, person: str) -> None:
    say(f"{account_words(account)} guesses at the passphrase of {person or 'nobody enrolled'}")


def _changes_of(home: Home, stores: StorePool) -> Callable[[str, str], Changes]:
    """What reads the changes of a task from the mirrors of `home`."""

    def changed(task: str, since: str) -> Changes:
        return changes_of(_held_here(home, stores, task), home.mirror, since)

    return changed


def _held_here(home: Home, stores: StorePool, task_id: str) -> Task:
    """The task; what it handed in at another gateway of the database is brought into our mirror first."""
    opened = borrowing(home, stores)
    task = task_of(opened, task_id)
    if home.database and task.origin is not None:
        with suppress(OnloopError):  # the diff itself says that it cannot be shown
            hold_again(opened, task)
    return task


def _box_is_strong(home: Home, stores: StorePool) -> bool:
    """Whether a verifier of late proved that nothing gets out of its box."""
    return not why_no_proof(borrowing(home, stores).gateway.perform(ReadStoreState()).proof, wall_clock())


def _pages_of(home: Home, stores: StorePool) -> Callable[[ReadPatchPage], PatchPage]:
    """What shows pages of changes, read from the mirrors of `home`."""
    kept = KeptPatches()

    def page(asked: ReadPatchPage) -> PatchPage:
        return patch_page(_held_here(home, stores, asked.task), home.mirror, asked.page, kept)

    return page


def _group(name: str | None) -> int | None:
    if name is None:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise BadInput(f"there is no group {name!r}", hint="groupadd makes one; agents' users must be in it") from None
