"""What coverage and SARIF reports must show, as a workflow file says it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from onloop.machine.definition import FindingLevel
from onloop.workflow.model.field_values import WorkflowPart, complaint

_COVERED = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?%")


def _hundredths(given: Any) -> Any:
    """A share of lines in hundredths of a per cent, which is how evidence counts it."""
    found = _COVERED.fullmatch(given) if isinstance(given, str) else None
    hundredths = 100 * int(found[1]) + int((found[2] or "0").ljust(2, "0")) if found else -1
    if not 0 <= hundredths <= 10_000:
        raise complaint("that is not a share", "write a text such as 80% or 82.5%, at most 100%")
    return hundredths


_COVERED_SCHEMA = WithJsonSchema({"type": "string", "pattern": rf"^{_COVERED.pattern}$", "examples": ["80%", "82.5%"]})
Covered = Annotated[int, BeforeValidator(_hundredths), _COVERED_SCHEMA]


class CoveragePart(WorkflowPart):
    """What the coverage report at `{report}`, Cobertura XML or LCOV, must show; lines are counted."""

    min: Covered | None = Field(default=None, description="the least share of lines that tests must run")
    no_less_than: Literal["base"] | None = Field(
        default=None, description="`base`: no smaller a share than on the base"
    )
    more_than: Literal["base"] | None = Field(default=None, description="`base`: a larger share than on the base")


class SarifPart(WorkflowPart):
    """What the SARIF 2.1.0 report at `{report}` must show; with one, exit code 1 says no more than the report."""

    no_new: Literal["base"] | None = Field(
        default=None, description="`base`: no finding that the base does not have, told apart without its line"
    )
    max: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="how many findings there may be at most"
    )
    level: Annotated[FindingLevel, Field(strict=False)] = Field(
        default=FindingLevel.WARNING, description="the least grave level that counts: note, warning or error"
    )
