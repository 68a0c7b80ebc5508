"""Loads a workflow file: the result is the machine's definition, or every problem in the file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

from pydantic import ValidationError

from onloop.errors import WorkflowError
from onloop.machine.definition import Definition
from onloop.records import Record
from onloop.text import safe
from onloop.workflow.definition_builder import defined
from onloop.workflow.document import Document, read
from onloop.workflow.environment_checks import environment_faults, words_of
from onloop.workflow.model import EnvironmentPart, StepPart, WorkflowFile, WorkflowPart
from onloop.workflow.pinned_files import unbundled
from onloop.workflow.positioned_tree import Fault, FileProblem, Node, Path, plain
from onloop.workflow.schema_checks import WORKFLOW, empty_faults, misfits
from onloop.workflow.semantic_checks import Outline, semantic_faults
from onloop.workflow.sub_workflows import expanded

MOST_PROBLEMS = 100

P = TypeVar("P", bound=WorkflowPart)


class CheckedFile(Record):
    """A file without problems, with what it uses in its place: as a tree with positions, and as plain data."""

    root: Node
    data: Mapping[str, object]


def load(source: bytes, name: str) -> Definition:
    """The definition in the bytes of a file called `name`, or WorkflowError with every problem (the first hundred).

    A file that uses others comes with them, as `bundled` puts them together: the digest is of all of them.
    """
    return defined(WorkflowFile.model_validate(checked(source, name).data), hashlib.sha256(source).hexdigest())


def checked(source: bytes, name: str) -> CheckedFile:
    """The content of such a file before it becomes a definition, or the same WorkflowError."""
    bundle = unbundled(source)
    document = read(bundle.source)
    if document.root is not None:
        whole = expanded(document.root, bundle.used)
        document = Document(whole.root, (*document.problems, *whole.problems), document.text)
    data = plain(document.root) if document.root is not None else None
    lines = problem_lines(document, _faults(document.root, data) if document.root is not None else (), name)
    if lines:
        more = "there are more problems than these; " if len(lines) > MOST_PROBLEMS else ""
        hint = f"{more}onloop workflow schema prints what a file may hold, onloop workflow print feature an example"
        raise WorkflowError(lines[:MOST_PROBLEMS], hint=hint)
    if document.root is None or not isinstance(data, dict):
        raise WorkflowError((f"{safe(name, 200)}:1:1: there is no workflow in it",), hint="begin with workflow: NAME")
    return CheckedFile(document.root, data)


def problem_lines(document: Document, faults: Iterable[Fault], name: str) -> tuple[str, ...]:
    """What is wrong with a file called `name`, one `file:line:col: …` per problem, in the order of the file.

    `faults` are about the parts that could be read; only the first hundred and one are used.
    """
    problems = list(document.problems)
    if document.root is not None:
        # For a value that could not be read, a fault would only repeat the problem in worse words.
        unread = {problem.position for problem in document.problems}
        found = (fault.located(document.root, document.text) for fault in islice(faults, MOST_PROBLEMS + 1))
        problems += [problem for problem in found if problem.position not in unread]
    shown = safe(name, 200)
    return tuple(dict.fromkeys(problem.line(shown) for problem in sorted(problems, key=_place)))


def _place(problem: FileProblem) -> tuple[str, int, int]:
    return problem.position.file, problem.position.line, problem.position.column


def _faults(root: Node, data: object) -> Iterator[Fault]:
    yield from misfits(root, data, WORKFLOW)
    if isinstance(data, dict):
        incomplete = {fault.path[:2] for fault in empty_faults(root)}
        environment = _read(EnvironmentPart, data.get("environment"))
        yield from environment_faults(environment)
        yield from semantic_faults(_outline(data.get("steps"), incomplete, words_of(environment)))


def _outline(steps: object, incomplete: Collection[Path], words: tuple[str, ...]) -> Outline:
    """The steps as far as they can be read: a malformed step does not hide the problems of the others."""
    given = steps if isinstance(steps, list) else []
    ids = [step.get("id") if isinstance(step, dict) else None for step in given]
    read_steps = (
        None if ("steps", number) in incomplete else _read(StepPart, step) for number, step in enumerate(given)
    )
    return Outline(tuple(i if isinstance(i, str) else None for i in ids), tuple(read_steps), words)


def _read(kind: type[P], data: object) -> P | None:
    try:
        return kind.model_validate(data)
    except ValidationError:
        return None
