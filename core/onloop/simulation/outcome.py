"""What a simulation came to, read from its log and its tasks as they are at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from onloop.machine import events as e
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, Task
from onloop.records import Record
from onloop.simulation.simulated_run import RUN, Simulation
from onloop.simulation.simulation_plan import MONDAY
from onloop.store.codec import event_from_text
from onloop.store.port import Reading, Recorded, TaskFilter
from onloop.store.rows import LOG, Head
from onloop.views.overview import category_of

PAGE = 2_000
LONGEST_CAUSE = 120


class Outcome(Record):
    """What one seed gave. Times are ms; `history` is the hash of the whole log, equal for equal simulations.

    `decisions` counts what people said, by kind; `blocked` by cause what the machine gave up on and asked about;
    `lost` counts the tries that were lost, by how; `busy` is the agents' share of the time, in thousandths;
    `brought` are the agents beyond the plan's that were needed, because nobody else was independent.
    """

    seed: int
    history: str
    ended: bool
    took_ms: int
    tasks: Mapping[str, int]
    decisions: Mapping[str, int]
    most_waiting: int
    waits: tuple[int, ...]
    people_ms: int
    busy: int
    brought: int
    lost: Mapping[str, int]
    rounds: int
    blocked: Mapping[str, int]
    halts: int
    events: int


def outcome_of(simulated: Simulation) -> Outcome:
    """What the simulation came to."""
    plan, now = simulated.world.plan, simulated.world.time.now
    with simulated.world.store.reading() as at:
        root, head = at.task(RUN), at.get(Head, LOG)
        tasks = at.tasks(TaskFilter(run=RUN))
        said = _Heard()
        for event in _log(at):
            said.hear(event)
    ended = root is not None and root.ended
    took = ((root.since if root is not None and ended else now) - MONDAY) or 1
    return Outcome(
        seed=plan.seed,
        history=head.hash if head is not None else "",
        ended=ended,
        took_ms=took,
        tasks=_counted(tasks),
        decisions=dict(sorted(said.decisions.items())),
        most_waiting=simulated.people.most_waiting,
        waits=tuple(sorted(simulated.people.waits)),
        people_ms=simulated.people.spent_ms,
        busy=round(1000 * simulated.crew.busy_ms / (took * plan.agents)),
        brought=simulated.crew.brought,
        lost=dict(sorted(said.lost.items())),
        rounds=said.rounds,
        blocked=dict(sorted(said.blocked.items(), key=lambda pair: (-pair[1], pair[0]))),
        halts=said.halts,
        events=head.count if head is not None else 0,
    )


def _counted(tasks: Sequence[Task]) -> Mapping[str, int]:
    """How many repositories ended how, or stand how."""
    own = [task for task in tasks if task.parent == RUN or (task.id == RUN and task.kind is Kind.WORK)]
    return dict(sorted(Counter(category_of(task).value for task in own).items()))


def _log(at: Reading) -> Iterator[Recorded]:
    seq = 0
    while page := at.log(after=seq, limit=PAGE):
        yield from page
        seq = page[-1].seq


class _Heard:
    """Counts what the log says."""

    def __init__(self) -> None:
        self.decisions, self.lost, self.blocked = Counter[str](), Counter[str](), Counter[str]()
        self.rounds = self.halts = 0

    def hear(self, recorded: Recorded) -> None:
        if recorded.name not in _HEARD:
            return
        event = event_from_text(recorded.name, recorded.data)
        match event:
            case e.Decided(decision):
                self.decisions[decision.answer.value] += 1
            case e.AttemptEnded(end):
                self.lost[end.value] += 1
            case e.RoundStarted():
                self.rounds += 1
            case e.Moved(State.INPUT_REQUIRED, reason, detail) if reason in _GAVE_UP:
                self.blocked[_cause(reason, detail)] += 1
                self.halts += reason is Reason.HALTED
            case _:
                pass


_HEARD = frozenset(kind.__name__ for kind in (e.Decided, e.AttemptEnded, e.RoundStarted, e.Moved))
_GAVE_UP = frozenset(
    {
        Reason.GATE_FAILED,
        Reason.ROUNDS_EXHAUSTED,
        Reason.ATTEMPTS_EXHAUSTED,
        Reason.TIMED_OUT,
        Reason.CONFLICT,
        Reason.HALTED,
        Reason.POLICY_VIOLATION,
        Reason.CHANGED_SINCE_APPROVAL,
    }
)


def _cause(reason: Reason | None, detail: str) -> str:
    """The reason and its words, with numbers left out, so that equal causes are one."""
    words = "".join("N" if sign.isdigit() else sign for sign in detail.partition(";")[0])
    while "NN" in words:
        words = words.replace("NN", "N")
    return f"{reason.value if reason is not None else ''}: {words[:LONGEST_CAUSE]}"
