"""Who may let work on past a gate that does not pass, as a workflow file says it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from onloop.machine.definition import Assurance
from onloop.workflow.model.field_values import PERSON, People, WorkflowPart

Levels = Literal["A1", "A2", "A3", "A4"]


class OverridePart(WorkflowPart):
    """Who may override a gate, how many of them it takes, and how well it must be proved who they are."""

    from_: Annotated[
        Annotated[People, Field(alias="from")], Field(description="people or groups who may override, such as leads")
    ]
    quorum: Annotated[int, Field(ge=1, le=10)] = Field(default=1, description="how many different people must")
    assurance: Levels = Field(default="A1", description="how well it must be proved who they are: A1 to A3")

    @property
    def level(self) -> Assurance:
        """What must be proved."""
        return Assurance(self.assurance)


def _bare(given: Any) -> Any:
    return {"from": given} if isinstance(given, list) else given


_PEOPLE: dict[str, Any] = {"type": "array", "items": {"type": "string", "pattern": PERSON}, "minItems": 1}
_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            _PEOPLE,
            {
                "type": "object",
                "properties": {
                    "from": {**_PEOPLE, "description": "people or groups who may override, such as leads"},
                    "quorum": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 10,
                        "description": "how many different people must",
                    },
                    "assurance": {
                        "enum": ["A1", "A2", "A3", "A4"],
                        "description": "how well it must be proved who they are: A1 to A3",
                    },
                },
                "required": ["from"],
                "additionalProperties": False,
            },
        ]
    }
)
OverridableBy = Annotated[OverridePart, BeforeValidator(_bare), _SCHEMA]
