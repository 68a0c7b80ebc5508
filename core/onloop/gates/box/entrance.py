"""How a warden gets a command into a box. It runs in the warden, on the other side of the order."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from onloop.gates.box import calls
from onloop.gates.box.bounds import Bounds
from onloop.gates.box.kind import BoxKind
from onloop.gates.box.landlock import Rules
from onloop.gates.box.layout import Item, Way
from onloop.gates.box.namespaces import Enclosure
from onloop.gates.box.ordinary import become_user, user_namespace
from onloop.gates.box.watch import Watch

_SIGNALS = range(129, 193)


@dataclass(slots=True)
class Entrance:
    """What to start so that a command runs in its box, the descriptors that this takes, and the watch over the run."""

    argv: list[str]
    folder: str
    environment: Mapping[str, str]
    watch: Watch
    descriptors: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    enter: Callable[[], None] = field(default=lambda: None)
    status: int | None = None

    def prepare(self) -> None:
        """The part of the command's own process, before it becomes the command."""
        if self.watch.group is not None:
            self.watch.group.enter()
        self.enter()

    def close(self) -> None:
        """Lets go of the descriptors: whoever was started has them."""
        for descriptor in (*self.descriptors, *self.kept):
            os.close(descriptor)

    def code(self, exit_code: int | None) -> int | None:
        """The command's own exit code, of that which the warden saw; None if the box was never entered.

        Bubblewrap gives what shells give for a signal.
        """
        if self.status is None or exit_code is None or exit_code < 0:
            return exit_code
        said = _last_word(self.status)
        return 128 - said if said is not None and said in _SIGNALS else said


def entrance(order: Mapping[str, Any], command: Mapping[str, Any], below: Callable[[int], tuple[int, ...]]) -> Entrance:
    """The entrance that an order asks for; OSError if this machine does not let us make it."""
    watch = Watch.over(Bounds.of_order(order["bounds"]), below, grouped=order["grouped"])
    way = Entrance(command["argv"], command["folder"], command["environment"], watch)
    match BoxKind(order["kind"]):
        case BoxKind.BUBBLEWRAP:
            _by_bubblewrap(way, order)
        case BoxKind.NAMESPACES:
            _by_namespaces(way, order)
        case BoxKind.LANDLOCK:
            way.enter = _by_landlock(order)
        case BoxKind.SEATBELT:
            way.argv = [*order["start"], *way.argv]
        case BoxKind.NONE:
            if order["user"] is not None:
                way.enter = lambda: become_user(order["user"])
    return way


def _by_bubblewrap(way: Entrance, order: Mapping[str, Any]) -> None:
    status, said = os.pipe()
    words = [*order["arguments"], "--json-status-fd", str(said)]
    way.kept = () if order["user"] is None else (user_namespace(order["user"], nested=order["nested"]),)
    for descriptor in way.kept:
        words += ["--userns2", str(descriptor)]
    told = os.memfd_create("box", 0)
    os.write(told, b"".join(os.fsencode(word) + b"\0" for word in words))
    os.lseek(told, 0, os.SEEK_SET)
    way.argv = [order["program"], "--args", str(told), "--", *order["command"]]
    way.folder, way.environment = "/", {}
    way.descriptors, way.status = (*way.kept, said, told), status
    way.kept = ()


def _by_namespaces(way: Entrance, order: Mapping[str, Any]) -> None:
    user = None if order["user"] is None else user_namespace(order["user"], nested=order["nested"])
    way.kept = () if user is None else (user,)
    way.enter = Enclosure(
        items=tuple(Item(Way(kind), place, source) for kind, place, source in order["items"]),
        folder=way.folder,
        proc=order["proc"],
        network=order["network"],
        nested=order["nested"],
        user=user,
        processes=order["processes"],
    ).enter
    way.folder = "/"


def _by_landlock(order: Mapping[str, Any]) -> Callable[[], None]:
    rules = Rules(
        readable=tuple(order["readable"]),
        writable=tuple(order["writable"]),
        devices=tuple(order["devices"]),
        network=order["network"],
    )

    def enter() -> None:
        become_user(order["user"])
        calls.drop_capabilities()
        rules.obey()

    return enter


def _last_word(status: int) -> int | None:
    """The exit code that bubblewrap tells of, which it does only if it came to start the command."""
    os.set_blocking(status, False)
    said = b""
    with suppress(OSError):
        said = os.read(status, 65_536)
    os.close(status)
    for line in reversed(said.splitlines()):
        with suppress(ValueError, KeyError, TypeError):
            return int(json.loads(line)["exit-code"])
    return None
