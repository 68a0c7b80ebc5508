"""The list of operations: everything that can be asked of a gateway, by its name on the wire.

Files, sockets, schemas and documentation come from this list. An operation's module is loaded when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from onloop.machine.operation import Operation

OPERATIONS: Mapping[str, str] = {
    "perform": "gateway.command_operations:PerformCommand",
    "create": "gateway.command_operations:CreateRun",
    "add": "access.live_runs:AddToFleet",
    "pin": "access.live_runs:PinWorkflow",
    "claim": "gateway.claims:ClaimTask",
    "heartbeat": "gateway.leases:Heartbeat",
    "record": "gateway.upkeep:RecordStoreEvent",
    "fire_timers": "gateway.upkeep:FireTimers",
    "deny": "gateway.upkeep:CountDenial",
    "take_job": "gateway.jobs:TakeJob",
    "renew_jobs": "gateway.jobs:RenewJobs",
    "perform_job": "gateway.jobs:PerformJob",
    "put_back_job": "gateway.jobs:PutBackJob",
    "put_off_job": "gateway.jobs:PutOffJob",
    "wake_gates": "gateway.jobs:WakeGates",
    "free_jobs": "gateway.jobs:FreeJobs",
    "keep": "gateway.upkeep:KeepContent",
    "keep_base_result": "gateway.upkeep:KeepBaseResult",
    "pass_on": "gateway.leases:PassOn",
    "take_notes": "gateway.leases:TakeNotes",
    "agent": "gateway.upkeep:RecogniseAgent",
    "hand_in": "remote.connection_operations:AnnounceWork",
    "received": "remote.connection_operations:ReadReceived",
    "submit": "remote.connection_operations:SubmitAnnounced",
    "changes": "remote.connection_operations:ReadChanges",
    "patch_page": "remote.connection_operations:ReadPatchPage",
    "agent_log": "remote.connection_operations:ReadAgentLog",
    "offer_history": "remote.connection_operations:OfferHistory",
    "read_bundle": "remote.connection_operations:ReadBundle",
    "submit_branch": "remote.connection_operations:SubmitBranch",
    "stamp": "remote.connection_operations:ReadStamp",
    "challenge": "remote.connection_operations:AskChallenge",
    "own": "remote.connection_operations:ProveOwner",
    "scram_first": "remote.connection_operations:BeginProof",
    "scram_final": "remote.connection_operations:FinishProof",
    "task": "views.queries.reads:ReadTask",
    "tasks": "views.queries.reads:ReadTasks",
    "state": "views.queries.reads:ReadStoreState",
    "jobs": "views.queries.reads:ReadJobs",
    "base_result": "views.queries.base_results:ReadBaseResult",
    "log": "views.queries.reads:ReadEvents",
    "names": "views.queries.known_names:ReadNames",
    "task_now": "views.effective_status:ReadTaskNow",
    "tasks_now": "views.effective_status:ReadTasksNow",
    "definition": "views.pinned_workflow:ReadDefinition",
    "dossier": "views.dossier:ReadDossier",
    "shown": "views.queries.shown_task:ReadShown",
    "attachments": "views.queries.kept_files:ReadAttachments",
    "outputs": "views.queries.task_outputs:ReadOutputs",
    "output": "views.queries.task_outputs:ReadOutput",
    "open_requests": "views.queries.shown_task:ReadOpenRequests",
    "waves": "views.queries.wave_reads:ReadWaves",
    "tasks_below": "views.queries.tasks_below:ReadTasksBelow",
    "run_history": "views.reporting.report_queries:ReadRunHistory",
    "run_report": "views.reporting.report_queries:ReadRunReport",
    "timeline": "views.reporting.timelines:ReadTimeline",
    "report_tasks": "views.reporting.report_queries:ReadReportTasks",
    "board": "views.overview_projector:ReadBoard",
    "first_sight": "views.queries.first_sight:ReadFirstSight",
    "store_changes": "views.queries.store_changes:ReadStoreChanges",
    "store_at": "views.queries.store_at:ReadStoreAt",
    "brief": "views.queries.agent_reads:ReadStepBrief",
    "position": "views.queries.agent_reads:ReadPosition",
    "held_task": "views.queries.agent_reads:ReadHeldTask",
    "waiting": "views.queries.agent_reads:ReadWaiting",
    "given": "views.queries.agent_reads:ReadGiven",
    "sub_agents": "views.queries.agent_reads:ReadSubAgents",
    "check": "views.queries.short_answers:ReadShortCheck",
    "next": "views.queries.short_answers:ReadShortNext",
    "unread": "views.message_text:ReadUnread",
    "take": "gateway.claims:TakeTask",
    "launcher": "gateway.credential_operations:RecogniseLauncher",
    "job": "remote.connection_operations:RecogniseJob",
    "session": "gateway.credential_operations:RecogniseSession",
    "mint_session": "gateway.credential_operations:MintSession",
    "end_session": "gateway.credential_operations:EndSession",
    "launchers": "views.queries.launcher_reads:ReadLaunchers",
    "receive": "triggers.delivery_operations:ReceiveDeliveries",
    "carry_out": "triggers.delivery_operations:CarryOutDelivery",
    "postpone": "triggers.delivery_operations:PostponeDelivery",
    "again": "triggers.delivery_operations:TryDeliveryAgain",
    "forget_deliveries": "triggers.delivery_operations:ForgetDeliveries",
    "deliveries": "triggers.delivery_operations:ReadDeliveries",
    "delivery": "triggers.delivery_operations:ReadDelivery",
    "keep_environment": "gateway.environment_operations:KeepEnvironment",
    "drop_environments": "gateway.environment_operations:DropEnvironments",
    "attest_environment": "gateway.environment_operations:AttestEnvironment",
    "environments": "views.queries.environment_reads:ReadEnvironments",
    "tell_worker": "gateway.worker_operations:TellWorker",
    "machines": "views.queries.worker_reads:ReadMachines",
    "needs": "views.queries.needs:ReadNeeds",
    "schedules": "schedules.firing_operations:ReadSchedules",
    "take_firings": "schedules.firing_operations:TakeFirings",
    "finish_firing": "schedules.firing_operations:FinishFiring",
    "ask_firing": "schedules.firing_operations:AskFiring",
    "calls": "calls.call_operations:ReadCalls",
    "take_calls": "calls.call_operations:TakeCalls",
    "finish_calls": "calls.call_operations:FinishCalls",
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
