"""Where results on bases are kept, so that each gate runs there once."""

from __future__ import annotations

from typing import Protocol

from onloop.machine.base_result import BaseResult
from onloop.records import Record, field


class BaseResults(Protocol):
    """Where results on bases are kept, by base_result_key's key."""

    def get(self, key: str) -> BaseResult | None:
        """The result under that key; None where there is none."""
        ...

    def keep(self, key: str, result: BaseResult) -> None:
        """Keep a result for ever."""
        ...


class KeptInMemory(Record):
    """Keeps results for as long as it lives."""

    results: dict[str, BaseResult] = field(default_factory=dict)

    def get(self, key: str) -> BaseResult | None:
        """See BaseResults."""
        return self.results.get(key)

    def keep(self, key: str, result: BaseResult) -> None:
        """See BaseResults."""
        self.results[key] = result
