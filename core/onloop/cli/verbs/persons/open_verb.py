"""The verb that puts what is asked about in a folder of the person's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from onloop.access.opened_checkout import OpenedCheckout, open_checkout
from onloop.access.submission import task_of
from onloop.cli.context import Context
from onloop.cli.json_models.people_models import OpenedJson
from onloop.cli.output import VerbOutput
from onloop.cli.person_arguments import OpenArguments
from onloop.errors import BadInput
from onloop.inherited import for_agents
from onloop.text import safe

_WARY_GIT = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.bareRepository",
    "GIT_CONFIG_VALUE_0": "explicit",
}


def open_task(context: Context[OpenArguments]) -> VerbOutput:
    """Write the commit that counts now to a new folder; with `--shell`, start a shell there."""
    args = context.args
    context.check_no_agent("open what is asked about", f"onloop open {args.task} in a terminal")
    if args.shell and not sys.stdin.isatty():
        raise BadInput("--shell needs a terminal", hint=f"onloop open {args.task} prints the folder")
    task = task_of(context.opened, args.task)
    found = open_checkout(context.opened, task, Path(args.dir).absolute() if args.dir else None)
    if args.shell:
        context.close()
        _run_shell(found)
    lines = (str(found.path),)
    data = OpenedJson(
        task.id, found.commit, found.base, str(found.path), found.removed, found.missing, found.repositories
    )
    return VerbOutput(lines=tuple(map(safe, lines)), data=data, notes=_notes(found))


def _notes(found: OpenedCheckout) -> tuple[str, ...]:
    head, base = found.commit[:12], found.base[:12]
    links = (f"left out, because they lead outside: {', '.join(found.removed)}",) if found.removed else ()
    own = f"left out, because git would take them for repositories: {', '.join(found.repositories)}"
    words = (
        f"{head}, at a detached HEAD: git diff {base} shows the change; nothing that you do there is handed in",
        *links,
        *((own,) if found.repositories else ()),
        *found.missing,
    )
    return tuple(map(safe, words))


def _run_shell(found: OpenedCheckout) -> None:
    """A shell as agents get their environment: the usual variables, and no token or store.

    Its git takes no folder for a bare repository unless it is told to: the settings of one may name programs.
    """
    shell = os.environ.get("SHELL", "")
    for note in (str(found.path), *_notes(found), "exit leaves this shell; the folder stays"):
        sys.stderr.write(f"{safe(note)}\n")
    sys.stderr.flush()
    program = shell if shell.startswith("/") else "/bin/sh"
    subprocess.run([program], cwd=found.path, env={**for_agents(os.environ), **_WARY_GIT}, check=False)
