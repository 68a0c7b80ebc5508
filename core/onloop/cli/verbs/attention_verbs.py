"""What needs people, and what they say about it: seen by all, decided by none of it. Causes have names of 8 letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onloop.attention.board import Board, Hidden
from onloop.attention.groups import Group, joined
from onloop.attention.lifecycle import acknowledgement, snooze
from onloop.attention.responsibility import MOST_LOOKED_AT, shared_ownership
from onloop.attention.scope import beside, count_words
from onloop.attention.viewer import Scope
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
from onloop.cli.seen_board import board_of, seen_board
from onloop.errors import BadInput, UnknownThing
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.marks import Mark, Muted, Rule, Unmuted, Woken
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import replace
from onloop.text import safe
from onloop.times import EXAMPLES, moment_of, time_words
from onloop.views.queries.reads import ReadStoreState, ReadTask
from onloop.workflow.duration import milliseconds
from onloop.workflow.hints import nearest


def attention(context: Context[AttentionArguments]) -> VerbOutput:
    """What needs a person, one row per cause, most pressing first; `--all` names what is hidden, and how."""
    now, house = context.opened.gateway.clock(), context.opened.gateway.perform(ReadStoreState())
    scope = Scope(context.args.scope or Scope.MAY_ACT)
    viewer, board = seen_board(context, house, context.args.viewer, scope)
    freezes = list(house.freezes.values())
    tasks = _looked_at(context, board)
    lines = [
        line
        for group in board.shown
        for line in group_lines(group, board.life(group.cause), now, shared_ownership(group, tasks, now, viewer, 60))
    ]
    nothing = "nothing needs you" if board.others else "nothing needs a person"
    lines = lines or [safe(f"{nothing} in {context.home.name}")]
    lines += [line for hidden in board.hidden for line in _hidden_lines(hidden)] if context.args.all else []
    data = AttentionJson(
        groups=[group_json(group, board.life(group.cause), now) for group in board.shown],
        hidden=[hidden_json(hidden, board.life(hidden.group.cause), now) for hidden in board.hidden],
        counts=counts_json(board.counts),
        needs_person=board.counts.shown + board.counts.hidden + board.counts.for_others,
        frozen=[FrozenJson(freeze.scope, freeze.by, freeze.reason) for freeze in freezes],
        store=context.home.name,
        scope=scope if viewer.is_known else Scope.EVERYBODY,
        viewer=viewer.id or None,
    )
    notes = (" · ".join(count_words(board.counts)), *map(freeze_line, freezes))
    notes += () if context.args.all else tuple(_left_out(board))
    return VerbOutput(lines=tuple(lines), data=data, notes=notes)


def _looked_at(context: Context[Arguments], board: Board) -> Mapping[str, Task]:
    """The first members of each group that is shown, and what is above them."""
    gateway = context.opened.gateway
    first = (item for group in board.shown for item in group.members[:MOST_LOOKED_AT] if item.run)
    names = dict.fromkeys(name for item in first for name in (item.task, item.parent) if name is not None)
    found = (gateway.perform(ReadTask(name)) for name in names)
    return {task.id: task for task in found if task is not None}


def _left_out(board: Board) -> Iterator[str]:
    counts = board.counts
    hidden = replace(counts, stalled=0, failed=0, for_others=0)
    if words := ", ".join(beside(hidden)):
        yield f"not shown: {words}; onloop attention --all shows them"
    if counts.for_others:
        yield f"not shown: {counts.for_others} for others; onloop attention --all-people shows them"


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
    now = context.opened.gateway.clock()
    for_ms = milliseconds(args.duration) if args.duration else _until(args.until, now)
    if for_ms is None and not until_change and not grows_by:
        for_ms = milliseconds("1h")
    mark = snooze(group, person.id, now, for_ms=for_ms, until_change=until_change, grows_by=grows_by)
    return _marked(context, person, mark)


def _until(text: str | None, now: int) -> int | None:
    """How long it is until that moment; None if none is given, BadInput if it is none or past."""
    if text is None:
        return None
    at = moment_of(text, now)
    if at is None or at <= now:
        raise BadInput(f"{text[:40]!r} is no moment to come", hint=f"--until {EXAMPLES}, in your own time zone")
    return at - now


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
    words = safe(f"muted ({rule}) until {time_words(until, context.opened.gateway.clock())}: it hides {count} now")
    return VerbOutput(lines=(words,), data=data, notes=(f"lift it: onloop unmute {rule.id}",))


def unmute(context: Context[UnmuteArguments]) -> VerbOutput:
    """Lift a mute."""
    person = context.person()
    context.opened.gateway.perform(RecordStoreEvent(person, Unmuted(context.args.rule, person.id)))
    return VerbOutput(lines=(safe(f"unmuted: {context.args.rule}"),), data=UnmuteJson(context.args.rule))


def group_named(context: Context[Arguments], cause: str) -> Group:
    """Everything with that cause, shown and hidden; UnknownThing names the causes there are."""
    return group_in(board_of(context), cause)


def group_in(board: Board, cause: str) -> Group:
    """Everything on the board with that cause, shown and hidden; UnknownThing names the causes there are."""
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
    until = hidden[0].until if hidden else life.until
    ends = f"; until {time_words(until, context.opened.gateway.clock())}" if until else ""
    return VerbOutput(lines=(safe(f"{cause}: {words}{ends}"),), data=data)
