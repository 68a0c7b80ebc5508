"""Whether our git reaches an origin with what is declared for it, found out by asking the origin for its branches."""

from __future__ import annotations

import os
from pathlib import Path

from onloop.errors import OnloopError
from onloop.gates.credentials.declared import Access, declared
from onloop.gates.credentials.git_access import access_to
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import BRIEF_S, Git
from onloop.gates.repository.ref_names import check_origin
from onloop.records import Record

_HEAD = "ref: refs/heads/"


class OriginTrial(Record):
    """What an origin answered: how many branches it has, and its default branch, empty if it names none."""

    branches: int
    default: str


def try_origin(settings: Path, origin: str) -> OriginTrial:
    """Ask an origin for its branches; the error says in words and by its kind why it does not answer."""
    with scratch("trial") as folder, access_to(settings, check_origin(origin)) as access:
        words = ("--symref", "--end-of-options", origin, "HEAD", "refs/heads/*")
        git = Git(folder / "none.git")
        git.run("init", "--quiet", "--bare", "--template=")
        lines = git.run("ls-remote", *words, timeout_s=BRIEF_S, access=access).text.split("\n")
    heads = [line for line in lines if "\trefs/heads/" in line]
    named = [line.removeprefix(_HEAD).partition("\t")[0] for line in lines if line.startswith(_HEAD)]
    return OriginTrial(len(heads), named[0] if named else "")


def declared_problems(settings: Path) -> tuple[tuple[Access, str], ...]:
    """Everything that is declared, each with what is wrong on this machine, or empty; BadInput as `declared`."""
    return tuple((access, _missing(access)) for access in declared(settings))


def _missing(access: Access) -> str:
    for name, place in access.places:
        if not os.access(place, os.R_OK):
            return f"{name} {place} is not there, or cannot be read"
    return ""


def trial_problem(problem: OnloopError) -> str:
    """The kind and the reason of a failed trial, in one line."""
    return f"{problem.kind.value}: {problem.message}" if problem.kind else problem.message
