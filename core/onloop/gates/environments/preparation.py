"""Makes a place ready for a gate: the files of a commit, what setup and build made, and a layer of its own on top.

Setup runs once for a key, from a commit that the target has, and what it *adds* to the checkout and to the home folder
is kept; it lies below the files of the submitted commit, which it can never replace. Build runs once for a commit.
Where a box does not move paths, both run for each gate anew, because what they made would not work under another path.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from onloop.gates.box.folder_owners import give
from onloop.gates.box.kind import Box
from onloop.gates.box.visible import Placed
from onloop.gates.checkout import Overlay, fill_checkout
from onloop.gates.environments import keys
from onloop.gates.environments.boxed_command import BoxedCommands, CommandRun, Surroundings
from onloop.gates.environments.contents import CheckedOut, contents_of
from onloop.gates.environments.place import Layering, Place, copy_over, place_over
from onloop.gates.environments.stopwatch import Stopwatch
from onloop.gates.environments.tree_cache import TreeCache
from onloop.gates.repository.folders import private, scratch, walked
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.true_tree import true_tree
from onloop.gates.toolchain import is_of_the_machine
from onloop.machine.definition import BoxSpec, CacheSpec, EnvironmentSpec
from onloop.records import Record, field, replace

SETUP_MS = 600_000
"""How long each command of setup, build or a fetch may take."""

_CACHES = "/box/cache"


class PreparationFailed(Exception):
    """A command of setup, build or a fetch did not end well."""

    def __init__(self, command_run: CommandRun) -> None:
        self.command_run = command_run
        super().__init__(command_run.argv)


class CommitFiles(Record):
    """The read-only files of one commit: `folders` lie over each other, the first on top. `key` names them."""

    commit: str
    folders: tuple[Path, ...]
    removed: tuple[str, ...]
    key: str


class ReadyPlace(Record):
    """A place with everything in it that a gate finds; `setup_key` is empty where there is no setup."""

    place: Place
    words: Mapping[str, str]
    removed: tuple[str, ...]
    setup_key: str


class _Caches(Record):
    """Where caches are seen, what stands for them in commands, and the keys of what is in them."""

    placed: tuple[Placed, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()


class _Part(Record):
    """Some commands before the gate's own: what they are for, their box, their secrets, and whose files they run on."""

    name: str
    commands: Sequence[tuple[str, ...]]
    spec: BoxSpec
    secrets: Mapping[str, str] = field(default_factory=dict)
    of_base: bool = False


