"""The paths of a store: its folder, what belongs into it, and what must stay outside."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from onloop.database_address import bare_url, has_password, is_database, public_url
from onloop.environments.environment_places import EnvironmentPlaces
from onloop.errors import BadInput, StoreError
from onloop.file_lock import holder_of
from onloop.gateway_url import is_over_http, plain_url
from onloop.plain_file import plain_bytes
from onloop.records import replace
from onloop.store.sqlite.database import FILE, anchor_of
from onloop.store_folder import state_folder, store_folder

if TYPE_CHECKING:
    from onloop.gates.repository.mirror import Mirror

LONGEST_ID = 64
ADDRESS_FILE = "database.url"
_LONGEST_ADDRESS = 4_096
"""The file in a store's folder that says which database it goes with: the URL without user and password."""


class Home(EnvironmentPlaces):
    """A store's folder (0700). Agents' environments lie beside it, never inside."""

    store: Path
    own: Path | None = None
    """If our user may not enter the store: the user's own folder, in which their agents work."""
    is_known: bool = True
    """Whether the store's folder is known; else `store` is the socket of its gateway, as `$ONLOOP_URL` names it."""
    url: str = ""
    """If the store is on another machine: the URL of its gateway; `store` is then a folder that is never there."""
    database: str = ""
    """The URL of a team's database, perhaps with a password; then the folder holds what is this machine's alone."""

    def __repr__(self) -> str:
        return f"Home({self.name!r})"

    @property
    def is_ours(self) -> bool:
        """Whether the store's folder is known, and ours or not there yet."""
        return self.own is None and self.is_known and is_own(self.store)

    @property
    def name(self) -> str:
        """What people call the store: what goes behind `--store`, or into `ONLOOP_URL`; never with a password."""
        if self.database:
            return public_url(self.database)
        return self.url or (str(self.store) if self.is_known else f"unix:{self.store}")

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
    def bundles(self) -> Path:
        """History as bundles: what the gateway passes on, or, if `apart`, what has come of it so far."""
        return (self.own or self.store) / "bundles"

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
        return named_in(self.people, f"{task}@{person}")

    def opened(self, task: str, commit: str) -> Path:
        """The folder in which a person looks at a commit of a task."""
        return named_in(self.people, f"{task}@{commit[:12]}")

    @property
    def relays(self) -> Path:
        """Where workers of a gateway elsewhere keep their sockets for agents; private to our user."""
        return self._beside / "relays"

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
        return named_in(self.environments, task)

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
        return named_in(self.handed_over, task)

    def out_of(self, task: str) -> Path:
        """Where the artefacts of a task are: `$ONLOOP_OUT` for whoever acts as the agent of exactly this task."""
        given = os.environ.get("ONLOOP_OUT", "")
        is_its = given.startswith("/") and os.environ.get("ONLOOP_TASK") == task and "ONLOOP_CLONE" in os.environ
        return Path(given) if is_its else self.out(task)

    def temporary(self, task: str) -> Path:
        """Temporary files of an agent that needs a folder of its own for them; it ends with its session."""
        return named_in(self.temporaries, task)

    def given(self, task: str) -> Path:
        """Where the agent of a task finds what it is given: attachments, and artefacts of earlier steps."""
        return named_in(self.handed_in, task)

    def agent_log(self, task: str) -> Path:
        """The file that holds what the agents of a task printed."""
        return named_in(self.logs, f"{task}.log")


def named_in(folder: Path, name: str) -> Path:
    """The place of that name in a folder; BadInput for one that leads out of it, as a hostile gateway might send."""
    if "/" in name or "\0" in name or name in {"", ".", ".."}:
        raise BadInput(
            f"{name[:80]!r} is no name of a task", hint="check ONLOOP_URL: gateways of ours send no such name"
        )
    return folder / name


def state_home() -> Path:
    """The folder of this user's state, in which the default store is."""
    return Path(state_folder())


