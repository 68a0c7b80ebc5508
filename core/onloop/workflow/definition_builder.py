"""Builds the machine's definition from a checked file."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.machine import definition as d
from onloop.machine.budgets import Budget
from onloop.records import replace
from onloop.workflow import model as m
from onloop.workflow.combinations import combinations
from onloop.workflow.effect_builder import effect_of
from onloop.workflow.model.budget_parts import BudgetPart
from onloop.workflow.model.report_parts import CoveragePart, SarifPart
from onloop.workflow.outside_builder import forge_gate, http_gate
from onloop.workflow.policy_builder import policy_gate

COMMAND_TIMEOUT_MS = 600_000
"""The timeout of a command gate that gives none: ten minutes."""

_SERVICE_TIMEOUT_MS = 60_000
_STEP = d.Step("default.step")
_ATTEMPTS = d.Attempts()


def defined(file: m.WorkflowFile, digest: str) -> d.Definition:
    """The definition for a file without problems."""
    steps = tuple(_step(step) for step in file.steps)
    made = d.Definition(
        file.workflow, file.description, digest, steps, _environment(file.environment), tuple(file.agent_env)
    )
    return replace(made, budget=_budget(file.budget))


def _budget(given: BudgetPart | None) -> Budget | None:
    if given is None:
        return None
    return Budget(given.tokens, given.cost, given.minutes, given.claims, given.unknown == "refuse")


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
    effect, outside = (None, None) if step.effect is None else effect_of(step.effect)
    return d.Step(
        id=step.id,
        role=step.role,
        run=None if step.run is None else tuple(step.run),
        effect=effect,
        brief=step.brief,
        isolation=d.Isolation(step.isolation),
        not_by=tuple(step.not_by),
        permit=tuple(step.permit),
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
        budget=_budget(step.budget),
        box=_box(step),
        skip=None if step.skip is None else d.Skip(step.skip),
        wait_ms=step.wait,
        next=tuple(d.NextRule(way.to, way.when or "") for way in step.next or ()),
        override=_override(step.overridable_by),
        outside=outside,
    )


def _box(given: m.GatePart | m.StepPart) -> d.BoxSpec:
    return d.BoxSpec(given.network, given.nested, given.box or "", tuple(d.Hole(hole) for hole in given.open or ()))


def _fan_out(given: m.FanOutPart) -> d.FanOut:
    branches = given.branches or {}
    return d.FanOut(
        steps=_walked(given.steps or (), given),
        branches=tuple(
            d.ParallelBranch(name, _walked(branch.steps, given), branch.brief, tuple(branch.after))
            for name, branch in branches.items()
        ),
        matrix=combinations(given),
        over=given.over,
        count=given.count,
        spawn=given.spawn is True,
        most=given.most if given.count is None else max(given.most, given.count),
        max_parallel=given.max_parallel,
        join=_join(given.join),
        brief=given.brief,
        resolve=() if given.resolve is None else (_resolve(given.resolve),),
        environments=tuple(d.Isolation(kind) for kind in given.environments),
    )


def _walked(given: Sequence[m.StepPart], fan_out: m.FanOutPart) -> tuple[d.Step, ...]:
    """The steps of a child, whose last one carries the gate that scores it, where the best is wanted."""
    steps = tuple(_step(step) for step in given)
    score = fan_out.join.best_of.score if fan_out.join.best_of else None
    if score is None or not steps:
        return steps
    timeout = COMMAND_TIMEOUT_MS if score.timeout is None else score.timeout
    gate = d.CommandGate(d.SCORE_GATE, tuple(score.command), timeout, scores=True)
    return (*steps[:-1], replace(steps[-1], gates=(*steps[-1].gates, gate)))


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
    return replace(_looking(gate), override=_override(gate.overridable_by))


def _override(given: m.OverridePart | None) -> d.OverrideRule | None:
    return None if given is None else d.OverrideRule(tuple(given.from_), given.quorum, given.level)


def _looking(gate: m.GatePart) -> d.Gate:
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
            coverage=_coverage(gate.coverage),
            findings=_findings(gate.sarif),
        )
    if gate.file is not None:
        return d.FileGate(gate.id, gate.file.path, gate.file.contains, gate.file.min_bytes, gate.fails_on_base)
    if gate.artefact is not None:
        return d.ArtefactGate(gate.id, gate.artefact.name, gate.artefact.min_bytes)
    if gate.github is not None:
        return forge_gate(gate.id, gate.github)
    if gate.http is not None:
        return http_gate(gate.id, gate.http)
    return _judging(gate)


def _judging(gate: m.GatePart) -> d.Gate:
    if gate.review is not None:
        return d.ReviewGate(gate.id, gate.review.quorum)
    if gate.policy is not None:
        return policy_gate(gate.id, gate.policy)
    if gate.human is not None:
        return _human(gate.id, gate.human)
    raise ValueError(f"gate {gate.id} has no kind")


def _tests(gate: m.GatePart) -> d.TestExpectation | None:
    for counter, part in ((d.Counter.JUNIT, gate.junit), (d.Counter.UNITTEST, gate.unittest)):
        if part is not None:
            return d.TestExpectation(counter, part.min_tests, part.max_skipped, part.no_fewer_than == "base")
    return None


def _coverage(given: CoveragePart | None) -> d.CoverageExpectation | None:
    if given is None:
        return None
    return d.CoverageExpectation(given.min, given.no_less_than == "base", given.more_than == "base")


def _findings(given: SarifPart | None) -> d.FindingsExpectation | None:
    return None if given is None else d.FindingsExpectation(given.max, given.no_new == "base", given.level)


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
        grace_ms=human.grace,
        escalate=None if escalate is None else d.Escalation(escalate.after, tuple(escalate.to)),
        expire=None if expire is None else d.Expiry(expire.after, d.ExpireOutcome(expire.outcome)),
    )
