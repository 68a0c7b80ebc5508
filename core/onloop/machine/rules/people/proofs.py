"""What was proved with a decision, and whether it is about what was shown."""

from __future__ import annotations

from onloop.errors import NotAllowed, Stale
from onloop.machine.definition import Assurance
from onloop.machine.digest import shown_digest
from onloop.machine.rules.freshness import decided_words
from onloop.machine.signed_text import KeyProof
from onloop.machine.task import Request, Task
from onloop.machine.voice import Voice, is_fresh, proof_age


def proved(task: Task, voice: Voice, signed: KeyProof | None) -> Assurance:
    """The assurance that counts for this task: a security key with touch and PIN is A3, and nothing else is.

    Who shares user or address with a hand in it never counts as A2.
    """
    if signed is not None and signed.is_whole:
        return max(Assurance.A3, voice.assurance, key=lambda level: level.value)
    hands = ((hand.uid, hand.address) for claimed in task.hands.values() for hand in claimed)
    is_a_hands = (voice.uid, voice.address) in hands
    return Assurance.A1 if voice.assurance is Assurance.A2 and is_a_hands else voice.assurance


def check_level(task: Task, request: Request, demanded: Assurance, voice: Voice, signed: KeyProof | None) -> None:
    """Refuse a decision that was proved at too low a level, and say what was proved."""
    level = proved(task, voice, signed)
    if level.reaches(demanded):
        return
    why = f": {voice.why}" if voice.why else ""
    hint = "onloop doctor says which level this machine reaches"
    if demanded.reaches(Assurance.A3):
        said = f": the key says {signed.words}" if signed is not None else ": no security key signed it"
        why, hint = said, f"onloop approve {task.id} --sign KEYFILE, with touch and PIN (onloop help approvals)"
    raise NotAllowed(
        f"{request.id} needs assurance {demanded.value}, but you proved {level.value}{why}",
        hint=hint,
    )


def check_fresh(request: Request, voice: Voice, now: int) -> None:
    """Refuse a passphrase that was typed too long ago for this gate."""
    if is_fresh(voice, request.fresh_ms, now):
        return
    age = proof_age(voice, now)
    told = "an unknown time" if age is None else f"{age // 1000} s"
    used = f", and was used for {voice.decided} decisions since" if voice.decided else ""
    raise NotAllowed(
        f"{request.id} needs a passphrase typed for this decision; you typed yours {told} ago{used}",
        hint="type it again: onloop then sends the decision at once",
    )


def check_shown(task: Task, request: Request, digest: str, now: int) -> None:
    """Refuse a decision about something else than is shown now."""
    if digest != shown_digest(task, request):
        said = [d for d in task.decisions if d.at >= request.opened_at]
        last = f"; {decided_words(said[-1], now)}" if said else ""
        raise Stale(
            f"{request.id} has changed since it was shown ({digest[:12] or 'no digest'}){last}",
            hint=f"onloop show {task.id} shows it as it is now",
        )
