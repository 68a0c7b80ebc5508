"""The list of operations: everything that can be asked of a gateway, by its name on the wire.

Files, sockets, schemas and documentation come from this list. An operation's module is loaded when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from onloop.gateway.operation import Operation

OPERATIONS: Mapping[str, str] = {
    "perform": "gateway.commands:PerformCommand",
    "create": "gateway.commands:CreateRun",
    "claim": "gateway.claims:ClaimTask",
    "heartbeat": "gateway.leases:Heartbeat",
    "record": "gateway.upkeep:RecordStoreEvent",
    "fire_timers": "gateway.upkeep:FireTimers",
    "deny": "gateway.upkeep:CountDenial",
    "take_job": "gateway.jobs:TakeJob",
    "put_back_job": "gateway.jobs:PutBackJob",
    "free_jobs": "gateway.jobs:FreeJobs",
    "keep": "gateway.upkeep:KeepContent",
    "pass_on": "gateway.leases:PassOn",
    "agent": "gateway.upkeep:RecogniseAgent",
    "hand_in": "gateway.exchanges:AnnounceWork",
    "submit": "gateway.exchanges:SubmitAnnounced",
    "changes": "gateway.exchanges:ReadChanges",
    "stamp": "gateway.exchanges:ReadStamp",
    "challenge": "gateway.exchanges:AskChallenge",
    "own": "gateway.exchanges:ProveOwner",
    "scram_first": "gateway.exchanges:BeginProof",
    "scram_final": "gateway.exchanges:FinishProof",
    "task": "gateway.reads:ReadTask",
    "tasks": "gateway.reads:ReadTasks",
    "state": "gateway.reads:ReadStoreState",
    "jobs": "gateway.reads:ReadJobs",
    "log": "gateway.reads:ReadLog",
    "task_now": "gateway.standing:ReadTaskNow",
    "tasks_now": "gateway.standing:ReadTasksNow",
    "definition": "gateway.definitions:ReadDefinition",
    "dossier": "gateway.dossier:ReadDossier",
    "shown": "gateway.shown:ReadShown",
    "open_requests": "gateway.shown:ReadOpenRequests",
    "tasks_below": "gateway.reach_below:ReadTasksBelow",
    "board": "gateway.gallery:ReadBoard",
    "store_changes": "gateway.store_changes:ReadStoreChanges",
    "brief": "gateway.agent_reads:ReadBrief",
    "position": "gateway.agent_reads:ReadPosition",
    "held_task": "gateway.agent_reads:ReadHeldTask",
    "sub_agents": "gateway.agent_reads:ReadSubAgents",
    "unread": "gateway.letters:ReadUnread",
}
"""Each name, and where its record is."""


@cache
def operation_named(name: str) -> type[Operation[Any]] | None:
    """The record of that name; None where there is none."""
    place = OPERATIONS.get(name)
    if place is None:
        return None
    module, _, kind = place.partition(":")
    found: type[Operation[Any]] = getattr(import_module(f"onloop.{module}"), kind)
    return found


def every_operation() -> tuple[type[Operation[Any]], ...]:
    """All of them, in the order of the list."""
    return tuple(found for name in OPERATIONS if (found := operation_named(name)) is not None)
