"""PURE: what machine gates say, and whether one says the same of the same work."""

from __future__ import annotations

from onloop.insight.measures.followed_task import FollowedTask, JudgedWork
from onloop.insight.measures.gate_tallies import JudgingTally
from onloop.insight.measures.loop_figures import GateName
from onloop.insight.measures.loop_tallies import LoopTallies
from onloop.machine.events import BaseReported, GateReported
from onloop.machine.task import Evidence, Verdict
from onloop.store.codec import Logged
from onloop.store.port import Recorded


class VerdictReading:
    """Follows verdicts, those on the base among them: the same work is the same tree, base and pinned workflow."""

    def __init__(self, tallies: LoopTallies, since: int) -> None:
        self._tallies = tallies
        self._since = since

    def take(self, task: FollowedTask, event: Logged, recorded: Recorded) -> None:
        """What an event of this task says of its gates."""
        if isinstance(event, GateReported | BaseReported) and task.is_counted:
            found = event.evidence
            gate = GateName(task.workflow, found.step or task.step, found.gate)
            tally = self._tallies.machine_at(gate) if recorded.at >= self._since else None
            if tally is not None:
                tally.ran(found.verdict, found.duration_ms)
            if found.verdict is not Verdict.ERROR:
                _compare(task, gate, found, tally)


def _compare(task: FollowedTask, gate: GateName, found: Evidence, tally: JudgingTally | None) -> None:
    """Remember the verdict, and count what it says beside earlier ones; a tally of None counts nothing."""
    work = JudgedWork(gate, found.tree, found.base, found.definition)
    passes = found.verdict is Verdict.PASS
    is_new = work not in task.verdicts
    before = task.verdicts.setdefault(work, passes)
    is_again = not is_new and work not in task.retaken
    is_other = before is not None and before is not passes
    if is_again:
        task.retaken.add(work)
    if is_other:
        task.verdicts[work] = None
    if tally is not None:
        tally.works += is_new
        tally.twice += is_again
        tally.disagreed += is_other
