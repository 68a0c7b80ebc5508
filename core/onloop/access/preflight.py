"""A look at every target before work begins: whether it can be reached and merged into, and what is odd about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

from onloop.access.origin_look import Flaw, TroubleKind, local_troubles
from onloop.access.targets import RunTarget, is_url, one_spelling
from onloop.errors import BadInput, OnloopError, UnknownThing
from onloop.forges.forge_settings import read_settings
from onloop.gates.contents.missing_contents import MissingContent, contents_trouble
from onloop.gates.repository.failures import GitFailed
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_ref_name, without_credentials
from onloop.machine.definition import Definition, EnvironmentSpec
from onloop.machine.effect_specs import MergeSpec, MergeWay, PushBranchSpec
from onloop.records import Record, replace
from onloop.text import safe

AT_ONCE = 8
LOOK_S = 60.0
"""How long an origin may take to say which branches it has, in seconds."""
LARGE_BYTES = 2 * 1024**3
MOST_LISTED = 256 * 1024 * 1024


class TargetLook(Record):
    """A target with its branch, the tip of that, how large its files are in bytes, and what is wrong or odd."""

    target: RunTarget
    tip: str = ""
    size: int = 0
    troubles: tuple[Flaw, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether nothing can begin there."""
        return any(trouble.stops for trouble in self.troubles)


class Wants(Record):
    """What work needs of a target: to move its branch, and what of its contents gates and agents see."""

    merges: bool = True
    """Whether the branch is moved by a push of ours."""
    forge: bool = False
    """Whether anything is changed on the forge that it is on."""
    environment: EnvironmentSpec = EnvironmentSpec()


def wants_of(definition: Definition) -> Wants:
    """What a workflow needs of its targets."""
    specs = [step.effect_spec for step in definition.steps if step.effect_spec is not None]
    pushes = any(isinstance(spec, MergeSpec) and spec.via is MergeWay.PUSH for spec in specs)
    needs = any(not isinstance(spec, PushBranchSpec | MergeSpec) for spec in specs)
    by_forge = any(isinstance(spec, MergeSpec) and spec.via is MergeWay.PULL_REQUEST for spec in specs)
    return Wants(pushes, needs or by_forge, definition.environment)


def preflight(targets: Sequence[RunTarget], mirror_of: Callable[[str], Mirror], wants: Wants) -> tuple[TargetLook, ...]:
    """A look at each target, a few at a time; a second spelling of one repository is a duplicate.

    What is fetched stays in the mirrors. Nothing is written to the store or to an origin. Whether what the workflow
    fills can be had is asked for a single target alone, because it may take as long as fetching it.
    """
    asks_origins = len(targets) == 1
    mirrors = [mirror_of(target.origin) for target in targets]  # here: a store is read by one thread
    pairs = list(zip(targets, mirrors, strict=True))
    with ThreadPoolExecutor(AT_ONCE, "look") as pool:
        looks = list(pool.map(lambda pair: _looked(pair[0], pair[1], wants, asks_origins=asks_origins), pairs))
    first: dict[str, str] = {}
    for number, look in enumerate(looks):
        spelling = one_spelling(look.target.origin)
        before = first.setdefault(spelling, look.target.origin)
        if before != look.target.origin or _is_again(looks, number):
            what = f"{_shown(look.target)} is the same repository as {safe(without_credentials(before), 200)}"
            trouble = Flaw(TroubleKind.DUPLICATE, what, "list it once")
            looks[number] = replace(look, troubles=(*look.troubles, trouble))
    return tuple(looks)


def branch_named(mirror: Mirror, branch: str | None) -> str:
    """The branch, or the one that the origin's HEAD names; BadInput or UnknownThing where there is none."""
    if branch is not None:
        return branch
    heads = mirror.heads(LOOK_S)
    if heads.default is not None:
        return check_ref_name(heads.default)
    shown = without_credentials(mirror.origin)
    if not heads.branches:
        raise BadInput(f"{shown} has no commits", hint="commit something in it, or push a first commit to it")
    names = ", ".join(sorted(heads.branches)[:10])
    raise UnknownThing(f"HEAD of {shown} names no branch that it has", hint=f"name one of its branches: {names}")


def _is_again(looks: Sequence[TargetLook], number: int) -> bool:
    return any(look.target.origin == looks[number].target.origin for look in looks[:number])


