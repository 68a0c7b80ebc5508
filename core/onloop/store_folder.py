"""Where a store is: the rule alone, for whoever may load nothing else."""

from __future__ import annotations

import os


def state_folder() -> str:
    """`$XDG_STATE_HOME/onloop`, by the XDG base directory specification."""
    given = os.environ.get("XDG_STATE_HOME", "")
    return os.path.join(given if given.startswith("/") else os.path.expanduser("~/.local/state"), "onloop")  # noqa: PTH111, PTH118


def store_folder(store: str | None) -> str:
    """The absolute path that `--store` or `$ONLOOP_STORE` names, or the default one.

    Of a database it is the folder in which this machine keeps what goes with it: mirrors, locks, the anchor beside.
    """
    given = store or os.environ.get("ONLOOP_STORE")
    if given and "://" in given:
        from onloop.database_address import folder_name, is_database  # here: the short path needs no URLs

        if is_database(given):
            return f"{state_folder()}/teams/{folder_name(given)}/store"
    return os.path.abspath(os.path.expanduser(given)) if given else f"{state_folder()}/store"  # noqa: PTH100, PTH111
