"""The places of tasks in an order, as it was when a person asked for it: until then no row moves by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

Places = Mapping[str, int]
"""The place of each task; what is in none stands after them."""
NO_PLACES: Places = MappingProxyType({})


def places_in(ids: Iterable[str]) -> Places:
    """The places of these tasks, in their order."""
    return {task: place for place, task in enumerate(ids)}


def in_places(ids: Sequence[str], places: Places) -> Sequence[str]:
    """The tasks in their places; who came since stands at the end."""
    return sorted(ids, key=lambda task: places.get(task, len(places))) if places else ids
