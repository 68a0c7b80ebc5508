"""A claim: what it gave, and as it is asked for: by whom, for which agent, and as whose hand."""

from __future__ import annotations

import os

from onloop.errors import BadInput
from onloop.gateway.idempotency import check_claim_key
from onloop.machine import commands as c
from onloop.machine.agent_names import check_agent
from onloop.machine.principal import Principal
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.records import SecretRecord, replace


class ClaimGranted(SecretRecord):
    """What a claim gave: the task as it is now, the agent's secret, and when the lease ends (ms)."""

    task: Task
    secret: str
    expires: int


def check_no_persons_name(house: StoreState, agent: str) -> None:
    """Refuse an agent the name of somebody who is enrolled, in any case: in a list, people would take it for them."""
    name = agent.removeprefix("agent:")
    person = next((known for known in house.people if known.casefold() == name.casefold()), None)
    if person is not None:
        hint = f"give the agent a name of its own: --name {name}-agent"
        raise BadInput(f"{agent} would be taken for human:{person}, who is enrolled here", hint=hint)


def asked_claim(principal: Principal, agent: str, role: str, key: str) -> c.Claim:
    """The claim, as the hand that the kernel named, or this process's user where it named none; BadInput for no agent.

    It is apart where that user is another than the gateway's own.
    """
    check_agent(agent.removeprefix("agent:"))
    check_claim_key(key)
    if not agent.startswith("agent:"):
        raise BadInput(f"{agent!r} is no agent", hint=f"agent:{agent.rpartition(':')[2] or 'NAME'}")
    hand = principal.hand if principal.hand.uid is not None else replace(principal.hand, uid=os.getuid())
    return c.Claim(agent, role, principal.id, hand, hand.uid != os.getuid())
