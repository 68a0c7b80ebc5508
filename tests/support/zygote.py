"""The real command line, or a program of a test's, in a process of its own: forked from one that has imported onloop.

Starting the interpreter and importing takes most of a short verb's time. Whoever tests the start itself, or what the
start depends on, runs `python -m onloop.cli.entry`.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

LARGEST = 1 << 20
PATIENCE_S = 300.0


class Zygote:
    """Runs `onloop WORDS…`; ends with the process that made it, whose end of the line it waits at."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(PATIENCE_S)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )
        theirs.close()

    def run(
        self, words: Sequence[str], env: Mapping[str, str], cwd: Path | None, secret: int | None, program: str = ""
    ) -> tuple[int, str, str]:
        """The exit code, and what was printed; `secret` is a file descriptor that holds a passphrase.

        `program` is the text of another program, which runs in the place of `onloop`.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            request = {"words": words, "env": dict(env), "cwd": str(cwd or Path.cwd()), "program": program}
            given = [out.fileno(), err.fileno(), *([] if secret is None else [secret])]
            socket.send_fds(self._line, [json.dumps(request).encode()], given)
            try:
                code = int(self._line.recv(64))
            except TimeoutError:
                self._end()
                said = _text(out.fileno()) + _text(err.fileno())
                raise AssertionError(f"{' '.join(words)} did not end in {PATIENCE_S} s: {said}") from None
            return code, _text(out.fileno()), _text(err.fileno())

    def _end(self) -> None:
        """End the call that hangs, and begin anew: the next call must not wait for this one, nor get its answer."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._line.close()
        self._start()


@cache
def zygote() -> Zygote:
    """The one of this process."""
    return Zygote()


def run_python(program: str, *words: str, env: Mapping[str, str], cwd: Path | None = None) -> tuple[int, str, str]:
    """What `python -c PROGRAM WORDS…` gives: its exit code, and what it printed."""
    return zygote().run(words, env, cwd, None, program)


def _text(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), encoding="utf-8") as file:
        return file.read()


def serve(line: socket.socket) -> None:
    """Fork for each request until nobody asks any more."""
    import onloop

    for module in pkgutil.walk_packages(onloop.__path__, "onloop."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    while True:
        message, handles, _, _ = socket.recv_fds(line, LARGEST, 3)
        if not message:
            return
        child = os.fork()
        if child == 0:
            line.close()
            become(json.loads(message), handles)
        for handle in handles:
            os.close(handle)
        _, status = os.waitpid(child, 0)
        line.send(str(os.waitstatus_to_exitcode(status)).encode())


def become(request: Mapping[str, object], handles: Sequence[int]) -> None:
    """Carry the request out as `onloop` or `python -c` would, and end."""
    out, err, *secret = handles
    os.dup2(out, 1)
    os.dup2(err, 2)
    environment, words, program = request["env"], request["words"], str(request["program"])
    assert isinstance(environment, dict)
    assert isinstance(words, list)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(str(request["cwd"]))
    sys.argv = ["-c" if program else "onloop", *words, *(["--passphrase-fd", str(secret[0])] if secret else [])]
    try:
        code = _as_main(program) if program else _as_onloop()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _as_onloop() -> int:
    from onloop.cli.entry import main

    return main()


def _as_main(program: str) -> int:
    exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - what python -c does
    return 0


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
