"""The entry of the dashboard, which the core finds as the entry point `onloop.dashboard`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from onloop.defects import defects_folder, kept_defect
from onloop.errors import OnloopError, Unavailable
from onloop.home import Home, find_home
from onloop.identity.process_privacy import keep_others_out
from onloop.machine.principal import Principal
from onloop_tui.app import GONE, Dashboard
from onloop_tui.edited_files import EditedFile, Files
from onloop_tui.last_places import LastPlaces, places_folder
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.resident_memory import begin_to_build, settle
from onloop_tui.session import Session
from onloop_tui.settings import Settings, plain_is_wanted, settings_file, views_file
from onloop_tui.store_access import access_of


def open_dashboard(
    home: Home,
    *,
    person: Principal | None,
    read_only: bool,
    person_name: str | None = None,
    footer: str | None = None,
    ask_on_quit: bool = False,
    tour: bool = False,
    settings: str | None = None,
    workflows: Sequence[str] = (),
    role: str | None = None,
    plain: bool = False,
) -> str:
    """Show the dashboard until the person leaves; returns how: `quit`, or with `ask_on_quit` also `stop` or `leave`.

    StoreError if the store's folder has gone meanwhile, Defect if it ended by itself.

    Without a `person`, the first decision asks for a passphrase, and for a name if `person_name` does not say it.
    `settings` replaces the person's settings file; `workflows` are folders to watch in addition to `.onloop`.
    `role` says with which view to begin; `plain` talks in lines, for people who listen to their terminal.
    """
    keep_others_out()
    own = Path(settings) if settings else settings_file(os.environ)
    begin = _read(own, is_asked_for=settings is not None)
    files = Files(own, (Path(".onloop"), *map(Path, workflows)))
    access = access_of(home)
    session = Session(
        access,
        access.clock,
        person=person,
        person_name=person_name or "",
        read_only=read_only,
        settings=begin,
        memory=LastPlaces(places_folder(os.environ)),
        role=role,
        views_file=views_file(own),
    )
    if plain or begin.plain or plain_is_wanted(os.environ):
        return _spoken(session, footer or "", ask_on_quit=ask_on_quit)
    app = Dashboard(session, note=footer or "", ask_on_quit=ask_on_quit, tour=tour, files=files, settled=settle)
    left = _shown(app, access.clock) or ("stop" if ask_on_quit else "quit")
    if left == GONE:
        home.check_there()
    return left


def _spoken(session: Session, note: str, *, ask_on_quit: bool) -> str:
    """Talk until it is left; Unavailable where no person types: a pipe would answer questions that nobody has heard."""
    from onloop_tui.plain.plain_dashboard import PlainDashboard  # here: what is drawn does not wait for it

    if not sys.stdin.isatty():
        hint = "onloop attention and onloop list print the same facts"
        raise Unavailable("the plain dashboard needs a terminal to be typed at", hint=hint)
    return PlainDashboard(session, note=note, ask_on_quit=ask_on_quit).run()


def _shown(app: Dashboard, clock: Callable[[], int]) -> str | None:
    """Show it until it is left; returns how, or raises Defect."""
    begin_to_build()
    with _screen_on_terminal():
        left = app.run()
    if app.defect is not None:
        raise kept_defect(app.defect, "the dashboard", clock(), defects_folder()) from app.defect
    return left


@contextmanager
def _screen_on_terminal() -> Iterator[None]:
    """Let Textual, which draws on standard error, draw on standard output where the first is no terminal."""
    drawn_on = sys.__stderr__
    if drawn_on is None or drawn_on.isatty() or sys.__stdout__ is None or not sys.__stdout__.isatty():
        yield
        return
    sys.__stderr__ = sys.__stdout__  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = drawn_on  # type: ignore[misc]


def _read(file: Path, *, is_asked_for: bool) -> Settings:
    """The settings at the start. Their problems also go to stderr, before the screen is taken over."""
    edited = Files(file, ()).look() or EditedFile(Settings())
    problems = list(edited.problems)
    if is_asked_for and not file.exists():
        problems.append(f"there is no file {safe(str(file))}; the defaults are in force until it exists")
    for problem in problems:
        sys.stderr.write(f"onloop: {problem}\n")
    return edited.settings


def main() -> int:
    """`python -m onloop_tui [STORE]`: the dashboard alone, without verifier or workers."""
    home = find_home(str(Path(sys.argv[1])) if len(sys.argv) > 1 else None)
    try:
        open_dashboard(home, person=None, read_only=False)
    except OnloopError as problem:
        sys.stderr.write(f"onloop: {problem.message}\n  → {problem.hint}\n")
        return problem.exit.value
    return 0


if __name__ == "__main__":
    sys.exit(main())
