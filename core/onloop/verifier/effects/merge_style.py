"""What a merge leaves in the target's history: the merge commit itself, one commit, or the work's own on the tip."""

from __future__ import annotations

from onloop.gates.repository.git import Git
from onloop.gates.repository.merging import Merged
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import commit_message
from onloop.gates.repository.signing import Signer, signer_of
from onloop.machine.effect_specs import MergeStyle
from onloop.machine.events import EffectProblem
from onloop.machine.task import Submission
from onloop.verifier.effects.outside_deed import CannotBeDone
from onloop.verifier.effects.proof_text import name_of

MOST_REPLAYED = 500
MOST_AUTHORS = 50


def styled(mirror: Mirror, style: MergeStyle, submission: Submission, tip: str, merged: Merged, message: str) -> Merged:
    """The same tree in the style that is wanted, signed where a key is declared; the same arguments, the same commit.

    CannotBeDone where the work's commits cannot stand one by one.
    """
    signer = signer_of(mirror)
    if style is MergeStyle.REBASE:
        return _replayed(mirror, signer, submission, tip, merged)
    if style is MergeStyle.MERGE and signer == Signer():
        return merged
    parents = (tip,) if style is MergeStyle.SQUASH else (tip, submission.head)
    variables = signer.variables(f"@{submission.at // 1000} +0000")
    return Merged(_written(mirror.git, signer, merged.tree, parents, message, variables), merged.tree)


def co_authors(mirror: Mirror, base: str, head: str) -> tuple[str, ...]:
    """A trailer for each author of the work's commits."""
    listed = mirror.git.text("log", "--format=%an <%ae>", "--end-of-options", f"{base}..{head}").split("\n")
    people = sorted({name_of(person) for person in listed if person.strip()})
    return tuple(f"Co-authored-by: {person}" for person in people[:MOST_AUTHORS])


def _written(
    git: Git, signer: Signer, tree: str, parents: tuple[str, ...], message: str, variables: dict[str, str]
) -> str:
    words = [word for parent in parents for word in ("-p", parent)]
    signing = git._replace(settings=(*git.settings, *signer.settings))
    sign = ("-S",) if signer.key else ()
    given = commit_message(message).encode()
    return signing.run("commit-tree", *words, *sign, "-F", "-", tree, stdin=given, variables=variables).text


def _replayed(mirror: Mirror, signer: Signer, submission: Submission, tip: str, merged: Merged) -> Merged:
    """Each commit of the work on the tip, with its author and message; the end must be the tree that was verified."""
    span = f"{submission.base}..{submission.head}"
    listed = mirror.git.text("rev-list", "--reverse", "--topo-order", "--parents", "--end-of-options", span)
    lines = [line.split() for line in listed.splitlines()]
    if len(lines) > MOST_REPLAYED or any(len(line) != 2 for line in lines):
        words = f"the work's {len(lines)} commits cannot be put on the target one by one; use style: squash or merge"
        raise CannotBeDone(EffectProblem.CHANGED, words)
    at, tree = tip, mirror.tree(tip)
    for commit, parent in lines:
        tree = _tree_on(mirror.git, mirror.tree(parent), tree, mirror.tree(commit), commit)
        message = mirror.git.text("log", "-1", "--format=%B", "--end-of-options", commit)
        at = _written(mirror.git, signer, tree, (at,), message, _author_of(mirror.git, signer, commit))
    if tree != merged.tree:
        words = "the work's commits, one by one on the target, give another result than their merge, which was verified"
        raise CannotBeDone(EffectProblem.CHANGED, words)
    return Merged(at, tree)


def _tree_on(git: Git, base: str, ours: str, theirs: str, commit: str) -> str:
    """What `base` → `theirs` gives on `ours`. Git before 2.40 takes a base only from history: it gets one."""
    root = _bare(git, base)
    sides = _bare(git, ours, root), _bare(git, theirs, root)
    words = ("--write-tree", "--no-messages", "-z", "--end-of-options")
    built = git.run("merge-tree", *words, *sides, accept=(0, 1))
    if built.exit_code == 1:
        raise CannotBeDone(EffectProblem.CONFLICT, f"{commit[:12]} conflicts with the target where it stands alone")
    return built.fields[0]


def _bare(git: Git, tree: str, *parents: str) -> str:
    words = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", *words, "-F", "-", tree, stdin=b"-\n", variables=Signer().variables("@0 +0000")).text


def _author_of(git: Git, signer: Signer, commit: str) -> dict[str, str]:
    """The author as they were; the committer is the gateway, at the author's moment, so that it is the same again."""
    name, mail, at = git.text("log", "-1", "--format=%an%n%ae%n%at", "--end-of-options", commit).split("\n")[:3]
    moment = f"@{at} +0000"
    return signer.variables(moment) | {"GIT_AUTHOR_NAME": name or "unknown", "GIT_AUTHOR_EMAIL": mail}
