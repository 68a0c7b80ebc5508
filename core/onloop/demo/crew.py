"""The processes of a demo: one verifier and its workers, each in its own session; a restarted demo finds them again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from onloop.access.verifier_process import is_verifier_up, own_command
from onloop.agents.process_record import end_remembered, remember, remembered_pid, signal_group
from onloop.demo.folder import WITHOUT_GIT_CONFIG, DemoFolder
from onloop.gates.repository.modes import umask_of_user
from onloop.machine.setbacks import pause_ms

STOP_S, POLL_S = 8.0, 0.05


@dataclass(slots=True)
class Crew:
    """Starts the processes that are missing, and stops all of them on request."""

    folder: DemoFolder
    pace: float
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _ended: dict[str, tuple[int, float]] = field(default_factory=dict)

    def start_missing(self) -> None:
        """Start every member that is not alive; it may be called again at any time.

        The verifier starts first and must be up before the workers, because a worker without a verifier starts its own.
        """
        self._start_if_missing("verifier")
        waiting, deadline = threading.Event(), STOP_S
        while deadline > 0 and not is_verifier_up(self.folder.home):
            waiting.wait(POLL_S)
            deadline -= POLL_S
        for name in self.folder.play.workers:
            self._start_if_missing(name)

    def _start_if_missing(self, name: str) -> None:
        child = self._children.get(name)
        if child is not None:
            if child.poll() is None or not self._may_start(name):
                return
        elif remembered_pid(self.folder.crew / f"{name}.pid") is not None:
            return
        self._children[name] = self._start(name)

    def _may_start(self, name: str) -> bool:
        """Whether a member that has ended is started now: the first time at once, then after longer and longer pauses.

        One that ends at once, because git is missing, say, would else be started many times a second.
        """
        count, not_before = self._ended.get(name, (0, 0.0))
        now = time.monotonic()
        if now < not_before:
            return False
        self._ended[name] = count + 1, now + (pause_ms(count) / 1000 if count else 0.0)
        return True

    def stop(self) -> None:
        """Send SIGTERM to every member, wait, and kill those that are still alive."""
        records = {name: self.folder.crew / f"{name}.pid" for name in (*self.folder.play.workers, "verifier")}
        pids = {name: pid for name, record in records.items() if (pid := remembered_pid(record)) is not None}
        for pid in pids.values():
            signal_group(pid, signal.SIGTERM)
        waiting, deadline = threading.Event(), STOP_S
        while deadline > 0 and any(self._is_alive(name) for name in pids):
            waiting.wait(POLL_S)
            deadline -= POLL_S
        for name in pids:
            end_remembered(records[name])

    def _is_alive(self, name: str) -> bool:
        child = self._children.get(name)
        return child.poll() is None if child else remembered_pid(self.folder.crew / f"{name}.pid") is not None

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        self.folder.home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ONLOOP_")}
        with (self.folder.home.logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                own_command(*self._words(name), *self._agent(name)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=kept | WITHOUT_GIT_CONFIG,
                cwd="/",
                start_new_session=True,
                umask=umask_of_user(),
            )
        remember(self.folder.crew / f"{name}.pid", child.pid)
        return child

    def _words(self, name: str) -> Sequence[str]:
        store = ("--store", str(self.folder.home.store))
        if name == "verifier":
            return ("verifier", *store)
        return ("work", *store, "--role", self.folder.play.workers[name], "--name", name, "--lease", "10s")

    def _agent(self, name: str) -> Sequence[str]:
        if name == "verifier":
            return ()
        scenario = str(self.folder.scenario_file)
        return ("--", sys.executable, "-P", "-m", "onloop.demo.actor", "--scenario", scenario, "--pace", str(self.pace))
