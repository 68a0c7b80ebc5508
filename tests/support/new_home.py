"""A store's home for tests of the dashboard, with one approver whose passphrase costs nothing to check."""

from __future__ import annotations

from onloop.access.opening import create_home
from onloop.home import Home
from support.tui_scenes import CHEAP

PASSPHRASE = "long enough"


def make_home(home: Home) -> None:
    """Make the store: ana is its approver."""
    create_home(
        home,
        store_id="s",
        person="ana",
        groups=("approvers",),
        passphrase=PASSPHRASE,
        email="",
        scripted=False,
        cost=CHEAP,
    )
