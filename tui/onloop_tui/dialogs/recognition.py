"""Who decides: the passphrase that was typed into a form, checked aside because that is slow by design."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from onloop.errors import OnloopError
from onloop_tui.dialogs.form import FormDialog
from onloop_tui.session import Session


async def recognise(session: Session, form: FormDialog, words: Mapping[str, str]) -> bool:
    """Make whoever filled in a `person_form` the session's person; otherwise the form says what is wrong."""
    typed_at = session.clock()
    form.wait("the passphrase is being checked, which is slow by design")
    try:
        person = await asyncio.to_thread(session.place.recognise, words["name"].strip(), words["passphrase"])
    except OnloopError as problem:
        if form.is_mounted:
            form.say(f"{problem.message}; {problem.hint}", clear="passphrase")
        return False
    session.recognised(person, typed_at)
    return True
