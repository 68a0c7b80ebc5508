"""A forge's merge queue: what it would merge is looked at on exactly its commit, and our check answers there."""

from __future__ import annotations

from collections.abc import Callable

from onloop.forges.port import PullRequest
from onloop.machine.effect_specs import OWN_CHECK
from onloop.text import safe
from onloop.verifier.effects.commit_report import own_run
from onloop.verifier.effects.outside_deed import OutsideDeed

Vouch = Callable[[str], str]
"""Why a commit of the queue may not be merged, in words; empty where it may."""


def answer_queue(deed: OutsideDeed, pull: PullRequest, vouch: Vouch) -> None:
    """Say once of each commit that the queue has made of the pull request whether it may be merged."""
    start = f"gh-readonly-queue/{deed.task.target}/pr-{pull.number}-"
    heads = deed.mirror.heads().branches
    for sha in [commit for name, commit in heads.items() if name.startswith(start)]:
        app = deed.forge.identity(deed.repo).app_id
        if _is_answered(deed, sha, app):
            continue
        deed.mirror.bring(sha)
        problem = vouch(sha)
        deed.check_may_act()
        _answer(deed, sha, problem, app)


def _is_answered(deed: OutsideDeed, sha: str, app: int | None) -> bool:
    if app is None:
        said = (each for each in deed.forge.statuses(deed.repo, sha) if each.context == OWN_CHECK)
        return any(each.state in {"success", "failure"} for each in said)
    return own_run(deed, OWN_CHECK, sha, deed.task.id) is not None


def _answer(deed: OutsideDeed, sha: str, problem: str, app: int | None) -> None:
    words = safe(f"{deed.task.id}: {problem or 'every gate passed on this merge'}", 140)
    verdict = "failure" if problem else "success"
    if app is None:
        deed.forge.set_status(deed.repo, sha=sha, context=OWN_CHECK, state=verdict, description=words)
        return
    deed.forge.create_check_run(
        deed.repo,
        name=OWN_CHECK,
        sha=sha,
        external_id=deed.task.id,
        status="completed",
        conclusion=verdict,
        title=words,
        summary=words,
    )
