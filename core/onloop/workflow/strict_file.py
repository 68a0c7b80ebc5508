"""Reads YAML files of ours that are as strict as a workflow file, such as fleets, suites, schedules and triggers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel

from onloop.errors import WorkflowError
from onloop.text import safe
from onloop.workflow.document import Document, read
from onloop.workflow.loader import MOST_PROBLEMS, problem_lines
from onloop.workflow.positioned_tree import LARGEST, Fault, plain
from onloop.workflow.schema_checks import FileShape, misfits

Part = TypeVar("Part", bound=BaseModel)
Senseless = Callable[[Part], Iterable[Fault]]
"""Finds what has the right shape, and could not mean anything."""


def part_in(
    source: bytes,
    name: str,
    part: type[Part],
    shape: FileShape,
    *,
    senseless: Senseless[Part],
    hint: str,
    largest: int = LARGEST,
) -> Part:
    """What a file called `name` says, as `part`, which `shape` describes.

    WorkflowError with every problem as `file:line:col: …` and with `hint`, or if it has more than `largest` bytes.
    """
    shown = safe(name, 200)
    if len(source) > largest:
        raise WorkflowError((f"{shown}:1:1: the file has {len(source)} bytes; keep it under {largest}",), hint=hint)
    document = read(source)
    data = plain(document.root) if document.root is not None else None
    lines = problem_lines(document, _faults(document, data, part, shape, senseless), shown)
    if lines:
        raise WorkflowError(lines[:MOST_PROBLEMS], hint=hint)
    return part.model_validate(data)


def _faults(
    document: Document, data: object, part: type[Part], shape: FileShape, senseless: Senseless[Part]
) -> Iterator[Fault]:
    if document.root is None:
        return
    found = list(misfits(document.root, data, shape))
    yield from found
    if not found:
        yield from senseless(part.model_validate(data))
