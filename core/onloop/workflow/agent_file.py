"""Agents as code: a file of a repository names a vendor's agent, its flags and its standing brief.

The front matter is as strict as a workflow file, and its problems have line and column in the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from onloop.errors import WorkflowError
from onloop.inherited import variable_problem
from onloop.machine.limits import Number
from onloop.records import Record
from onloop.text import safe
from onloop.workflow.document import Document, read
from onloop.workflow.model import Timeout, WorkflowPart, complaint
from onloop.workflow.positioned_tree import FileProblem, Position, plain
from onloop.workflow.schema_checks import FileShape, misfits

FOLDER = ".onloop/agents"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"
LARGEST = 131_072
"""How many bytes an agent file may have."""

VENDOR_NAMES = ("claude", "codex", "gemini", "opencode", "copilot")
_NEVER = frozenset({"PATH", "HOME", "PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS", "BASH_ENV", "ENV"})
_FENCE = re.compile(rb"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def _variable(name: str) -> str:
    problem = variable_problem(name.upper()) or (f"{name} is not an agent's to set" if name.upper() in _NEVER else "")
    if problem:
        raise complaint(problem, "leave it out: it decides which programs run, and as whom")
    return name


Variable = Annotated[str, Field(pattern=VARIABLE), AfterValidator(_variable)]
Word = Annotated[str, Field(min_length=1, max_length=4_000)]


class AgentLimitsPart(WorkflowPart):
    """How many tokens its context has, and how long it may be silent before it is ended."""

    context_tokens: Annotated[int, Field(ge=1_000, le=100_000_000)] | None = Field(
        default=None, description="how many tokens its context holds, where the vendor does not say"
    )
    silent: Timeout | None = Field(default=None, description="how long it may print nothing before it is ended")


class AgentFilePart(WorkflowPart):
    """The front matter of an agent file."""

    vendor: Annotated[
        Literal["claude", "codex", "gemini", "opencode", "copilot"], Field(description="whose agent it is")
    ]
    model: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9]")] | None = Field(
        default=None, description="the model, as the vendor names it"
    )
    flags: Annotated[
        Annotated[list[Word], Field(max_length=100, default_factory=list)],
        Field(description="words that its program is started with, beside ours"),
    ]
    environment: Annotated[
        Annotated[dict[Variable, Annotated[str, Field(max_length=4_000)]], Field(max_length=100, default_factory=dict)],
        Field(description="variables that it gets beside the usual ones"),
    ]
    limits: AgentLimitsPart = Field(
        default=AgentLimitsPart(), description="how large its context is, and how long it may be silent"
    )


class AgentSpec(Record):
    """An agent as a file says it, or a vendor's as it comes; `source` says where, `brief` is its standing brief."""

    name: str
    vendor: str
    model: str = ""
    flags: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    context_tokens: Number = 0
    silent_ms: Number = 0
    brief: str = ""
    source: str = ""


_SHAPE = FileShape(
    AgentFilePart,
    {(): "an agent", ("limits",): "limits"},
    {
        VARIABLE: "write the name of a variable, such as LOG_LEVEL",
        r"^[A-Za-z0-9]": "write a model's name, such as opus",
    },
    {},
    {},
)
_BEGIN = "begin with a line ---, then vendor: claude, then a line ---, then its standing brief"


def agent_path(name: str) -> str:
    """Where the file of an agent is in a repository."""
    return f"{FOLDER}/{name}.md"


def load_agent(source: bytes, name: str, file: str) -> AgentSpec:
    """The agent in the bytes of its file, or WorkflowError with every problem as `file:line:col: …`."""
    matched = _FENCE.match(source)
    if matched is None or len(source) > LARGEST:
        what = f"it has more than {LARGEST} bytes" if len(source) > LARGEST else "it has no front matter"
        raise _refused((FileProblem(Position(1, 1), what, _BEGIN),), file)
    document = read(b"\n" + matched[1])  # a line in the place of the fence: positions are the file's own
    data = plain(document.root) if document.root is not None else None
    problems = tuple(_problems(document, data))
    body = source[matched.end() :]
    try:
        brief = body.decode("utf-8").strip()
    except UnicodeDecodeError:
        problems = (*problems, FileProblem(Position(source[: matched.end()].count(b"\n") + 1, 1), *_NOT_TEXT))
    if problems:
        raise _refused(problems, file)
    part = AgentFilePart.model_validate(data)
    limits = part.limits
    return AgentSpec(
        name,
        part.vendor,
        part.model or "",
        tuple(part.flags),
        tuple(part.environment.items()),
        limits.context_tokens or 0,
        limits.silent or 0,
        brief,
        file,
    )


_NOT_TEXT = ("the standing brief is not UTF-8", "save the file as UTF-8")


def _problems(document: Document, data: object) -> Iterator[FileProblem]:
    yield from document.problems
    root = document.root
    if root is not None:
        yield from (fault.located(root) for fault in misfits(root, data, _SHAPE))


def _refused(problems: tuple[FileProblem, ...], file: str) -> WorkflowError:
    lines = tuple(dict.fromkeys(each.line(safe(file, 200)) for each in sorted(problems, key=lambda p: p.position)))
    return WorkflowError(lines[:100], hint="onloop help agents shows an agent file")
