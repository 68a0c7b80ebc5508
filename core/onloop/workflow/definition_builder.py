"""Builds the machine's definition from a checked file."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.machine import definition as d
from onloop.records import replace
from onloop.workflow import model as m

COMMAND_TIMEOUT_MS = 600_000
"""The timeout of a command gate that gives none: ten minutes."""

_SERVICE_TIMEOUT_MS = 60_000
_STEP = d.Step("default.step")
_ATTEMPTS = d.Attempts()


def defined(file: m.WorkflowFile, digest: str) -> d.Definition:
    """The definition for a file without problems."""
    steps = tuple(_step(step) for step in file.steps)
    return d.Definition(
        file.workflow, file.description, digest, steps, _environment(file.environment), tuple(file.agent_env)
    )


def _environment(given: m.EnvironmentPart) -> d.EnvironmentSpec:
    return d.EnvironmentSpec(
        setup=_commands(given.setup),
        cache_key=tuple(given.cache_key),
        box=d.BoxSpec(network=given.network, at_least=given.box or ""),
        build=_commands(given.build),
        caches=tuple(d.CacheSpec(cache.name, _commands(cache.fetch), tuple(cache.key)) for cache in given.caches),
        tools=tuple(d.ToolSpec(name, program) for name, program in given.tools.items()),
        services=tuple(_service(service) for service in given.services),
        secrets=tuple(given.secrets),
        variables=tuple(given.variables.items()),
        git=given.git,
        submodules=given.submodules,
        lfs=given.lfs,
        attach=tuple(given.attach),
    )


def _service(given: m.ServicePart) -> d.ServiceSpec:
    return d.ServiceSpec(
        name=given.name,
        command=tuple(given.command),
        prepare=_commands(given.prepare),
        ready=tuple(given.ready or ()),
        port=given.port,
        timeout_ms=_SERVICE_TIMEOUT_MS if given.timeout is None else given.timeout,
    )


def _commands(given: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(argv) for argv in given)


def _step(step: m.StepPart) -> d.Step:
    return d.Step(
        id=step.id,
        role=step.role,
        run=None if step.run is None else tuple(step.run),
        effect=None if step.effect is None else d.Effect(step.effect),
        brief=step.brief,
        isolation=d.Isolation(step.isolation),
        not_by=tuple(step.not_by),
        timeout_ms=_STEP.timeout_ms if step.timeout is None else step.timeout,
        attempts=_attempts(step.attempts),
        rounds=step.rounds,
        max_visits=step.max_visits,
        gates=tuple(_gate(gate) for gate in step.gates),
        on_reject=step.on_reject,
        on_fail=step.on_fail,
        on_conflict=step.on_conflict,
        fan_out=None if step.fan_out is None else _fan_out(step.fan_out),
        context=None if step.context is None else d.ContextLimits(step.context.soft, step.context.hard),
        agent=step.agent or "",
        box=_box(step),
        skip=None if step.skip is None else d.Skip(step.skip),
    )


def _box(given: m.GatePart | m.StepPart) -> d.BoxSpec:
    return d.BoxSpec(given.network, given.nested, given.box or "", tuple(d.Hole(hole) for hole in given.open or ()))


def _fan_out(given: m.FanOutPart) -> d.FanOut:
    steps = tuple(_step(step) for step in given.steps)
    score = given.join.best_of.score if given.join.best_of else None
    if score is not None:
        timeout = COMMAND_TIMEOUT_MS if score.timeout is None else score.timeout
        gate = d.CommandGate(d.SCORE_GATE, tuple(score.command), timeout, scores=True)
        steps = (*steps[:-1], replace(steps[-1], gates=(*steps[-1].gates, gate)))
    return d.FanOut(
        steps=steps,
        over=given.over,
        count=given.count,
        spawn=given.spawn is True,
        most=given.most if given.count is None else max(given.most, given.count),
        max_parallel=given.max_parallel,
        join=_join(given.join),
        brief=given.brief,
        resolve=() if given.resolve is None else (_resolve(given.resolve),),
    )


def _join(given: m.JoinPart) -> d.Join:
    if given.best_of is not None:
        return d.Join(d.JoinKind.BEST_OF)
    if given.quorum is None:
        return d.Join(d.JoinKind.ALL)
    return d.Join(d.JoinKind.FIRST if given.quorum == 1 else d.JoinKind.QUORUM, given.quorum)


def _resolve(given: m.ResolvePart) -> d.Step:
    return d.Step(
        id="funnel.resolve",
        role=given.role,
        isolation=d.Isolation.CLONE,
        rounds=given.rounds,
        timeout_ms=_STEP.timeout_ms if given.timeout is None else given.timeout,
        gates=tuple(_gate(gate) for gate in given.gates),
    )


def _attempts(given: m.AttemptsPart) -> d.Attempts:
    pause = _ATTEMPTS.backoff_ms if given.backoff is None else given.backoff
    longest = max(_ATTEMPTS.max_backoff_ms, pause) if given.max_backoff is None else given.max_backoff
    return d.Attempts(_ATTEMPTS.max if given.max is None else given.max, pause, longest)


def _gate(gate: m.GatePart) -> d.Gate:
    if gate.command is not None:
        timeout = COMMAND_TIMEOUT_MS if gate.timeout is None else gate.timeout
        base_tests = None if gate.tests is None else d.BaseTests(tuple(gate.tests.paths))
        argv = tuple(gate.command)
        return d.CommandGate(
            id=gate.id,
            argv=argv,
            timeout_ms=timeout,
            tests=_tests(gate),
            box=_box(gate),
            base_tests=base_tests,
            attach=tuple(gate.attach),
            exclusive=gate.exclusive or "",
            fails_on_base=gate.fails_on_base,
        )
    if gate.file is not None:
        return d.FileGate(gate.id, gate.file.path, gate.file.contains, gate.file.min_bytes, gate.fails_on_base)
    if gate.artefact is not None:
        return d.ArtefactGate(gate.id, gate.artefact.name, gate.artefact.min_bytes)
    if gate.review is not None:
        return d.ReviewGate(gate.id, gate.review.quorum)
    if gate.human is not None:
        return _human(gate.id, gate.human)
    raise ValueError(f"gate {gate.id} has no kind")


def _tests(gate: m.GatePart) -> d.TestExpectation | None:
    for counter, part in ((d.Counter.JUNIT, gate.junit), (d.Counter.UNITTEST, gate.unittest)):
        if part is not None:
            return d.TestExpectation(counter, part.min_tests, part.max_skipped, part.no_fewer_than == "base")
    return None


def _human(gate_id: str, human: m.HumanPart) -> d.HumanGate:
    escalate, expire = human.escalate, human.expire
    return d.HumanGate(
        id=gate_id,
        approvers=tuple(human.from_),
        quorum=human.quorum,
        assurance=human.assurance,
        remind_ms=human.remind,
        fresh_ms=human.fresh,
        not_by_amender=human.not_by_amender,
        escalate=None if escalate is None else d.Escalation(escalate.after, tuple(escalate.to)),
        expire=None if expire is None else d.Expiry(expire.after, d.ExpireOutcome(expire.outcome)),
    )
