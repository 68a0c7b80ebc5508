"""What all processes of one run may use together, as an order carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Bounds(NamedTuple):
    """What the processes of a run may use together: their number, memory, and disk space in their `folders`."""

    processes: int
    memory_bytes: int
    disk_bytes: int
    folders: tuple[str, ...]

    def as_order(self) -> dict[str, object]:
        """The bounds as plain JSON values."""
        return self._asdict()

    @classmethod
    def of_order(cls, order: Mapping[str, Any]) -> Bounds:
        """The bounds in an order."""
        return cls(**{**order, "folders": tuple(order["folders"])})

    @property
    def too_many(self) -> str:
        """The reason given for a run with too many processes."""
        return f"it had more than {self.processes} processes and threads at once"

    @property
    def too_large(self) -> str:
        """The reason given for a run that uses too much memory."""
        return f"its processes used more than {_size(self.memory_bytes)} of memory in all"

    @property
    def too_full(self) -> str:
        """The reason given for a run that uses too much disk space."""
        return f"its files came to more than {_size(self.disk_bytes)}"


def _size(count: int) -> str:
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if count >= unit:
            return f"{round(count / unit, 1):g} {name}"
    return f"{count} bytes"
