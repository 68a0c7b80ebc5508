"""The second disk of every machine: an interpreter with onloop, and what serves inside; read-only, made once."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from onloop.environments.brought.runtime import runtime
from onloop.environments.port import EnvironmentTrouble
from onloop.environments.vm import vm_frames, vm_guest
from onloop.gates.repository.folders import scratch

MAKE_S = 300.0
_SPARE_MIB = 24
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_OURS = (Path(vm_frames.__file__), Path(vm_guest.__file__))


def kit(kept: Path) -> Path:
    """The disk as a file in `kept`, for the onloop that runs now; EnvironmentTrouble says why it cannot be made."""
    brought = runtime(kept)
    words = sha256(brought.name.encode())
    for file in _OURS:
        words.update(file.read_bytes())
    place = kept / f"kit-{words.hexdigest()[:16]}.raw"
    if not place.is_file():
        try:
            with scratch("kit", kept) as folder:
                _made(brought, folder).replace(place)
        except (OSError, subprocess.SubprocessError) as problem:
            raise EnvironmentTrouble(
                f"cannot make the disk {place}: {problem}", hint=f"make room in {kept}"
            ) from problem
        _forget_others(kept, place)
    return place


def _made(brought: Path, folder: Path) -> Path:
    content, disk = folder / "content", folder / "kit.raw"
    shutil.copytree(brought, content, symlinks=True)
    for file in _OURS:
        shutil.copyfile(file, content / file.name)
        (content / file.name).chmod(0o644)
    # what is compiled now need not be by each command inside, where the disk cannot be written
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        content / "site", quiet=2, invalidation_mode=mode, stripdir=str(content), prependdir="/onloop"
    )
    size = sum(path.lstat().st_size + 4_096 for path in content.rglob("*")) // 1_048_576 + _SPARE_MIB
    subprocess.run(
        ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-d", str(content), str(disk), f"{size * 5 // 4}M"],
        check=True,
        capture_output=True,
        timeout=MAKE_S,
        env={"PATH": _PATH, "LC_ALL": "C.UTF-8"},
        cwd="/",
    )
    disk.chmod(0o400)
    return disk


def _forget_others(kept: Path, place: Path) -> None:
    """Remove the disks of versions before; machines that run from one keep it open."""
    for other in kept.glob("kit-*.raw"):
        if other != place:
            with suppress(OSError):
                other.unlink()
