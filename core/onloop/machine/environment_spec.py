"""What the commands of a workflow find around them, as checked data."""

from __future__ import annotations

from onloop.machine.gate_kinds import BoxSpec
from onloop.records import Record


class CacheSpec(Record):
    """Downloads that setup reads: `fetch` has the network, and sees no file of the repository but those in `key`."""

    name: str
    fetch: tuple[tuple[str, ...], ...]
    key: tuple[str, ...] = ()


class ToolSpec(Record):
    """A program of the store's toolchain under the name by which commands call it: `{python}` for `python`."""

    name: str
    program: str


class ServiceSpec(Record):
    """A server beside a gate, in the gate's own box and on its own loopback: a database, a broker.

    `prepare` runs before it; it is ready when `ready` exits 0, or when `port` accepts a connection.
    """

    name: str
    command: tuple[str, ...]
    prepare: tuple[tuple[str, ...], ...] = ()
    ready: tuple[str, ...] = ()
    port: int | None = None
    timeout_ms: int = 60_000


class EnvironmentSpec(Record):
    """What the commands of a workflow find: how a checkout is made ready, and what is beside it.

    `setup` installs dependencies, once per content of the files in `cache_key`, from a commit that the target has;
    `build` runs once per submitted commit, without a network. `box` is what setup asks of its box, and the weakest kind
    that any gate may run in. `secrets` are names of values that only setup sees. With `git`, the checkout has a
    `.git` of its own commit with its history and tags; submodules and LFS files are filled where asked for.
    """

    setup: tuple[tuple[str, ...], ...] = ()
    cache_key: tuple[str, ...] = ()
    box: BoxSpec = BoxSpec()
    build: tuple[tuple[str, ...], ...] = ()
    caches: tuple[CacheSpec, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    services: tuple[ServiceSpec, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    git: bool = False
    submodules: bool = False
    lfs: bool = False
    attach: tuple[str, ...] = ()
