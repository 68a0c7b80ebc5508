"""The only place that runs git: with our configuration and environment, never with an agent's.

A `Git` is for a repository whose *own* configuration onloop wrote. We read an agent's clone through its objects
(`onloop.gates.repository.loan`), and never start git on its folder. The collector, a separate process for each
submission, imports this module; it uses named tuples because importing dataclasses would take longer than the rest.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple

from onloop.errors import Unavailable
from onloop.gates.credentials.git_access import GitAccess
from onloop.gates.repository.failures import Complaint, GitFailed, complaint_of
from onloop.gates.repository.modes import AS_IT_IS, umask_of_user

BRIEF_S = 60.0
"""How long git may take to read a few objects, in seconds."""
LONG_S = 600.0
"""How long git may take to move histories or to talk to an origin, in seconds."""
MAX_BYTES = 64 * 1024 * 1024
"""How much git may print if the caller does not give a limit."""

NO_ACCESS = GitAccess()
"""What git gets where no origin has to be reached."""

Sink = Callable[[bytes], None]

_MAX_COMPLAINT = 8192
_CHUNK = 65536
_INHERITED = ("SSL_CERT_FILE", "SSL_CERT_DIR", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")
_ENVIRONMENT = {
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_SSH_COMMAND": "false",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_ALLOW_PROTOCOL": "file:https:ssh:git",
}
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=true",
    "core.bigFileThreshold=32m",
    "core.fsync=committed,derived-metadata,reference",
    "core.fsyncMethod=batch",
    "core.quotePath=false",
    "core.useReplaceRefs=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.pager=cat",
    "credential.helper=",
    "protocol.ext.allow=never",
    "safe.bareRepository=explicit",
    "transfer.fsckObjects=true",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "http.followRedirects=initial",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "init.templateDir=",
)


class GitOutput(NamedTuple):
    """What git printed; `cut` says that there was more than the limit on standard output."""

    stdout: bytes
    exit_code: int
    cut: bool = False
    stderr: bytes = b""

    @property
    def text(self) -> str:
        """The output as text, without the line end; bytes that are not UTF-8 become escapes."""
        return self.stdout.decode("utf-8", "backslashreplace").rstrip("\n")

    @property
    def complaint(self) -> Complaint:
        """What git and the other side of a connection wrote on standard error."""
        return complaint_of(self.stderr)

    @property
    def fields(self) -> tuple[str, ...]:
        """The NUL-separated fields of a `-z` output; bytes that are not UTF-8 become escapes."""
        return tuple(part.decode("utf-8", "backslashreplace") for part in self.stdout.split(b"\0")[:-1])


class Git(NamedTuple):
    """Git on a repository that onloop owns, named by its git directory; nothing outside configures it.

    `held` is an open lock that every git process inherits: it stays locked until the last of them has ended.
    `settings` are added to ours.
    """

    directory: Path
    work_tree: Path | None = None
    index_file: Path | None = None
    objects: Path | None = None
    held: int | None = None
    settings: tuple[str, ...] = ()

    def run(
        self,
        subcommand: str,
        *arguments: str,
        accept: tuple[int, ...] = (0,),
        stdin: bytes | IO[bytes] = b"",
        variables: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        timeout_s: float = BRIEF_S,
        access: GitAccess = NO_ACCESS,
        sink: Sink | None = None,
    ) -> GitOutput:
        """Runs `git subcommand arguments`; GitFailed if the exit code is not in `accept`, or if it takes too long.

        Output over `max_bytes` is cut and says so; without `max_bytes`, more than `MAX_BYTES` is GitFailed. A file as
        `stdin` is read from its current position. `access` is what it may use to reach an origin. A `sink` takes the
        output in chunks, however long it is, in the place of the answer.
        """
        with ExitStack() as leaving:
            given = leaving.enter_context(_as_file(stdin)) if isinstance(stdin, bytes) else stdin
            streams = _Streams(MAX_BYTES if max_bytes is None else max_bytes, sink)
            given_variables = {**(variables or {}), **access.variables}
            process = self._launch([subcommand, *arguments], given_variables, given, access)
            exit_code = _execute(process, streams, timeout_s)
        if exit_code is None:
            raise GitFailed(subcommand, f"it took longer than {timeout_s:g} s", out_of_time=True)
        if streams.cut and max_bytes is None:
            raise GitFailed(subcommand, f"it printed more than {MAX_BYTES} bytes")
        if not streams.cut and exit_code not in accept:
            reason, remarks, kind = complaint_of(bytes(streams.stderr))
            reason = reason or f"it ended with exit code {exit_code}"
            raise GitFailed(subcommand, reason, kind=kind, remarks=remarks)
        return GitOutput(bytes(streams.stdout), exit_code, streams.cut, bytes(streams.stderr))

    def text(self, subcommand: str, *arguments: str) -> str:
        """The output of a run that must succeed, as text without the line end."""
        return self.run(subcommand, *arguments).text

    def _launch(
        self, words: list[str], variables: Mapping[str, str], stdin: IO[bytes], access: GitAccess
    ) -> subprocess.Popen[bytes]:
        settings = [item for setting in (*_SETTINGS, *self.settings, *access.settings) for item in ("-c", setting)]
        places = [f"--git-dir={self.directory}"]
        if self.work_tree is not None:
            places.append(f"--work-tree={self.work_tree}")
        return subprocess.Popen(
            [git_program(), "--no-pager", *settings, *places, *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=self._environment() | dict(variables),
            start_new_session=True,
            umask=umask_of_user() if words[:1] == ["push"] else AS_IT_IS,
            pass_fds=tuple(handle for handle in (self.held, access.secret) if handle is not None),
        )

    def _environment(self) -> dict[str, str]:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment |= _ENVIRONMENT | {"PATH": _search_path()}
        if self.index_file is not None:
            environment["GIT_INDEX_FILE"] = str(self.index_file)
        if self.objects is not None:
            environment["GIT_OBJECT_DIRECTORY"] = str(self.objects)
        return environment


def _as_file(content: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.seek(0)
    return file


@cache
def git_program() -> str:
    """The absolute path of git; `Unavailable` if there is none."""
    program = shutil.which("git", path=_search_path())
    if program is None:
        raise Unavailable("git is not on PATH", hint="install git 2.38 or newer, or add its folder to PATH")
    return program


@cache
def git_version() -> tuple[int, int]:
    """The major and minor version of the git in use."""
    output = subprocess.run(
        [git_program(), "version"], capture_output=True, timeout=BRIEF_S, check=False, cwd="/"
    ).stdout
    version = re.search(rb"(\d+)\.(\d+)", output)
    if version is None:
        raise Unavailable(f"{git_program()} does not print its version", hint="install git 2.38 or newer")
    return int(version[1]), int(version[2])


NEEDED = (2, 38)
"""The oldest git that can do what we need: a merge without a work tree."""


def check_git() -> None:
    """Unavailable unless there is a git that is new enough."""
    if git_version() < NEEDED:
        current, needed = (".".join(map(str, version)) for version in (git_version(), NEEDED))
        raise Unavailable(f"git {current} at {git_program()} is too old", hint=f"install git {needed} or newer")


def _search_path() -> str:
    """PATH without its relative folders, whose meaning depends on the folder in which git runs."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())


