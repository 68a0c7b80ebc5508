"""The values that fields of a workflow file take: what each accepts, and what is said where it does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from onloop.errors import BadInput
from onloop.inherited import variable_problem
from onloop.workflow.duration import PATTERN as DURATION
from onloop.workflow.duration import milliseconds, written
from onloop.workflow.percentage import PATTERN as SHARE
from onloop.workflow.percentage import percentage

WORKFLOW_NAME = r"^[a-z][a-z0-9-]{0,63}$"
STEP_ID = r"^[a-z0-9_-]{1,64}(\.[a-z0-9_-]{1,64}){1,7}$"
REJECT_TARGET = rf"^end$|{STEP_ID}"
NEXT_TARGET = rf"{STEP_ID}|^end$"
GATE_ID = r"^[a-z0-9][a-z0-9_-]{0,63}$"
ROLE = r"^[a-z][a-z0-9_-]{0,39}$"
AGENT = ROLE
PART_NAME = r"^[a-z][a-z0-9_-]{0,39}$"
VALUE_NAME = r"^[a-z][a-z0-9_]{0,39}$"
MATRIX_VALUE = r"^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,59}$"
POLICY_PLACE = r"^(every|effect:[a-z_]{1,40}|phase:[a-z0-9_-]{1,64}|step:[a-z0-9_-]{1,64}\.[a-z0-9_-]{1,64})$"
PERSON = "^[A-Za-z0-9À-\uffff._-]{1,40}$"

SECOND, HOUR, WEEK, YEAR = 1_000, 3_600_000, 604_800_000, 31_536_000_000
OWN = "onloop"
"""The type of the errors with our own words: their context has `what` and `hint`."""

_ABSOLUTE_OR_OPTION = re.compile(r"[/~-]|[A-Za-z]:")
_NOT_IN_A_NAME = re.compile(r"[\\\n\t]")


def complaint(what: str, hint: str) -> PydanticCustomError:
    """An error that already says what is wrong and what would work."""
    return PydanticCustomError(OWN, "{what}; {hint}", {"what": what, "hint": hint})


def _between(least: int, most: int) -> Callable[[Any], Any]:
    def check(given: Any) -> Any:
        if not isinstance(given, str | int | float):
            raise complaint("that is not a duration", "write a text such as 500ms, 90s, 45m, 4h or 3d")
        try:
            found = milliseconds(str(given))
        except BadInput as problem:
            raise complaint(problem.message, problem.hint) from None
        if not least <= found <= most:
            raise complaint(f"{given!r} is out of bounds", f"give {written(least)} to {written(most)}")
        return found

    return check


def _share(given: Any) -> Any:
    if not isinstance(given, str) or not re.match(SHARE, given):
        raise complaint("that is not a share", "write a text such as 60%")
    try:
        return percentage(given)
    except BadInput as problem:
        raise complaint(problem.message, problem.hint) from None


def _file_path(given: str) -> str:
    parts = given.split("/")
    is_path = not _ABSOLUTE_OR_OPTION.match(given) and not _NOT_IN_A_NAME.search(given)
    if not is_path or any(part in {"", ".", ".."} for part in parts):
        raise complaint(
            f"{given[:80]!r} is not a path inside a repository", "write it as git does, such as docs/api.md"
        )
    return given


def _file_name(given: str) -> str:
    if given.startswith(("-", "~")) or given in {".", ".."} or "/" in given or _NOT_IN_A_NAME.search(given):
        raise complaint(f"{given[:80]!r} is not a plain file name", "write a name without a folder, such as notes.md")
    return given


def _agent_variable(given: str) -> str:
    if problem := variable_problem(given):
        raise complaint(problem, "name one such as ANTHROPIC_API_KEY; GIT_*, SSH_*, LD_* and ONLOOP_* are never given")
    return given


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": DURATION, "examples": ["90s", "45m", "3d"]})
_SHARE_SCHEMA = WithJsonSchema({"type": "string", "pattern": SHARE, "examples": ["60%", "85%"]})
Share = Annotated[int, BeforeValidator(_share), _SHARE_SCHEMA]
Timeout = Annotated[int, BeforeValidator(_between(SECOND, WEEK)), _DURATION_SCHEMA]
Pause = Annotated[int, BeforeValidator(_between(0, WEEK)), _DURATION_SCHEMA]
Freshness = Annotated[int, BeforeValidator(_between(0, WEEK)), _DURATION_SCHEMA]
Grace = Annotated[int, BeforeValidator(_between(5 * SECOND, HOUR)), _DURATION_SCHEMA]
Wait = Annotated[int, BeforeValidator(_between(SECOND, YEAR)), _DURATION_SCHEMA]
StepId = Annotated[str, Field(pattern=STEP_ID, examples=["develop.implement", "ship.merge"])]
_ARGV_EXAMPLES = [["{python}", "-m", "pytest", "-q"], ["make", "test"]]
Argv = Annotated[
    list[Annotated[str, Field(max_length=10_000)]], Field(min_length=1, max_length=200, examples=_ARGV_EXAMPLES)
]
FilePath = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_file_path)]
FileName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_file_name)]
People = Annotated[list[Annotated[str, Field(pattern=PERSON)]], Field(min_length=1, max_length=50)]
AgentVariable = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_agent_variable)]
Bytes = Annotated[int, Field(ge=1, le=100_000_000)]
BoxKind = Literal["landlock", "sandbox-exec", "namespaces", "bubblewrap"]
Holes = Annotated[list[Literal["container", "sudo", "gpu"]], Field(min_length=1, max_length=3)]
CacheName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
ToolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Tools = Annotated[dict[ToolName, Annotated[str, Field(min_length=1, max_length=1_000)]], Field(max_length=20)]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,79}$")]
Attached = Annotated[list[FilePath], Field(max_length=20)]
Few = Annotated[int, Field(ge=1, le=20)]
PartName = Annotated[str, Field(pattern=PART_NAME)]
ValueName = Annotated[str, Field(pattern=VALUE_NAME)]
MatrixValue = Annotated[str, Field(pattern=MATRIX_VALUE)]


class WorkflowPart(BaseModel):
    """A mapping of a workflow file: no value is converted, and no unknown field is accepted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
