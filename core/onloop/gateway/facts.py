"""What a decision must know besides the task: read in the transaction in which it is made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from onloop.errors import unknown_task
from onloop.gateway.grants.work_slots import pick_slots
from onloop.gateway.policy_pins import with_policies
from onloop.gateway.signatures import proved_by_key
from onloop.gateway.untold import untold
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.held_roles import hold_of
from onloop.machine.people import in_force
from onloop.machine.rules.decision_builder import Facts
from onloop.machine.state import State
from onloop.machine.store_state import covering
from onloop.machine.task import Kind, Task
from onloop.machine.wave_plan import WaveReport
from onloop.policies.late_rules import LATE_RULES
from onloop.store.port import Reading, Transaction
from onloop.store.rows import Job, Lease
from onloop.views.children import before_of, handed_lists, slot_free, swarm_of
from onloop.views.fleet_members import wave_report
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of, pinned_definition
from onloop.views.spending import run_budget

FIRST_LOOKED_AT = 32
"""The number of claimable tasks to look at first; a few are usually enough, even if thousands wait."""


def definition_for(tx: Reading, before: Task | None, command: c.Command, task_id: str) -> Definition:
    """The workflow of the task, or of the one that the command creates; UnknownThing if there is no task."""
    if before is not None:
        return definition_of(tx, before)
    if isinstance(command, c.Create):
        return pinned_definition(tx, command.definition)
    raise unknown_task(task_id)


def facts_of(
    tx: Transaction, task: Task | None, actor: str, definition: Definition, command: c.Command, now: int
) -> Facts:
    """What else is true of the task at `now` (ms), for a decision about it that `actor` asks for."""
    house = tx.house()
    if task is None:
        above = tx.task(command.run) if isinstance(command, c.Create) and command.parent is not None else None
        waves = above.waves if above is not None else None
        before = before_of(tx, command.parent, command.after) if isinstance(command, c.Create) else {}
        return Facts(people=house.groups, former=house.former_groups, waves=waves, rules=LATE_RULES, before=before)
    lease = tx.get(Lease, task.id)
    report, following = wave_facts(tx, task)
    looks = report is None or report.is_settled or not isinstance(command, c.Settle)
    children = tuple(tx.child_states(task.id)) if looks and (task.kind is Kind.FLEET or task.born) else ()
    root = task if task.id == task.run else tx.task(task.run)
    return Facts(
        frozen=covering(house, task, actor),
        lease_expires=lease.expires if lease else None,
        slot_free=not isinstance(command, c.Claim | c.Take) or has_slot(tx, task, root),
        hold=hold_of(house.roles, task),
        children=children,
        people=house.groups,
        former=house.former_groups,
        delegations=in_force(house.delegations.values(), house.groups, now) if house.delegations else (),
        swarm=swarm_of(tx, task),
        handed=handed_lists(tx, definition, task, command),
        amended=_amended(tx, command),
        signed=proved_by_key(house, task, command),
        run_live=root is None or not root.ended,
        waves=root.waves if root is not None else None,
        report=report,
        following=following,
        run_budget=run_budget(tx, task, root),
        run_paused=root is not None and root is not task and root.state is State.PAUSED,
        lessons=house.lessons,
        rules=LATE_RULES,
        before=before_of(tx, task.parent, task.after) if task.waits_to_begin else {},
        **untold(tx, task, command),
    )


def _amended(tx: Reading, command: c.Command) -> Definition | None:
    """The workflow that an amendment names, with the policies that are in force now."""
    return with_policies(tx, pinned_definition(tx, command.definition)) if isinstance(command, c.Amend) else None


def wave_facts(tx: Reading, task: Task) -> tuple[WaveReport | None, int]:
    """Of a fleet in waves: how its current wave stands, and how many tasks the next one has."""
    waves = task.waves
    if waves is None or waves.current == 0:
        return None, 0
    report = wave_report(tx, task.id, waves.current)
    more = sum(each.count for each in tx.standings(task.id, waves.current + 1)) if report.is_settled else 0
    return report, more


def has_slot(tx: Transaction, task: Task, root: Task | None) -> bool:
    """Whether one more may work on the task: its parent's step leaves room, and each of its scopes has a slot."""
    parent = tx.task(task.parent) if task.parent is not None else None
    if parent is not None and not slot_free(tx, task, parent, definition_of(tx, parent)):
        return False
    return task.holder is not None or pick_slots(tx, task, root) is not None


def waiting_tasks(at: Reading, roles: Sequence[str], now: int) -> Iterator[tuple[str, str]]:
    """See Reading.claimable: all of them, one after the other."""
    first = at.claimable(roles, now, FIRST_LOOKED_AT)
    yield from first
    if len(first) == FIRST_LOOKED_AT:
        yield from at.claimable(roles, now)[FIRST_LOOKED_AT:]


def waiting_jobs(tx: Reading, now: int, *, effects: bool, busy: Collection[str] = ()) -> list[Job]:
    """The jobs that nobody works on. Jobs of frozen tasks are excluded: a freeze stops them.

    Jobs in `busy` are excluded, and so are effects on a repository that already has one running.
    """
    jobs = tx.select(Job)
    effects_now = (job for job in jobs if effects and job.gate is None and (job.id in busy or job.leased_until > now))
    taken = {known_task(tx, job.task).origin for job in effects_now}
    free = [
        job
        for job in jobs
        if job.leased_until <= now and (job.gate is None) == effects and job.id not in busy
        if not taken or known_task(tx, job.task).origin not in taken
    ]
    house = tx.house()
    return [job for job in free if covering(house, known_task(tx, job.task)) is None] if house.freezes else free
