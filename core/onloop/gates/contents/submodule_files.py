"""Submodules as files of a gate's checkout."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from onloop.gates.checkout import fill_checkout
from onloop.gates.contents.submodule_parts import ContentsMissing, SubmodulePart
from onloop.gates.repository.folders import scratch


def fill_submodules(parts: Iterable[SubmodulePart], layer: Path) -> None:
    """Write each submodule to its place below `layer`, hashed again as every checkout is.

    Links that lead out of their submodule are left out.
    """
    for part in parts:
        place = layer / os.fsdecode(part.path)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.path.realpath(place) != str(layer.resolve() / os.fsdecode(part.path)):
            raise ContentsMissing(f"{part.path!r} is reached through a link", hint="put the submodule somewhere else")
        with scratch("submodule") as folder:
            fill_checkout(part.mirror, part.commit, place, folder)
