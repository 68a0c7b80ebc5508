"""A suite: a file that says what is benched, so that it is reviewed and repeated.

It is as strict as a workflow file, and its problems have line and column.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

from onloop.bench.bench_plan import LARGEST_BRIEF, MOST_CONFIGURATIONS, MOST_REPEATS, MOST_TASKS, Configuration
from onloop.errors import BadInput
from onloop.records import Record
from onloop.text import safe
from onloop.workflow.model import AGENT, WorkflowPart
from onloop.workflow.positioned_tree import LARGEST, Fault
from onloop.workflow.schema_checks import FileShape
from onloop.workflow.strict_file import part_in

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"
MODEL = r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$"
COMMIT = r"^[0-9a-f]{40}([0-9a-f]{24})?$"

Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=4_096)]], Field(min_length=1, max_length=200)]


class TaskPart(WorkflowPart):
    """A finished task that is replayed."""

    task: Annotated[str, Field(min_length=1, max_length=100, description="its id, such as r7k2m.3")]
    base: Annotated[str, Field(pattern=COMMIT)] | None = Field(
        default=None, description="the commit at which it must begin"
    )
    title: Annotated[str, Field(max_length=1_000)] = Field(default="", description="what it was about, for readers")


class ConfigurationPart(WorkflowPart):
    """What is compared: an agent by name, or a command."""

    name: Annotated[str, Field(pattern=NAME, description="what it is called in the results")]
    agent: Annotated[str, Field(pattern=AGENT)] | None = Field(
        default=None, description="an agent that onloop work knows by name"
    )
    command: Words | None = Field(default=None, description="a command that runs an agent, as a list of words")
    model: Annotated[str, Field(pattern=MODEL)] | None = Field(default=None, description="the model of its vendor")
    brief: Annotated[str, Field(min_length=1, max_length=1_000)] | None = Field(
        default=None, description="a file whose text takes the place of the task's brief; its path is below this file"
    )


class SuitePart(WorkflowPart):
    """A suite file."""

    suite: Annotated[str, Field(pattern=NAME, description="what the suite is called")]
    repeat: Annotated[int, Field(ge=1, le=MOST_REPEATS)] | None = Field(
        default=None, description="how often each configuration is tried at each task"
    )
    tasks: Annotated[list[TaskPart], Field(min_length=1, max_length=MOST_TASKS, description="the finished tasks")]
    configurations: Annotated[list[ConfigurationPart], Field(max_length=MOST_CONFIGURATIONS)] = Field(
        default=[], description="what is compared, beside what the command line says"
    )


class Suite(Record):
    """What a suite says: tasks with the base that each must have (or none), configurations, repetitions (or 0)."""

    tasks: tuple[tuple[str, str], ...]
    configurations: tuple[Configuration, ...]
    repeat: int


_SHAPE = FileShape(
    SuitePart,
    {(): "a suite", ("tasks",): "a task", ("configurations",): "a configuration"},
    {
        NAME: "use letters, digits, ., - and _, such as claude-opus",
        MODEL: "write the model as the vendor names it, such as opus",
        AGENT: "name a vendor, or a file in .onloop/agents without its .md",
        COMMIT: "write the whole id of a commit",
    },
    {},
    {},
)


def load_suite(path: Path) -> Suite:
    """What a suite file says; WorkflowError has every problem as `file:line:col: …`."""
    part = _checked(_read(path), str(path))
    return Suite(
        tuple((each.task, each.base or "") for each in part.tasks),
        tuple(_configuration(each, path.parent) for each in part.configurations),
        part.repeat or 0,
    )


def added_to_suite(path: Path, task: str, base: str, title: str) -> bool:
    """Put a task into a suite file, which is made if it is not there; False where it was in it already.

    What people wrote around it stays, comments too.
    """
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    if path.exists():
        source = _read(path)
        if any(each.task == task for each in _checked(source, str(path)).tasks):
            return False
        content = yaml.load(source.decode())
    else:
        content = CommentedMap({"suite": _named_after(path), "tasks": CommentedSeq()})
    content["tasks"].append(CommentedMap({"task": Quoted(task), "base": Quoted(base), "title": Quoted(title)}))
    text = io.StringIO()
    yaml.dump(content, text)
    written = text.getvalue().encode()
    _checked(written, str(path))
    try:
        _put(path, written)
    except OSError as problem:
        words = f"{safe(str(path), 300)} cannot be written: {problem.strerror}"
        raise BadInput(words, hint="name a file in a folder that is there: --suite FILE") from None
    return True


def _put(path: Path, content: bytes) -> None:
    """Replace a file in one step, through one of a name that nobody can have made a link of before."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def read_brief(path: Path) -> str:
    """The text of a brief's file; BadInput where it cannot be one."""
    content = _bytes(path, LARGEST_BRIEF, "a brief")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{safe(str(path), 300)} is not UTF-8", hint="save it as UTF-8") from None
    if not text.strip():
        raise BadInput(f"{safe(str(path), 300)} is empty", hint="write what the agent must do")
    return text


def _read(path: Path) -> bytes:
    return _bytes(path, LARGEST, "a suite")


def _bytes(path: Path, most: int, what: str) -> bytes:
    shown = safe(str(path), 300)
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as problem:
        raise BadInput(f"{shown} cannot be read: {problem.strerror}", hint=f"name {what}'s file") from None
    if len(content) > most:
        raise BadInput(f"{shown} has more than {most} bytes", hint=f"give {what} that is smaller")
    return content


def _checked(source: bytes, name: str) -> SuitePart:
    hint = "onloop help benches shows a suite"
    return part_in(source, name, SuitePart, _SHAPE, senseless=_senseless, hint=hint)


def _senseless(suite: SuitePart) -> Iterator[Fault]:
    """What has the right shape, and could not mean anything."""
    tasks, names = [each.task for each in suite.tasks], [each.name for each in suite.configurations]
    for number, task in enumerate(tasks):
        if task in tasks[:number]:
            yield Fault(("tasks", number, "task"), f"{safe(task, 60)} is there twice", "name each task once")
    for number, each in enumerate(suite.configurations):
        place = ("configurations", number)
        if each.name in names[:number]:
            yield Fault((*place, "name"), f"two configurations are called {each.name}", "rename one")
        if (each.agent is None) == (each.command is None):
            yield Fault(place, f"{each.name} needs an agent or a command, and one of them", "agent: claude")
        if each.model is not None and each.agent is None:
            yield Fault((*place, "model"), "a command has its model in its own words", "leave model out")


def _configuration(part: ConfigurationPart, folder: Path) -> Configuration:
    return Configuration(
        part.name,
        part.agent or "",
        tuple(part.command or ()),
        part.model or "",
        read_brief(_below(folder, part.brief)) if part.brief is not None else "",
    )


def _below(folder: Path, name: str) -> Path:
    """A brief's file; BadInput where it is not below the suite: what a suite names is given to an agent."""
    root, found = (Path(os.path.realpath(each)) for each in (folder, folder / name))
    if not found.is_relative_to(root) or (found.exists() and not found.is_file()):
        words = f"the brief {safe(name, 300)} is no file below the suite's folder"
        raise BadInput(words, hint="put it beside the suite; links out of there are not followed")
    return found


def _named_after(path: Path) -> str:
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in path.stem).strip("-")
    return name[:60] or "suite"
