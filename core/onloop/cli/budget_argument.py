"""Budgets as people type them: tokens=2000000,cost=20,minutes=600,claims=40."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from onloop.errors import BadInput

if TYPE_CHECKING:
    from onloop.machine.budgets import Budget

BUDGET_FORM = "tokens=N,cost=USD,minutes=N,claims=N, those that you want"
_MOST: Mapping[str, int] = {"tokens": 10**12, "minutes": 5_256_000, "claims": 1_000_000}
_LONGEST = 200


def budget_given(name: str, text: str | None, *, may_refuse: bool = True) -> Budget:
    """The limits in the text; BadInput names the first that is none. Without a text nothing is limited.

    Where it `may_refuse`, `unknown=refuse` asks a person about agents that tell nothing of what is limited.
    """
    from onloop.machine.budgets import NO_BUDGET, Budget

    if text is None:
        return NO_BUDGET
    found, refuses = dict[str, int](), False
    for part in text[:_LONGEST].split(","):
        figure, _, value = part.strip().partition("=")
        if may_refuse and part.strip() in {"unknown=allow", "unknown=refuse"}:
            refuses = value == "refuse"
        else:
            found[figure] = _amount(name, part, figure, value)
    if not found:
        raise BadInput(f"{name} {text[:40]!r} limits nothing", hint=f"{name} {BUDGET_FORM}")
    return Budget(found.get("tokens"), found.get("cost"), found.get("minutes"), found.get("claims"), refuses)


def _amount(name: str, part: str, figure: str, value: str) -> int:
    hint = f"{name} {BUDGET_FORM}"
    if figure == "cost":
        from onloop.cli.given_amounts import micro_usd

        amount = micro_usd(f"{name} cost", value)
        most = amount
    elif figure in _MOST and value.isascii() and value.isdigit() and len(value) < 16:
        amount, most = int(value), _MOST[figure]
    else:
        raise BadInput(f"{name}: {part[:40]!r} is no limit", hint=hint)
    if not 0 < amount <= most:
        raise BadInput(f"{name}: {part[:40]!r} is not more than 0, or too much", hint=hint)
    return amount
