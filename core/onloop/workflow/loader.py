"""From a workflow file to the machine's definition, or to every problem in it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from pydantic import ValidationError

from onloop.errors import WorkflowError
from onloop.machine.definition import Definition
from onloop.text import safe
from onloop.workflow.definition import defined
from onloop.workflow.document import read
from onloop.workflow.model import EnvironmentPart, Part, StepPart, WorkflowFile
from onloop.workflow.nodes import Fault, Node, Path, Problem, plain
from onloop.workflow.sense import Outline, environment_faults, sense_faults
from onloop.workflow.shape import empty_faults, shape_faults

MOST_PROBLEMS = 100

P = TypeVar("P", bound=Part)


def load(source: bytes, name: str) -> Definition:
    """The definition in the bytes of a file called `name`, or WorkflowError with every problem (the first hundred)."""
    document = read(source)
    if document.root is None:
        raise _error(document.problems, name)
    data = plain(document.root)
    faults = [fault.located(document.root) for fault in islice(_faults(document.root, data), MOST_PROBLEMS + 1)]
    if document.problems or faults:
        # What the shape says about a value that could not be read would only say the same again, worse.
        unread = {problem.position for problem in document.problems}
        raise _error((*document.problems, *(fault for fault in faults if fault.position not in unread)), name)
    return defined(WorkflowFile.model_validate(data), hashlib.sha256(source).hexdigest())


def _faults(root: Node, data: object) -> Iterator[Fault]:
    empty = tuple(empty_faults(root))
    paths = {fault.path for fault in empty}
    yield from empty
    yield from (fault for fault in shape_faults(data) if fault.path not in paths)
    if isinstance(data, dict):
        yield from environment_faults(_read(EnvironmentPart, data.get("environment")))
        yield from sense_faults(_outline(data.get("steps"), {path[:2] for path in paths}))


def _outline(steps: object, incomplete: Collection[Path]) -> Outline:
    """The steps as far as they can be read: one that is malformed does not hide what is wrong with the others."""
    given = steps if isinstance(steps, list) else []
    ids = [step.get("id") if isinstance(step, dict) else None for step in given]
    read_steps = (
        None if ("steps", number) in incomplete else _read(StepPart, step) for number, step in enumerate(given)
    )
    return Outline(tuple(i if isinstance(i, str) else None for i in ids), tuple(read_steps))


def _read(kind: type[P], data: object) -> P | None:
    try:
        return kind.model_validate(data)
    except ValidationError:
        return None


def _error(problems: Iterable[Problem], name: str) -> WorkflowError:
    shown = safe(name, 200)
    lines = tuple(dict.fromkeys(problem.line(shown) for problem in sorted(problems, key=lambda p: p.position)))
    more = "there are more problems than these; " if len(lines) > MOST_PROBLEMS else ""
    hint = f"{more}onloop workflow schema prints what a file may hold, onloop workflow print feature an example"
    return WorkflowError(lines[:MOST_PROBLEMS], hint=hint)
