"""The security keys of people: which are enrolled, and adding or removing one."""

from __future__ import annotations

import base64
from pathlib import Path

from onloop.cli.context import Context
from onloop.cli.json_models.people_models import KeyChangedJson, KeyJson, KeysJson
from onloop.cli.key_signing import principal_named, signed_by_key
from onloop.cli.output import VerbOutput, columns
from onloop.cli.person_arguments import PeopleArguments
from onloop.errors import BadInput
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.keys.ssh_wire import key_from_line
from onloop.machine.people import name_of
from onloop.machine.person_keys import KeyEnrolled, KeyRemoved, PersonKey
from onloop.machine.signed_text import key_text
from onloop.machine.store_state import StoreState
from onloop.text import safe
from onloop.times import second_words
from onloop.views.queries.reads import ReadStoreState

LONGEST_FILE = 8_192


def people_key(context: Context[PeopleArguments]) -> VerbOutput:
    """List, add or remove security keys: `onloop people key [add NAME | remove ID]`."""
    what = context.args.name or "list"
    if what == "list":
        return _listed(context.opened.gateway.perform(ReadStoreState()))
    if what not in {"add", "remove"}:
        raise BadInput(f"people key does not {safe(what, 40)}", hint="onloop people key list, add NAME, or remove ID")
    context.check_no_agent(f"{what} a security key")
    return _added(context) if what == "add" else _removed(context)


def _listed(house: StoreState) -> VerbOutput:
    keys = sorted(house.keys.values(), key=lambda each: (each.enrolled.person, each.id))
    rows = [_row(each) for each in keys]
    lines = columns(rows, header=("WHOSE", "KEY", "KIND", "LABEL", "USED", "BY"))
    note = () if keys else ("nobody can prove A3: onloop people key add NAME --public-key FILE.pub",)
    return VerbOutput(lines=lines if rows else (), data=KeysJson([_json(each) for each in keys]), notes=note)


def _row(key: PersonKey) -> tuple[str, ...]:
    made = key.enrolled
    used = second_words(key.used) if key.used else "never"
    return name_of(made.person), key.id, made.kind.partition("@")[0], made.label or "-", used, name_of(made.by)


def _json(key: PersonKey) -> KeyJson:
    made = key.enrolled
    return KeyJson(
        key.id,
        made.person,
        made.kind,
        made.label,
        made.by,
        made.vouched or None,
        made.at,
        key.counter,
        key.used or None,
    )


def _added(context: Context[PeopleArguments]) -> VerbOutput:
    args, gateway = context.args, context.opened.gateway
    if not args.new_name or args.public_key is None:
        raise BadInput("whose key, and which?", hint="onloop people key add NAME --public-key ~/.ssh/id_ed25519_sk.pub")
    key = key_from_line(_line(Path(args.public_key)))
    house = gateway.perform(ReadStoreState())
    person = principal_named(house, args.new_name)
    signature = signed_by_key(Path(args.sign), key_text(house.id, person, key.id)) if args.sign is not None else ""
    by, _ = context.voice("enrol a security key")
    blob = base64.b64encode(key.blob).decode()
    event = KeyEnrolled(key.id, person, key.kind, blob, by.id, args.label, signature=signature)
    gateway.perform(RecordStoreEvent(by, event, key=args.key))
    notes = (
        f"{name_of(person)} proves A3 with it: onloop approve TASK --sign KEYFILE, with touch and PIN",
        "it signs what is shown; whoever controls this screen could show something else",
    )
    return VerbOutput(lines=(safe(f"enrolled: {key.id}"),), data=KeyChangedJson(key.id, person), notes=notes)


def _line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_FILE).decode("utf-8", "replace").strip()
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint="--public-key FILE.pub") from None


def _removed(context: Context[PeopleArguments]) -> VerbOutput:
    args, gateway = context.args, context.opened.gateway
    if not args.new_name:
        raise BadInput("which key?", hint='onloop people key remove SHA256:… --reason "lost"')
    by, _ = context.voice("remove a security key")
    known = gateway.perform(ReadStoreState()).keys.get(args.new_name)
    gateway.perform(RecordStoreEvent(by, KeyRemoved(args.new_name, by.id, args.reason), key=args.key))
    whose = known.enrolled.person if known is not None else ""
    notes = ("what it signed before goes on to count",)
    return VerbOutput(
        lines=(safe(f"removed: {args.new_name}"),), data=KeyChangedJson(args.new_name, whose), notes=notes
    )
