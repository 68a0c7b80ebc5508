"""The files that gates kept as evidence of a task, by name."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import ClassVar

from onloop.machine.gate_facts import Attachment
from onloop.machine.limits import Id, Path
from onloop.records import Record, replace
from onloop.store.port import Reading
from onloop.views.dossier import GateLine, gate_lines
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of
from onloop.views.query import Query


class KeptFile(Record):
    """A file that a gate kept: code under judgement wrote it. `base64` is its content, if only one was asked for."""

    step: str
    gate: str
    attachment: Attachment
    base64: str | None = None


class ReadAttachments(Query[tuple[KeptFile, ...]], frozen=True):
    """The files with that name, which is a path, or GATE:PATH; without a name, all of them, and no content."""

    name: ClassVar[str] = "attachments"
    task: Id
    file: Path = ""

    def carry_out(self, reading: Reading) -> tuple[KeptFile, ...]:
        """See Query."""
        task = known_task(reading, self.task)
        lines = gate_lines(definition_of(reading, task), task)
        found = tuple(kept for line in lines for kept in _of(line) if self._means(kept))
        if self.file and len({kept.attachment.digest for kept in found}) == 1:
            first = found[0]
            content = reading.blob(first.attachment.digest)
            return (replace(first, base64=None if content is None else b64encode(content).decode()),)
        return found

    def _means(self, kept: KeptFile) -> bool:
        name = kept.attachment.name
        return not self.file or self.file in {name, f"{kept.gate}:{name}"}


def _of(line: GateLine) -> Iterator[KeptFile]:
    if line.evidence is not None:
        for attachment in line.evidence.attachments:
            yield KeptFile(line.step, line.gate, attachment)
