"""The verb calls: whom onloop calls when something needs a person, what it would send now, and what it sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from onloop.access.verifier_process import ensure_verifier
from onloop.attention.board import Board
from onloop.attention.groups import Group
from onloop.calls.call_file import FILE, LARGEST_CALLS, calls_schema, load_calls
from onloop.calls.call_operations import ReadCalls
from onloop.calls.call_text import text_of
from onloop.calls.channels import Channels, declared_channels
from onloop.calls.wanted_calls import WantedCall, quiet_words, rule_for, wanted_about
from onloop.cli.clock_arguments import CallsArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import SchemaJson
from onloop.cli.json_models.clock_models import (
    CallJson,
    CallLogJson,
    CallRuleJson,
    CallRulesJson,
    CallsChangedJson,
    CallsPlannedJson,
    PlannedCallJson,
    RecipientJson,
)
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, OnloopError
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import addressed
from onloop.machine.call_rules import CallPlan, CallRule, CallsAdopted, Recipient
from onloop.machine.store_state import StoreState
from onloop.store.rows import CallRow
from onloop.text import safe
from onloop.times import time_words, utc_words
from onloop.views.overview_projector import ReadBoard
from onloop.views.queries.reads import ReadStoreState
from onloop.workflow.duration import written

_NOBODY = "nobody is called: onloop calls adopt FILE; onloop help calling shows one"


def calls(context: Context[CallsArguments]) -> VerbOutput:
    """List, adopt or drop the rules, say what would be sent now and why not, or what was sent."""
    return _WHATS[context.args.what](context)


def _list(context: Context[CallsArguments]) -> VerbOutput:
    plan = context.opened.gateway.perform(ReadStoreState()).calls
    if plan is None:
        return VerbOutput(lines=(_NOBODY,), data=CallRulesJson((), (), ()))
    channels, problems = _channels(context, plan)
    rules = [_rule_json(rule) for rule in plan.rules]
    recipients = [_recipient_json(each) for each in plan.recipients]
    lines = [
        *(f"{each.rule}: {each.about}; {' → '.join(', '.join(names) for names in each.ladder)}" for each in rules),
        *(
            f"{each.recipient}: by {', '.join(each.channels)}{f'; {each.quiet}' * bool(each.quiet)}"
            for each in recipients
        ),
    ]
    data = CallRulesJson(rules, recipients, sorted(channels.by_name))
    return VerbOutput(lines=tuple(safe(line, 600) for line in lines), data=data, notes=problems)


def _rule_json(rule: CallRule) -> CallRuleJson:
    asked = ("tiers", "kinds", "workflows", "runs", "repos", "gates", "whose")
    words = [f"{name} {', '.join(given)}" for name in asked if (given := getattr(rule, name))]
    ladder = [rule.to, *((f"after {written(step.after_ms)}", *step.to) for step in rule.steps)]
    return CallRuleJson(rule.name, "; ".join(words), rule.dwell_ms, rule.digest_ms, ladder)


def _recipient_json(each: Recipient) -> RecipientJson:
    quiet = each.quiet
    if quiet is None:
        return RecipientJson(each.name, each.channels, "")
    times = f"quiet {_clock(quiet.begins)} to {_clock(quiet.ends)} in {quiet.zone}"
    return RecipientJson(each.name, each.channels, f"{times} but {', '.join(quiet.except_tiers) or 'for nothing'}")


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _channels(context: Context[CallsArguments], plan: CallPlan) -> tuple[Channels, tuple[str, ...]]:
    """The channels of this machine, and what would keep calls from going out; nothing is known of another machine's."""
    if not context.home.is_ours or context.home.url:
        return Channels({}), ("calls.toml is on the gateway's machine: what it declares is not known here",)
    try:
        channels = declared_channels(context.home.store)
    except OnloopError as problem:
        return Channels({}), (f"{problem.message}; {problem.hint}",)
    used = dict.fromkeys(name for each in plan.recipients for name in each.channels)
    file = context.home.store / "calls.toml"
    missing = tuple(f"{file} declares no channel {name}" for name in used if name not in channels.by_name)
    return channels, (*missing, *(words for name in used for words in _without_secret(channels, name)))


def _without_secret(channels: Channels, name: str) -> Iterator[str]:
    """Which secrets of a channel cannot be read; they are read, and not shown."""
    channel = channels.by_name.get(name)
    for field in channel.secrets if channel is not None else ():
        try:
            channel.secret(field) if channel is not None else ""
        except OnloopError as problem:
            yield f"{problem.message}; {problem.hint}"


def _adopt(context: Context[CallsArguments]) -> VerbOutput:
    context.check_no_agent("say whom to call")
    path = Path(context.args.file or FILE)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_CALLS + 1)
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint=f"write {FILE}, or name a file") from None
    plan = load_calls(content, str(path))
    _record(context, plan)
    ensure_verifier(context.home)
    _, problems = _channels(context, plan)
    names = [rule.name for rule in plan.rules]
    notes = (*problems, "onloop calls test says what would be sent now, and why not")
    return VerbOutput(lines=(f"adopted: {', '.join(names)}",), data=CallsChangedJson(names), notes=notes)


