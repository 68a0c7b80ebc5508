"""The figures of the loop once more, by looking through the whole log for each of them: slow, and easy to check."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from onloop.insight.measures.samples import Spread, size_of
from onloop.store.codec import event_from_text
from onloop.store.port import Recorded

ENDS = {"completed", "failed", "canceled", "rejected"}
Found = tuple[Recorded, Any]


class Recount:
    """The events of a log by task, decoded; every figure is a loop over them."""

    def __init__(self, log: Sequence[Recorded]) -> None:
        self.people = set[str]()
        self.tasks = defaultdict[str, list[Found]](list)
        for recorded in log:
            event = event_from_text(recorded.name, recorded.data)
            if recorded.name == "PersonEnrolled":
                self.people.add(event.email)  # type: ignore[union-attr]
            else:
                self.tasks[recorded.task].append((recorded, event))
        self.work = {name: past for name, past in self.tasks.items() if past[0][1].__struct_fields__ and _is_work(past)}

    def ended(self) -> dict[str, tuple[int, str]]:
        """When each task ended, and how."""
        return {
            name: (recorded.at, event.state.value)
            for name, past in self.work.items()
            for recorded, event in _named(past, "Moved")
            if event.state.value in ENDS
        }

    def whole(self) -> Spread:
        """From the beginning to the end of completed tasks."""
        return _spread(at - self.work[name][0][0].at for name, (at, how) in self.ended().items() if how == "completed")

    def touches(self) -> dict[str, int]:
        """How many different moments there are at which a person did something to each ended task."""
        acts = {
            *("Decided", "Overridden", "Reassigned", "HandedOn", "NoteSent", "PersonEntered", "Claimed"),
            *("Amended", "Retargeted", "BaseAccepted", "Waived", "CountersReset"),
        }
        return {
            name: len(
                {
                    (recorded.at, recorded.principal)
                    for recorded, event in self.work[name]
                    if recorded.principal.startswith("human:")
                    and (
                        recorded.name in acts
                        or (recorded.name == "Moved" and event.state.value in {"paused", "canceled"})
                    )
                }
            )
            for name in self.ended()
        }

    def merged(self) -> tuple[int, int, int]:
        """How many changes were merged, seen whole, and by agents alone."""
        merged = seen = alone = 0
        for past in self.work.values():
            merges = {event.id for _, event in _named(past, "EffectRequested") if event.effect.value == "merge"}
            for place, (_, event) in enumerate(past):
                if type(event).__name__ != "EffectDone" or event.id not in merges:
                    continue
                before = past[:place]
                works = [e.submission for r, e in before if r.name in {"Submitted", "EffectVoided", "Funnelled"}]
                authors = works[-1].authors if works else ()
                held = any(e.agent.startswith("human:") for _, e in _named(before, "Claimed"))
                entered = any(True for _ in _named(before, "PersonEntered"))
                by_people = held or entered or any(author in self.people for author in authors)
                known = all(author in self.people or author.endswith(".invalid") for author in authors)
                merged += 1
                seen += by_people or (bool(authors) and known)
                alone += not by_people and bool(authors) and known
        return merged, seen, alone

    def phases(self) -> dict[str, Spread]:
        """How long completed tasks stood at the steps of each phase."""
        found = defaultdict[str, list[int]](list)
        for name, (at, how) in self.ended().items():
            if how == "completed":
                entered = [(r.at, e.step.partition(".")[0]) for r, e in _named(self.work[name], "StepEntered")]
                left = [*(when for when, _ in entered[1:]), at]
                spent = defaultdict[str, int](int)
                for (since, phase), until in zip(entered, left, strict=True):
                    spent[phase] += until - since
                for phase, ms in spent.items():
                    found[phase].append(ms)
        return {phase: _spread(times) for phase, times in found.items()}

    def costs(self) -> dict[str, tuple[int, int, Spread, Spread]]:
        """Of all merged changes and of each size: how many, told in part, cost, tokens."""
        found = defaultdict[str, list[tuple[list[int | None], list[int | None]]]](list)
        for name, past in self.work.items():
            merges = {event.id for _, event in _named(past, "EffectRequested") if event.effect.value == "merge"}
            for place, (recorded, event) in enumerate(past):
                if type(event).__name__ != "EffectDone" or event.id not in merges:
                    continue
                works = [e.submission for r, e in past[:place] if r.name in {"Submitted", "EffectVoided", "Funnelled"}]
                facts = works[-1].facts if works else None
                told = self._leases(name, recorded.seq)
                sizes = ["all"] if facts is None else ["all", size_of(facts.added + facts.removed).value]
                for size in sizes:
                    found[size].append(told)
        return {size: _costs(changes) for size, changes in found.items()}

    def _leases(self, name: str, until: int) -> tuple[list[int | None], list[int | None]]:
        """Of each claim of a task and of those below it: the cost and the tokens that were told before `until`."""
        costs, tokens = list[int | None](), list[int | None]()
        for other, past in self.tasks.items():
            if not self._is_within(other, name):
                continue
            claims = [r.seq for r, e in _named(past, "Claimed") if not e.agent.startswith("human:") and r.seq < until]
            for begins, ends in zip(claims, [*claims[1:], until], strict=True):
                said = [e for r, e in _named(past, "UsageTold") if begins < r.seq < min(ends, until)]
                used = [_most([e.usage for e in said if e.source == source]) for source in {e.source for e in said}]
                costs.append(_sum([cost for cost, _ in used]))
                tokens.append(_sum([count for _, count in used]))
        return costs, tokens

    def _is_within(self, other: str, name: str) -> bool:
        while other != name and hasattr(self.tasks[other][0][1], "parent"):
            created = self.tasks[other][0][1]
            if created.kind.value != "work" or created.parent is None:
                return False
            other = created.parent
        return other == name

    def requests(self) -> Iterator[tuple[str, str, Any, list[Any], tuple[Recorded, Any] | None]]:
        """Each request: its task, its workflow, itself, what was decided about it, and how it was closed."""
        for name, past in self.tasks.items():
            if not hasattr(past[0][1], "workflow"):
                continue
            for _, opened in _named(past, "RequestOpened"):
                decided = [e.decision for _, e in _named(past, "Decided") if e.decision.request == opened.request.id]
                closed = next((f for f in _named(past, "RequestClosed") if f[1].request == opened.request.id), None)
                yield name, past[0][1].workflow, opened.request, decided, closed

    def human_gates(self) -> dict[str, dict[str, int]]:
        """What was asked at each gate of people, and what came of it."""
        found = defaultdict[str, dict[str, int]](lambda: defaultdict(int))
        back = defaultdict[tuple[str, str], list[int]](list)
        for name, workflow, request, decided, closed in self.requests():
            if request.kind.value != "approval":
                continue
            gate = f"{request.step}/{request.gate or 'approval'} · {workflow}"
            tally = found[gate]
            tally["asked"] += 1
            answers = [decision.answer.value for decision in decided]
            if closed is None:
                tally["open"] += 1
            elif "reject" in answers:
                tally["rejected"] += 1
                back[name, gate].append(closed[0].seq)
            elif answers.count("approve") >= request.quorum or ("approve" in answers and closed[1].why in {
                "approved", "step done"
            }):  # fmt: skip
                tally["approved"] += 1
                tally["unchanged"] += not any(seq < closed[0].seq for seq in back[name, gate])
            else:
                tally["withdrawn"] += 1
        return {gate: dict(tally) for gate, tally in found.items()}

    def waits(self) -> dict[str, Spread]:
        """How long each gate's decisions took."""
        found = defaultdict[str, list[int]](list)
        for _, workflow, request, decided, closed in self.requests():
            answers = [d.answer.value for d in decided]
            if request.kind.value == "approval" and closed is not None and {"approve", "reject"} & set(answers):
                found[f"{request.step}/{request.gate} · {workflow}"].append(decided[-1].at - request.opened_at)
        return {gate: _spread(times) for gate, times in found.items()}

    def idle_calls(self) -> int:
        """How many requests were closed by nobody, and were decided by nobody."""
        return sum(
            not decided
            and not closed[0].principal.startswith("human:")
            and closed[1].why not in {"expired", "rejected"}
            for *_, decided, closed in self.requests()
            if closed is not None
        )

    def machine_gates(self) -> dict[str, tuple[int, ...]]:
        """Of each machine gate: runs, passed, failed, timed out, errors, works, twice, differed."""
        found = defaultdict[str, list[tuple[Any, str]]](list)
        for name, past in self.tasks.items():
            for place, (recorded, event) in enumerate(past):
                if recorded.name in {"GateReported", "BaseReported"}:
                    steps = [e.step for _, e in _named(past[:place], "StepEntered")]
                    e = event.evidence
                    gate = f"{e.step or (steps or [''])[-1]}/{e.gate} · {past[0][1].workflow}"
                    found[gate].append(((name, e.tree, e.base, e.definition), e.verdict.value))
        return {gate: _of_gate(verdicts) for gate, verdicts in found.items()}


