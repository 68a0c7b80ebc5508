"""A gateway behind TLS and machines elsewhere, as folders that share nothing: no store, no mirror, no credential."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import trustme

from onloop.access.opening import open_file
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.identity.network_credentials import OF_LAUNCHER, new_secret
from onloop.identity.resolution import token_digest
from onloop.machine.launchers import Grant, LauncherMinted
from support.https_origin import TOKEN, USER, HttpsOrigin, authority, https_origin
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, WORKFLOW, Ran, World

DAY_MS = 86_400_000


@cache
def certified() -> Path:
    """A folder with `ca.pem`, `door.pem` and `door.key`, for addresses that tests use."""
    folder, made = Path(mkdtemp(prefix="onloop-far-")), trustme.CA(key_type=trustme.KeyType.ECDSA)
    folder.chmod(0o755)
    issued = made.issue_cert("127.0.0.1", "10.77.0.1", "localhost", key_type=trustme.KeyType.ECDSA)
    made.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued.private_key_pem.write_to_path(str(folder / "door.key"))
    (folder / "door.pem").write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    return folder


@dataclass
class FarGateway:
    """`onloop serve --listen` of a world's store, which may be killed, and started again at the same port."""

    world: World
    port: int
    process: subprocess.Popen[str] | None = None
    public: str = ""

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = ("serve", "--listen", f"127.0.0.1:{self.port}")
        tls = ("--tls-cert", str(certified() / "door.pem"), "--tls-key", str(certified() / "door.key"))
        known = ("--public-url", self.public, "--public-url", self.url) if self.public else ()
        with (self.world.folder / "serve.log").open("a") as log:
            process = self.process = subprocess.Popen(
                [sys.executable, "-m", "onloop.cli.entry", *words, *tls, *known],
                env=self.world.environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
                text=True,
            )
        wait_for(lambda: process.poll() is not None or self._listens(), lambda: f"no door: {self.said}")
        assert process.poll() is None, self.said

    @property
    def said(self) -> str:
        return (self.world.folder / "serve.log").read_text()

    def _listens(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(DEADLINE_S) == 0, self.said

    def let_in(self, name: str = "farm", **more: object) -> str:
        """The token of a new launcher, as a person mints it."""
        opened, secret = open_file(Home(self.world.store)), new_secret(OF_LAUNCHER)
        try:
            person = opened.gateway.person("ana", PASSPHRASE, typed=False)
            known = {"roles": ("implementer",), "repositories": ("*",), "until": opened.gateway.clock() + DAY_MS}
            grant = Grant(**{**known, **more})  # type: ignore[arg-type]
            minted = LauncherMinted(name, token_digest(secret), grant, person.id)
            opened.gateway.perform(RecordStoreEvent(person, minted))
        finally:
            opened.close()
        return secret


@dataclass
class FarMachine:
    """A machine with onloop, git and a CA file: it knows the gateway's URL, and reaches nothing else of its."""

    world: World
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """Where what this machine has of the store lies."""
        return next((self.world.folder / "state" / "onloop" / "stores").iterdir())

    def work(self, token: str, script: str, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """`onloop work` as a process, whose token comes by a descriptor."""
        reader, writer = os.pipe()
        os.write(writer, f"{token}\n".encode())
        os.close(writer)
        command = [sys.executable, "-m", "onloop.cli.entry", "work", "--role", "implementer"]
        with (self.world.folder / "work.log").open("a") as log:
            made = subprocess.Popen(
                [*command, "--token-fd", str(reader), *words, "--", *self.world.agent(script)],
                env=self.world.environment | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stderr=log,
                text=True,
                pass_fds=(reader,),
            )
        os.close(reader)
        self.running.append(made)
        return made

    def launched(self, descriptor: int, *words: str, env: Mapping[str, str] | None = None) -> Ran:
        """`onloop WORDS…` there; a descriptor holds a launcher's token, and is closed after."""
        fds = ("--token-fd", str(descriptor)) if descriptor else ()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "onloop.cli.entry", *words, *fds],
                env=self.world.environment | dict(env or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=DEADLINE_S,
                pass_fds=(descriptor,) if descriptor else (),
            )
        finally:
            if descriptor:
                os.close(descriptor)
        return Ran(done.returncode, done.stdout, done.stderr)

    @property
    def said(self) -> str:
        """What its workers said."""
        log = self.world.folder / "work.log"
        return log.read_text() if log.exists() else ""

    def end(self) -> None:
        for each in self.running:
            if each.poll() is None:
                each.terminate()
        for each in self.running:
            each.wait(DEADLINE_S)


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def machine(folder: Path, url: str) -> FarMachine:
    """A machine for which the gateway is at `url`."""
    folder.mkdir(parents=True)
    return FarMachine(World(folder, {"ONLOOP_URL": url, "ONLOOP_CA": str(certified() / "ca.pem")}))


def declare(world: World, origin: HttpsOrigin) -> None:
    """Let the gateway's git, and nobody else's, reach a private origin."""
    place = world.folder / "origin-token"
    place.write_text(TOKEN)
    place.chmod(0o600)
    file = world.store / "git.toml"
    lines = f'token_file = "{place}"\nuser = "{USER}"\nca_file = "{authority() / "ca.pem"}"\n'
    file.write_text(f'["https://{origin.host}"]\n{lines}')
    file.chmod(0o600)


@contextmanager
def far_gateway(world: World) -> Iterator[FarGateway]:
    """A gateway that is up in the block."""
    made = FarGateway(world, free_port())
    made.start()
    try:
        yield made
    finally:
        made.end()


@dataclass
class Far:
    """A gateway that reaches a private origin, and a machine that reaches the gateway alone."""

    gateway: FarGateway
    machine: FarMachine
    origin: HttpsOrigin

    @property
    def world(self) -> World:
        return self.gateway.world

    def begin(self, *words: str) -> str:
        begun = self.world.onloop("start", "small.yaml", "--repo", self.origin.url("shop.git"), *words, "--json")
        assert begun.code in {0, 11}, begun.err
        return str(begun.json["task"])

    def events(self, kind: str) -> int:
        """How many events of that kind the log has."""
        return len([line for line in self.world.onloop("log", "--json").json["events"] if line["name"] == kind])


@contextmanager
def far_away(world: World) -> Iterator[Far]:
    """A store, its gateway and its private origin here, and a machine elsewhere."""
    world.init()
    origin = world.origin(files={"small.yaml": WORKFLOW})
    world.git(origin, "config", "http.receivepack", "true")
    with https_origin(origin.parent) as served:
        declare(world, served)
        with far_gateway(world) as gateway:
            there = machine(world.folder / "elsewhere", gateway.url)
            try:
                yield Far(gateway, there, served)
            finally:
                there.end()
