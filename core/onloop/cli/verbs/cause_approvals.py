"""Approve or reject all tasks of one row: the list with its digests first, then a decision for exactly those."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from onloop.access.verifier_process import ensure_verifier_for
from onloop.cli.context import Context
from onloop.cli.json_models.people_models import CauseListJson, CauseOutcomesJson, ListedJson
from onloop.cli.output import VerbOutput, columns, write
from onloop.cli.people_arguments import GateDecisionArguments
from onloop.cli.verbs.attention_verbs import group_named
from onloop.cli.verbs.bulk_verbs import bulk_exit, bulk_hints, bulk_lines, outcomes_json
from onloop.errors import BadInput, Exit, Refused, UnknownThing
from onloop.gateway.bulk import BulkOutcome, perform_each
from onloop.machine.commands import Approve, Reject
from onloop.machine.requests import unseen_words
from onloop.machine.task import RequestKind, Task
from onloop.machine.voice import Voice
from onloop.records import Record
from onloop.text import safe
from onloop.views.changes import Changes, handed_words, unseen
from onloop.views.queries.shown_task import ReadOpenRequests

LONGEST_LIST = 4_000_000
SHORTEST_DIGEST = 12
MOST_TASKS = 10_000


class Listed(Record):
    """One task of the row: what it asks, under which digest, and what it changes."""

    task: Task
    request: str
    digest: str
    changes: Changes

    @property
    def unseen(self) -> tuple[str, ...]:
        """What of its work a list does not show: what its diff leaves out, and what was handed over with it."""
        return self.unseen_but(())

    def unseen_but(self, seen: Collection[str]) -> tuple[str, ...]:
        """The same without the files that somebody says to have seen whole."""
        left = (self.changes.trouble,) if self.changes.trouble else unseen(self.changes.files, seen)
        return (*left, *handed_words(self.task.submission.artefacts if self.task.submission else ()))


Make = Callable[[Listed, Voice], Approve | Reject]


def decide_cause(
    context: Context[GateDecisionArguments], cause: str, kinds: frozenset[RequestKind], make: Make
) -> VerbOutput:
    """List what would be decided, ask once, decide for exactly what was listed, and tell each outcome."""
    args, verb = context.args, context.verb
    context.check_no_agent(verb, f"onloop {verb} --cause {cause} in a terminal, or the dashboard: onloop")
    if args.task or args.digest or args.version is not None:
        raise BadInput(
            "a cause and a task, its digest or its version do not go together",
            hint=f"onloop {verb} --cause {cause}, with --digests FILE for a script",
        )
    named = _named(args.digests) if args.digests else None
    listed, refused = _listed(context, _members(context, cause, named), kinds)
    if args.dry_run:
        return _list_output(cause, listed, refused)
    meant = _given(listed, named) if named is not None else listed
    if not args.yes:
        _ask(verb, listed)
    elif named is None:
        raise BadInput("--yes decides unseen what it does not name", hint="--yes --digests FILE, from --dry-run")
    person, voice = context.voice(verb)
    wanted = [(each.task.id, make(each, voice)) for each in meant]
    outcomes = (*perform_each(context.opened.gateway, person, wanted, key=args.key), *refused)
    ensure_verifier_for(context.home, (outcome.after for outcome in outcomes))
    approved = {done.task for done in outcomes if done.accepted} if verb == "approve" else set()
    notes = (_unseen_note(each) for each in meant if each.task.id in approved)
    data = CauseOutcomesJson(cause, 0, outcomes_json(outcomes))
    return VerbOutput(bulk_exit(outcomes), bulk_lines(outcomes), data, (*filter(None, notes), *bulk_hints(outcomes)))


def _members(context: Context[GateDecisionArguments], cause: str, named: Mapping[str, str] | None) -> tuple[str, ...]:
    """The tasks that are meant: those named, else all of the row. Under a key, the row may be decided and gone."""
    try:
        here = tuple(item.task for item in group_named(context, cause).members)
    except UnknownThing:
        if named is None or not context.args.key:
            raise
        here = ()
    if named is None or context.args.key:
        return here if named is None else tuple(named)
    left = [task for task in named if task not in here]
    if left:
        raise BadInput(
            f"{', '.join(left[:3])} of the list {'is' if len(left) == 1 else 'are'} not of cause {cause} now",
            hint=f"onloop {context.verb} --cause {cause} --dry-run lists what is",
        )
    return tuple(named)


def _listed(
    context: Context[GateDecisionArguments], tasks: Iterable[str], kinds: frozenset[RequestKind]
) -> tuple[list[Listed], list[BulkOutcome]]:
    """What each of the tasks asks, or was answered under the key before; and those that ask nothing of that kind."""
    args, opened = context.args, context.opened
    listed: list[Listed] = []
    refused: list[BulkOutcome] = []
    for name in tasks:
        found = opened.gateway.perform(ReadOpenRequests(name, f"{args.key}/{name}" if args.key else "", args.person))
        fitting = [
            (asked.request.id, asked.digest)
            for asked in found.asked
            if asked.request.kind in kinds and (args.gate is None or asked.request.gate == args.gate)
        ]
        if found.decided is not None:
            fitting = [(found.decided.request, found.decided.digest)]
        if len(fitting) == 1:
            listed.append(Listed(found.task, *fitting[0], opened.changes(found.task)))
        else:
            what = "nothing of that kind" if not fitting else f"{len(fitting)} things"
            no = Refused(
                f"{name} asks {what}", exit=Exit.NOTHING, hint=f"onloop show {name}; --gate says which is meant"
            )
            refused.append(BulkOutcome(name, None, no))
    return listed, refused


def _given(listed: Sequence[Listed], named: Mapping[str, str]) -> list[Listed]:
    """The same under the digests that were given: the gateway refuses one that is not as it was."""
    meant = []
    for each in listed:
        given = named[each.task.id]
        same = len(given) >= SHORTEST_DIGEST and each.digest.startswith(given)
        meant.append(each if same else Listed(each.task, each.request, given, each.changes))
    return meant


def _named(source: str) -> Mapping[str, str]:
    """The tasks and digests of a list, as `--dry-run` prints it: two words a line, the rest is passed over."""
    try:
        text = sys.stdin.read(LONGEST_LIST) if source == "-" else _read(Path(source))
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{source} cannot be read: {problem}", hint="--digests FILE, or - for stdin") from problem
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    pairs = [(words[0], words[1] if len(words) > 1 else "") for words in lines]
    short = next((task for task, digest in pairs if len(digest) < SHORTEST_DIGEST), None)
    if short is not None or not pairs or len(pairs) > MOST_TASKS:
        what = f"{short} has no digest of {SHORTEST_DIGEST} characters or more" if short else f"{len(pairs)} lines"
        raise BadInput(f"the list cannot be used: {what}", hint="each line: TASK DIGEST, as --dry-run prints them")
    return dict(pairs)


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(LONGEST_LIST)


def _ask(verb: str, listed: Sequence[Listed]) -> None:
    """Show each different diff once, then the list, and go on only if its number is typed."""
    if not sys.stdin.isatty():
        raise BadInput(
            "a list is decided by somebody who sees it",
            hint="in a terminal; or --dry-run > FILE, then --yes --digests FILE",
        )
    if not listed:
        return
    diffs = {each.changes.content or each.task.id: each for each in listed}
    shown = [line for number, each in enumerate(diffs.values(), 1) for line in _diff_lines(each, number, len(diffs))]
    write(VerbOutput(lines=tuple(shown), is_long=True), as_json=False)
    write(VerbOutput(lines=_table(listed)), as_json=False)
    for note in filter(None, map(_unseen_note, listed)):
        sys.stderr.write(f"{note}\n")
    sys.stderr.write(f"{verb} these {len(listed)}, exactly as listed? Type {len(listed)}: ")
    sys.stderr.flush()
    if (typed := sys.stdin.readline(100).strip()) != str(len(listed)):
        raise BadInput(f"{safe(typed, 40)!r} is not {len(listed)}: nothing was sent", hint="type their number")


def _diff_lines(listed: Listed, number: int, count: int) -> Iterable[str]:
    changes = listed.changes
    yield safe(
        f"diff {number} of {count}: {changes.content[:SHORTEST_DIGEST]}, {_size(changes)}, as in {listed.task.id}"
    )
    if changes.trouble:
        yield safe(changes.trouble)
    yield from (f"  | {safe(row)}" for row in changes.diff.removesuffix("\n").split("\n") if changes.diff)


def _table(listed: Sequence[Listed]) -> tuple[str, ...]:
    rows = [
        (
            each.task.id,
            each.task.repo or "",
            each.digest[:SHORTEST_DIGEST],
            each.changes.content[:SHORTEST_DIGEST],
            _size(each.changes),
        )
        for each in listed
    ]
    return columns(rows, header=("TASK", "REPO", "DIGEST", "DIFF", "CHANGE"))


def _size(changes: Changes) -> str:
    added, removed = (sum(getattr(file, name) or 0 for file in changes.files) for name in ("added", "removed"))
    return f"{len(changes.files)} files +{added} -{removed}"


def _unseen_note(listed: Listed) -> str:
    words = unseen_words(listed.unseen)
    return safe(f"{listed.task.id}: {words}") if words else ""


def _list_output(cause: str, listed: Sequence[Listed], refused: Sequence[BulkOutcome]) -> VerbOutput:
    """The list, as `--digests` takes it."""
    lines = tuple(
        safe(f"{each.task.id} {each.digest} {each.changes.content[:SHORTEST_DIGEST] or '-'} {each.task.repo or ''}")
        for each in listed
    )
    tasks = [
        ListedJson(each.task.id, each.task.repo, each.request, each.digest, each.changes.content or None, each.unseen)
        for each in listed
    ]
    notes = (*bulk_lines(refused), f"{len(listed)} listed: TASK DIGEST DIFF REPO; nothing was decided")
    return VerbOutput(lines=lines, data=CauseListJson(cause, tasks), notes=notes)
