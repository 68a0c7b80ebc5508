"""A store of one user's, two agents' users and an approver, as real processes of four accounts of this machine."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from support import other_users
from support.waiting import DEADLINE_S, wait_for
from support.world import GIT, PASSPHRASE, Ran

OWNER, AGENT, OTHER, APPROVER = "daemon", "games", "man", "news"
"""Accounts that every Debian and Ubuntu has, and nobody uses."""
GROUP = "games"
Env = Mapping[str, str]


@cache
def why_not() -> str:
    """Why this machine cannot be four users; empty where it can."""
    import pwd

    missing = [
        name for name in (OWNER, AGENT, OTHER, APPROVER) if name not in {each.pw_name for each in pwd.getpwall()}
    ]
    if missing:
        return f"there is no user {missing[0]}"
    return other_users.why_not()


@dataclass(slots=True)
class FourUsers:
    """Everything below `folder`, which all may pass through; nothing else is touched."""

    folder: Path
    owner: str = OWNER
    port: int = 0
    daemon: subprocess.Popen[bytes] | None = None
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def store(self) -> Path:
        """Of its owner's alone; or, where one user is everybody, in that user's home."""
        return (self.folder / "gateway" if self.owner == OWNER else self.home(self.owner)) / "store"

    @property
    def origins(self) -> Path:
        return self.folder / "origins"

    def home(self, user: str) -> Path:
        return self.folder / "homes" / user

    def environment(self, user: str) -> dict[str, str]:
        home = str(self.home(user))
        own = {"HOME": home, "XDG_STATE_HOME": f"{home}/state", "ONLOOP_STORE": str(self.store), "LANG": "C.UTF-8"}
        return {"PATH": f"{self.folder}/venv/bin:/usr/bin:/bin"} | GIT | own

    def make(self) -> None:
        """The interpreter that all may read, the homes, and the owner's store."""
        self.folder.chmod(0o755)
        other_users.readable_python(self.folder / "venv")
        command = self.folder / "venv" / "bin" / "onloop"
        start = "from onloop.cli.entry import main\nraise SystemExit(main())\n"
        command.write_text(f"#!{self.folder}/venv/bin/python\n{start}")
        command.chmod(0o755)
        for user in (OWNER, AGENT, OTHER, APPROVER):
            home = self.home(user)
            home.mkdir(parents=True, mode=0o755)
            home.chmod(0o700)
            os.chown(home, *self.ids(user))
        self.origins.mkdir()
        os.chown(self.origins, *self.ids(self.owner))
        isolated = ("--isolate", OWNER, "--agents", GROUP) if self.owner == OWNER else ()
        by = "root" if isolated else self.owner
        made = self.run(by, "init", "--name", "ana", *isolated, passphrase=PASSPHRASE)
        assert made.code == 0, made.err

    def ids(self, user: str) -> tuple[int, int]:
        import grp
        import pwd

        return pwd.getpwnam(user).pw_uid, grp.getgrnam(GROUP).gr_gid

    def as_user(self, user: str, *argv: str) -> list[str]:
        """The command that runs `argv` as a user, in the group that may reach the socket."""
        if user == "root":
            return list(argv)
        uid, gid = self.ids(user)
        return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", "--", *argv]

    def call(
        self,
        user: str,
        *argv: str,
        env: Env | None = None,
        cwd: Path | None = None,
        fds: tuple[int, ...] = (),
    ) -> Ran:
        """Any program as a user."""
        done = subprocess.run(
            self.as_user(user, *argv),
            env=self.environment(user) | dict(env or {}),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=DEADLINE_S,
            cwd=cwd or "/",
            pass_fds=fds,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def run(
        self,
        user: str,
        *words: str,
        passphrase: str = "",
        env: Env | None = None,
        cwd: Path | None = None,
    ) -> Ran:
        """`onloop WORDS…` as a user, with a passphrase on a file descriptor if there is one."""
        reader, writer = os.pipe()
        os.write(writer, passphrase.encode())
        os.close(writer)
        more = ("--passphrase-fd", str(reader)) if passphrase else ()
        try:
            return self.call(user, str(self.folder / "venv/bin/onloop"), *words, *more, env=env, cwd=cwd, fds=(reader,))
        finally:
            os.close(reader)

    def typed(self, user: str, *words: str, passphrase: str = PASSPHRASE) -> Ran:
        """`onloop WORDS…` in a terminal of the user's own, at which the passphrase is typed when it is asked for."""
        argv = self.as_user(user, str(self.folder / "venv/bin/onloop"), *words)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir("/")
            os.execvpe(argv[0], argv, self.environment(user) | {"TERM": "xterm"})  # noqa: S606 - no shell
        said, is_typed, end = b"", False, time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1.0)[0]:
                continue
            try:
                chunk = os.read(terminal, 65_536)
            except OSError:
                break
            said += chunk
            if not chunk:
                break
            if not is_typed and b"assphrase" in said.rpartition(b"\n")[2]:
                os.write(terminal, passphrase.encode() + b"\n")
                is_typed = True
        os.close(terminal)
        return Ran(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode("utf-8", "replace"), "")

    def start(self, user: str, *argv: str) -> subprocess.Popen[str]:
        """A program as a user that runs until the end."""
        process = subprocess.Popen(
            self.as_user(user, *argv),
            env=self.environment(user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def serve(self) -> None:
        """The resident gateway and a server of the origins, both as the owner."""
        self.publish()
        gateway = self.start(OWNER, f"{self.folder}/venv/bin/onloop", "serve", "--group", GROUP)
        socket = self.store.parent / "serve" / "gateway.sock"
        wait_for(lambda: gateway.poll() is not None or socket.exists(), lambda: "serve does not come up")
        assert gateway.poll() is None, gateway.communicate()[1]

    def publish(self) -> None:
        """A server of the origins, as the owner."""
        home = {"HOME": str(self.home(self.owner))}
        self.daemon, self.port = other_users.published(self.origins, self.as_user(self.owner), **GIT, **home)

    def origin(self, name: str, files: Mapping[str, str]) -> str:
        """A repository of the owner's with one commit; the answer is its URL."""
        work, bare = self.home(self.owner) / "seed" / name, self.origins / f"{name}.git"
        for relative, text in files.items():
            (work / relative).parent.mkdir(parents=True, exist_ok=True)
            (work / relative).write_text(text, encoding="utf-8")
        uid, gid = self.ids(self.owner)
        subprocess.run(["chown", "-R", f"{uid}:{gid}", str(self.home(self.owner))], check=True)
        identity = ("-c", "user.name=Seed", "-c", "user.email=seed@example.org")
        for argv in (
            ("git", "init", "--quiet", "--initial-branch=main"),
            ("git", "add", "--all"),
            ("git", *identity, "commit", "--quiet", "-m", "Begin"),
            ("git", "clone", "--quiet", "--bare", ".", str(bare)),
        ):
            done = self.call(self.owner, *argv, cwd=work)
            assert done.code == 0, done.err
        return f"git://127.0.0.1:{self.port}/{name}.git"

    def tip(self, name: str) -> str:
        """Where the main branch of an origin is."""
        return self.call(self.owner, "git", f"--git-dir={self.origins}/{name}.git", "rev-parse", "main").out.strip()

    def file_at(self, name: str, path: str) -> str | None:
        """A file of an origin's main branch."""
        done = self.call(self.owner, "git", f"--git-dir={self.origins}/{name}.git", "show", f"main:{path}")
        return done.out if done.code == 0 else None

    def end(self) -> None:
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait(20)
        for process in reversed(self.started):
            process.terminate()
        for process in self.started:
            try:
                process.communicate(timeout=DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


@contextmanager
def four_users(folder: Path) -> Iterator[FourUsers]:
    """The four of them, served, and ended after."""
    made = FourUsers(folder)
    try:
        made.make()
        made.serve()
        yield made
    finally:
        made.end()


@contextmanager
def one_user(folder: Path) -> Iterator[FourUsers]:
    """One ordinary user who is everybody, with a verifier of their own and no resident gateway."""
    made = FourUsers(folder, owner=AGENT)
    try:
        made.make()
        made.publish()
        made.start(AGENT, f"{folder}/venv/bin/onloop", "verifier")
        yield made
    finally:
        made.end()
