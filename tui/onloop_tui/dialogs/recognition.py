"""Who decides: checks the passphrase of a form in a thread, because the check is slow by design."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from onloop.errors import OnloopError
from onloop_tui.dialogs.form import FormDialog
from onloop_tui.session import Session


async def recognise(session: Session, form: FormDialog, words: Mapping[str, str]) -> bool:
    """Make the person of a filled-in `person_form` the session's, or show what is wrong; whether it worked."""
    typed_at = session.clock()
    form.wait("checking the passphrase, which is slow by design")
    try:
        person = await asyncio.to_thread(session.place.recognise, words["name"].strip(), words["passphrase"])
    except OnloopError as problem:
        if form.is_mounted:
            form.say(f"{problem.message}; {problem.hint}", clear="passphrase")
        return False
    session.recognised(person, typed_at)
    return True
