"""The container engine of this machine: which one, with which words, and what it answers. Argv lists, never a shell."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from onloop.environments.port import EnvironmentLimits, EnvironmentTrouble
from onloop.records import Record
from onloop.text import safe

ANSWER_S = 60.0
MOST_ANSWERED = 4_194_304
_UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers")
_USER_RANGE = 65_536
FIRST_USER = 1_000_000
"""Root in a container that root starts is this user on the host, and those after it are its other users."""

_USUAL_FILES = 1_048_576


class Engine(Record):
    """One engine: its program, the words before every subcommand, and those of a container's own user namespace."""

    name: str
    program: str
    words: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    user: int | None = None
    has_limits: bool = True

    def ask(self, *words: str, timeout_s: float = ANSWER_S, variables: Mapping[str, str] | None = None) -> str:
        """What the engine prints; EnvironmentTrouble says, in its own words, why it did not do it."""
        argv = (self.program, *self.words, *words)
        try:
            ran = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                cwd="/",
                timeout=timeout_s,
                check=False,
                env=None if variables is None else {**os.environ, **variables},
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            why = f"no answer in {timeout_s:.0f} s" if isinstance(problem, subprocess.TimeoutExpired) else str(problem)
            raise EnvironmentTrouble(f"{self.name} {words[0]}: {why}", hint=f"try by hand: {self.name} ps") from None
        if ran.returncode != 0:
            said = safe(ran.stderr[-2_000:].decode("utf-8", "replace").strip(), 400)
            raise EnvironmentTrouble(f"{self.name} {words[0]}: {said}", hint=f"try by hand: {self.name} {words[0]} …")
        if len(ran.stdout) > MOST_ANSWERED:
            raise EnvironmentTrouble(
                f"{self.name} {words[0]} answered {len(ran.stdout)} bytes", hint="look at its images"
            )
        return ran.stdout.decode("utf-8", "replace").strip()

    def limiting(self, limits: EnvironmentLimits) -> tuple[str, ...]:
        """The words that limit what a container may use."""
        words = [
            f"--ulimit=nofile={_hard(resource.RLIMIT_NOFILE, _USUAL_FILES)}",
            f"--ulimit=nproc={_hard(resource.RLIMIT_NPROC, 32_768)}",
        ]
        if self.has_limits:
            memory = f"{limits.memory_mib}m"
            words += [f"--pids-limit={limits.processes}", f"--memory={memory}", f"--memory-swap={memory}"]
            words += [f"--cpus={limits.cpus}"] if limits.cpus else []
        return tuple(words)


def engines(path: str | None = None) -> Sequence[Engine]:
    """The engines that are on this machine, the one that is taken first."""
    found = []
    for name in ("podman", "docker"):
        program = shutil.which(name, path=path)
        if program is not None:
            found.append(_podman(program) if name == "podman" else _docker(program))
    return tuple(found)


@cache
def engine() -> Engine | None:
    """The engine that containers are made with; None where none answers. Each process asks once."""
    for each in engines():
        with suppress(EnvironmentTrouble):
            each.ask("info", "--format", "{{json .}}")
            return each
    return None


def _podman(program: str) -> Engine:
    """Podman, with the runtime that works where control groups are not unified."""
    is_unified, is_root = _UNIFIED.exists(), os.geteuid() == 0
    words = () if is_unified or shutil.which("runc") is None else ("--runtime", "runc", "--cgroup-manager", "cgroupfs")
    mapped = f"0:{FIRST_USER}:{_USER_RANGE}"
    namespace = (f"--uidmap={mapped}", f"--gidmap={mapped}") if is_root else ()
    return Engine("podman", program, words, namespace, FIRST_USER if is_root else None, is_root or is_unified)


def _docker(program: str) -> Engine:
    """Docker, whose daemon makes user namespaces or not: whoever is inside is never root of this machine."""
    user = FIRST_USER if os.geteuid() == 0 else os.geteuid()
    return Engine("docker", program, (), (f"--user={user}:{user}",), user if os.geteuid() == 0 else None)


def _hard(kind: int, most: int) -> str:
    hard = resource.getrlimit(kind)[1]
    value = most if hard == resource.RLIM_INFINITY else min(hard, most)
    return f"{value}:{value}"
