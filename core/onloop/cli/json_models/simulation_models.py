"""What `onloop simulate` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from onloop.records import Record

Ms = Annotated[int, Meta(description="In ms of simulated time.")]


class QuantilesJson(Record):
    """Half of the seeds gave at most `p50`, nine of ten at most `p90`."""

    p50: int
    p90: int


class SeedJson(Record):
    """What one seed gave; `history` is the hash of its whole log, the same wherever it is simulated again."""

    seed: int
    history: str
    ended: bool
    took_ms: Ms
    events: int
    tasks: Mapping[str, int]
    decisions: Mapping[str, int]


class ForecastJson(Record):
    """A forecast over several seeds. Agents, gates and people follow a script; all else is the real code."""

    workflow: str
    repositories: int
    agents: int
    seeds: Sequence[SeedJson]
    unfinished: Annotated[int, Meta(description="How many seeds were not over when the time was.")]
    took_ms: QuantilesJson
    decisions: Annotated[QuantilesJson, Meta(description="How many things people decided.")]
    most_waiting: Annotated[QuantilesJson, Meta(description="How many requests were open at once.")]
    waited_ms: Annotated[QuantilesJson, Meta(description="How long a request waited for its decision.")]
    people_ms: Annotated[QuantilesJson, Meta(description="How long people spent deciding, all together.")]
    busy: Annotated[QuantilesJson, Meta(description="The share of the time in which agents worked, in thousandths.")]
    brought: Annotated[
        QuantilesJson, Meta(description="How many more agents were needed, because nobody else was independent.")
    ]
    lost: Annotated[QuantilesJson, Meta(description="How many tries at a step were lost.")]
    rounds: Annotated[QuantilesJson, Meta(description="How often failed gates went back to an agent.")]
    tasks: Annotated[Mapping[str, QuantilesJson], Meta(description="Repositories by what became of them.")]
    blocked: Annotated[Mapping[str, QuantilesJson], Meta(description="By cause, how often people had to step in.")]
    store: Annotated[str, Meta(description="The folder with the first seed's store, where it was kept.")] = ""


class ConductJson(Record):
    """The usual conduct of simulated agents, gates and people, as a file."""

    conduct: str
