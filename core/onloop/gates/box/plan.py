"""What a warden is told so that it runs one command in a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_never

from onloop.errors import Unavailable
from onloop.gates.box import bubblewrap, system
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.ownership import give
from onloop.gates.box.view import View, inside


def plan(
    box: Box, view: View, argv: Sequence[str], folder: str, environment: Mapping[str, str]
) -> dict[str, object] | None:
    """The box's part of an order, after the folders of the view were made ready for it; None where there is no box."""
    match box.kind:
        case BoxKind.NONE:
            return None
        case BoxKind.BUBBLEWRAP:
            return _bubblewrap(box, view, list(argv), folder, environment)
        case BoxKind.NAMESPACES | BoxKind.LANDLOCK | BoxKind.SEATBELT:
            raise Unavailable(f"{box.kind} is not there yet", hint="install bubblewrap")
        case _:
            assert_never(box.kind)


def _bubblewrap(
    box: Box, view: View, argv: list[str], folder: str, environment: Mapping[str, str]
) -> dict[str, object]:
    program = bubblewrap.program()
    if program is None:
        raise Unavailable("bubblewrap is not on this machine any more", hint="install it again")
    more, command = bubblewrap.inner(box, argv, folder, environment)
    arguments = (*bubblewrap.arguments(box, view, _own_etc(box, view)), *more)
    _make_ready(box, view)
    return {
        "program": program,
        "arguments": arguments,
        "argv": command,
        "user": box.user,
        "nested": view.nested,
    }


def _own_etc(box: Box, view: View) -> Path:
    """The folder of the files that the box has of its own in /etc; code does not see the folder itself."""
    folder = view.scratch / "etc"
    folder.mkdir(mode=0o755, exist_ok=True)
    for name, text in system.written_etc(system.USER, inside(box, view).home, view.network).items():
        file = folder / name
        file.write_text(text)
        file.chmod(0o644)
    return folder


def _make_ready(box: Box, view: View) -> None:
    if box.user is not None:
        for place in view.writable:
            give(place, box.user)
