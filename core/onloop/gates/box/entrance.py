"""How a warden starts a command in a box. This code runs in the warden and reads what `plan` wrote into the order."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from onloop.gates.box import syscalls
from onloop.gates.box.kinds.filter import program
from onloop.gates.box.kinds.ordinary import become_user, limit_processes, user_namespace
from onloop.gates.box.limits.bounds import Bounds
from onloop.gates.box.limits.watch import ResourceWatch

_SIGNALS = range(129, 193)


class Entrance:
    """What to start so that a command runs in its box, the descriptors this needs, and the watch over the run.

    A new entrance leads into no box; each kind of box changes what it needs.
    """

    def __init__(self, command: Mapping[str, Any], watch: ResourceWatch) -> None:
        self.argv: list[str] = command["argv"]
        self.folder: str = command["folder"]
        self.environment: Mapping[str, str] = command["environment"]
        self.watch = watch
        self.descriptors: tuple[int, ...] = ()
        self.kept: tuple[int, ...] = ()
        self.enter: Callable[[], None] = _stay
        self.status: int | None = None
        self.on_network = False
        self.layers: Sequence[Sequence[str]] = ()
        self.links = ""

    def prepare(self) -> None:
        """Run in the child process, before it becomes the command."""
        if self.watch.group is not None:
            self.watch.group.enter()
        if sys.platform == "linux":
            syscalls.leave_keyrings()
        if self.layers:
            from onloop.gates.box.layers import mount_layers

            mount_layers(self.layers, self.links)
        if self.on_network:
            from onloop.gates.box.kinds.landlock import keep_to_own_sockets

            keep_to_own_sockets()
        self.enter()

    def close(self) -> None:
        """Closes the descriptors, which the started process has inherited."""
        for descriptor in (*self.descriptors, *self.kept):
            os.close(descriptor)

    def code(self, exit_code: int | None) -> int | None:
        """The command's own exit code, given the one that the warden saw; None if the command never ran.

        Bubblewrap reports 128 plus the number for a signal, as shells do.
        """
        if self.status is None or exit_code is None or exit_code < 0:
            return exit_code
        reported = _reported_code(self.status)
        return 128 - reported if reported is not None and reported in _SIGNALS else reported


def entrance(order: Mapping[str, Any], command: Mapping[str, Any], below: Callable[[int], tuple[int, ...]]) -> Entrance:
    """The entrance that an order asks for; OSError if this machine does not allow it."""
    way = Entrance(command, ResourceWatch(Bounds.of_order(order["bounds"]), below, grouped=order["grouped"]))
    _WAYS[order["kind"]](way, order)
    way.layers, way.links = order["layers"], order["links"]
    way.on_network = order["network"] and order["kind"] != "none"
    return way


def _by_bubblewrap(way: Entrance, order: Mapping[str, Any]) -> None:
    status, status_writer = os.pipe()
    words = [*order["arguments"], "--json-status-fd", str(status_writer)]
    way.kept = () if order["user"] is None else (user_namespace(order["user"], nested=order["nested"]),)
    for descriptor in way.kept:
        words += ["--userns2", str(descriptor)]
    refused = program()
    if refused:
        filtered = _readable(refused)
        words += ["--seccomp", str(filtered)]
        way.kept = (*way.kept, filtered)
    arguments = _readable(b"".join(os.fsencode(word) + b"\0" for word in words))
    way.argv = [order["program"], "--args", str(arguments), "--", *order["command"]]
    way.folder, way.environment = "/", {}
    way.descriptors, way.status = (*way.kept, status_writer, arguments), status
    way.kept = ()


def _readable(content: bytes) -> int:
    """A descriptor from which the started process can read the content."""
    descriptor = os.memfd_create("box", 0)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _by_namespaces(way: Entrance, order: Mapping[str, Any]) -> None:
    from onloop.gates.box.box_item import BoxItem, Way  # what only one kind needs is loaded for that kind
    from onloop.gates.box.kinds.namespaces import Enclosure

    user = None if order["user"] is None else user_namespace(order["user"], nested=order["nested"])
    way.kept = () if user is None else (user,)
    way.enter = Enclosure(
        items=tuple(BoxItem(Way(kind), place, source) for kind, place, source in order["items"]),
        folder=way.folder,
        proc=order["proc"],
        network=order["network"],
        nested=order["nested"],
        user=user,
        processes=order["processes"],
    ).enter
    way.folder = "/"


def _by_landlock(way: Entrance, order: Mapping[str, Any]) -> None:
    from onloop.gates.box.kinds.landlock import Rules

    rules = Rules(
        readable=tuple(order["readable"]),
        writable=tuple(order["writable"]),
        devices=tuple(order["devices"]),
        network=order["network"],
    )

    def enter() -> None:
        limit_processes(order["processes"], order["user"])
        become_user(order["user"])
        syscalls.drop_capabilities()
        syscalls.filter_calls(program())
        rules.obey()

    way.enter = enter


def _by_seatbelt(way: Entrance, order: Mapping[str, Any]) -> None:
    way.argv = [*order["start"], *way.argv]


def _as_user(way: Entrance, order: Mapping[str, Any]) -> None:
    def enter() -> None:
        limit_processes(order["processes"], order["user"])
        if order["user"] is not None:
            become_user(order["user"])

    way.enter = enter


_WAYS: Mapping[str, Callable[[Entrance, Mapping[str, Any]], None]] = {
    "bubblewrap": _by_bubblewrap,
    "namespaces": _by_namespaces,
    "landlock": _by_landlock,
    "sandbox-exec": _by_seatbelt,
    "none": _as_user,
}


def _stay() -> None:
    """Do nothing: there is no box."""


def _reported_code(status: int) -> int | None:
    """The exit code that bubblewrap reports; None if it never started the command."""
    os.set_blocking(status, False)
    report = b""
    with suppress(OSError):
        report = os.read(status, 65_536)
    os.close(status)
    for line in reversed(report.splitlines()):
        with suppress(ValueError, KeyError, TypeError):
            return int(json.loads(line)["exit-code"])
    return None
