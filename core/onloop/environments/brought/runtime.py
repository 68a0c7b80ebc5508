"""An interpreter with onloop in one folder, which runs wherever Linux does: it brings its own loader and libraries.

So an agent types `onloop check` in any image, whatever it has. Only `/bin/sh` of the image is used, for two wrappers.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from onloop.environments.brought import inside
from onloop.environments.port import EnvironmentTrouble
from onloop.gates.repository.folders import built, remove_tree

PLACE = Path("/onloop")
"""Where it lies inside."""

UNUSED_S = 14 * 86_400
"""How long one of another version is kept that nothing uses, in seconds."""

_PREFIX = "runtime-"
_NOT_NEEDED = frozenset({"textual", "watchfiles"})
"""What no verb of an agent's loads."""

_LEFT_OUT = (
    *("test", "tests", "idlelib", "tkinter", "_tkinter*", "turtledemo", "lib2to3", "ensurepip", "site-packages"),
    *("config-*", "pydoc_data", "*.opt-1.pyc", "*.opt-2.pyc"),
)
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_FOUND = re.compile(r"^\s*(\S+)\s+=>\s+(/\S+)\s+\(0x|^\s*(/\S*ld[-.]\S+)\s+\(0x", re.MULTILINE)
_LDD_S = 60.0
_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"

_START = "import sys; sys.path.insert(0, '{place}/site'); from onloop.cli.entry import main; raise SystemExit(main())"
_LOADED = (
    "exec {place}/lib/loader --library-path {place}/lib --argv0 {place}/bin/python3 "
    '{place}/libexec/python {words}"$@"\n'
)


def runtime(kept: Path) -> Path:
    """The folder with the interpreter and onloop as they are now, in `kept`; it is made where it is not there yet."""
    place = kept / f"{_PREFIX}{_key()}"
    if place.is_dir():
        os.utime(place)
    else:
        try:
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            with built(place) as folder:
                _fill(folder)
            _forget_old(kept)
        except (OSError, subprocess.SubprocessError) as problem:
            raise EnvironmentTrouble(
                f"cannot make what is brought into containers: {problem}", hint=f"make room in {kept}"
            ) from problem
    return place


def _forget_old(kept: Path) -> None:
    """Remove those of other versions that nothing has used for a while."""
    for other in kept.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - other.stat().st_mtime > UNUSED_S:
                remove_tree(other)


def _fill(folder: Path) -> None:
    for name in ("bin", "lib", "libexec", "site"):
        (folder / name).mkdir()
    shutil.copyfile(Path(sys.executable).resolve(), folder / "libexec" / "python")
    stdlib = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(stdlib, folder / "lib" / _PYTHON, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    for source, name in _packages():
        _copy(source, folder / "site" / name)
    shutil.copyfile(inside.__file__, folder / "inside.py")
    compiled = [folder / "libexec" / "python", *folder.rglob("*.so"), *folder.rglob("*.so.*")]
    for name, library in _libraries(compiled):
        place = folder / "lib" / name
        if not place.exists():
            shutil.copyfile(library, place)
    words = f'-I -S -c "{_START.format(place=PLACE)}" '
    for name, more in (("python3", ""), ("onloop", words)):
        (folder / "bin" / name).write_text("#!/bin/sh\n" + _LOADED.format(place=PLACE, words=more))
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(
                0o755 if path.is_dir() or path.parent.name in {"bin", "libexec"} or path.name == "loader" else 0o644
            )


def _libraries(compiled: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """The shared libraries that these files need, by the names under which they are looked for; the loader first."""
    told = subprocess.run(
        ["ldd", *map(str, compiled)],
        capture_output=True,
        text=True,
        timeout=_LDD_S,
        check=False,
        env={"PATH": os.defpath},
    ).stdout
    found = {(match[1] or "loader"): Path(match[2] or match[3]) for match in _FOUND.finditer(told)}
    if "loader" not in found:
        raise EnvironmentTrouble("ldd names no loader of the interpreter", hint="run workers on a Linux with glibc")
    yield from found.items()


def _packages() -> Iterator[tuple[Path, str]]:
    """Ours, and the packages that it stands on, as paths and names in a folder of packages."""
    yield Path(__file__).parents[2], "onloop"
    for name in _distributions("onloop", {"onloop"}):
        for file in metadata.distribution(name).files or ():
            path = Path(str(file.locate()))
            if ".." not in file.parts and file.parts[0] != "__pycache__" and path.is_file():
                yield path, str(file)


def _distributions(name: str, seen: set[str]) -> Iterator[str]:
    for line in metadata.requires(name) or ():
        found = _NAME.match(line)
        other = found[0].lower().replace("_", "-") if found else ""
        if "extra ==" in line or other in seen | _NOT_NEEDED:
            continue
        seen.add(other)
        with suppress(metadata.PackageNotFoundError):
            metadata.distribution(other)
            yield other
            yield from _distributions(other, seen)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("*.opt-*.pyc"))
    else:
        shutil.copy2(source, place)  # with its times: what is compiled of it beside it stays good


def _key() -> str:
    """What it was made from: this interpreter, and the files of ours as they are."""
    ours = Path(__file__).parents[2]
    stats = sorted((str(path.relative_to(ours)), path.stat()) for path in ours.rglob("*.py"))
    words = [sys.version, str(Path(sys.executable).resolve()), metadata.version("msgspec")]
    words += [f"{name}:{stat.st_size}:{stat.st_mtime_ns}" for name, stat in stats]
    return sha256("\n".join(words).encode()).hexdigest()[:16]
