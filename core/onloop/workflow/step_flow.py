"""How the steps of a file follow each other, by their places: what leads where, and what lies on every way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from onloop.machine.definition import END
from onloop.records import Record
from onloop.workflow.model import StepPart


class StepFlow(Record):
    """For each place the places that may come next; the place after the last is the end."""

    leads: tuple[tuple[int, ...], ...]

    @property
    def end(self) -> int:
        """The place that stands for the end."""
        return len(self.leads)

    def ahead(self, place: int) -> tuple[int, ...]:
        """The places that may come next and lie further on in the file."""
        return tuple(to for to in self.leads[place] if to > place)

    def reached(self, *, without: int = -1) -> frozenset[int]:
        """The places to which some way leads from the first that does not pass `without`."""
        found, waiting = set[int](), [0] if without != 0 else []
        while waiting:
            place = waiting.pop()
            if place in found or place == without:
                continue
            found.add(place)
            waiting += self.leads[place] if place < self.end else ()
        return frozenset(found)

    def leading_to(self, goal: int) -> frozenset[int]:
        """The places from which some way leads to `goal`, that one included."""
        found, grows = {goal}, True
        while grows:
            more = {place for place, leads in enumerate(self.leads) if place not in found and found & set(leads)}
            found, grows = found | more, bool(more)
        return frozenset(found)

    def always_before(self, place: int) -> tuple[int, ...]:
        """The places that every way to `place` passes, in the order of the file, `place` itself the last."""
        return (*(other for other in range(place) if place not in self.reached(without=other)), place)


def flow_of(ids: Sequence[str | None], steps: Sequence[StepPart | None]) -> StepFlow:
    """How steps follow each other; a target that is no step is left out, and what cannot be read leads on."""
    places = {name: place for place, name in reversed(list(enumerate(ids))) if name is not None} | {END: len(ids)}
    return StepFlow(tuple(_leads(place, step, places) for place, step in enumerate(steps)))


def _leads(place: int, step: StepPart | None, places: Mapping[str, int]) -> tuple[int, ...]:
    if step is None or step.next is None:
        return (place + 1,)
    return tuple(dict.fromkeys(places[way.to] for way in step.next if way.to in places)) or (place + 1,)


def names(ids: Sequence[str | None], places: Collection[int]) -> str:
    """Steps by their names, for a sentence."""
    return ", ".join(ids[place] or "?" for place in sorted(places) if place < len(ids))
