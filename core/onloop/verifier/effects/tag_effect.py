"""A tag at what was merged: found by its name, and never moved."""

from __future__ import annotations

from onloop.errors import BadInput
from onloop.forges.port import ForgeRefused
from onloop.gates.repository.ref_names import check_ref_name
from onloop.machine.effect_specs import ReleaseTagSpec
from onloop.machine.events import EffectProblem
from onloop.machine.links import LinkKind
from onloop.text import safe
from onloop.verifier.effects.outside_deed import CannotBeDone, OutsideDeed, is_refusal
from onloop.verifier.effects.proof_text import title_of


def release_tag(deed: OutsideDeed, spec: ReleaseTagSpec) -> str:
    """Carry out the effect; the answer says how it ended."""
    at, tag = deed.task.result or deed.submission.head, _name(deed, spec)
    deed.begin(at, at)
    there = deed.forge.tag(deed.repo, tag) or _made(deed, spec, tag, at)
    if there != at:
        words = f"there is a tag {tag} already, at {there[:12]} and not at {at[:12]}"
        raise CannotBeDone(EffectProblem.CHANGED, words)
    deed.link(LinkKind.TAG, name=tag)
    return deed.done(at, f"{tag} is at {at[:12]}")


def _made(deed: OutsideDeed, spec: ReleaseTagSpec, tag: str, at: str) -> str:
    deed.check_may_act()
    try:
        return deed.forge.create_tag(deed.repo, tag, at, title_of(deed.text(spec.message or deed.task.title)))
    except ForgeRefused as no:
        there = deed.forge.tag(deed.repo, tag) if is_refusal(no, 422) else None
        if there is None:
            raise
        return there


def _name(deed: OutsideDeed, spec: ReleaseTagSpec) -> str:
    tag = deed.text(spec.tag)
    try:
        return check_ref_name(tag)
    except BadInput as problem:
        raise CannotBeDone(EffectProblem.REFUSED, f"{safe(tag, 100)!r} is no name for a tag") from problem
