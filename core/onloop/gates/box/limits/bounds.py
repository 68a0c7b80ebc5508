"""What all processes of one run may use together, as it stands in an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Bounds(NamedTuple):
    """What the processes of a run may use together: how many they may be, memory, and room in their `folders`."""

    processes: int
    memory_bytes: int
    disk_bytes: int
    folders: tuple[str, ...]

    def as_order(self) -> dict[str, object]:
        """The bounds as JSON can carry them."""
        return self._asdict()

    @classmethod
    def of_order(cls, order: Mapping[str, Any]) -> Bounds:
        """The bounds as an order carried them."""
        return cls(**{**order, "folders": tuple(order["folders"])})

    @property
    def too_many(self) -> str:
        """What is said of a run that has more processes."""
        return f"it had more than {self.processes} processes and threads at once"

    @property
    def too_large(self) -> str:
        """What is said of a run that has more memory."""
        return f"its processes used more than {_size(self.memory_bytes)} of memory in all"

    @property
    def too_full(self) -> str:
        """What is said of a run that takes up more room."""
        return f"its files came to more than {_size(self.disk_bytes)}"


def _size(count: int) -> str:
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if count >= unit:
            return f"{round(count / unit, 1):g} {name}"
    return f"{count} bytes"
