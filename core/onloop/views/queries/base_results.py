"""Reads what gates gave on bases."""

from __future__ import annotations

from typing import ClassVar

from onloop.machine.base_result import BaseResult
from onloop.machine.limits import Digest
from onloop.store.codec import from_text
from onloop.store.port import Reading
from onloop.store.rows import BaseResultRow
from onloop.views.query import Query


class ReadBaseResult(Query[BaseResult | None], frozen=True):
    """What is kept under base_result_key's `key`: a gate's result on a base; None where it never ran there."""

    name: ClassVar[str] = "base_result"
    key: Digest

    def carry_out(self, reading: Reading) -> BaseResult | None:
        """See Query."""
        return base_result_of(reading, self.key)


def base_result_of(reading: Reading, key: str) -> BaseResult | None:
    """The result that is kept under that key."""
    row = reading.get(BaseResultRow, key)
    return None if row is None else from_text(BaseResult, row.result)
