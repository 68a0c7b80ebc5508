"""Tokens and money as people and agents type them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from onloop.cli.arguments import HeartbeatArguments
from onloop.errors import BadInput
from onloop.machine.usage import MOST_MICRO_USD, Usage

OWN_FIGURES = "the agent itself"
"""The source of figures that an agent tells by its own verb."""
_LONGEST = 20


def usage_given(args: HeartbeatArguments) -> Usage:
    """What an agent says that it used; a figure that it leaves out stays untold."""
    cost = None if args.cost is None else micro_usd("--cost", args.cost)
    return Usage(args.tokens_in, args.tokens_cached, args.tokens_out, cost)


def micro_usd(name: str, text: str) -> int:
    """An amount of US dollars, such as 0.42 or $12, in millionths; BadInput where it is none."""
    hint = f"{name} 0.42: US dollars, with at most six decimals"
    try:
        amount = Decimal(text.strip().removeprefix("$")) * 1_000_000 if len(text) <= _LONGEST else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount <= MOST_MICRO_USD:
        raise BadInput(f"{name} {text[:_LONGEST]!r} is no amount", hint=hint)
    return int(amount)
