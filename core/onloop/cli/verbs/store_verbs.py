"""`onloop store …`: verify, export, import, archive and migrate a store."""

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
    ExportJson,
    ImportJson,
    MigrateJson,
    NothingArchivedJson,
    VerifyJson,
)
from onloop.cli.output import VerbOutput, columns
from onloop.errors import BadInput, Exit, NotAllowed, Unavailable
from onloop.file_lock import holder_of
from onloop.gates.toolchain import write_toolchain
from onloop.home import Home, check_private
from onloop.insight.derivation import Derivation
from onloop.store.sqlite.archive import finished_before, read_back, remove
from onloop.store.sqlite.database import SCHEMA_VERSION, SqliteStore, create_store
from onloop.store.sqlite.inspection import inspect
from onloop.store.sqlite.interchange import export_lines, file_lines, import_source, read_lines, surveyed, write_file
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
    derivation = Derivation(context.home)
    with _opened(context) as opened:
        found = inspect(opened, derivation)
    words = f"{found.events} events, {found.tasks} tasks, {found.runs} chains: "
    lines = (words + ("the log and its state agree" if not found.problems else f"{len(found.problems)} problems"),)
    data = VerifyJson(not found.problems, found.events, found.tasks, found.runs, found.problems)
    notes = (*found.problems, *derivation.notes)
    return VerbOutput(Exit.OK if not found.problems else Exit.UNAVAILABLE, lines, data, notes)


def _export(context: Context[StoreArguments]) -> VerbOutput:
    if context.args.file is None and context.args.as_json:
        raise BadInput("stdout cannot hold both the export and --json", hint="onloop store export FILE --json")
    with _opened(context) as opened, opened.reading() as at:
        blobs = (content for (content,) in opened.connection.execute("SELECT bytes FROM blob ORDER BY digest"))
        lines = export_lines(at, (bytes(content) for content in blobs if isinstance(content, bytes)))
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
    source = surveyed(lambda: file_lines(path), str(path))
    create_store(context.home.store, context.home.anchor)
    with _opened(context) as opened, opened.changing() as tables:
        fold = import_source(tables, source)
    write_toolchain(context.home.store, os.environ.get("PATH", ""))
    data = ImportJson(str(context.home.store), fold.events, len(fold.tasks))
    return VerbOutput(lines=(f"imported: {fold.events} events, {len(fold.tasks)} tasks",), data=data)


def _archive(context: Context[StoreArguments]) -> VerbOutput:
    path = _file(context)
    if context.args.read:
        return _archived(path)
    before = _day(context.args.before)
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
    check_private(context.home.store)
    found, backup = migrate(context.home.store, context.home.anchor, lambda: _check_nobody_serves(context.home))
    if backup is None:
        return VerbOutput(lines=(f"schema version {found}: nothing to do",), data=MigrateJson(found, found))
    lines = (f"migrated: from schema version {found} to {SCHEMA_VERSION}", f"backup: {backup}")
    return VerbOutput(lines=lines, data=MigrateJson(found, SCHEMA_VERSION, str(backup)))


def _check_nobody_serves(home: Home) -> None:
    """Refuse to migrate while a process of the store runs, because it would go on with its old version."""
    for what, lock in (("a resident gateway", home.serve_lock), ("a verifier", home.verifier_lock)):
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
    {"verify": _verify, "export": _export, "import": _import, "archive": _archive, "migrate": _migrate}
)
