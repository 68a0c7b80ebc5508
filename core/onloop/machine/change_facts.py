"""What a submission changes, as counts and classes that rules read: computed by the gateway from its mirror."""

from __future__ import annotations

from typing import Annotated

from onloop.machine.fact_vocabulary import MOST_ITEMS
from onloop.machine.limits import Address, Bytes, Items, Number, Path
from onloop.records import Record


class ChangeFacts(Record):
    """Counts of what differs from the base, the paths unless they are too many, and who owns them by the base.

    `paths` is None where there are more than a rule is given, and owners where they were not gone through. A renamed
    file is one that is gone and one that is new.
    """

    count: Number = 0
    added: Number = 0
    removed: Number = 0
    paths: Annotated[tuple[Path, ...], Items(MOST_ITEMS)] | None = None
    new_files: Number = 0
    deleted_files: Number = 0
    tests: Number = 0
    docs: Number = 0
    lockfiles: Number = 0
    manifests: Number = 0
    configuration: Number = 0
    sensitive: Number = 0
    binary: Number = 0
    largest: Bytes = 0
    unlicensed: Number = 0
    owners: Annotated[tuple[Address, ...], Items(MOST_ITEMS)] | None = ()
    unowned: Number | None = 0
