"""The verbs about people themselves: who is enrolled, who leaves, who stands in for whom, and passphrases."""

from __future__ import annotations

import secrets

from onloop.agents.reset_times import moment_given
from onloop.cli.context import Context, read_passphrase
from onloop.cli.json_models.build_models import EnrolJson
from onloop.cli.json_models.people_models import (
    DelegatedJson,
    DelegationEndedJson,
    PeopleJson,
    PersonChangedJson,
    PersonJson,
)
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput, columns
from onloop.cli.person_arguments import DelegateArguments, PassphraseArguments, PeopleArguments
from onloop.cli.verbs.persons.key_verbs import people_key
from onloop.errors import BadInput
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.passphrase import enrolment
from onloop.machine.people import Delegated, DelegationEnded, PersonRemoved, PersonRenamed, in_force, name_of
from onloop.machine.store_state import StoreState
from onloop.records import replace
from onloop.text import safe
from onloop.times import second_words
from onloop.views.queries.reads import ReadStoreState


def people(context: Context[PeopleArguments]) -> VerbOutput:
    """List who is enrolled, remove or rename one of them, or look after security keys."""
    args = context.args
    if args.what == "key":
        return people_key(context)
    if args.what == "list":
        if args.name or args.new_name:
            raise BadInput("list takes no name", hint="onloop people, or onloop people remove NAME")
        return _listed(context.opened.gateway.perform(ReadStoreState()), context.opened.gateway.clock())
    context.check_no_agent(f"{args.what} people")
    return _remove(context) if args.what == "remove" else _rename(context)


def _listed(house: StoreState, now: int) -> VerbOutput:
    held = in_force(house.delegations.values(), house.groups, now)
    rows = [
        (name, ", ".join(each.groups) or "-", each.email or "-", each.principal if each.known_as else "")
        for name, each in sorted(house.people.items())
    ]
    lent = tuple(safe(_delegation_words(each)) for each in held)
    gone = tuple(
        safe(f"{each.name} was removed{' and voided' if each.voided else ''}") for each in house.former.values()
    )
    data = PeopleJson(
        [_person_json(house, name) for name in sorted(house.people)],
        [_delegated_json(each) for each in held],
        [each.name for each in house.former.values()],
    )
    table = columns(rows, header=("NAME", "GROUPS", "ADDRESS", "KNOWN AS"))
    return VerbOutput(lines=(*table, *lent, *gone), data=data)


def _delegation_words(each: Delegated) -> str:
    only = "".join((f" at {each.gate}" if each.gate else "", f" as {each.group}" if each.group else ""))
    whom = f"{name_of(each.to)} for {name_of(each.by)}"
    return f"{each.id}  {whom}{only} until {second_words(each.until)}: {each.reason}"


def _person_json(house: StoreState, name: str) -> PersonJson:
    person = house.people[name]
    return PersonJson(name, person.principal, person.groups, person.email)


def _delegated_json(each: Delegated) -> DelegatedJson:
    return DelegatedJson(each.id, each.by, each.to, each.until, each.gate or None, each.group or None, each.reason)


def _remove(context: Context[PeopleArguments]) -> VerbOutput:
    args, gateway = context.args, context.opened.gateway
    if not args.name or args.new_name:
        raise BadInput("who is removed is not clear", hint='onloop people remove NAME --reason "…"')
    if not args.reason.strip():
        raise BadInput("a reason is needed", hint=f'onloop people remove {args.name} --reason "…"')
    by, _ = context.voice("remove people")
    house = gateway.perform(ReadStoreState())
    gateway.perform(RecordStoreEvent(by, PersonRemoved(args.name, by.id, args.reason, args.void), key=args.key))
    counts = "counts no more where it waits" if args.void else "goes on to count; --void would have ended that"
    notes = (
        f"what {args.name} approved {counts}",
        "what they held goes back to its role; their delegations have ended",
    )
    data = PersonChangedJson(args.name, house.people[args.name].principal)
    return VerbOutput(lines=(safe(f"removed: {args.name}"),), data=data, notes=tuple(map(safe, notes)))


def _rename(context: Context[PeopleArguments]) -> VerbOutput:
    args, gateway = context.args, context.opened.gateway
    if not args.name or not args.new_name:
        raise BadInput("two names are needed", hint="onloop people rename NAME NEW_NAME")
    by, _ = context.voice("rename people")
    gateway.perform(RecordStoreEvent(by, PersonRenamed(args.name, args.new_name, by.id), key=args.key))
    data = PersonChangedJson(args.new_name, gateway.perform(ReadStoreState()).people[args.new_name].principal)
    notes = (f"the log goes on to call them {data.principal}; workflows may name them either way",)
    return VerbOutput(lines=(safe(f"{args.name} signs in as {args.new_name}"),), data=data, notes=notes)


def delegate(context: Context[DelegateArguments]) -> VerbOutput:
    """Let another decide in one's place until some time, or end that."""
    args, gateway = context.args, context.opened.gateway
    context.check_no_agent("delegate")
    check_names(context, gate=args.gate or None)
    if args.end:
        by, _ = context.voice("delegate")
        gateway.perform(RecordStoreEvent(by, DelegationEnded(args.end, by.id)))
        return VerbOutput(lines=(safe(f"ended: {args.end}"),), data=DelegationEndedJson(args.end))
    if not args.to or not args.until or not args.reason.strip():
        hint = 'onloop delegate --to NAME --until 18:00 --reason "…"'
        raise BadInput("--to, --until and --reason are needed", hint=hint)
    until = moment_given(args.until, gateway.clock())
    by, _ = context.voice("delegate")
    known = gateway.perform(ReadStoreState()).person_called(name_of(args.to))
    to = known.principal if known is not None else f"human:{name_of(args.to)}"
    made = Delegated(secrets.token_hex(4), by.id, to, until, args.reason, args.gate, args.group)
    gateway.perform(RecordStoreEvent(by, made))
    notes = (
        "each decision says in whose place; never for what either of you worked on, nor twice in one quorum",
        f"end it earlier: onloop delegate --end {made.id}",
    )
    return VerbOutput(lines=(safe(_delegation_words(made)),), data=_delegated_json(made), notes=notes)


def passphrase(context: Context[PassphraseArguments]) -> VerbOutput:
    """Prove the old passphrase, and set a new one."""
    context.check_no_agent("change a passphrase")
    by, _ = context.voice("change a passphrase")
    gateway = context.opened.gateway
    house = gateway.perform(ReadStoreState())
    own = next(each for each in house.people.values() if each.principal == by.id)
    chosen = new_passphrase(context.args.new_passphrase_fd, f"A new passphrase for {own.name}: ")
    renewed = enrolment(own.name, own.groups, own.email, chosen, by.id)
    gateway.perform(RecordStoreEvent(by, replace(renewed, known_as=own.known_as)))
    return VerbOutput(lines=(safe(f"{own.name} has another passphrase"),), data=EnrolJson(own.name))


def new_passphrase(descriptor: int | None, prompt: str) -> str:
    """A passphrase that is typed twice and alike, or read from a descriptor; BadInput otherwise."""
    chosen, typed = read_passphrase(descriptor, prompt)
    if chosen is None:
        raise BadInput("a passphrase is needed, and there is no terminal", hint="--new-passphrase-fd 4 4<FILE")
    if typed and read_passphrase(None, "Again: ")[0] != chosen:
        raise BadInput("the two passphrases differ", hint="nothing was changed; try again")
    return chosen
