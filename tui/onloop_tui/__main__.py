"""The door of the dashboard: what the core's entry point `onloop.dashboard` leads to."""

from __future__ import annotations

import sys
from pathlib import Path

from onloop.errors import OnloopError
from onloop.gateway.home import Home, find_home
from onloop.gateway.identity import Principal
from onloop_tui.app import Dashboard
from onloop_tui.place import place_of
from onloop_tui.session import Session


def open_dashboard(
    home: Home,
    *,
    person: Principal | None,
    read_only: bool,
    person_name: str | None = None,
    footer: str | None = None,
    ask_on_quit: bool = False,
) -> str:
    """Show the dashboard until it is left; the answer is how: `quit`, or, with `ask_on_quit`, `stop` or `leave`.

    Without a `person`, the first decision asks for a passphrase, and for a name if `person_name` does not say it.
    """
    session = Session(place_of(home), person=person, person_name=person_name or "", read_only=read_only)
    app = Dashboard(session, note=footer or "", ask_on_quit=ask_on_quit)
    return app.run() or ("stop" if ask_on_quit else "quit")


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