class Preparation(Record):
    """Makes places for the gates of one workflow on the commits of `mirror`, in one kind of box.

    `secrets` are the variables that setup and fetches see, and nothing else does.
    """

    mirror: Mirror
    environment: EnvironmentSpec
    around: Surroundings
    cache: TreeCache
    layering: Layering
    box: Box
    watch: Stopwatch
    secrets: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def ready(self, commit: str, base: str, overlay: Overlay | None = None) -> Iterator[ReadyPlace]:
        """A place for one gate on `commit`; `base` is a commit that the target has. PreparationFailed says what broke.

        The place is the gate's own; what it lies over is not changed by anything that runs in it.
        """
        with ExitStack() as stack:
            with self.watch.during("checkout_ms"):
                files = self._files(stack, commit, base, overlay)
            caches = self._caches(stack, base)
            make = self._layered if self.box.kind.moves_paths else self._in_place
            yield make(stack, files, base, caches)

    def _layered(self, stack: ExitStack, files: CommitFiles, base: str, caches: _Caches) -> ReadyPlace:
        """A place over what was made before, by this gate or another."""
        setup, setup_key = self._set_up(stack, files, base, caches)
        checkout = (*files.folders, *(folder / "checkout" for folder in setup))
        home = tuple(folder / "home" for folder in setup)
        if self.environment.build:
            with self.watch.during("build_ms"):
                machine = self._machine(self.environment.build)
                key = keys.build_key(self.environment, machine, caches.keys, files.key, setup_key)
                built = self._held(stack, key, lambda folder: self._build(folder, checkout, home, caches))
            own = self.layering is Layering.COPY  # then the result of a build is all that there is
            checkout = (built / "checkout", *(() if own else checkout))
            home = (built / "home", *(() if own else home))
        with self.watch.during("checkout_ms"):
            place = stack.enter_context(place_over(checkout, home, layering=self.layering, placed=caches.placed))
        return ReadyPlace(place, caches.words, files.removed, setup_key)

    def _set_up(self, stack: ExitStack, files: CommitFiles, base: str, caches: _Caches) -> tuple[tuple[Path, ...], str]:
        """What setup has made, and its key; nothing where there is no setup."""
        if not self.environment.setup:
            return (), ""
        with self.watch.during("setup_ms"):
            at, key, setup = self._setup_of(files, base, caches)
            made: list[int] = []

            def fill(folder: Path) -> None:
                made.append(1)
                self._fill_setup(folder, (at, base), caches, setup)

            found = self._held(stack, key, fill)
            self.watch.is_cached = not made
            return (found,), key

    def _setup_of(self, files: CommitFiles, base: str, caches: _Caches) -> tuple[str, str, _Part]:
        """The commit whose files setup runs on, its key, and its commands; no key where there is no setup.

        Where the commit changes a file that setup goes by, that is the commit itself: what it makes then belongs to
        these files alone, and it sees no secret.
        """
        environment = self.environment
        if not environment.setup:
            return files.commit, "", _Part("setup", (), environment.box)
        wanted = keys.key_files(environment, _listed(self.mirror, files.commit))
        key = keys.setup_key(environment, self._machine(environment.setup), caches.keys, wanted)
        if files.commit == base or wanted == keys.key_files(environment, _listed(self.mirror, base)):
            return base, key, _Part("setup", environment.setup, environment.box, self.secrets, of_base=True)
        return files.commit, keys.digest(key, files.key), _Part("setup", environment.setup, environment.box)

    def _fill_setup(self, folder: Path, at: tuple[str, str], caches: _Caches, setup: _Part) -> None:
        with ExitStack() as stack:
            files = self._files(stack, *at, None)
            place = stack.enter_context(self._making_place(files.folders, (), caches))
            self._run_all(setup, place, caches.words)
            _drop_known(place.made_in_checkout, files.folders)
            place.made_in_checkout.rename(folder / "checkout")
            place.made_in_home.rename(folder / "home")

    def _build(self, folder: Path, checkout: tuple[Path, ...], home: tuple[Path, ...], caches: _Caches) -> None:
        with self._making_place(checkout, home, caches) as place:
            self._run_all(_Part("build", self.environment.build, self._offline), place, caches.words)
            place.made_in_checkout.rename(folder / "checkout")
            place.made_in_home.rename(folder / "home")

    def _in_place(self, stack: ExitStack, files: CommitFiles, base: str, caches: _Caches) -> ReadyPlace:
        """A place in which setup and build have just run, under the paths that the gate sees."""
        at, key, setup = self._setup_of(files, base, caches)
        with self.watch.during("checkout_ms"):
            before = files if at == files.commit else self._files(stack, at, base, None)
            below = before.folders if self.environment.setup else files.folders
            place = stack.enter_context(place_over(below, layering=Layering.COPY, placed=caches.placed))
        with self.watch.during("setup_ms"):
            self._run_all(setup, place, caches.words)
        if self.environment.setup:
            with self.watch.during("checkout_ms"):
                _drop_known(place.checkout, before.folders)
                copy_over(reversed(files.folders), place.checkout)
        with self.watch.during("build_ms"):
            self._run_all(_Part("build", self.environment.build, self._offline), place, caches.words)
        return ReadyPlace(place, caches.words, files.removed, key)

    def _files(self, stack: ExitStack, commit: str, base: str, overlay: Overlay | None) -> CommitFiles:
        """The files of a commit, hashed when they were written, with what lies over them."""
        self.mirror.tree(commit)
        tree = true_tree(self.mirror.git, commit)
        key = keys.digest("checkout", tree, "" if overlay is None else overlay.key, self.box.user)

        def fill(folder: Path) -> None:
            (folder / "files").mkdir(mode=0o700)
            with scratch("checkout", self._making) as own:
                removed = fill_checkout(self.mirror, commit, folder / "files", own, overlay)
            (folder / "removed").write_text(json.dumps(removed))
            self._give(folder / "files")

        held = self._held(stack, key, fill)
        over = contents_of(self.mirror, CheckedOut(commit, base, held / "files", key), self.environment)
        laid = [
            self._held(stack, keys.digest("contents", each.key, self.box.user), self._filling(each.fill))
            for each in over
        ]
        folders = (*(folder / "files" for folder in laid), held / "files")
        return CommitFiles(
            commit, folders, tuple(json.loads((held / "removed").read_text())), keys.digest(key, [c.key for c in over])
        )

    def _filling(self, fill: Callable[[Path], None]) -> Callable[[Path], None]:
        def filled(folder: Path) -> None:
            (folder / "files").mkdir(mode=0o700)
            fill(folder / "files")
            self._give(folder / "files")

        return filled

    def _caches(self, stack: ExitStack, base: str) -> _Caches:
        """The caches of the workflow, fetched by what the base's files say."""
        if not self.environment.caches:
            return _Caches()
        with self.watch.during("setup_ms"):
            listed = _listed(self.mirror, base)
            found = [(cache.name, self._fetched(stack, cache, listed)) for cache in self.environment.caches]
        moved = self.box.kind.moves_paths
        placed = tuple(Placed(f"{_CACHES}/{name}" if moved else str(path), path) for name, path in found)
        words = {f"cache:{name}": each.name for (name, _), each in zip(found, placed, strict=True)}
        known = tuple(path.parent.name for _, path in found)
        return _Caches(placed, words | ({"cache": placed[0].name} if len(placed) == 1 else {}), known)

    def _fetched(self, stack: ExitStack, cache: CacheSpec, listed: Mapping[str, str]) -> Path:
        seen = keys.cache_files(cache, listed)
        key = keys.cache_key(self.environment, cache, self._machine(cache.fetch), seen)

        def fill(folder: Path) -> None:
            (folder / "cache").mkdir(mode=0o700)
            moved = self.box.kind.moves_paths
            placed = Placed(f"{_CACHES}/{cache.name}" if moved else str(folder / "cache"), folder / "cache", True)
            words = {f"cache:{cache.name}": placed.name, "cache": placed.name}
            with self._making_place((), (), _Caches((placed,))) as place:
                for path, name in seen.items():
                    (place.checkout / path).parent.mkdir(parents=True, exist_ok=True)
                    (place.checkout / path).write_bytes(self.mirror.git.run("cat-file", "blob", name).stdout)
                online = replace(self._offline, network=True)
                self._run_all(_Part("fetch", cache.fetch, online, self.secrets, of_base=True), place, words)

        return self._held(stack, key, fill) / "cache"

    def _run_all(self, part: _Part, place: Place, words: Mapping[str, str]) -> None:
        """Run commands one after the other; PreparationFailed for the first that does not end with 0."""
        boxed = BoxedCommands(self.around, place, self.box, part.spec, words, part.secrets)
        for argv in part.commands:
            command_run = boxed.run(argv, SETUP_MS, part.name)
            if command_run.ran.exit_code != 0:
                raise PreparationFailed(replace(command_run, of_base=part.of_base))

    @contextmanager
    def _making_place(self, checkout: Sequence[Path], home: Sequence[Path], caches: _Caches) -> Iterator[Place]:
        """A place on the disk of the cache, so that what is made there can be kept without a copy."""
        with place_over(checkout, home, layering=self.layering, parent=self._making, placed=caches.placed) as place:
            yield place

    @property
    def _making(self) -> Path:
        folder = self.cache.folder / ".making"
        private(folder)
        return folder

    @property
    def _offline(self) -> BoxSpec:
        return BoxSpec(at_least=self.environment.box.at_least)

    def _held(self, stack: ExitStack, key: str, fill: Callable[[Path], None]) -> Path:
        return stack.enter_context(self.cache.held(key, fill, self.around.stop))[0]

    def _give(self, folder: Path) -> None:
        """Let the box's user own files that it may write over in a layer of its own."""
        if self.box.user is not None:
            give(folder, self.box.user)

    def _machine(self, commands: Sequence[tuple[str, ...]]) -> tuple[object, ...]:
        """What else a result depends on: the repository, the box, the platform, and every program that is named."""
        names = {argv[0] for argv in commands if is_of_the_machine(argv[0])} | {
            f"{{{name}}}" for name in self.around.tools
        }
        programs = [self.around.toolchain.program(name, self.around.tools) for name in sorted(names)]
        found = [(program.name, program.path, program.digest) for program in programs]
        where = (str(self.mirror.path), str(self.box.kind), self.box.user, str(self.layering))
        return (*where, sys.platform, os.uname().machine, self.around.toolchain.path, found)


def _listed(mirror: Mirror, commit: str) -> Mapping[str, str]:
    """Every file of a commit, with the id of its content."""
    lines = mirror.git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit).fields
    parts = (line.partition("\t") for line in lines)
    return {path: what.split()[2] for what, _, path in parts}


def _drop_known(made: Path, known: Sequence[Path]) -> None:
    """Remove from what was made all that belongs to a commit, and the marks for what was removed."""
    for parent, folders, files in reversed(list(walked(made))):
        below = parent.relative_to(made)
        for name in (*files, *folders):
            path = parent / name
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                with suppress(OSError):
                    if any((folder / below / name).is_dir() for folder in known):
                        path.rmdir()  # only where it is empty
            elif stat.S_ISCHR(status.st_mode) or any(os.path.lexists(folder / below / name) for folder in known):
                path.unlink()
