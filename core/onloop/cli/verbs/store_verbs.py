"""`onloop store …`: verify, export, import, copy, archive and migrate a store."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from onloop.access.opening import wall_clock
from onloop.cli.arguments import StoreArguments
from onloop.cli.context import Context
from onloop.cli.json_models.store_models import (
    ArchivedJson,
    ArchivedTaskJson,
    ArchiveJson,
    CopyJson,
    ExportJson,
    ImportJson,
    MigrateJson,
    NothingArchivedJson,
    VerifyJson,
)
from onloop.cli.output import VerbOutput, columns
from onloop.errors import BadInput, Exit, NotAllowed, StoreError, Unavailable
from onloop.file_lock import holder_of
from onloop.home import Home, check_private, find_home
from onloop.insight.derivation import Derivation
from onloop.insight.inspected import inspected
from onloop.insight.store_transfer import copy_store, exporting, fill
from onloop.opened_store import with_postgres
from onloop.store.interchange import export_lines, file_lines, read_lines, surveyed, write_file
from onloop.store.sqlite.archive import finished_before, read_back, remove
from onloop.store.sqlite.database import SCHEMA_VERSION, SqliteStore
from onloop.store.sqlite.migrations import migrate
from onloop.times import moment_of, second_words

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def store(context: Context[StoreArguments]) -> VerbOutput:
    """Carry out the named action on the store."""
    if os.environ.get("ONLOOP_TOKEN") and context.args.what != "verify":
        context.note_denied(f"{context.args.what} a store")
        raise NotAllowed(f"an agent may not {context.args.what} a store", hint="a person must do it, outside a task")
    return _ACTIONS[context.args.what](context)


def _verify(context: Context[StoreArguments]) -> VerbOutput:
    derivation = Derivation(context.home, needs_mirrors=not context.home.database)
    found = inspected(context.home, derivation)
    words = f"{found.events} events, {found.tasks} tasks, {found.runs} chains: "
    lines = (words + ("the log and its state agree" if not found.problems else f"{len(found.problems)} problems"),)
    data = VerifyJson(not found.problems, found.events, found.tasks, found.runs, found.problems)
    notes = (*found.problems, *derivation.notes)
    return VerbOutput(Exit.OK if not found.problems else Exit.UNAVAILABLE, lines, data, notes)


def _export(context: Context[StoreArguments]) -> VerbOutput:
    if context.args.file is None and context.args.as_json:
        raise BadInput("stdout cannot hold both the export and --json", hint="onloop store export FILE --json")
    with exporting(context.home) as (at, blobs):
        lines = export_lines(at, blobs)
        if context.args.file is None:
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
            return VerbOutput(notes=("keep the export private: it contains everything in the store",))
        write_file(Path(context.args.file), lines)
        events = at.last_seq()
    where = context.args.file
    return VerbOutput(lines=(f"exported: {events} events to {where}",), data=ExportJson(where, events))


def _import(context: Context[StoreArguments]) -> VerbOutput:
    path = _file(context)
    fold = fill(context.home, surveyed(lambda: file_lines(path), str(path)))
    data = ImportJson(context.home.name, fold.events, len(fold.tasks))
    return VerbOutput(lines=(f"imported: {fold.events} events, {len(fold.tasks)} tasks",), data=data)


def _copy(context: Context[StoreArguments]) -> VerbOutput:
    """Copy everything into another store, which must be new, and compare it with its own log there."""
    if context.args.file is None:
        raise BadInput("store copy needs a place", hint="onloop store copy DIR, or postgresql://USER@HOST/DATABASE")
    source, target = context.home, find_home(context.args.file)
    if target.store == source.store:
        raise BadInput(f"{source.name} would be copied to itself", hint="name another folder or database")
    fold = copy_store(source, target)
    found = inspected(target, Derivation(target, needs_mirrors=False))
    if found.problems:
        words = f"the copy in {target.name} differs from its log: {found.problems[0]}"
        raise StoreError(words, hint=f"{source.name} is as it was; remove the copy, and verify: onloop store verify")
    data = CopyJson(source.name, target.name, fold.events, len(fold.tasks))
    words = f"copied: {fold.events} events, {len(fold.tasks)} tasks to {target.name}, and verified there"
    return VerbOutput(lines=(words,), data=data, notes=_running(source))


def _running(home: Home) -> tuple[str, ...]:
    """What of the store that was copied may still write to it: that is not in the copy."""
    if home.database:
        return (f"what is written to {home.name} from now on is not in the copy: end its gateways first, to move it",)
    found = [what for what, lock in _processes(home) if holder_of(lock) is not None]
    return (f"{' and '.join(found)} of {home.name} went on meanwhile: end them first, to move it",) if found else ()


def _archive(context: Context[StoreArguments]) -> VerbOutput:
    path = _file(context)
    if context.args.read:
        return _archived(path)
    before = _day(context.args.before)
    if context.home.database:
        raise BadInput(
            "nothing is ever removed from a database's log", hint="copy the store into a folder, and archive there"
        )
    context.voice("archive")
    with _opened(context) as opened, opened.changing() as tables:
        opened.anchor.check(tables, tables.log_head())
        retired = finished_before(tables, before)
        if not retired.runs:
            return VerbOutput(Exit.NOTHING, (f"no run ended before {second_words(before)}",), NothingArchivedJson(()))
        write_file(path, retired.lines(tables))
        try:
            read_back(read_lines(file_lines(path), str(path)), str(path))
            remove(tables, retired, wall_clock())
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise
    words = f"archived: {len(retired.runs)} runs, {len(retired.events)} events to {path}"
    data = ArchiveJson(str(path), retired.runs, len(retired.events))
    return VerbOutput(lines=(words,), data=data, notes=(f"they ended before {second_words(before)}",))


def _archived(path: Path) -> VerbOutput:
    content = read_lines(file_lines(path), str(path))
    tasks = read_back(content, str(path))
    rows = [(task.id, task.state.value, task.workflow, task.title) for task in tasks]
    listed = [ArchivedTaskJson(task.id, task.run, task.state, task.title) for task in tasks]
    data = ArchivedJson(len(content.events), listed)
    return VerbOutput(lines=columns(rows, header=("task", "state", "workflow", "title")), data=data)


def _migrate(context: Context[StoreArguments]) -> VerbOutput:
    home = context.home
    if home.database:
        with with_postgres(home.name):
            from onloop.store.postgres.foundation import migrate_schema  # here: it brings psycopg
        found, now = migrate_schema(home.database, home.name, context.args.runtime_role)
        words = f"schema version {found}: nothing to do" if found == now else f"migrated: from {found} to {now}"
        return VerbOutput(lines=(words,), data=MigrateJson(found, now))
    check_private(home.store)
    found, backup = migrate(home.store, home.anchor, lambda: _check_nobody_serves(home))
    if backup is None:
        return VerbOutput(lines=(f"schema version {found}: nothing to do",), data=MigrateJson(found, found))
    lines = (f"migrated: from schema version {found} to {SCHEMA_VERSION}", f"backup: {backup}")
    return VerbOutput(lines=lines, data=MigrateJson(found, SCHEMA_VERSION, str(backup)))


def _processes(home: Home) -> tuple[tuple[str, Path], ...]:
    """What may work with the store of this machine, and the lock that it holds."""
    return ("a resident gateway", home.serve_lock), ("a verifier", home.verifier_lock)


def _check_nobody_serves(home: Home) -> None:
    """Refuse to migrate while a process of the store runs, because it would go on with its old version."""
    for what, lock in _processes(home):
        if (pid := holder_of(lock)) is not None:
            words = f"{what} of {home.store} is running, as process {pid}"
            raise Unavailable(words, hint=f"kill {pid}, end all workers and dashboards, then migrate")


def _file(context: Context[StoreArguments]) -> Path:
    if context.args.file is None:
        what = context.args.what
        raise BadInput(f"store {what} needs a file", hint=f"onloop store {what} FILE")
    return Path(context.args.file)


def _day(text: str) -> int:
    """The first millisecond of a day in the zone of whoever asks."""
    found = moment_of(text, 0) if _DAY.fullmatch(text) else None
    if found is None:
        raise BadInput(f"{text!r} is not a day", hint="--before 2026-01-31")
    return found


@contextmanager
def _opened(context: Context[StoreArguments]) -> Iterator[SqliteStore]:
    check_private(context.home.store)
    opened = SqliteStore(context.home.store, context.home.anchor)
    try:
        yield opened
    finally:
        opened.close()


_ACTIONS: Mapping[str, Callable[[Context[StoreArguments]], VerbOutput]] = MappingProxyType(
    {
        "verify": _verify,
        "export": _export,
        "import": _import,
        "copy": _copy,
        "archive": _archive,
        "migrate": _migrate,
    }
)
