"""Where steps lead: the rules in the order in which they are tried."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from onloop.workflow.model.field_values import NEXT_TARGET, WorkflowPart


class NextPart(WorkflowPart):
    """What follows where the rule `when` gives exactly true; the last has none, and follows in any case."""

    when: Annotated[str, Field(min_length=1, max_length=4_000)] | None = Field(
        default=None, description="a rule in CEL over the facts that `onloop policy facts` lists"
    )
    to: Annotated[
        Annotated[str, Field(pattern=NEXT_TARGET)],
        Field(description="the step that follows then, or `end`: the task is completed"),
    ]


Nexts = Annotated[list[NextPart], Field(min_length=1, max_length=20)]
