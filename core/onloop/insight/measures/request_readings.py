"""PURE: what becomes of what people are asked: decided, reversed later, or ended without them."""

from __future__ import annotations

from onloop.insight.measures.followed_task import AskedRequest, FollowedTask, StandingApproval
from onloop.insight.measures.loop_figures import GateName
from onloop.insight.measures.loop_tallies import LoopTallies
from onloop.insight.measures.reviewers_time import ReviewersTime, skimming_ms
from onloop.machine.causes import EffectProblem
from onloop.machine.events import Decided, EffectFailed, Moved, RequestClosed, RequestOpened, StepEntered
from onloop.machine.people import is_person
from onloop.machine.state import State
from onloop.machine.task import Decision, DecisionKind, RequestKind
from onloop.store.codec import Logged
from onloop.store.port import Recorded

_OUTSIDE = "answered from outside"
_DONE = frozenset({"approved", "step done"})
"""Why requests are closed whose approvals were enough."""
_LONGEST_WHY = 80


class RequestReading:
    """Follows the requests of each task from their opening to their end."""

    def __init__(self, tallies: LoopTallies, since: int) -> None:
        self._tallies = tallies
        self._since = since
        self._reviewers = ReviewersTime()

    def take(self, task: FollowedTask, event: Logged, recorded: Recorded) -> None:
        """What an event of this task says of requests."""
        match event:
            case RequestOpened():
                self._opened(task, event)
            case Decided(decision):
                self._decided(task, decision)
            case RequestClosed():
                self._closed(task, event, recorded)
            case StepEntered(step):
                self._entered(task, step, recorded.at)
            case EffectFailed(_, EffectProblem.GATE_FAILED):
                _doubt(task)
            case Moved(State.CANCELED | State.REJECTED):
                _doubt(task)
                self._reverse(task, task.approved, recorded.at)
            case _:
                pass

    def _opened(self, task: FollowedTask, event: RequestOpened) -> None:
        asked = event.request
        name = GateName(task.workflow, asked.step, asked.gate or ("wave" if not task.is_work else asked.kind.value))
        task.asked[asked.id] = AskedRequest(name, asked.kind, asked.opened_at, asked.quorum, lines=task.lines)

    def _decided(self, task: FollowedTask, decision: Decision) -> None:
        asked = task.asked.get(decision.request)
        if asked is None:
            return
        asked.decided_at = decision.at
        left = self._reviewers.left_for(decision.by, decision.at, asked.opened_at, decision.content)
        if decision.answer is DecisionKind.APPROVE:
            asked.approvals += 1
        elif decision.answer is DecisionKind.REJECT:
            asked.is_rejected = True
            _doubt(task)
        else:
            asked.is_answered = True
            return
        asked.measured += 1
        asked.unread += left < skimming_ms(asked.lines)

    def _closed(self, task: FollowedTask, event: RequestClosed, recorded: Recorded) -> None:
        asked = task.asked.pop(event.request, None)
        if asked is None:
            return
        is_approved = not asked.is_rejected and _is_enough(asked, event.why)
        counts = task.is_counted and recorded.at >= self._since
        if counts:
            self._count(asked, event, recorded, is_approved=is_approved, is_unchanged=asked.gate not in task.sent_back)
        if asked.is_rejected:
            task.sent_back.add(asked.gate)
        elif is_approved:
            task.approved.append(StandingApproval(asked.gate))

    def _count(
        self, asked: AskedRequest, event: RequestClosed, recorded: Recorded, *, is_approved: bool, is_unchanged: bool
    ) -> None:
        call, at = self._tallies.call(asked.kind), recorded.at
        is_decided = is_approved or asked.is_rejected
        if is_decided and asked.kind is RequestKind.APPROVAL:
            self._tallies.people_at(asked.gate).decided(asked, is_unchanged=is_unchanged)
            self._tallies.week(at)["decided"] += 1
            self._tallies.week(at)["rejected"] += asked.is_rejected
        elif asked.kind is RequestKind.APPROVAL:
            self._tallies.people_at(asked.gate).withdrawn += 1
        if is_decided or (asked.is_answered and asked.kind is not RequestKind.APPROVAL):
            call.decided += 1
        elif is_person(recorded.principal) or asked.is_answered:
            call.by_people += 1
        elif event.why in {"expired", "rejected"}:
            call.expired += 1
        else:
            self._tallies.idle(asked, _why(event.why), recorded.task, at)

    def _entered(self, task: FollowedTask, step: str, at: int) -> None:
        """The approvals of a step that is entered again are over: reversed, if something had made them doubtful."""
        again = [each for each in task.approved if each.gate.step == step]
        task.approved = [each for each in task.approved if each.gate.step != step]
        self._reverse(task, again, at)

    def _reverse(self, task: FollowedTask, approvals: list[StandingApproval], at: int) -> None:
        if task.is_counted and at >= self._since:
            for each in approvals:
                self._tallies.people_at(each.gate).reversed += each.is_doubted


def _doubt(task: FollowedTask) -> None:
    for each in task.approved:
        each.is_doubted = True


def _is_enough(asked: AskedRequest, why: str) -> bool:
    return asked.approvals >= asked.quorum or (asked.approvals > 0 and why in _DONE)


def _why(why: str) -> str:
    """How a request ended, without what differs from one to the next."""
    return _OUTSIDE if why.startswith(_OUTSIDE) else why[:_LONGEST_WHY]