class _Streams:
    __slots__ = ("cap", "cut", "sink", "stderr", "stdout")

    def __init__(self, cap: int, sink: Sink | None) -> None:
        self.cap, self.cut, self.sink = cap, False, sink
        self.stdout, self.stderr = bytearray(), bytearray()

    def take_output(self, chunk: bytes) -> None:
        if self.sink is not None:
            self.sink(chunk)
            return
        room = self.cap - len(self.stdout)
        self.stdout += chunk[:room]
        self.cut = len(chunk) > room

    def take_complaint(self, chunk: bytes) -> None:
        self.stderr += chunk
        del self.stderr[:-_MAX_COMPLAINT]


def _execute(process: subprocess.Popen[bytes], streams: _Streams, timeout_s: float) -> int | None:
    """The exit code, or None if time ran out; in both cases the whole process group has ended afterwards."""
    deadline = time.monotonic() + timeout_s
    with process:
        try:
            if not _drain(process, streams, deadline):
                return None
            return -signal.SIGKILL if streams.cut else process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _drain(process: subprocess.Popen[bytes], streams: _Streams, deadline: float) -> bool:
    """Reads both streams to their end, or until there is too much; False if time ran out first."""
    assert process.stdout is not None and process.stderr is not None  # noqa: S101 - both are pipes, see _launch
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, streams.take_output)
        selector.register(process.stderr, selectors.EVENT_READ, streams.take_complaint)
        while selector.get_map() and not streams.cut:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready or time.monotonic() > deadline:
                return False
            for key, _ in ready:
                if chunk := os.read(key.fd, _CHUNK):
                    key.data(chunk)
                else:
                    selector.unregister(key.fileobj)
    return True
