"""`onloop show TASK --attachment NAME`: one file that a gate kept, to a person's screen or to a file."""

from __future__ import annotations

import os
from base64 import b64decode
from pathlib import Path

from onloop.cli.context import Context
from onloop.cli.json_models.dossier_models import AttachmentShownJson, AttachmentWordsJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import ShowArguments
from onloop.errors import BadInput, Unavailable, UnknownThing, kind_of
from onloop.text import safe, safe_lines
from onloop.views.queries.kept_files import KeptFile, ReadAttachments

MOST_NAMED = 10
LONGEST_TEXT = 1_000_000
"""How many characters of a file are shown."""


def show_attachment(context: Context[ShowArguments], name: str) -> VerbOutput:
    """Show a text, or write any file to `--to`. Code under judgement wrote it, so nothing of it is printed raw."""
    kept = _found(context, name)
    content, file, to = b64decode(kept.base64 or ""), kept.attachment, context.args.to
    text = _text(content)
    if to is not None:
        _write(Path(to), content)
        lines = (safe(f"{to}: {file.size} bytes, sha256 {file.digest}"),)
    elif text is None:
        raise BadInput(
            f"{safe(file.name, 100)} is no text", hint=f"onloop show {context.args.task} --attachment … --to FILE"
        )
    else:
        lines = (safe_lines(text, LONGEST_TEXT),)
    shown = AttachmentWordsJson(text if to is None else None)
    data = AttachmentShownJson(context.args.task, kept.step, kept.gate, file.name, file.digest, file.size, to, shown)
    return VerbOutput(lines=lines, data=data)


def _found(context: Context[ShowArguments], name: str) -> KeptFile:
    task, gateway = context.args.task, context.opened.gateway
    found = gateway.perform(ReadAttachments(task, name))
    if len(found) == 1 and found[0].base64 is not None:
        return found[0]
    if len(found) == 1:
        raise Unavailable(f"{safe(name, 100)} is not in the store any more", hint="onloop store verify says what is")
    known = found or gateway.perform(ReadAttachments(task))
    names = ", ".join(safe(f"{kept.gate}:{kept.attachment.name}", 100) for kept in known[:MOST_NAMED])
    if found:
        raise BadInput(f"several gates kept a file {safe(name, 100)!r}", hint=f"name one of them: {names}")
    hint = f"it has: {names}" if names else "no gate of it kept a file; `attach` in the workflow says which are kept"
    raise UnknownThing(f"{task} has no attachment {safe(name, 100)!r}", hint=hint)


def _text(content: bytes) -> str | None:
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None


def _write(path: Path, content: bytes) -> None:
    """A new file, readable by its owner alone; nothing that is there is replaced."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except FileExistsError:
        raise BadInput(f"{path} is already there", hint="name a file that is not, or remove it") from None
    except OSError as problem:
        raise Unavailable(
            f"cannot write {path}: {problem.strerror}", hint="name another file with --to", kind=kind_of(problem)
        ) from problem
