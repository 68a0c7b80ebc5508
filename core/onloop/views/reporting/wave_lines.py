"""PURE: the waves of a fleet: how each stands, how many of its tasks stand how, and all of them as one strip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from onloop.machine.task import Task
from onloop.machine.wave_plan import Waves, WaveStanding
from onloop.machine.wave_standing import retries_of, standing_of
from onloop.records import Record

SHOWN_HELD = 3
"""How many waves that have not begun a strip names; the rest are added up."""


class WaveState(StrEnum):
    """How a wave stands."""

    PASSED = "passed"
    ON = "on"
    HALTED = "halted"
    HELD = "held"


class WaveLine(Record):
    """A wave: how many tasks it has, and how many of them stand how. Times are in ms, None where it has not come to it.

    `failed` counts all that failed, one that was retried and failed again once; `taken_out` those that people excluded
    before they had; `retried` those that people had tried again, whatever came of it.
    """

    wave: int
    state: WaveState
    completed: int = 0
    failed: int = 0
    at_work: int = 0
    ready: int = 0
    held: int = 0
    taken_out: int = 0
    retried: int = 0
    began: int | None = None
    passed: int | None = None

    @property
    def size(self) -> int:
        """How many tasks it has."""
        return self.completed + self.failed + self.at_work + self.ready + self.held + self.taken_out

    @property
    def words(self) -> str:
        """The wave in a strip: `5 ✓`, `25 ▸ 3/25`, `569 held`."""
        failed = f", {self.failed} failed" if self.failed else ""
        if self.state is WaveState.HELD:
            return f"{self.size} held"
        if self.state is WaveState.PASSED:
            return f"{self.size} ✓{failed}"
        mark, end = ("‼", ", halted") if self.state is WaveState.HALTED else ("▸", "")
        return f"{self.size} {mark} {self.completed}/{self.size}{failed}{end}"


WaveCounts = Mapping[tuple[int, WaveStanding], int]
"""How many tasks of which wave stand how."""


def wave_lines(waves: Waves | None, counts: WaveCounts, retried: Mapping[int, int]) -> tuple[WaveLine, ...]:
    """A line for each wave of a fleet that has some, in their order."""
    if waves is None:
        return ()
    return tuple(_line(waves, number, counts, retried) for number in range(1, waves.total + 1))


def counts_of_waves(tasks: Iterable[Task]) -> tuple[WaveCounts, Mapping[int, int]]:
    """How many of these tasks stand how in which wave, and how many were retried in which."""
    counts, retried = Counter[tuple[int, WaveStanding]](), Counter[int]()
    for task in tasks:
        if task.wave:
            counts[task.wave, standing_of(task)] += 1
            retried[task.wave] += retries_of(task) > 0
    return counts, retried


def strip_pieces(lines: Sequence[WaveLine]) -> tuple[tuple[WaveState, str], ...]:
    """The waves as pieces of one line; those that have not begun are added up after the first."""
    held = [line for line in lines if line.state is WaveState.HELD]
    shown = [
        (line.state, line.words) for line in lines if line.state is not WaveState.HELD or line in held[:SHOWN_HELD]
    ]
    rest = held[SHOWN_HELD:]
    if rest:
        words = f"{len(rest)} more waves with {sum(line.size for line in rest)} held"
        shown.append((WaveState.HELD, words))
    return tuple(shown)


def strip_words(lines: Sequence[WaveLine]) -> str:
    """The waves in one line."""
    return " · ".join(words for _, words in strip_pieces(lines))


def _line(waves: Waves, number: int, counts: WaveCounts, retried: Mapping[int, int]) -> WaveLine:
    def of(*standings: WaveStanding) -> int:
        return sum(counts.get((number, standing), 0) for standing in standings)

    return WaveLine(
        wave=number,
        state=_state(waves, number),
        completed=of(WaveStanding.COMPLETED),
        failed=of(WaveStanding.STOPPED, WaveStanding.LOST, WaveStanding.GIVEN_UP),
        at_work=of(WaveStanding.BEGUN),
        ready=of(WaveStanding.READY),
        held=of(WaveStanding.HELD),
        taken_out=of(WaveStanding.EXCLUDED),
        retried=retried.get(number, 0),
    )


def _state(waves: Waves, number: int) -> WaveState:
    if number > waves.current:
        return WaveState.HELD
    if number < waves.current or waves.passed:
        return WaveState.PASSED
    return WaveState.HALTED if waves.halted else WaveState.ON
