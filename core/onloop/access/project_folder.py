"""The repository that a person stands in, and the workflow that it has of its own."""

from __future__ import annotations

from pathlib import Path

from onloop.access.origin_look import git_folder, settings_of
from onloop.access.preflight import branch_named
from onloop.access.runs import Workflow, committed_workflow
from onloop.access.targets import RunTarget, is_url, target_of
from onloop.errors import BadInput, UnknownThing
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror

FOLDER = ".onloop"
WORKFLOW = f"{FOLDER}/workflow.yaml"
WORKFLOWS = f"{FOLDER}/workflows"
TO_COMMIT = f'git add {FOLDER}; git commit -m "Say how work is judged"; git push'
"""What a person types to have a proposed workflow where effects move."""
_ENDING = ".yaml"


def repository_here(folder: Path, branch: str | None) -> RunTarget:
    """The repository to work in for whoever stands in `folder`: the remote `origin` of that checkout, else itself."""
    top = checkout_of(folder)
    remote = settings_of(top, Git(top)).get("remote.origin.url", "")
    if not remote:
        return target_of(str(top), branch, top)
    return target_of(remote if is_url(remote) else str((top / remote).resolve()), branch, top)


def checkout_of(folder: Path) -> Path:
    """The top folder of the repository that holds `folder`; BadInput if there is none."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists() or git_folder(place) is not None:
            return place
    raise BadInput(f"{folder} is in no git repository", hint="name one: --repo PATH-OR-URL")


def committed_in(mirror: Mirror, branch: str | None, folder: Path) -> Workflow:
    """The workflow that the repository itself has, committed where effects move; UnknownThing says what would work."""
    mirror.create()
    branch = branch_named(mirror, branch)
    commit = mirror.refresh(branch)
    listed = mirror.git.run("ls-tree", "-r", "-z", "--name-only", "--end-of-options", commit, WORKFLOW, WORKFLOWS)
    found = [path for path in listed.fields if path.endswith(_ENDING)]
    if len(found) == 1:
        return committed_workflow(mirror, branch, found[0])
    if found:
        raise BadInput(f"{mirror.origin} has {len(found)} workflows: {', '.join(found)}", hint="name one of them")
    where = f"{mirror.origin} has no workflow in {FOLDER} at {commit[:12]} ({branch})"
    if any((place / WORKFLOW).is_file() for place in (folder, *folder.parents)):
        words = f"commit {WORKFLOW} there first: {TO_COMMIT}"
        raise UnknownThing(where, hint=words)
    raise UnknownThing(where, hint="onloop init --repo . proposes one; or name a built-in: onloop workflow list")
