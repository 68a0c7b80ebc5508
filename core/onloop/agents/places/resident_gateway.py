"""A resident gateway of the store, for a worker whose agents cannot open the store: theirs is a socket's."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

from onloop.access.opening import gateway_socket
from onloop.access.verifier_process import own_command
from onloop.errors import Unavailable
from onloop.file_lock import holder_of
from onloop.gates.repository.modes import umask_of_user
from onloop.home import Home
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.line import Line

START_S = 30.0
_LOOK_S = 0.2
_PR_SET_PDEATHSIG = 1
_KEPT = ("PATH", "HOME", "LANG", "TZ", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK")


class ResidentGateway:
    """Sees to it that one serves the store, as long as the worker lives; it starts one where none does."""

    def __init__(self, home: Home, say: Callable[[str], None]) -> None:
        self._home, self._say = home, say
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="resident-gateway", daemon=True)

    def __enter__(self) -> ResidentGateway:
        """Wait until one answers; Unavailable where none does in time."""
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > deadline or not self._thread.is_alive():
                self._is_over.set()
                hint = f"look at {self._home.logs / 'gateway.log'}, or start it by hand: onloop serve"
                raise Unavailable(
                    "agents in environments reach the store through a gateway, and none starts", hint=hint
                )
            time.sleep(_LOOK_S / 4)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """End the one that we started, if we did."""
        self._is_over.set()
        self._thread.join()

    def line(self) -> Line:
        """A line to it for an agent, on which nothing is proved."""
        return Connection(gateway_socket(self._home), None, Credentials())

    def _answers(self) -> bool:
        line = self.line()
        try:
            line.connect()
        except Unavailable:
            return False
        finally:
            line.close()
        return True

    def _keep(self) -> None:
        """Start one wherever none serves. This thread starts it, and lives as long as the worker does."""
        ours: subprocess.Popen[bytes] | None = None
        while not self._is_over.is_set():
            is_ended = ours is None or ours.poll() is not None
            if is_ended and not self._home.is_gone and holder_of(self._home.serve_lock) is None:
                ours = self._started()
            self._is_over.wait(_LOOK_S)
        if ours is not None and ours.poll() is None:
            ours.terminate()
            ours.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        self._home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._home.logs / "gateway.log").open("ab") as log:
            return subprocess.Popen(
                own_command("serve", "--store", str(self._home.store)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={name: value for name, value in os.environ.items() if name in _KEPT},
                cwd="/",
                start_new_session=True,
                umask=umask_of_user(),
                preexec_fn=_die_with_worker if sys.platform == "linux" else None,
            )


def _die_with_worker() -> None:
    """A worker that is killed ends nothing: the kernel tells the gateway that it started, which then drains."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
