"""The verbs about causes as data: what needs people, and what they say about it."""

from __future__ import annotations

from onloop.attention.viewer import SCOPE_WORDS, Scope
from onloop.cli.people_arguments import (
    AckArguments,
    AttentionArguments,
    CauseArguments,
    MuteArguments,
    RegroupArguments,
    SnoozeArguments,
    UnmuteArguments,
)
from onloop.cli.verb import AS, RUN, Reach, Verb, arg
from onloop.times import EXAMPLES

_CAUSE = arg("cause", help="a cause, as `onloop attention` names it")
_WHY = arg("--reason", help="why", required=True)

CAUSES: tuple[Verb, ...] = (
    Verb(
        "attention",
        "people",
        "what needs a person: one row per cause",
        "waiting_verbs:attention",
        AttentionArguments,
        (
            arg("--all", help="also show what is hidden, how and by whom", action="store_true"),
            *(
                arg(flag, help=f"show {SCOPE_WORDS[scope]}", dest="scope", action="store_const", const=scope.value)
                for flag, scope in (
                    ("--mine", Scope.MINE),
                    ("--groups", Scope.GROUPS),
                    ("--all-people", Scope.EVERYBODY),
                )
            ),
            arg("--viewer", help="who looks, where several are enrolled", metavar="NAME"),
            arg("--wait", help="end once something needs a person; 15 after --timeout", action="store_true"),
            arg("--timeout", help="with --wait: how long at most", metavar="DURATION"),
        ),
        prints=("attention_models:AttentionJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "ack",
        "people",
        "say that you take care of a cause; this lapses",
        "attention_verbs:ack",
        AckArguments,
        (_CAUSE, arg("--for", help="for how long", dest="duration", default="30m"), *AS),
        prints=("attention_models:MarkedJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "snooze",
        "people",
        "hide a cause for a while, or until it changes or grows",
        "attention_verbs:snooze_cause",
        SnoozeArguments,
        (
            _CAUSE,
            arg("--for", help="for how long, at most 168h (default: 1h)", dest="duration", default=""),
            arg("--until", help=f"until then, in your own time zone: {EXAMPLES}", metavar="WHEN"),
            arg("--until-change", help="or until anything about it changes", action="store_true"),
            arg("--grows-by", help="or until this many tasks have joined", type=int, metavar="N"),
            *AS,
        ),
        prints=("attention_models:MarkedJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "wake",
        "people",
        "show an acknowledged or snoozed cause again",
        "attention_verbs:wake",
        CauseArguments,
        (_CAUSE, *AS),
        prints=("attention_models:MarkedJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "mute",
        "people",
        "hide everything that a rule covers, for a while",
        "attention_verbs:mute",
        MuteArguments,
        (
            arg("--for", help="for how long, at most 168h", dest="duration", required=True),
            _WHY,
            arg("--cause", help="only this cause"),
            arg("--reason-code", help="only this reason, like rounds_exhausted"),
            arg("--gate", help="only this gate"),
            arg("--step", help="only this step"),
            arg("--workflow", help="only this workflow"),
            arg("--repo", help="only this repository"),
            RUN,
            *AS,
        ),
        prints=("attention_models:MuteJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "unmute",
        "people",
        "lift a mute",
        "attention_verbs:unmute",
        UnmuteArguments,
        (arg("rule", help="the mute, as `onloop attention --all` names it"), *AS),
        prints=("attention_models:UnmuteJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "cause",
        "people",
        "show the texts of a cause, split it, make others part of it, or have it grouped as before",
        "cause_verbs:cause",
        RegroupArguments,
        (
            arg("what", choices=("show", "split", "merge", "restore"), help="show, split, merge or restore"),
            _CAUSE,
            arg("others", nargs="*", help="with merge: the causes whose failures belong to this one"),
            arg(
                "--task",
                action="append",
                default=[],
                dest="tasks",
                help="with split: this task, not each text; may be repeated",
            ),
            *AS,
        ),
        prints=("attention_models:CausesJson",),
        reach=Reach.GATEWAY,
    ),
)
"""What needs people, first, and the verbs that say something about a cause."""