def _drop(context: Context[CallsArguments]) -> VerbOutput:
    context.check_no_agent("say whom to call")
    _record(context, None)
    return VerbOutput(lines=("dropped: nobody is called any more",), data=CallsChangedJson(()))


def _record(context: Context[CallsArguments], plan: CallPlan | None) -> None:
    person = context.person()
    event = CallsAdopted(plan, person.id, context.args.reason)
    context.opened.gateway.perform(RecordStoreEvent(person, event, key=context.args.key))


def _test(context: Context[CallsArguments]) -> VerbOutput:
    """Say what would be sent now and why not; nothing is sent."""
    gateway = context.opened.gateway
    now, house = gateway.clock(), gateway.perform(ReadStoreState())
    plan = house.calls
    if plan is None:
        return VerbOutput(lines=(_NOBODY,), data=CallsPlannedJson((), ()))
    channels, problems = _channels(context, plan)
    board = gateway.perform(ReadBoard(now))
    rows = {row.id: row for row in gateway.perform(ReadCalls())}

    def text(group: Group, recipient: str) -> str:
        return text_of("…", recipient, (group,), lambda way: addressed(context.home, way), channels.link, now).body

    planned = tuple(_planned(plan, house, board, rows, now, text))
    lines = [line for each in planned for line in _planned_lines(each)]
    nothing = "nothing needs a person now, so nobody would be called"
    data = CallsPlannedJson(planned, problems)
    return VerbOutput(lines=tuple(lines) or (nothing,), data=data, notes=problems)


def _planned(
    plan: CallPlan,
    house: StoreState,
    board: Board,
    rows: Mapping[str, CallRow],
    now: int,
    text: Callable[[Group, str], str],
) -> Iterator[PlannedCallJson]:
    for group in board.shown:
        if rule_for(plan, group) is None:
            yield PlannedCallJson(group.cause, "", "", "", f"no rule is about {group.tier.name.lower()}", "")
        for call in wanted_about(plan, group):
            row = rows.get(call.id)
            state = _state(call, row, group, now, house)
            said = text(group, call.recipient.name) if state == "now" else ""
            yield PlannedCallJson(group.cause, call.rule.name, call.recipient.name, call.channel, state, said)
    for hidden in board.hidden:
        yield PlannedCallJson(hidden.group.cause, "", "", "", f"hidden: {safe(hidden.words, 200)}", "")


def _state(call: WantedCall, row: CallRow | None, group: Group, now: int, house: StoreState) -> str:
    """`now`, or why not, or why not yet."""
    if row is not None and row.sent_at:
        return f"called {time_words(row.sent_at, now)}"
    due = row.due_at if row is not None and not row.over_at else call.due_at(group.since, now)
    if quiet := quiet_words(call.recipient, group.tier.name.lower(), now):
        return quiet
    trouble = house.troubles.get(f"channel:{call.channel}")
    if trouble is not None:
        return f"again {time_words(due, now)}: {safe(trouble.words, 200)}"
    if row is not None and row.words and row.attempts:
        return f"again {time_words(due, now)}: {safe(row.words, 200)}"
    return "now" if due <= now else f"due {time_words(due, now)}"


def _planned_lines(each: PlannedCallJson) -> Iterator[str]:
    whom = f"{each.recipient} by {each.channel} ({each.rule}): " if each.recipient else ""
    yield safe(f"{each.cause} {whom}{each.state}", 600)
    for line in each.text.splitlines():
        yield safe(f"    {line}", 600)


def _log(context: Context[CallsArguments]) -> VerbOutput:
    found = context.opened.gateway.perform(ReadCalls())[: max(0, context.args.limit)]
    now = context.opened.gateway.clock()
    lines = (
        f"{time_words(row.sent_at or row.due_at, now)} {row.state} {row.recipient} by {row.channel}: "
        f"cause {row.cause}, rule {row.rule}{f'; {row.words}' if row.words else ''}"
        for row in found
    )
    data = CallLogJson([_call_json(row) for row in found])
    return VerbOutput(lines=tuple(safe(line, 600) for line in lines) or ("nobody was called",), data=data)


def _call_json(row: CallRow) -> CallJson:
    return CallJson(
        call=row.id,
        cause=row.cause,
        rule=row.rule,
        level=row.level,
        recipient=row.recipient,
        channel=row.channel,
        state=row.state,
        due=utc_words(row.due_at),
        sent=utc_words(row.sent_at) if row.sent_at else None,
        attempts=row.attempts,
        message=row.message,
        words=safe(row.words, 600),
    )


def _schema(_: Context[CallsArguments]) -> VerbOutput:
    schema = calls_schema()
    return VerbOutput(lines=(json.dumps(schema, indent=2),), data=SchemaJson(schema))


_WHATS: Mapping[str, Callable[[Context[CallsArguments]], VerbOutput]] = {
    "list": _list,
    "adopt": _adopt,
    "drop": _drop,
    "test": _test,
    "log": _log,
    "schema": _schema,
}
