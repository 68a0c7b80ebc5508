"""What needs people, and what they say about it: seen by all, decided by none of it. Causes have names of 8 letters."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.attention.board import Board, Hidden
from onloop.attention.groups import Group, joined
from onloop.attention.lifecycle import acknowledgement, snooze
from onloop.cli.arguments import Arguments
from onloop.cli.context import Context
from onloop.cli.json_models.attention_models import AttentionJson, FrozenJson, MarkedJson, MuteJson, UnmuteJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import (
    AckArguments,
    AttentionArguments,
    CauseArguments,
    MuteArguments,
    SnoozeArguments,
    UnmuteArguments,
)
from onloop.cli.render import counts_json, freeze_line, group_json, group_lines, hidden_json, life_words
from onloop.errors import UnknownThing
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.marks import Mark, Muted, Rule, Unmuted, Woken
from onloop.machine.principal import Principal
from onloop.text import safe
from onloop.views.overview_projector import ReadBoard
from onloop.views.queries.reads import ReadStoreState
from onloop.workflow.duration import milliseconds
from onloop.workflow.hints import nearest


def attention(context: Context[AttentionArguments]) -> VerbOutput:
    """What needs a person, one row per cause, most pressing first; `--all` names what is hidden, and how."""
    board, now = board_of(context), context.opened.gateway.clock()
    freezes = list(context.opened.gateway.perform(ReadStoreState()).freezes.values())
    lines = [line for group in board.shown for line in group_lines(group, board.life(group.cause), now)]
    lines = lines or [safe(f"nothing needs a person in {context.home.name}")]
    lines += [line for hidden in board.hidden for line in _hidden_lines(hidden)] if context.args.all else []
    data = AttentionJson(
        groups=[group_json(group, board.life(group.cause), now) for group in board.shown],
        hidden=[hidden_json(hidden, board.life(hidden.group.cause), now) for hidden in board.hidden],
        counts=counts_json(board.counts),
        needs_person=board.counts.shown + board.counts.hidden,
        frozen=[FrozenJson(freeze.scope, freeze.by, freeze.reason) for freeze in freezes],
        store=context.home.name,
    )
    notes = (*map(freeze_line, freezes), *(() if context.args.all else _left_out(board)))
    return VerbOutput(lines=tuple(lines), data=data, notes=notes)


def _left_out(board: Board) -> Iterator[str]:
    counts = board.counts
    kinds = (
        ("acknowledged", counts.acknowledged),
        ("snoozed", counts.snoozed),
        ("muted", counts.muted),
        ("inhibited", counts.inhibited),
    )
    words = ", ".join(f"{count} {kind}" for kind, count in kinds if count)
    if words:
        yield f"not shown: {words}; onloop attention --all shows them"


def _hidden_lines(hidden: Hidden) -> Iterator[str]:
    count = len(hidden.group.members)
    rule = f" (onloop unmute {hidden.rule})" if hidden.rule else ""
    yield safe(f"[{hidden.group.cause}] {hidden.group.headline} — {count} hidden: {hidden.words}{rule}")


def ack(context: Context[AckArguments]) -> VerbOutput:
    """Say that you are on it."""
    person, group, now = context.person(), group_named(context, context.args.cause), context.opened.gateway.clock()
    return _marked(context, person, acknowledgement(group, person.id, now, milliseconds(context.args.duration)))


def snooze_cause(context: Context[SnoozeArguments]) -> VerbOutput:
    """Not now: until later, until it changes, or until it grows."""
    args, person, group = context.args, context.person(), group_named(context, context.args.cause)
    until_change, grows_by = args.until_change, args.grows_by or 0
    for_ms = milliseconds(args.duration) if args.duration else None
    if for_ms is None and not until_change and not grows_by:
        for_ms = milliseconds("1h")
    now = context.opened.gateway.clock()
    mark = snooze(group, person.id, now, for_ms=for_ms, until_change=until_change, grows_by=grows_by)
    return _marked(context, person, mark)


def wake(context: Context[CauseArguments]) -> VerbOutput:
    """Show an acknowledged or snoozed cause again."""
    person = context.person()
    return _marked(context, person, Woken(context.args.cause, person.id))


def mute(context: Context[MuteArguments]) -> VerbOutput:
    """Show nothing that a rule covers, for a while."""
    args, person = context.args, context.person()
    check_names(context, gate=args.gate, step=args.step, workflow=args.workflow, repository=args.repo, run=args.run)
    if args.cause:
        group_named(context, args.cause)
    rule = Rule(args.cause, args.reason_code, args.gate, args.step, args.workflow, args.repo, args.run)
    until = context.opened.gateway.clock() + milliseconds(args.duration)
    context.opened.gateway.perform(RecordStoreEvent(person, Muted(rule, person.id, until, args.reason)))
    count = sum(len(one.group.members) for one in board_of(context).hidden if one.rule == rule.id)
    data = MuteJson(rule.id, rule.given, until, count)
    words = safe(f"muted ({rule}): it hides {count} now")
    return VerbOutput(lines=(words,), data=data, notes=(f"lift it: onloop unmute {rule.id}",))


def unmute(context: Context[UnmuteArguments]) -> VerbOutput:
    """Lift a mute."""
    person = context.person()
    context.opened.gateway.perform(RecordStoreEvent(person, Unmuted(context.args.rule, person.id)))
    return VerbOutput(lines=(safe(f"unmuted: {context.args.rule}"),), data=UnmuteJson(context.args.rule))


def board_of(context: Context[Arguments]) -> Board:
    """The board as of now."""
    gateway = context.opened.gateway
    return gateway.perform(ReadBoard(gateway.clock()))


def group_named(context: Context[Arguments], cause: str) -> Group:
    """Everything with that cause, shown and hidden; UnknownThing names the causes there are."""
    board = board_of(context)
    groups = [*board.shown, *(one.group for one in board.hidden)]
    parts = [group for group in groups if group.cause == cause]
    if not parts:
        known = ", ".join(dict.fromkeys(group.cause for group in groups)) or "none"
        near = nearest(cause, [group.cause for group in groups])
        raise UnknownThing(f"there is no cause {cause!r}", hint=f"{near}causes now: {known}")
    return joined(parts)


def _marked(context: Context[CauseArguments], person: Principal, mark: Mark) -> VerbOutput:
    context.opened.gateway.perform(RecordStoreEvent(person, mark))
    board, cause = board_of(context), context.args.cause
    hidden = [one for one in board.hidden if one.group.cause == cause]
    life = board.life(cause)
    words = hidden[0].words if hidden else f"shown; {life_words(life)}"
    data = MarkedJson(cause, bool(hidden), life.stage, words)
    return VerbOutput(lines=(safe(f"{cause}: {words}"),), data=data)
