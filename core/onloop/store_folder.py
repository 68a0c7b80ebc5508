"""Where a store is: the rule alone, for whoever may load nothing else."""

from __future__ import annotations

import os


def state_folder() -> str:
    """`$XDG_STATE_HOME/onloop`, by the XDG base directory specification."""
    given = os.environ.get("XDG_STATE_HOME", "")
    return os.path.join(given if given.startswith("/") else os.path.expanduser("~/.local/state"), "onloop")  # noqa: PTH111, PTH118


def store_folder(store: str | None) -> str:
    """The absolute path that `--store` or `$ONLOOP_STORE` names, or the default one."""
    given = store or os.environ.get("ONLOOP_STORE")
    return os.path.abspath(os.path.expanduser(given)) if given else f"{state_folder()}/store"  # noqa: PTH100, PTH111
