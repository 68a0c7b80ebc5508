"""The verb policy: what the organization demands of every workflow, how it is tried, adopted and tested."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from onloop.access.policy_sources import PolicySource, committed_policies, policies_at_hand
from onloop.access.targets import target_of
from onloop.cli.arguments import PolicyArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import SchemaJson
from onloop.cli.json_models.policy_models import (
    FactJson,
    FactsJson,
    PoliciesJson,
    PolicyCaseJson,
    PolicyChangeJson,
    PolicyJson,
    PolicySourceJson,
    PolicyTestJson,
    ShippedPoliciesJson,
)
from onloop.cli.output import VerbOutput
from onloop.cli.verbs.policy_checks import check
from onloop.errors import BadInput, Exit, WorkflowError
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.fact_vocabulary import FACTS
from onloop.machine.organization_policies import PolicyAdopted, PolicyDropped
from onloop.machine.policy_weaving import policy_digest
from onloop.policies.cel_rules import check_installed
from onloop.policies.shipped_policies import shipped_policies, shipped_policy
from onloop.text import padded, safe
from onloop.views.queries.reads import ReadStoreState
from onloop.workflow.policy_file import CaseResult, LoadedPolicy, load_policy, tried
from onloop.workflow.schema import policy_schema


def policy(context: Context[PolicyArguments]) -> VerbOutput:
    """List, test, adopt or drop policies, or say what they may ask about and what they say of a task."""
    return _WHATS[context.args.what](context)


def _list(context: Context[PolicyArguments]) -> VerbOutput:
    in_force = context.opened.gateway.perform(ReadStoreState()).policies
    lines = tuple(line for name in sorted(in_force) for line in _listed(in_force[name]))
    none = "no policy is in force: onloop policy print lists those that come with onloop"
    data = PoliciesJson(tuple(_policy_json(in_force[name]) for name in sorted(in_force)))
    return VerbOutput(lines=lines or (none,), data=data)


def _listed(adopted: PolicyAdopted) -> Iterator[str]:
    policy = adopted.policy
    tried_only = " (audit: counted, stops nothing)" if not policy.gate.enforces else ""
    yield safe(f"{policy.name} at {', '.join(policy.at)}{tried_only}: {policy.explain}", 500)
    yield safe(f"  {' '.join(policy.rule.split())}", 500)
    demands = f" {policy.quorum} of {', '.join(policy.approvers)}" if policy.approvers else ""
    yield safe(f"  denied: {policy.on_deny.value}{demands}; adopted by {adopted.by}: {adopted.reason}", 500)


def _policy_json(adopted: PolicyAdopted) -> PolicyJson:
    policy = adopted.policy
    return PolicyJson(
        name=policy.name,
        mode=policy.mode,
        at=policy.at,
        rule=policy.rule,
        explain=policy.explain,
        on_deny=policy.on_deny,
        approvers=policy.approvers,
        quorum=policy.quorum,
        override=policy.override.by if policy.override is not None else (),
        digest=policy_digest(policy),
        by=adopted.by,
        reason=adopted.reason,
    )


def _facts(_: Context[PolicyArguments]) -> VerbOutput:
    wide, kinds = max(len(fact.path) for fact in FACTS), max(len(fact.kind.value) for fact in FACTS)
    lines = (f"{padded(fact.path, wide)}  {padded(fact.kind.value, kinds)}  {fact.words}" for fact in FACTS)
    return VerbOutput(
        lines=tuple(lines),
        data=FactsJson(tuple(FactJson(fact.path, fact.kind.value, fact.words) for fact in FACTS)),
        is_long=True,
    )


def _print(context: Context[PolicyArguments]) -> VerbOutput:
    names = context.args.names
    if not names:
        return VerbOutput(lines=shipped_policies(), data=ShippedPoliciesJson(shipped_policies()))
    if len(names) > 1:
        raise BadInput("one policy is printed at a time", hint=f"onloop policy print {safe(names[0], 60)}")
    source = shipped_policy(names[0]).decode()
    return VerbOutput(lines=(source.rstrip("\n"),), data=PolicySourceJson(source))


def _schema(_: Context[PolicyArguments]) -> VerbOutput:
    schema = policy_schema()
    return VerbOutput(lines=(json.dumps(schema, indent=2),), data=SchemaJson(schema))


def _test(context: Context[PolicyArguments]) -> VerbOutput:
    """Try the cases of each file; a file without cases shows nothing, and that is no pass."""
    check_installed("what is tested here")
    lines, cases, problems, names, is_met = list[str](), list[PolicyCaseJson](), list[str](), list[str](), True
    for source in _sources(context):
        try:
            loaded = load_policy(source.content, source.name)
        except WorkflowError as error:
            problems += error.problems
            continue
        names.append(loaded.policy.name)
        results = tried(loaded)
        is_met = is_met and bool(results) and all(result.is_met for result in results)
        lines += _tested_lines(source, loaded, results)
        cases += (_case_json(source, result) for result in results)
    code = Exit.USAGE if problems else Exit.OK if is_met else Exit.REDO
    data = PolicyTestJson(code is Exit.OK, names, cases, problems)
    return VerbOutput(code, tuple(lines), data, tuple(problems))


def _tested_lines(source: PolicySource, loaded: LoadedPolicy, results: Sequence[CaseResult]) -> Iterator[str]:
    met = sum(result.is_met for result in results)
    told = f"{met} of {len(results)} cases as expected" if results else "no cases: nothing was tried"
    yield safe(f"{loaded.policy.name}: {told}", 300)
    for result in results:
        if not result.is_met:
            wanted = f"expected {_word(result.case.allows)}"
            because = f" because {result.case.because!r}" if result.case.because else ""
            yield safe(f"  {_place(source, result)}: {result.case.name}: {wanted}{because}: {result.words}", 600)
        for part in result.absorbed:
            yield safe(f"  {_place(source, result)}: {result.case.name}: this failed, and nothing told: {part}", 600)


def _place(source: PolicySource, result: CaseResult) -> str:
    return f"{source.name}:{result.case.at.line}:{result.case.at.column}"


def _word(allows: bool) -> str:
    return "allow" if allows else "deny"


def _case_json(source: PolicySource, result: CaseResult) -> PolicyCaseJson:
    return PolicyCaseJson(
        name=result.case.name,
        at=_place(source, result),
        expect=_word(result.case.allows),
        met=result.is_met,
        words=result.words,
        absorbed=result.absorbed,
    )


def _sources(context: Context[PolicyArguments]) -> tuple[PolicySource, ...]:
    args = context.args
    if args.control is None:
        return policies_at_hand(args.names)
    if args.names:
        raise BadInput("files are named, and a repository", hint="leave one of them out")
    control = target_of(args.control, args.control_branch, Path.cwd(), "--control")
    return committed_policies(context.opened.mirror(control.origin), control.branch)


def _adopt(context: Context[PolicyArguments]) -> VerbOutput:
    """Have runs that start from now on held to policies, whose cases must come out as they say."""
    args = context.args
    context.check_no_agent("adopt a policy")
    check_installed("what is adopted here")
    found = [(source, load_policy(source.content, source.name)) for source in _sources(context)]
    for source, loaded in found:
        failed = [result.case.name for result in tried(loaded) if not result.is_met]
        if failed or not loaded.cases:
            words = f"{source.name}: {f'case {failed[0]!r} fails' if failed else 'it has no cases'}"
            raise BadInput(words, hint=f"onloop policy test {safe(source.name, 200)}")
    in_force = context.opened.gateway.perform(ReadStoreState()).policies
    fresh = [each.policy for _, each in found if each.policy not in {a.policy for a in in_force.values()}]
    if not fresh:
        return VerbOutput(Exit.NOTHING, ("all of these are in force already",), PolicyChangeJson((), ()))
    person = context.person()
    for number, each in enumerate(fresh):
        key = f"{args.key}/{number}" if args.key else ""
        context.opened.gateway.perform(RecordStoreEvent(person, PolicyAdopted(each, person.id, args.reason), key=key))
    lines = tuple(safe(f"adopted: {each.name} ({each.mode.value}) at {', '.join(each.at)}", 300) for each in fresh)
    note = "runs that start from now on are held to it; live runs keep what they began with"
    return VerbOutput(lines=lines, data=PolicyChangeJson([each.name for each in fresh], ()), notes=(note,))


def _drop(context: Context[PolicyArguments]) -> VerbOutput:
    args = context.args
    context.check_no_agent("drop a policy")
    if not args.names:
        raise BadInput("which policy?", hint="onloop policy drop NAME --reason …; onloop policy list names them")
    person = context.person()
    for number, name in enumerate(args.names):
        key = f"{args.key}/{number}" if args.key else ""
        context.opened.gateway.perform(RecordStoreEvent(person, PolicyDropped(name, person.id, args.reason), key=key))
    return VerbOutput(
        lines=tuple(safe(f"dropped: {name}", 200) for name in args.names), data=PolicyChangeJson((), args.names)
    )


_WHATS: Mapping[str, Callable[[Context[PolicyArguments]], VerbOutput]] = {
    "list": _list,
    "test": _test,
    "check": check,
    "facts": _facts,
    "print": _print,
    "schema": _schema,
    "adopt": _adopt,
    "drop": _drop,
}
