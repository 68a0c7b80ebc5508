"""What a bench replays, with what, and how often: plain data, made before the first trial."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from onloop.bench.machine_part import gates_of
from onloop.machine.definition import Definition
from onloop.machine.digest import Json, canonical
from onloop.records import Record

REPEAT = 5
"""How often each configuration is tried at each task where nobody says."""

MOST_TASKS, MOST_CONFIGURATIONS, MOST_REPEATS, MOST_JOBS = 200, 20, 200, 64
LARGEST_BRIEF = 262_144


class Configuration(Record):
    """What is compared: an agent that `onloop work` knows by name, or a command, with a model and a brief.

    Without `brief` the task's own is given; else this text takes its place.
    """

    name: str
    agent: str = ""
    argv: tuple[str, ...] = ()
    model: str = ""
    brief: str = ""

    @property
    def words(self) -> str:
        """What runs, in one line."""
        return " ".join(self.argv) if self.argv else " ".join(filter(None, (self.agent, self.model)))


class ReplayedTask(Record):
    """A finished task as it is replayed: from `base`, whose history is in the bare repository `mirror`.

    `definition` is the part of its workflow that agents and verifiers walk alone; `tolerated` is what a person
    tolerates of that history. `attachments` are names and bytes, without its brief.
    """

    id: str
    title: str
    repo: str
    target: str
    base: str
    mirror: Path
    definition: Definition
    tolerated: tuple[str, ...] = ()
    asked: str = ""
    brief: bytes = b""
    attachments: tuple[tuple[str, bytes], ...] = ()

    @property
    def gates(self) -> tuple[tuple[str, str], ...]:
        """The gates by which it is judged, as step and gate."""
        return gates_of(self.definition)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of its steps, each once."""
        return tuple(dict.fromkeys(step.role for step in self.definition.steps if step.role is not None))


class Trial(Record):
    """One try: which task, with which configuration, for the how-manieth time (from 1)."""

    task: str
    configuration: str
    repetition: int


class TrialSettings(Record):
    """How trials are made: where agents work, what they reach and see there, and how long a trial may take (ms).

    An empty `isolation` is none: agents work in clones, as this user.
    """

    isolation: str
    limit_ms: int
    reach: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    agent_env: tuple[str, ...] = ()


class BenchPlan(Record):
    """A bench: every configuration at every task, `repeat` times."""

    tasks: tuple[ReplayedTask, ...]
    configurations: tuple[Configuration, ...]
    repeat: int
    settings: TrialSettings

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All of them in the order in which they begin: each task once with each configuration, then again."""
        return tuple(
            Trial(task.id, configuration.name, repetition)
            for repetition in range(1, self.repeat + 1)
            for task in self.tasks
            for configuration in self.configurations
        )

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides what a trial shows: not how often it is tried, nor how many at a time."""
        tasks = [
            [each.id, each.base, each.definition.digest, each.title, each.asked, sha256(each.brief).hexdigest()]
            + [f"{name} {sha256(content).hexdigest()}" for name, content in each.attachments]
            for each in self.tasks
        ]
        configurations = [[c.name, c.agent, *c.argv, "", c.model, c.brief] for c in self.configurations]
        settings = self.settings
        rooms: list[Json] = [settings.isolation, settings.limit_ms, [*settings.reach], [*settings.show]]
        return sha256(canonical([tasks, configurations, rooms])).hexdigest()
