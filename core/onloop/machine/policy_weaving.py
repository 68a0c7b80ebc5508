"""The policies of the organization in a workflow: gates that no file can leave out, under a digest of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from onloop.machine.definition import Definition, FanOut, Gate, Step
from onloop.machine.digest import Json, canonical
from onloop.machine.organization_policies import OF_POLICIES, Policy
from onloop.records import Record, replace, values_of

EVERY_STEP = "every"


def policy_digest(policy: Policy) -> str:
    """The digest of everything that a policy says."""
    return sha256(canonical([_plain(value) for value in values_of(policy)])).hexdigest()


def _plain(value: object) -> Json:
    if isinstance(value, Record):
        return [_plain(inner) for inner in values_of(value)]
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int) or value is None else str(value)


def is_judged_at(policy: Policy, step: Step) -> bool:
    """Whether the policy is judged at the step."""
    names = {EVERY_STEP, f"step:{step.id}", f"phase:{step.phase}"}
    names |= {f"effect:{step.effect.value}"} if step.effect is not None else set()
    return bool(names & set(policy.at))


def woven(definition: Definition, policies: Iterable[Policy]) -> Definition:
    """The workflow with the gates that these policies make, under a digest of its own; itself where there are none.

    What an earlier weaving put in is taken out first.
    """
    plain = unwoven(definition)
    chosen = tuple(sorted(policies, key=lambda policy: policy.name))
    if not chosen:
        return plain
    digest = sha256(canonical([plain.digest, *map(policy_digest, chosen)])).hexdigest()
    return replace(plain, digest=digest, file=plain.digest, policies=chosen, steps=_with_gates(plain.steps, chosen))


def unwoven(definition: Definition) -> Definition:
    """The workflow as its file says it."""
    if not definition.policies:
        return definition
    return replace(definition, digest=definition.file, file="", policies=(), steps=_without_gates(definition.steps))


def _with_gates(steps: tuple[Step, ...], policies: Sequence[Policy]) -> tuple[Step, ...]:
    return tuple(
        _changed(step, (*step.gates, *(p.gate for p in policies if is_judged_at(p, step))), policies) for step in steps
    )


def _without_gates(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(_changed(step, tuple(g for g in step.gates if not g.id.startswith(OF_POLICIES)), ()) for step in steps)


def _changed(step: Step, gates: tuple[Gate, ...], policies: Sequence[Policy]) -> Step:
    return replace(step, gates=gates, fan_out=None if step.fan_out is None else _divided(step.fan_out, policies))


def _divided(given: FanOut, policies: Sequence[Policy]) -> FanOut:
    """The steps of children, too."""

    def changed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return _with_gates(steps, policies) if policies else _without_gates(steps)

    branches = tuple(replace(branch, steps=changed(branch.steps)) for branch in given.branches)
    return replace(given, steps=changed(given.steps), resolve=changed(given.resolve), branches=branches)