def _looked(target: RunTarget, mirror: Mirror, wants: Wants, *, asks_origins: bool) -> TargetLook:
    try:
        mirror.create()
        folder = _folder(target.origin)
        early = tuple(local_troubles(folder, None, mirror.git, merges=False)) if folder is not None else ()
        if any(trouble.stops for trouble in early):
            return TargetLook(target, troubles=early)
        target = replace(target, branch=branch_named(mirror, target.branch))
        tip = mirror.refresh(target.branch or "")
        size = _size(mirror.git, tip)
        of_place = _of_the_place(target, mirror, folder, tip, wants)
        missing = contents_trouble(mirror, tip, wants.environment, asks_origins=asks_origins)
        return TargetLook(target, tip, size, (*early, *of_place, *_of_contents(target, size, missing)))
    except OnloopError as problem:
        return TargetLook(target, troubles=(_trouble(target, problem),))
    except OSError as problem:
        what = f"{_shown(target)} cannot be looked at: {problem.strerror or problem}"
        return TargetLook(target, troubles=(Flaw(TroubleKind.UNREACHABLE, what, "try again, or name another"),))


def _of_the_place(target: RunTarget, mirror: Mirror, folder: Path | None, tip: str, wants: Wants) -> Iterator[Flaw]:
    if wants.forge and mirror.credentials is not None:
        declared = read_settings(mirror.credentials.parent)
        if declared.repository(target.origin) is None:
            what = f"{_shown(target)} is on no forge that {declared.file} declares, and the workflow has effects on one"
            yield Flaw(
                TroubleKind.NO_FORGE,
                what,
                "declare the forge there (guide forges), or leave these steps out",
                stops=False,
            )
    if folder is not None:
        yield from local_troubles(folder, target.branch, mirror.git, merges=wants.merges)
    elif wants.merges and (refusal := mirror.push_refusal(target.branch or "", tip, LOOK_S)):
        works = "give the gateway's git the right to push there"
        yield Flaw(TroubleKind.REFUSES, f"{_shown(target)} refuses pushes: {refusal}", works)


def _size(git: Git, tip: str) -> int:
    """How many bytes the files of a commit have."""
    listed = git.run("ls-tree", "-r", "-l", "-z", "--end-of-options", tip, max_bytes=MOST_LISTED)
    lengths = (entry.partition("\t")[0].split()[3] for entry in listed.fields)
    return sum(int(length) for length in lengths if length.isdigit())


def _of_contents(target: RunTarget, size: int, missing: Sequence[MissingContent]) -> Iterator[Flaw]:
    name = _shown(target)
    for each in missing:
        yield Flaw(TroubleKind(each.kind.value), f"{name}: {safe(each.what, 500)}", each.works, stops=False)
    if size > LARGE_BYTES:
        what = f"{name} has {size / 1024**3:.1f} GiB of files, and every task has a clone of its own"
        yield Flaw(TroubleKind.LARGE, what, "use --max-parallel, and see that there is room", stops=False)


def _trouble(target: RunTarget, problem: OnloopError) -> Flaw:
    words = problem.message
    if isinstance(problem, GitFailed) and "shallow" in words:
        what = f"{_shown(target)} is shallow: {words}"
        return Flaw(TroubleKind.SHALLOW, what, "name a repository with all its history")
    if isinstance(problem, GitFailed) and ("object format" in words or "algorithm" in words or "sha256" in words):
        what = f"{_shown(target)} has SHA-256 object ids, which mirrors do not hold"
        return Flaw(TroubleKind.SHA256, what, "name a repository with SHA-1 object ids")
    if isinstance(problem, UnknownThing):
        return Flaw(TroubleKind.NO_BRANCH, words, problem.hint)
    kind = TroubleKind.EMPTY if "has no commits" in words else TroubleKind.UNREACHABLE
    return Flaw(kind, words, problem.hint or "check the path or URL, and that the gateway's git may read it")


def _folder(origin: str) -> Path | None:
    """The folder of an origin on this machine; None for a URL."""
    if origin.startswith("file://"):
        return Path(unquote(origin.removeprefix("file://")))
    return None if is_url(origin) else Path(origin)


def _shown(target: RunTarget) -> str:
    return safe(without_credentials(target.origin), 200)
