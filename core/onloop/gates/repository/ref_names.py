"""PURE: which names and texts from outside may become arguments of git, and in which form."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from onloop.errors import BadInput

TAG_SPACE = "refs/onloop/tags/"
"""Where a mirror keeps its origin's tags: no name that an origin chose is ever a name in our own git."""

_FORBIDDEN_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_BAD_COMPONENT = re.compile(r"^\.|\.lock$|\.$")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TASK = re.compile(r"[a-z0-9]{1,32}(\.[0-9]{1,9}){0,16}")
_URL = re.compile(r"(https|ssh|git)://[^/-]|file:///")
_SCP_LIKE = re.compile(r"[A-Za-z0-9][\w.@-]*:(?!:|//).")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/\s]*@)")
_CREDENTIALS = re.compile(r"://[^/@\s\"<>]+@")


def check_ref_name(name: str) -> str:
    """`name`, if it can only be a branch: not an option, path, commit id or pseudo ref. BadInput otherwise."""
    components = name.split("/")
    if (
        not 0 < len(name) <= 200
        or name.startswith("-")
        or _CONTROL.search(name)
        or _FORBIDDEN_IN_REF.search(name)
        or any(not part or _BAD_COMPONENT.search(part) for part in components)
        or name in {"@", "HEAD"}
        or _COMMIT.fullmatch(name)
    ):
        raise BadInput(f"{name!r} cannot be a branch", hint="name a branch as git does, such as main or release/2.0")
    return name


def is_commit(text: str) -> bool:
    """Whether `text` is a full hexadecimal commit id."""
    return _COMMIT.fullmatch(text) is not None


def check_commit(commit: str) -> str:
    """`commit`, if it is a full hexadecimal id. BadInput otherwise: abbreviations and names can change meaning."""
    if not _COMMIT.fullmatch(commit):
        raise BadInput(f"{commit!r} is not a full commit id", hint="give all 40 hexadecimal digits, in lower case")
    return commit


def is_task(task: str) -> bool:
    """Whether `task` has the form of a task's id, such as r7k2m.3."""
    return _TASK.fullmatch(task) is not None


def check_task(task: str) -> str:
    """`task`, if it has the form of a task's id; BadInput otherwise."""
    if not is_task(task):
        raise BadInput(f"{task!r} is not a task's id", hint="an id looks like r7k2m.3; `onloop list` shows them")
    return task


class SplitOrigin(NamedTuple):
    """An origin without what its URL held of a credential; `user` and `password` are None where it held nothing."""

    bare: str
    user: str | None = None
    password: str | None = None


def split_origin(origin: str) -> SplitOrigin:
    """The origin and its credential apart. The user of an ssh URL alone is none: keys prove who it is."""
    found = _USERINFO.match(origin)
    if found is None:
        return SplitOrigin(origin)
    scheme, (user, colon, password) = found[1], found[2].rpartition("@")[0].partition(":")
    if scheme == "ssh" and not colon:
        return SplitOrigin(origin)
    kept = f"{user}@" if scheme == "ssh" else ""
    return SplitOrigin(f"{scheme}://{kept}{origin[found.end() :]}", unquote(user), unquote(password))


def check_origin(origin: str) -> str:
    """`origin`, if it is an absolute path or a URL whose transport runs no command from the URL; BadInput otherwise.

    A URL that holds a credential is refused: it would be in the log, in clones and on screens.
    """
    bare = split_origin(origin).bare
    if bare != origin:
        raise BadInput(
            f"{without_credentials(origin)!r} holds a credential",
            hint=f"declare it in the store's git.toml (onloop help administrator), and give {one_line(bare)}",
        )
    is_path = origin.startswith("/")
    if _CONTROL.search(origin) or not (is_path or _URL.match(origin) or _SCP_LIKE.match(origin)):
        raise BadInput(
            f"{without_credentials(origin)!r} cannot be an origin",
            hint="give an absolute path, or an https, ssh, git or file URL",
        )
    return origin


def is_tag_name(name: str) -> bool:
    """Whether a tag may have this name here: none that git would take for an option, a commit or HEAD."""
    try:
        check_ref_name(name)
    except BadInput:
        return False
    return name.isprintable()


def without_credentials(text: str) -> str:
    """`text` with the part before the @ of each URL replaced by ***."""
    return _CREDENTIALS.sub("://***@", text)


def is_file_path(path: str) -> bool:
    """Whether `path` can name a file in a commit: relative, with no part that leads elsewhere."""
    return "\0" not in path and not any(part in {"", ".", ".."} for part in path.split("/"))


def one_line(text: str, limit: int = 200) -> str:
    """`text` as one line without control characters, at most `limit` characters long."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def commit_message(message: str) -> str:
    """`message` as a commit may carry it: a subject of one short line, a body without control characters."""
    subject, _, body = message.strip().replace("\r\n", "\n").partition("\n")
    body = _CONTROL_BUT_NEWLINE.sub(" ", body).strip()
    first = one_line(subject) or "Merge"
    return f"{first}\n\n{body}\n" if body else f"{first}\n"
