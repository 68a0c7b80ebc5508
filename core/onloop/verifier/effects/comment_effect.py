"""One comment of a task's step at its pull request or issue: ours is found by a hidden mark and by who wrote it."""

from __future__ import annotations

from onloop.forges.port import ForgeComment
from onloop.machine.effect_specs import CommentSpec
from onloop.machine.events import EffectProblem
from onloop.machine.links import Link, LinkKind
from onloop.verifier.effects.outside_deed import CannotBeDone, OutsideDeed
from onloop.verifier.effects.proof_text import inert, marker, proof_of


def comment(deed: OutsideDeed, spec: CommentSpec) -> str:
    """Carry out the effect; the answer says how it ended."""
    place = _place(deed)
    deed.begin(deed.submission.head, deed.submission.head)
    body = _body(deed, spec)
    mine = own_comment(deed, place.number, deed.key)
    if mine is None:
        deed.check_may_act()
        deed.forge.create_comment(deed.repo, place.number, body)
    elif mine.body.strip() != body.strip():
        deed.check_may_act()
        deed.forge.update_comment(deed.repo, mine.id, body)
    return deed.done(deed.submission.head, f"comment at {place.words}")


def own_comment(deed: OutsideDeed, number: int, key: str) -> ForgeComment | None:
    """Our comment with that mark; a mark in anybody else's comment says nothing."""
    marked = [each for each in deed.forge.comments(deed.repo, number) if marker(key) in each.body]
    if not marked:
        return None
    me = deed.forge.identity(deed.repo).author
    return next((each for each in marked if each.author.login.lower() == me), None)


def _place(deed: OutsideDeed) -> Link:
    place = deed.linked(LinkKind.PULL_REQUEST) or deed.linked(LinkKind.ISSUE)
    if place is None:
        words = f"{deed.task.id} belongs to no pull request or issue of {deed.repo.words} that could be commented"
        raise CannotBeDone(EffectProblem.REFUSED, words)
    return place


def _body(deed: OutsideDeed, spec: CommentSpec) -> str:
    if not spec.text:
        return proof_of(deed.task, deed.submission, deed.definition, deed.key)
    title = inert(deed.task.title, 200)
    words = deed.text(spec.text.replace("{title}", "\0")).replace("\0", title)
    return f"{marker(deed.key)}\n{words.rstrip()}\n"
