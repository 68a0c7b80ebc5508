"""Budgets in workflow files."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from onloop.machine.budgets import LONGEST_MINUTES
from onloop.machine.usage import MOST_TOKENS
from onloop.workflow.model.field_values import WorkflowPart, complaint

MOST_CLAIMS = 1_000_000
MOST_COST = 10_000_000


def _dollars(given: Any) -> Any:
    """An amount of dollars as a text or a number, in millionths."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    amount = Decimal(str(given)) if is_number else None
    if amount is None or not amount.is_finite() or not 0 < amount <= MOST_COST:
        raise complaint(f"{str(given)[:40]!r} is no amount of dollars", "write a number, such as 2.50")
    millionths = amount * 1_000_000
    if millionths != millionths.to_integral_value():
        raise complaint(f"{given} has more than six decimals", "write at most six decimals, such as 0.000001")
    return int(millionths)


Dollars = Annotated[int, BeforeValidator(_dollars), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class BudgetPart(WorkflowPart):
    """How much agents may spend; what is not limited is left out. A spent budget asks a person."""

    tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] | None = Field(
        default=None, description="tokens in and out, as its agents tell them"
    )
    cost: Dollars | None = Field(default=None, description="US dollars, as its agents tell them, such as 2.50")
    minutes: Annotated[int, Field(ge=1, le=LONGEST_MINUTES)] | None = Field(
        default=None, description="minutes for which agents hold it, its gates' included; the gateway measures them"
    )
    claims: Annotated[int, Field(ge=1, le=MOST_CLAIMS)] | None = Field(
        default=None, description="how often an agent is given it; the gateway counts them"
    )
    unknown: Literal["allow", "refuse"] = Field(
        default="allow", description="`refuse`: ask a person where an agent told nothing of a figure that is limited"
    )
