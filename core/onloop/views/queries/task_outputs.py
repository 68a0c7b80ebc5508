"""What gates and effects of a task wrote, attempt by attempt, as the log knows it, and a page of one output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import ClassVar

from onloop.errors import UnknownThing
from onloop.machine import events as e
from onloop.machine.limits import Bytes, Digest, Id
from onloop.machine.task import Evidence
from onloop.records import Record
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Recorded
from onloop.views.known_task import known_task
from onloop.views.query import Query

MOST_EVENTS = 100_000
LARGEST_PAGE = 262_144
"""How many bytes of an output are read at a time."""

_TOLD = frozenset({"Claimed", "RoundStarted", "StepEntered", "GateReported", "BaseReported"})
_EFFECTS = frozenset({"EffectStarted", "EffectDone", "EffectFailed", "EffectVoided"})


class OutputKind(StrEnum):
    """Whose output it is."""

    GATE = "gate"
    BASE = "base"
    EFFECT = "effect"


class TaskOutput(Record):
    """What one gate or effect wrote in one attempt and round, ended at `at` (ms): `words` sum it up.

    `digest` is of the whole output, `size` its bytes; None where there is no more than the words.
    """

    kind: OutputKind
    name: str
    step: str
    attempt: int
    round: int
    at: int
    seq: int
    words: str
    digest: str | None = None
    size: int = 0


class ReadOutputs(Query[tuple[TaskOutput, ...]], frozen=True):
    """What the gates and effects of a task wrote, the oldest first, without the outputs themselves."""

    name: ClassVar[str] = "outputs"
    task: Id

    def carry_out(self, reading: Reading) -> tuple[TaskOutput, ...]:
        """See Query."""
        known_task(reading, self.task)
        return tuple(_outputs(reading.log(task=self.task, limit=MOST_EVENTS, newest=True)))


class OutputPage(Record):
    """A part of an output of `size` bytes; the next begins at `following`. Untrusted: made safe by whoever shows it."""

    size: int
    following: int
    text: str


class ReadOutput(Query[OutputPage], frozen=True):
    """A page of one output of a task, from the byte `start` on; UnknownThing if none of its outputs is called so."""

    name: ClassVar[str] = "output"
    task: Id
    digest: Digest
    start: Bytes = 0

    def carry_out(self, reading: Reading) -> OutputPage:
        """See Query."""
        known = {output.digest for output in ReadOutputs(self.task).carry_out(reading)}
        content = reading.blob(self.digest) if self.digest in known else None
        if content is None:
            hint = f"onloop logs {self.task} lists what there is"
            raise UnknownThing(f"{self.task} has no output {self.digest[:12]!r}", hint=hint)
        piece = content[self.start : self.start + LARGEST_PAGE]
        return OutputPage(len(content), self.start + len(piece), piece.decode("utf-8", "replace"))


def _outputs(log: Sequence[Recorded]) -> Iterator[TaskOutput]:
    attempt = number = 0
    step = ""
    for each in log:
        if each.name not in _TOLD | _EFFECTS:
            continue
        match event_from_text(each.name, each.data):
            case e.Claimed(attempt=now):
                attempt, number = now, 0
            case e.RoundStarted(now):
                number = now
            case e.StepEntered(entered):
                step = entered
            case e.GateReported(evidence):
                yield _of_gate(OutputKind.GATE, evidence, attempt, number, each)
            case e.BaseReported(evidence):
                yield _of_gate(OutputKind.BASE, evidence, attempt, number, each)
            case event:
                name, words = _effect_words(event)
                yield TaskOutput(OutputKind.EFFECT, name, step, attempt, number, each.at, each.seq, words)


def _of_gate(kind: OutputKind, evidence: Evidence, attempt: int, number: int, at: Recorded) -> TaskOutput:
    words = f"{evidence.verdict.value}: {evidence.summary}"
    digest = evidence.output or None
    return TaskOutput(
        kind, evidence.gate, evidence.step, attempt, number, at.at, at.seq, words, digest, evidence.output_bytes
    )


def _effect_words(event: object) -> tuple[str, str]:
    match event:
        case e.EffectStarted(name, expected, result):
            return name, f"begun: {expected[:12]} → {result[:12]}"
        case e.EffectDone(name, result):
            return name, f"done: {result}"
        case e.EffectFailed(name, problem, detail):
            return name, f"failed ({problem.value}): {detail}"
        case e.EffectVoided(name, _, why):
            return name, f"void: {why}"
        case _:
            return "", ""
