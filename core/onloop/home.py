"""The paths of a store: its folder, what belongs into it, and what must stay outside."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from onloop.errors import BadInput, StoreError
from onloop.file_lock import holder_of
from onloop.records import Record
from onloop.store.sqlite.database import FILE, anchor_of
from onloop.store_folder import state_folder, store_folder

if TYPE_CHECKING:
    from onloop.gates.repository.mirror import Mirror

LONGEST_ID = 64


class Home(Record):
    """A store's folder (0700). Agents' environments lie beside it, never inside."""

    store: Path
    own: Path | None = None
    """If our user may not enter the store: the user's own folder, in which their agents work."""
    is_known: bool = True
    """Whether the store's folder is known; else `store` is the socket of its gateway, as `$ONLOOP_URL` names it."""

    @property
    def is_ours(self) -> bool:
        """Whether the store's folder is known, and ours or not there yet."""
        return self.own is None and self.is_known and is_own(self.store)

    @property
    def name(self) -> str:
        """What people call the store: what goes behind `--store`, or into `ONLOOP_URL`."""
        return str(self.store) if self.is_known else f"unix:{self.store}"

    @property
    def apart(self) -> bool:
        """Whether our user may not enter the store. Then nothing that they fetch for clones counts as evidence."""
        return self.own is not None

    @property
    def is_gone(self) -> bool:
        """Whether the folder of a store of ours is not there (any more)."""
        return self.own is None and not self.store.is_dir()

    def check_there(self) -> None:
        """StoreError if the folder of our store was removed or moved while we used it."""
        if self.is_gone:
            hint = "restore it, or start again with the --store that it has now"
            raise StoreError(f"the store {self.store} is gone: its folder was removed or moved", hint=hint)

    @property
    def _beside(self) -> Path:
        return self.own or self.store.parent

    @property
    def anchor(self) -> Path:
        """Where the log's head is kept outside the store: beside its folder, or in `$ONLOOP_ANCHORS`."""
        folder = os.environ.get("ONLOOP_ANCHORS", "")
        if not folder.startswith("/"):
            return anchor_of(self.store)
        return Path(folder) / f"{sha256(os.fsencode(self.store)).hexdigest()[:16]}.anchor"

    @property
    def mirrors(self) -> Path:
        """The bare mirrors that gates, diffs and merges use; if `apart`, the mirrors from which clones are made."""
        return (self.own or self.store) / "mirrors"

    @property
    def git_settings(self) -> Path:
        """What a person declares for our git, so that it can reach origins; if `apart`, our user's own file."""
        return (self.own or self.store) / "git.toml"

    @property
    def secrets(self) -> Path:
        """The values of the secrets that workflows name for their setup; a person writes the file."""
        return self.store / "secrets.toml"

    @property
    def quarantine(self) -> Path:
        """Where the bytes that agents send are checked before anything else sees them."""
        return self.store / "quarantine"

    @property
    def kept(self) -> Path:
        """What verifiers make once and many gates use: files of commits, what setup and build made, slots."""
        return self.store / "kept"

    @property
    def environments(self) -> Path:
        """The agents' clones, one per task."""
        return self._beside / "environments"

    @property
    def handed_over(self) -> Path:
        """Where agents put artefacts before they submit (`$ONLOOP_OUT`), one folder per task."""
        return self._beside / "out"

    @property
    def handed_in(self) -> Path:
        """Read-only copies of what each task's agents are given (`$ONLOOP_IN`), one folder per task."""
        return self._beside / "in"

    @property
    def temporaries(self) -> Path:
        """Temporary files of agents that need a folder of their own for them, one folder per task."""
        return self._beside / "tmp"

    @property
    def people(self) -> Path:
        """Folders that are people's own: clones of tasks that they took, and commits that they opened."""
        return self._beside / "people"

    def own_clone(self, task: str, person: str) -> Path:
        """The clone in which a person works on a task."""
        return self.people / f"{task}@{person}"

    def opened(self, task: str, commit: str) -> Path:
        """The folder in which a person looks at a commit of a task."""
        return self.people / f"{task}@{commit[:12]}"

    @property
    def logs(self) -> Path:
        """What agents printed, one file per task."""
        return self._beside / "logs"

    @property
    def verifier_lock(self) -> Path:
        """The lock that the one running verifier holds."""
        return self.store / "verifier.lock"

    @property
    def serve_lock(self) -> Path:
        """The lock that the one running resident gateway holds."""
        return self.store / "serve.lock"

    @property
    def socket(self) -> Path:
        """Where a resident gateway listens: outside the store, because no other user may enter the store."""
        return self.store.parent / "serve" / "gateway.sock"

    def mirror(self, origin: str) -> Mirror:
        """The mirror of an origin."""
        from onloop.gates.repository.mirror import mirror_in  # here: most verbs need no git, so they do not load it

        return mirror_in(self.mirrors, origin, self.git_settings)

    def environment(self, task: str) -> Path:
        """The clone in which agents work on a task."""
        return self.environments / task

    def clone_of(self, task: str) -> Path:
        """The clone in which the agent of a task works: its environment, or where a session of its own has joined.

        `$ONLOOP_CLONE` says so for whoever acts as the agent of exactly this task.
        """
        given = os.environ.get("ONLOOP_CLONE", "")
        return (
            Path(given) if given.startswith("/") and os.environ.get("ONLOOP_TASK") == task else self.environment(task)
        )

    def out(self, task: str) -> Path:
        """Where the agent of a task puts its artefacts."""
        return self.handed_over / task

    def temporary(self, task: str) -> Path:
        """Temporary files of an agent that needs a folder of its own for them; it ends with its session."""
        return self.temporaries / task

    def given(self, task: str) -> Path:
        """Where the agent of a task finds what it is given: attachments, and artefacts of earlier steps."""
        return self.handed_in / task

    def agent_log(self, task: str) -> Path:
        """The file that holds what the agents of a task printed."""
        return self.logs / f"{task}.log"


