"""Builds what an effect does in particular from its part of a checked file."""

from __future__ import annotations

from onloop.machine import effect_specs as s
from onloop.workflow.model.effect_parts import DispatchPart, EffectPart, PullRequestPart


def effect_of(given: EffectPart) -> tuple[s.Effect, s.EffectSpec | None]:
    """The kind, and what it does; None where that is what the kind does anyway."""
    kind = s.Effect(given.kind)
    spec = _spec(given)
    return kind, None if spec == s.PLAIN.get(kind) else spec


def _spec(given: EffectPart) -> s.EffectSpec:
    if given.merge is not None:
        merge = given.merge
        return s.MergeSpec(s.MergeStyle(merge.style), s.MergeWay(merge.via), merge.auto)
    if given.pull_request is not None:
        return _pull_request(given.pull_request)
    if given.dispatch is not None:
        return _dispatch(given.dispatch)
    return _said(given)


def _said(given: EffectPart) -> s.EffectSpec:
    if given.comment is not None:
        return s.CommentSpec(given.comment.text or "")
    if given.status is not None:
        return s.StatusSpec(given.status.context or "", given.status.description)
    if given.check_run is not None:
        return s.CheckRunSpec(given.check_run.name, given.check_run.title)
    if given.release_tag is not None:
        return s.ReleaseTagSpec(given.release_tag.tag, given.release_tag.message or "")
    return s.PushBranchSpec()


def _pull_request(given: PullRequestPart) -> s.PullRequestSpec:
    labels, reviewers = tuple(given.labels), tuple(given.reviewers)
    return s.PullRequestSpec(given.title or "", labels, reviewers, given.draft, s.OnClosed(given.on_closed))


def _dispatch(given: DispatchPart) -> s.DispatchSpec:
    plain = s.DispatchSpec(given.workflow)
    return s.DispatchSpec(
        given.workflow,
        given.ref or "",
        tuple(sorted(given.inputs.items())),
        given.correlation or "",
        plain.timeout_ms if given.timeout is None else given.timeout,
    )
