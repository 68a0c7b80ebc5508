"""What a submission changes in one file, whole: pages of it, each naming the next."""

from __future__ import annotations

from shlex import quote

from onloop.access.submission import task_of
from onloop.cli.context import Context
from onloop.cli.json_models.dossier_models import FilePatchJson, FilePatchWordsJson
from onloop.cli.output import VerbOutput
from onloop.cli.pager import is_terminal
from onloop.cli.people_arguments import ShowArguments
from onloop.errors import BadInput
from onloop.text import safe
from onloop.views.changes import PageWanted
from onloop.views.kept_patches import KeptPatches

ROWS = 2_000
"""How many rows are printed at a time; in a terminal, the pager gets PAGES times as many."""
PAGES = 40
COLUMNS = 4_000


def file_patch(context: Context[ShowArguments], path: str) -> VerbOutput:
    """The patch of one file from a row on, with the command that shows what follows."""
    args, first = context.args, context.args.first
    if first < 1:
        raise BadInput(f"--from {first} is before the first line", hint="--from 1 begins at the beginning")
    task = task_of(context.opened, args.task)
    rows: list[str] = []
    kept = KeptPatches()
    page = context.opened.patch_page(task, PageWanted(path, first, ROWS, COLUMNS), kept)
    rows += page.rows
    for _ in range(PAGES - 1 if is_terminal() and not args.as_json else 0):
        if page.following is None:
            break
        page = context.opened.patch_page(task, PageWanted(path, page.following, ROWS, COLUMNS), kept)
        rows += page.rows
    following = page.following
    name = safe(path)
    head = f"{name} of {task.id} at {page.head[:12]}: lines {first:,} to {first + len(rows) - 1:,} of {page.total:,}"
    more = (f"more: onloop show {task.id} --file {_quoted(path)} --from {following}",) if following else ()
    data = FilePatchJson(task.id, page.head, path, first, page.total, following, FilePatchWordsJson(rows))
    if not rows:
        raise BadInput(f"the diff of {name} has {page.total:,} lines", hint=f"--from 1 to --from {page.total}")
    return VerbOutput(lines=(head, *(f"  | {row}" for row in rows)), data=data, notes=more, is_long=True)


def _quoted(path: str) -> str:
    return safe(quote(path))
