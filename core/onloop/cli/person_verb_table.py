"""The verbs with which people take work, look at it, stand in for each other, and see who is enrolled, as data."""

from __future__ import annotations

from onloop.cli.arguments import EnrolArguments
from onloop.cli.person_arguments import (
    DelegateArguments,
    LoginArguments,
    LogoutArguments,
    OpenArguments,
    PassphraseArguments,
    PeopleArguments,
    ReassignArguments,
    TakeArguments,
)
from onloop.cli.verb import AS, KEY, REASON, TASK, WRITTEN, Reach, Verb, arg

_VERSION = arg("--version", help="the version that you saw; refused if the task has changed since", type=int)
_URL = arg("--url", help="the gateway's URL (default: $ONLOOP_URL)", default="", metavar="URL")

ENROL = Verb(
    "enrol",
    "build",
    "enrol another person; an enrolled person must do it",
    "build_verbs:enrol",
    EnrolArguments,
    (
        arg("name", help="their name"),
        arg("--group", help="a group that the person belongs to; may be repeated", action="append"),
        arg("--email", help="their address in commits", default=""),
        arg("--new-passphrase-fd", help="read the new passphrase from this file descriptor", type=int, metavar="N"),
        *AS,
        KEY,
    ),
    prints=("build_models:EnrolJson",),
    reach=Reach.GATEWAY,
)

PERSONS: tuple[Verb, ...] = (
    Verb(
        "reassign",
        "people",
        "give work to a role, an agent, a person, a group or yourself; or hand an open request to who may decide it",
        "persons.reassign_verbs:reassign",
        ReassignArguments,
        (
            TASK,
            arg("--to", required=True, help="me, human:NAME, group:NAME, agent:NAME or a role"),
            REASON,
            arg("--gate", help="which gate's request, if several are open"),
            arg("--work", help="a person or a group gets the work itself, not the open request", action="store_true"),
            _VERSION,
            *WRITTEN,
            *AS,
            KEY,
        ),
        prints=("work_models:TaskNowJson", "people_models:TakenJson"),
        reach=Reach.GATEWAY,
        words="reason",
        asks=True,
    ),
    Verb(
        "take",
        "people",
        "take the work yourself, in a clone of your own; you submit by the same gates, and do not approve it",
        "persons.reassign_verbs:take",
        TakeArguments,
        (TASK, REASON, _VERSION, *AS),
        prints=("people_models:TakenJson",),
        reach=Reach.GATEWAY,
        needs_git=True,
    ),
    Verb(
        "open",
        "people",
        "put exactly the commit that is asked about in a folder of your own",
        "persons.open_verb:open_task",
        OpenArguments,
        (
            TASK,
            arg("--dir", help="the new folder (default: one beside the store, which onloop gc knows)", metavar="DIR"),
            arg(
                "--shell",
                help="start $SHELL there, with an environment without anything of onloop",
                action="store_true",
            ),
        ),
        prints=("people_models:OpenedJson",),
        reach=Reach.GATEWAY,
        needs_git=True,
    ),
    Verb(
        "delegate",
        "people",
        "let another person decide in your place for a time, or end that",
        "persons.enrolled_verbs:delegate",
        DelegateArguments,
        (
            arg("--to", help="who decides in your place", metavar="NAME"),
            arg("--until", help="when it ends: 18:00, 2026-01-31T18:00, or 3d from now; at most 30 days"),
            arg("--gate", help="only at this gate", default=""),
            arg("--group", help="only as a member of this group of yours", default=""),
            arg("--reason", help="why", default=""),
            arg("--end", help="end this delegation, as `onloop people` names it", metavar="ID"),
            *AS,
        ),
        prints=("people_models:DelegatedJson", "people_models:DelegationEndedJson"),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "people",
        "people",
        "who may decide, and who stands in for whom; remove or rename somebody; security keys",
        "persons.enrolled_verbs:people",
        PeopleArguments,
        (
            arg("what", nargs="?", choices=("list", "remove", "rename", "key"), default="list", help="(default: list)"),
            arg("name", nargs="?", help="who is removed or renamed; after key: list, add or remove"),
            arg("new_name", nargs="?", help="their new name; after key add: whose, after key remove: which"),
            arg("--public-key", help="with key add: the key's .pub file", metavar="FILE"),
            arg("--label", help="with key add: what you call it", default=""),
            arg("--sign", help="with key add: a key that you have already, which vouches", metavar="KEYFILE"),
            arg("--reason", help="why somebody is removed", default=""),
            arg(
                "--void",
                help="with remove: what they approved and nothing has used counts no more",
                action="store_true",
            ),
            *AS,
            KEY,
        ),
        prints=(
            "people_models:PeopleJson",
            "people_models:PersonChangedJson",
            "people_models:KeysJson",
            "people_models:KeyChangedJson",
        ),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "passphrase",
        "people",
        "change your own passphrase",
        "persons.enrolled_verbs:passphrase",
        PassphraseArguments,
        (
            arg("--new-passphrase-fd", help="read the new passphrase from this file descriptor", type=int, metavar="N"),
            *AS,
        ),
        prints=("build_models:EnrolJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "login",
        "people",
        "read from another machine: keep a session at a gateway, which decides nothing",
        "persons.login_verbs:login",
        LoginArguments,
        (_URL, *AS),
        prints=("people_models:LoginJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "logout",
        "people",
        "end the session at a gateway, and forget it",
        "persons.login_verbs:logout",
        LogoutArguments,
        (_URL,),
        prints=("people_models:LogoutJson",),
        reach=Reach.GATEWAY,
    ),
)
