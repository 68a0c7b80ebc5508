"""What a person was shown of flags, kept apart from the machine, which is held to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from onloop.machine import events as e
from onloop.machine.flags import Flag
from onloop.machine.task import Decision, DecisionKind, Evidence, Submission, Task, Verdict


@dataclass
class FlagLedger:
    """Evidence as it was reported, and what was flagged when somebody approved."""

    submission: Submission | None = None
    evidence: dict[tuple[str, str], Evidence] = field(default_factory=dict)
    found: set[Flag] = field(default_factory=set)
    seen: list[tuple[str, str, frozenset[Flag]]] = field(default_factory=list)

    def note(self, event: e.Event, step: str) -> None:
        """Take down what happened, with the task at `step`."""
        match event:
            case e.Submitted(submission):
                self.submission, self.found = submission, set()
            case e.EffectVoided(_, submission, _):
                self.submission, self.found = submission, set()
            case e.EffectFailed(_, _, _, flags):
                self.found |= set(flags)
            case e.StepEntered(entered):
                self.evidence = {key: kept for key, kept in self.evidence.items() if key[0] != entered}
            case e.GatesRequested(gates):
                self.evidence = {
                    key: kept for key, kept in self.evidence.items() if key not in {(step, g) for g in gates}
                }
            case e.GateReported(evidence):
                self.evidence[step, evidence.gate] = evidence
            case e.Decided(decision):
                self._decided(decision)
            case _:
                pass

    def check(self, task: Task) -> None:
        """What is flagged in what vouches, or was on the merged result, was before whoever approved this very work."""
        assert self.submission == task.submission
        flags = self._flags()
        about = (task.submission.head, task.submission.base) if task.submission else ("", "")
        assert not flags or any((head, base) == about and flags == seen for head, base, seen in self.seen)

    def _decided(self, decision: Decision) -> None:
        if decision.answer is DecisionKind.REJECT:
            self.seen = []
        elif decision.answer is DecisionKind.APPROVE:
            self.seen.append((decision.head, decision.base, self._flags()))

    def _flags(self) -> frozenset[Flag]:
        now = self.submission
        current = [
            f for f in self.evidence.values() if now and (f.head, f.tree, f.base) == (now.head, now.tree, now.base)
        ]
        return frozenset({flag for f in current if f.verdict is Verdict.PASS for flag in f.flags} | self.found)
