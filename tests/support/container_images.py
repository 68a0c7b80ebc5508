"""A small image for tests, made of this machine's own files: a shell, a few programs and git; no registry is asked."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from onloop.environments.brought.runtime import runtime
from onloop.environments.containers.engine import Engine, engine

IMAGE = "localhost/onloop-test:2"
_PROGRAMS = ("sh", "git", "env", "cat", "ls", "id", "sleep", "mkdir", "sort", "grep", "rm", "echo", "touch", "test")
_LOADED = re.compile(r"(/\S+) \(0x")


@cache
def podman() -> Engine | None:
    """Podman, where it runs containers here."""
    found = engine()
    return found if found is not None and found.name == "podman" else None


SHARED = {"XDG_CACHE_HOME": str(Path(tempfile.gettempdir()) / f"onloop-test-cache-{os.getuid()}")}
"""Variables of a world that uses what other tests have brought into containers before."""

needs_podman = pytest.mark.skipif(podman() is None, reason="there is no podman that answers here")


def image() -> str:
    """The name of the image, which is made where it is not there yet."""
    using = podman()
    assert using is not None
    with (Path(tempfile.gettempdir()) / f"onloop-test-image-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = subprocess.run([using.program, *using.words, "image", "exists", IMAGE], check=False)
        if known.returncode != 0:
            _make(using)
    runtime(Path(SHARED["XDG_CACHE_HOME"]) / "onloop" / "brought")  # so that no test waits for it
    return IMAGE


def _make(using: Engine) -> None:
    root = Path(tempfile.mkdtemp(prefix="onloop-test-image-"))
    try:
        libraries = set[str]()
        git = Path(subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip())
        for program in (*(shutil.which(name) for name in _PROGRAMS), str(git / "git")):
            if program is None:
                continue
            place = root / "usr" / "bin" / Path(program).name
            if program == str(git / "git"):
                place = root / program.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(Path(program).resolve(), place)
            told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
            libraries |= set(_LOADED.findall(told))
        for library in libraries:
            place = root / library.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(library, place)
        for name in ("bin", "etc", "tmp", "proc", "dev", "sys"):
            (root / name).mkdir(exist_ok=True)
        shutil.copy2(root / "usr" / "bin" / "sh", root / "bin" / "sh")
        (root / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        packed = subprocess.run(["tar", "-C", str(root), "-c", "."], capture_output=True, check=True).stdout
        subprocess.run([using.program, *using.words, "import", "--quiet", "-", IMAGE], input=packed, check=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def containers(name: str = "onloop-") -> list[str]:
    """The names of the containers that are there, running or not, which begin like this."""
    using = podman()
    assert using is not None
    told = using.ask("ps", "--all", "--filter", f"name=^{name}", "--format", "{{.Names}}")
    return told.split()
