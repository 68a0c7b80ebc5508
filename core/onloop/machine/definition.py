"""A workflow as checked data: what the machine walks. Files become this in `onloop.workflow`."""

from __future__ import annotations

from enum import StrEnum

from onloop.records import Record

END = "end"
"""The `on_reject` target that ends a task as rejected instead of returning it to a step."""

RUN_GATE = "run"
"""The id of the gate that a `run:` step carries implicitly: its command passed."""


class Effect(StrEnum):
    """A change to the world outside, made by the gateway, once."""

    MERGE = "merge"
    FUNNEL = "funnel"
    """Children's commits become one, in the mirror only; no workflow file asks for it, a fan-out does."""


class Assurance(StrEnum):
    """What was proved about the person who decides, weakest first (guide `approvals`)."""

    A0 = "A0"
    A1 = "A1"
    A2 = "A2"
    A3 = "A3"
    A4 = "A4"

    def reaches(self, demanded: Assurance) -> bool:
        """Whether this level is at least the demanded one."""
        return self.value >= demanded.value


class Isolation(StrEnum):
    """How far an agent's environment is separated, weakest first."""

    NONE = "none"
    CLONE = "clone"
    CONTAINER = "container"
    VM = "vm"


class Counter(StrEnum):
    """Where the number of tests that ran is read from."""

    JUNIT = "junit"
    UNITTEST = "unittest"


class Skip(StrEnum):
    """When a step needs no agent."""

    WHEN_MET = "when_met"
    """Its gates pass on what the agent would begin with."""


class Hole(StrEnum):
    """Something of this machine that no box can hold; a gate that opens it by name runs in none."""

    CONTAINER = "container"
    SUDO = "sudo"
    GPU = "gpu"


class BoxSpec(Record):
    """What a command asks of the box that it runs in.

    `at_least` is the weakest kind of box that will do, "" where any will; with `open` there is no box at all.
    """

    network: bool = False
    nested: bool = False
    at_least: str = ""
    open: tuple[Hole, ...] = ()


class ExpireOutcome(StrEnum):
    """What an expired human gate does. Approve is not in this list, on purpose."""

    HOLD = "hold"
    REJECT = "reject"


class TestExpectation(Record):
    """What a test run must show beyond exit code 0; `no_fewer_than_base` compares with the same run at the base."""

    __test__ = False

    counter: Counter
    min_tests: int = 1
    max_skipped: int | None = None
    no_fewer_than_base: bool = False


class BaseTests(Record):
    """The base's tests run over the head's code: `paths` are patterns of what is the base's; empty means convention."""

    paths: tuple[str, ...] = ()


class CommandGate(Record, tag=True, tag_field="kind"):
    """Passes when `argv` exits 0 in a clean checkout of the submitted commit and `tests`, if given, is met.

    One that `scores` must print a number as its last line, too. With `base_tests`, the tests in the checkout, and what
    configures them, are the base's.
    """

    id: str
    argv: tuple[str, ...]
    timeout_ms: int
    tests: TestExpectation | None = None
    scores: bool = False
    box: BoxSpec = BoxSpec()
    base_tests: BaseTests | None = None
    attach: tuple[str, ...] = ()
    """Patterns of files that it writes and that are kept as evidence, by digest."""
    fails_on_base: bool = False
    """It is known to fail before the work is done, so that a failure on the base is no trouble."""
    exclusive: str = ""
    """Gates that name the same word never run at the same time on one machine."""


class FileGate(Record, tag=True, tag_field="kind"):
    """Passes when `path` is a file in the submitted commit, of at least `min_bytes`, with `contains` in it."""

    id: str
    path: str
    contains: str | None = None
    min_bytes: int = 1
    fails_on_base: bool = False


class ArtefactGate(Record, tag=True, tag_field="kind"):
    """Passes when the submission handed over an artefact called `name` of at least `min_bytes`."""

    id: str
    name: str
    min_bytes: int = 1