def _of_gate(verdicts: Sequence[tuple[Any, str]]) -> tuple[int, ...]:
    counts = [sum(verdict == each for _, verdict in verdicts) for each in ("pass", "fail", "timed_out", "error")]
    works = defaultdict[Any, list[bool]](list)
    for work, verdict in verdicts:
        if verdict != "error":
            works[work].append(verdict == "pass")
    twice = [said for said in works.values() if len(said) > 1]
    return (len(verdicts), *counts, len(works), len(twice), sum(len(set(said)) > 1 for said in twice))


def _most(said: Sequence[Any]) -> tuple[int | None, int | None]:
    """What one source told of one lease: the largest cost, and the largest tokens in and out."""
    ins, outs = [u.input for u in said if u.input is not None], [u.output for u in said if u.output is not None]
    costs = [u.micro_usd for u in said if u.micro_usd is not None]
    return (max(costs) if costs else None, max(ins, default=0) + max(outs, default=0) if ins or outs else None)


def _sum(told: Sequence[int | None]) -> int | None:
    known = [each for each in told if each is not None]
    return sum(known) if known else None


def _costs(changes: Sequence[tuple[list[int | None], list[int | None]]]) -> tuple[int, int, Spread, Spread]:
    costs, tokens = [_sum(each) for each, _ in changes], [_sum(each) for _, each in changes]
    partly = sum(any(_sum(each) is not None and None in each for each in told) for told in changes)
    return (
        len(changes),
        partly,
        _spread(each for each in costs if each is not None),
        _spread(each for each in tokens if each is not None),
    )


def _is_work(past: Sequence[Found]) -> bool:
    return past[0][0].name == "Created" and past[0][1].kind.value == "work"


def _named(past: Iterable[Found], name: str) -> Iterator[Found]:
    return (found for found in past if found[0].name == name)


def _spread(values: Iterable[int]) -> Spread:
    ordered = sorted(values)
    return Spread(ordered[(len(ordered) - 1) // 2], len(ordered)) if ordered else Spread()
