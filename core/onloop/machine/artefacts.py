"""Files that agents hand over and people attach: named, and stored by digest."""

from __future__ import annotations

from typing import Annotated

from onloop.machine.limits import MOST_ARTEFACTS, Bytes, Digest, Id, Items, Path
from onloop.records import Record


class Artefact(Record):
    """A file that an agent handed over, or a person attached, stored by its sha256 digest."""

    name: Path
    digest: Digest
    size: Bytes


Artefacts = Annotated[tuple[Artefact, ...], Items(MOST_ARTEFACTS)]
Labels = Annotated[tuple[Id, ...], Items(20)]