def apart_from(home: Home, store_id: str) -> Home:
    """The home for a user who may not enter the store: their files are in their own state folder."""
    is_plain = store_id.isascii() and store_id.isalnum() and len(store_id) <= LONGEST_ID
    key = store_id if is_plain else sha256(store_id.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return replace(home, own=state_home() / "stores" / key)


def find_home(store: str | None) -> Home:
    """The home that `--store` or `$ONLOOP_STORE` names, else the one whose gateway `$ONLOOP_URL` names, else ours.

    Whether a store that is named is the one of that gateway is looked at when it is opened.
    """
    url, given = os.environ.get("ONLOOP_URL", ""), store or os.environ.get("ONLOOP_STORE", "")
    if is_over_http(url):
        return _elsewhere(url, given)
    if given or not url:
        return Home(Path(store_folder(store)), database=_database(given, is_typed=bool(store)))
    socket = socket_path(url)
    found = _store_beside(socket)
    return Home(socket, is_known=False) if found is None else Home(found, database=_database_of(found))


def _database(given: str, *, is_typed: bool) -> str:
    """The database that is named, "" where it is a folder; a password comes from the environment, never as typed."""
    if not is_database(given):
        scheme, elsewhere, _ = given.partition("://")
        if elsewhere and scheme.isalnum():
            raise BadInput(
                f"a store cannot be in {scheme}://…", hint="give a folder, or postgresql://USER@HOST/DATABASE"
            )
        return ""
    if not is_typed:
        return given
    if has_password(given):
        raise BadInput(
            "a password in --store is shown to everybody on this machine",
            hint="leave it out: ~/.pgpass, PGPASSFILE, PGPASSWORD or ONLOOP_STORE may hold it",
        )
    around = os.environ.get("ONLOOP_STORE", "")
    return around if is_database(around) and public_url(around) == public_url(given) else given


def _database_of(folder: Path) -> str:
    """The database that a folder of ours goes with, without user and password; "" where it goes with none."""
    with suppress(OSError, UnicodeDecodeError):
        return plain_bytes(folder / ADDRESS_FILE, _LONGEST_ADDRESS)[:_LONGEST_ADDRESS].decode("ascii").strip()
    return ""


def _elsewhere(url: str, store: str) -> Home:
    """The home of a store that only its gateway at the URL can open; BadInput where a store is named beside it."""
    plain = checked_url(url)
    if store:
        named = public_url(store) if is_database(store) else store[:200]
        raise BadInput(
            f"two places are named: the gateway at {plain}, and the store {named}",
            hint=f"unset ONLOOP_URL to use {named}, or leave out --store and ONLOOP_STORE to use the gateway's",
        )
    return Home(state_home() / "gateways" / sha256(plain.encode()).hexdigest()[:16], is_known=False, url=plain)


def checked_url(url: str) -> str:
    """The URL of a gateway as it is compared and shown; BadInput says what is wrong with it."""
    try:
        return plain_url(url)
    except ValueError as problem:
        shown = without_user(url)[:200]
        raise BadInput(f"ONLOOP_URL is {shown!r}: {problem}", hint="ONLOOP_URL=https://HOST:PORT") from None


def without_user(url: str) -> str:
    """The URL without what may be a password in it."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}***@{rest.rpartition('@')[2]}" if "@" in rest else url


def store_variables(home: Home) -> dict[str, str]:
    """The variables by which what we start finds the same store, and the same gateway; never a database itself."""
    given = {name: value for name in ("ONLOOP_URL", "ONLOOP_CA") if (value := os.environ.get(name, ""))}
    if home.database:
        return {"ONLOOP_URL": f"unix:{home.socket}", **given}
    return ({"ONLOOP_STORE": str(home.store)} if home.is_known else {}) | given


def addressed(home: Home, command: str) -> str:
    """A command for `onloop` so that it means this store in any folder and any shell: quoted as a shell does."""
    url = os.environ.get("ONLOOP_URL", "")
    is_elsewhere = url and not (home.is_known and is_its_own(url, home))
    is_named = home.is_known and home.store != state_home() / "store"
    before = f"ONLOOP_URL={quote(url)} " if is_elsewhere else ""
    return f"{before}{command} --store {quote(home.name)}" if is_named else f"{before}{command}"


def is_its_own(url: str, home: Home) -> bool:
    """Whether the URL names the socket at which the store's own gateway listens."""
    return not is_over_http(url) and socket_path(url) == home.socket


def socket_path(url: str) -> Path:
    """The path in a URL `unix:/path`."""
    scheme, _, path = url.partition(":")
    if scheme != "unix" or not path.startswith("/"):
        hint = "unix:/path/to/gateway.sock, or https://HOST:PORT"
        raise BadInput(f"ONLOOP_URL is {without_user(url)[:200]!r}", hint=hint)
    return Path("/" + path.lstrip("/"))


def _store_beside(socket: Path) -> Path | None:
    """Our store whose gateway listens at `socket`; None if it is another user's, or elsewhere.

    Of several that are there, it is the one that is served.
    """
    above = socket.parent.parent
    if Home(above / "store").socket != socket:
        return None
    with suppress(OSError):
        ours = [each for each in above.iterdir() if _is_store(each) and each.lstat().st_uid == os.getuid()]
        locks = {each: Home(each).serve_lock for each in ours}
        served = [each for each, lock in locks.items() if lock.exists() and holder_of(lock) is not None]
        found = served or ours
        return found[0] if len(found) == 1 else None
    return None


def _is_store(folder: Path) -> bool:
    """Whether a folder holds a store, or what goes with a database."""
    return (folder / FILE).is_file() or (folder / ADDRESS_FILE).is_file()


def is_own(folder: Path) -> bool:
    """Whether a store folder is ours, or does not exist yet; one that we cannot see belongs to somebody else."""
    try:
        return folder.lstat().st_uid == os.getuid()
    except FileNotFoundError:
        return True
    except OSError:
        return False


def keep_beside(home: Home) -> bool:
    """Make the folder that goes with a database on this machine, 0700; whether it was not there before."""
    home.store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        home.store.mkdir(mode=0o700)
    except FileExistsError:
        return False
    (home.store / ADDRESS_FILE).write_text(f"{bare_url(home.database)}\n", "ascii")
    return True


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
