"""Where policies come from when people adopt them: files at the tip of a control repository, or at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from onloop.access.preflight import branch_named
from onloop.errors import BadInput, UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import without_credentials
from onloop.machine.organization_policies import MOST_POLICIES
from onloop.policies.shipped_policies import shipped_policies, shipped_policy
from onloop.records import Record
from onloop.workflow.policy_file import FOLDER, LARGEST_POLICY

_ENDINGS = (".yaml", ".yml")


class PolicySource(Record):
    """The bytes of a policy file, and how it is called in messages."""

    name: str
    content: bytes


def committed_policies(control: Mirror, branch: str | None) -> tuple[PolicySource, ...]:
    """The policy files at the tip of a branch of the control repository (default: that of its HEAD)."""
    control.create()
    branch = branch_named(control, branch)
    commit = control.refresh(branch)
    listed = control.git.run("ls-tree", "-z", "--name-only", "--end-of-options", commit, f"{FOLDER}/").fields
    found = tuple(_read(control, commit, path) for path in _checked(tuple(p for p in listed if p.endswith(_ENDINGS))))
    if not found:
        where = without_credentials(control.origin)
        raise UnknownThing(f"{where} has no policies at {commit[:12]} ({branch})", hint=f"commit them in {FOLDER}/")
    return found


def _read(control: Mirror, commit: str, path: str) -> PolicySource:
    content = control.read_file(commit, path, LARGEST_POLICY)
    if content is None:
        raise BadInput(f"{path} is no plain file at {commit[:12]}", hint="commit the policy itself, and no link to it")
    return PolicySource(path, content)


def policies_at_hand(names: Sequence[str]) -> tuple[PolicySource, ...]:
    """The files of these names, or policies that come with onloop; without names, all in this folder's `.onloop`."""
    paths = [str(path) for path in sorted(Path(FOLDER).glob("*")) if path.suffix in _ENDINGS]
    if not names and not paths:
        hint = f"name files, or write them into {FOLDER}/; onloop policy print size-of-change is an example"
        raise UnknownThing(f"there are no policies in {FOLDER}", hint=hint)
    return tuple(_at_hand(_checked(tuple(names) or tuple(paths))))


def _at_hand(names: Sequence[str]) -> Iterator[PolicySource]:
    for name in names:
        path = Path(name)
        if name in shipped_policies() and not path.exists():
            yield PolicySource(name, shipped_policy(name))
            continue
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_POLICY + 1)
        except OSError as problem:
            hint = f"give a file, or one of: {', '.join(shipped_policies())}"
            raise BadInput(f"{name} cannot be read: {problem.strerror}", hint=hint) from None
        yield PolicySource(name, content)


def _checked(names: Sequence[str]) -> Sequence[str]:
    if len(names) > MOST_POLICIES:
        raise BadInput(f"{len(names)} policies are too many", hint=f"a store holds {MOST_POLICIES}")
    return names