def state_home() -> Path:
    """The folder of this user's state, in which the default store is."""
    return Path(state_folder())


def apart_from(home: Home, store_id: str) -> Home:
    """The home for a user who may not enter the store: their files are in their own state folder."""
    is_plain = store_id.isascii() and store_id.isalnum() and len(store_id) <= LONGEST_ID
    key = store_id if is_plain else sha256(store_id.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Home(home.store, state_home() / "stores" / key, home.is_known)


def find_home(store: str | None) -> Home:
    """The home that `--store` or `$ONLOOP_STORE` names, else the one whose gateway `$ONLOOP_URL` names, else ours.

    Whether a store that is named is the one of that gateway is looked at when it is opened.
    """
    url = os.environ.get("ONLOOP_URL")
    if store or os.environ.get("ONLOOP_STORE") or not url:
        return Home(Path(store_folder(store)))
    socket = socket_path(url)
    found = _store_beside(socket)
    return Home(socket, is_known=False) if found is None else Home(found)


def store_variables(home: Home) -> dict[str, str]:
    """The variables by which what we start finds the same store, and the same gateway."""
    url = os.environ.get("ONLOOP_URL", "")
    return ({"ONLOOP_STORE": str(home.store)} if home.is_known else {}) | ({"ONLOOP_URL": url} if url else {})


def addressed(home: Home, command: str) -> str:
    """A command for `onloop` so that it means this store in any folder and any shell: quoted as a shell does."""
    url = os.environ.get("ONLOOP_URL", "")
    is_elsewhere = url and not (home.is_known and socket_path(url) == home.socket)
    is_named = home.is_known and home.store != state_home() / "store"
    before = f"ONLOOP_URL={quote(url)} " if is_elsewhere else ""
    return f"{before}{command} --store {quote(str(home.store))}" if is_named else f"{before}{command}"


def socket_path(url: str) -> Path:
    """The path in a URL `unix:/path`."""
    scheme, _, path = url.partition(":")
    if scheme != "unix" or not path.startswith("/"):
        raise BadInput(f"ONLOOP_URL is {url[:200]!r}", hint="unix:/path/to/gateway.sock")
    return Path("/" + path.lstrip("/"))


def _store_beside(socket: Path) -> Path | None:
    """Our store whose gateway listens at `socket`; None if it is another user's, or elsewhere.

    Of several that are there, it is the one that is served.
    """
    above = socket.parent.parent
    if Home(above / "store").socket != socket:
        return None
    with suppress(OSError):
        ours = [each for each in above.iterdir() if (each / FILE).is_file() and each.lstat().st_uid == os.getuid()]
        locks = {each: Home(each).serve_lock for each in ours}
        served = [each for each, lock in locks.items() if lock.exists() and holder_of(lock) is not None]
        found = served or ours
        return found[0] if len(found) == 1 else None
    return None


def is_own(folder: Path) -> bool:
    """Whether a store folder is ours, or does not exist yet; one that we cannot see belongs to somebody else."""
    try:
        return folder.lstat().st_uid == os.getuid()
    except FileNotFoundError:
        return True
    except OSError:
        return False


def check_private(folder: Path) -> None:
    """Refuse a store folder that is a link, belongs to another user, or lets others in."""
    try:
        status = folder.lstat()
    except OSError as problem:
        raise StoreError(
            f"there is no store in {folder}", hint="onloop init makes one; onloop demo shows one"
        ) from problem
    if not stat.S_ISDIR(status.st_mode):
        raise StoreError(f"{folder} is not a real folder", hint="give the store's real folder with --store")
    if status.st_uid != os.getuid():
        raise StoreError(
            f"{folder} belongs to user {status.st_uid}", hint="use a store of your own: onloop init --store DIR"
        )
    if status.st_mode & 0o077:
        raise StoreError(f"{folder} is open to others", hint=f"chmod 700 {folder}")