class Escalation(Record):
    """After `after_ms` without a decision, `to` may decide too."""

    after_ms: int
    to: tuple[str, ...]


class Expiry(Record):
    """After `after_ms` without a decision, `outcome` happens."""

    after_ms: int
    outcome: ExpireOutcome


class HumanGate(Record, tag=True, tag_field="kind"):
    """Passes when `quorum` different people out of `approvers` (groups or names) approve what they were shown.

    `fresh_ms` is how long ago their passphrase may have been typed; 0 asks for one that is typed for this alone.
    With `not_by_amender`, nobody counts who gave the live run another workflow.
    """

    id: str
    approvers: tuple[str, ...]
    quorum: int = 1
    assurance: Assurance = Assurance.A0
    remind_ms: int | None = None
    escalate: Escalation | None = None
    expire: Expiry | None = None
    fresh_ms: int | None = None
    not_by_amender: bool = False


class ReviewGate(Record, tag=True, tag_field="kind"):
    """Passes when `quorum` different agents who had no part in the work say so; never a merge's only gate."""

    id: str
    quorum: int = 1


MachineGate = CommandGate | FileGate | ArtefactGate
Gate = MachineGate | HumanGate | ReviewGate


class JoinKind(StrEnum):
    """When the children of a fan-out are enough."""

    ALL = "all"
    QUORUM = "quorum"
    FIRST = "first"
    BEST_OF = "best_of"


SCORE_GATE = "score"
"""The id of the gate that each child of a `best_of` fan-out carries at its last step."""


class Join(Record):
    """When the children are enough, and whose work counts; `quorum` is read where the kind is that."""

    kind: JoinKind = JoinKind.ALL
    quorum: int = 1


class FanOut(Record):
    """Children that a step makes: one per line of the artefact `over`, or `count`, or as its agent spawns them.

    Each walks `steps` as a workflow of its own; `resolve` is walked by a child that mends a conflict of the funnel.
    No step ever has more than `most` children.
    """

    steps: tuple[Step, ...]
    over: str | None = None
    count: int | None = None
    spawn: bool = False
    most: int = 20
    max_parallel: int | None = None
    join: Join = Join()
    brief: str = ""
    resolve: tuple[Step, ...] = ()


class Attempts(Record):
    """How often a step is tried without a person, and the pause between tries (doubling up to `max_backoff_ms`)."""

    max: int = 3
    backoff_ms: int = 10_000
    max_backoff_ms: int = 300_000

    def pause_ms(self, tries: int) -> int:
        """The pause after `tries` failed tries (1 or more), in milliseconds."""
        return min(self.max_backoff_ms, self.backoff_ms << min(tries - 1, 20))


class ContextLimits(Record):
    """From how many per cent of its context an agent is advised to hand off, and from how many it starts no round."""

    soft: int
    hard: int


