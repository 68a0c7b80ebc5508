"""Where what belongs to environments lies on a machine: beside a store, or in its user's cache."""

from __future__ import annotations

import os
from pathlib import Path

from onloop.errors import BadInput
from onloop.records import Record
from onloop.store_folder import state_folder


class EnvironmentPlaces(Record):
    """Part of a home, which says where its own folder and the folder beside it are."""

    @property
    def _beside(self) -> Path:
        raise NotImplementedError

    @property
    def git_settings(self) -> Path:
        """A file of whoever this home is, in the folder of their own."""
        raise NotImplementedError

    @property
    def rooms(self) -> Path:
        """What environments of workers share with this machine, one folder for each environment."""
        return self._beside / "rooms"

    @property
    def brought(self) -> Path:
        """What is brought into containers and virtual machines, made once for all stores of this user."""
        return Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache") / "onloop" / "brought"

    @property
    def homes(self) -> Path:
        """The home folders that agents have in environments of their own, one per task."""
        return self._beside / "homes"

    @property
    def machines(self) -> Path:
        """Images of virtual machines, made by hand: `onloop environment build vm`."""
        return Path(state_folder()) / "machines"

    @property
    def environment_templates(self) -> Path:
        """How other platforms make environments; a person writes the file, beside that of our git."""
        return self.git_settings.with_name("environments.toml")

    def agent_home(self, task: str) -> Path:
        """The home folder that the agent of a task has in an environment of its own."""
        if "/" in task or "\0" in task or task in {"", ".", ".."}:
            raise BadInput(f"{task[:80]!r} is no name of a task", hint="check ONLOOP_URL")
        return self.homes / task
