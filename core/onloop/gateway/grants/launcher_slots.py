"""How many tasks a launcher holds: a row for each that it may, which a claim takes and the end of the lease frees."""

from __future__ import annotations

from onloop.errors import Exit, Refused
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import Transaction
from onloop.store.rows import LauncherSlot, LauncherUse

USE_NOTED_MS = 60_000
"""How often it is noted at most that a launcher proved itself."""


def furnish(tx: Transaction, launcher: str, at_most: int) -> None:
    """Let the launcher have that many slots; those that are taken stay until what takes them ends."""
    wanted = [f"{launcher}/{number:03}" for number in range(at_most)]
    known = {slot.id: slot for slot in tx.select(LauncherSlot, launcher=launcher)}
    for slot_id in wanted:
        if slot_id not in known:
            tx.put(LauncherSlot(slot_id, launcher))
    for slot_id in known.keys() - set(wanted):
        if not known[slot_id].lease:
            tx.delete(LauncherSlot, slot_id)


def pick_slot(tx: Transaction, launcher: str, at_most: int) -> LauncherSlot:
    """A free slot of the launcher's, which is this transaction's to take; Refused where it holds all that it may."""
    slot = tx.pick(LauncherSlot, launcher=launcher, lease="")
    if slot is None:
        words = f"launcher {launcher} holds {at_most} tasks, which is the most that its token allows"
        raise Refused(words, exit=Exit.SPENT, hint="claim again once one of them has ended")
    return slot


def free_slots(tx: Transaction, task: Task) -> None:
    """Nobody holds the task any more. Only what somebody claimed by a token takes a slot."""
    if any(hand.token for hands in task.hands.values() for hand in hands):
        for slot in tx.select(LauncherSlot, lease=task.id):
            tx.put(replace(slot, lease=""))


def held_under(tx: Transaction, launcher: str) -> tuple[str, ...]:
    """The tasks that are held under the launcher's token."""
    return tuple(slot.lease for slot in tx.select(LauncherSlot, launcher=launcher) if slot.lease)


def note_use(tx: Transaction, launcher: str, now: int) -> None:
    """Note that the launcher proved itself now; once a minute is enough."""
    used = tx.get(LauncherUse, launcher)
    if used is None or now - used.at >= USE_NOTED_MS:
        tx.put(LauncherUse(launcher, now))