class Step(Record):
    """A micro-step: done by a `role`, by `run`, by an `effect`, or, with none of them, by people alone.

    `agent` names the agent that a worker runs for the role. A merge that conflicts returns to `on_conflict` first.
    """

    id: str
    role: str | None = None
    run: tuple[str, ...] | None = None
    effect: Effect | None = None
    brief: str = ""
    isolation: Isolation = Isolation.NONE
    not_by: tuple[str, ...] = ()
    timeout_ms: int = 3_600_000
    attempts: Attempts = Attempts()
    rounds: int = 3
    max_visits: int = 3
    gates: tuple[Gate, ...] = ()
    on_reject: str | None = None
    on_fail: str | None = None
    on_conflict: str | None = None
    fan_out: FanOut | None = None
    context: ContextLimits | None = None
    agent: str = ""
    box: BoxSpec = BoxSpec()
    """Of the command of a `run:` step."""
    skip: Skip | None = None

    @property
    def phase(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def machine_gates(self) -> tuple[MachineGate, ...]:
        """The gates that a verifier answers, the implicit one of a `run:` step first."""
        own: tuple[MachineGate, ...] = tuple(g for g in self.gates if not isinstance(g, HumanGate | ReviewGate))
        return (CommandGate(RUN_GATE, self.run, self.timeout_ms, box=self.box), *own) if self.run else own

    @property
    def review_gates(self) -> tuple[ReviewGate, ...]:
        """The gates that reviewing agents answer."""
        return tuple(g for g in self.gates if isinstance(g, ReviewGate))

    @property
    def human_gates(self) -> tuple[HumanGate, ...]:
        """The gates that people answer."""
        return tuple(g for g in self.gates if isinstance(g, HumanGate))


class CacheSpec(Record):
    """Downloads that setup reads: `fetch` has the network, and sees no file of the repository but those in `key`."""

    name: str
    fetch: tuple[tuple[str, ...], ...]
    key: tuple[str, ...] = ()


class ToolSpec(Record):
    """A program of the store's toolchain under the name by which commands call it: `{python}` for `python`."""

    name: str
    program: str


class ServiceSpec(Record):
    """A server beside a gate, in the gate's own box and on its own loopback: a database, a broker.

    `prepare` runs before it; it is ready when `ready` exits 0, or when `port` accepts a connection.
    """

    name: str
    command: tuple[str, ...]
    prepare: tuple[tuple[str, ...], ...] = ()
    ready: tuple[str, ...] = ()
    port: int | None = None
    timeout_ms: int = 60_000


class EnvironmentSpec(Record):
    """What the commands of a workflow find: how a checkout is made ready, and what is beside it.

    `setup` installs dependencies, once per content of the files in `cache_key`, from a commit that the target has;
    `build` runs once per submitted commit, without a network. `box` is what setup asks of its box, and the weakest kind
    that any gate may run in. `secrets` are names of values that only setup sees. With `git`, the checkout has a
    `.git` of its own commit with its history and tags; submodules and LFS files are filled where asked for.
    """

    setup: tuple[tuple[str, ...], ...] = ()
    cache_key: tuple[str, ...] = ()
    box: BoxSpec = BoxSpec()
    build: tuple[tuple[str, ...], ...] = ()
    caches: tuple[CacheSpec, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    services: tuple[ServiceSpec, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    git: bool = False
    submodules: bool = False
    lfs: bool = False
    attach: tuple[str, ...] = ()


class Definition(Record):
    """One workflow, whole: what a run pins by `digest` (sha256 of the file's bytes) when it starts."""

    name: str
    description: str
    digest: str
    steps: tuple[Step, ...]
    environment: EnvironmentSpec = EnvironmentSpec()
    agent_env: tuple[str, ...] = ()
    """Variables of a worker that its agents get beside the usual ones."""

    def step(self, step_id: str) -> Step:
        """The step called `step_id`; a KeyError means the definition was not checked."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def owes_change(self, step_id: str) -> bool:
        """Whether the step's agent must change something: a later effect uses its commit, and not only its files."""
        gates = self.step(step_id).machine_gates
        only_hands_over = bool(gates) and all(isinstance(gate, ArtefactGate) for gate in gates)
        return not only_hands_over and any(step.effect for step in self.later(step_id))

    def later(self, step_id: str) -> tuple[Step, ...]:
        """The steps that follow `step_id`."""
        return self.steps[[step.id for step in self.steps].index(step_id) + 1 :]

    def after(self, step_id: str) -> Step | None:
        """The step that follows `step_id`, or None when it is the last."""
        return next(iter(self.later(step_id)), None)

    def reject_target(self, step_id: str) -> Step | None:
        """Where a rejection returns the work: `on_reject`, else the agent's own step, else the agent step before it.

        None means that a rejection ends the task.
        """
        step = self.step(step_id)
        if step.on_reject is not None:
            return None if step.on_reject == END else self.step(step.on_reject)
        ids = [s.id for s in self.steps]
        return next(
            (s for s in reversed(self.steps[: ids.index(step_id) + 1]) if s.role is not None or s.fan_out is not None),
            None,
        )
