"""How failures belong together: the texts of a cause, and what people say about it. Nothing of it decides anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.attention.board import Board
from onloop.attention.groups import Group
from onloop.attention.regrouped import check_merge, check_split
from onloop.cli.context import Context
from onloop.cli.json_models.attention_models import CauseJson, CausesJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import RegroupArguments
from onloop.cli.render import texts_json
from onloop.cli.seen_board import board_of
from onloop.cli.verbs.attention_verbs import group_in
from onloop.errors import BadInput
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit, RegroupingMark
from onloop.text import safe

LONGEST_SHOWN = 2_000


def cause(context: Context[RegroupArguments]) -> VerbOutput:
    """Show the texts of a cause, split it, merge others into it, or have it grouped as before."""
    args, board = context.args, board_of(context)
    if args.what == "show":
        _refuse_more(args)
        return _shown([group_in(board, args.cause)])
    person = context.person()
    before = {group.cause for group in _all(board)}
    tasks = tuple(
        item.task for name in (args.cause, *args.others) for group in _named(board, name) for item in group.members
    )
    for mark in _marks(args, board, person.id):
        context.opened.gateway.perform(RecordStoreEvent(person, mark))
    after = [group for group in _all(board_of(context)) if any(item.task in tasks for item in group.members)]
    changed = [group for group in after if group.cause not in before]
    return _shown(changed or after)


def _marks(args: RegroupArguments, board: Board, by: str) -> Sequence[RegroupingMark]:
    match args.what:
        case "split":
            if args.others:
                raise BadInput(f"{args.others[0]!r} is one too many", hint="name tasks with --task TASK …")
            check_split(group_in(board, args.cause), args.tasks)
            return [CauseSplit(args.cause, by, args.tasks)]
        case "merge":
            _refuse_tasks(args)
            check_merge([group_in(board, name) for name in (args.cause, *args.others)])
            return [CausesMerged(args.cause, by, args.others)]
        case _:
            _refuse_more(args)
            acts = [act for group in _named(board, args.cause) for act in group.acts]
            roots = dict.fromkeys(act.cause for act in reversed(acts)) or {args.cause: None}
            return [CauseRestored(root, by) for root in roots]


def _refuse_tasks(args: RegroupArguments) -> None:
    if args.tasks:
        raise BadInput(f"--task does not go with {args.what}", hint="onloop cause split CAUSE --task TASK …")


def _refuse_more(args: RegroupArguments) -> None:
    _refuse_tasks(args)
    if args.others:
        raise BadInput(f"{args.others[0]!r} is one too many", hint=f"onloop cause {args.what} takes one cause")


def _all(board: Board) -> tuple[Group, ...]:
    return (*board.shown, *(one.group for one in board.hidden))


def _named(board: Board, name: str) -> list[Group]:
    return [group for group in _all(board) if group.cause == name]


def _shown(groups: Sequence[Group]) -> VerbOutput:
    lines = tuple(line for group in groups for line in _lines(group))
    rows = [
        CauseJson(group.cause, group.headline, len(group.members), texts_json(group), group.text_count, _acts(group))
        for group in groups
    ]
    return VerbOutput(lines=lines, data=CausesJson(rows))


def _lines(group: Group) -> Iterator[str]:
    count = len(group.members)
    yield safe(f"{group.cause}  {group.headline} — {count} task{'s' if count != 1 else ''}")
    yield from (safe(f"    {words}") for words in _acts(group))
    for text in group.texts:
        yield safe(f"    {text.count} × {text.text[:LONGEST_SHOWN]}   ({text.task})")
    if group.text_count > len(group.texts):
        yield f"    and {group.text_count - len(group.texts)} texts more"


def _acts(group: Group) -> list[str]:
    return [act.words for act in group.acts]
