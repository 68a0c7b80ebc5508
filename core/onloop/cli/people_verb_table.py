"""The verbs of people as data: attention, decisions, and the verbs that hide a cause."""

from __future__ import annotations

from onloop.attention.viewer import SCOPE_WORDS, Scope
from onloop.cli.arguments import LogsArguments
from onloop.cli.people_arguments import (
    AckArguments,
    AmendArguments,
    AnswerArguments,
    ApproveArguments,
    AttentionArguments,
    CauseArguments,
    ExcludeArguments,
    FreezeArguments,
    GcArguments,
    MuteArguments,
    ReasonedDecisionArguments,
    ReassignArguments,
    RejectArguments,
    RepositoryArguments,
    ResumeArguments,
    RetargetArguments,
    RetryArguments,
    ScopeArguments,
    ShowArguments,
    SnoozeArguments,
    TaskArguments,
    UnmuteArguments,
)
from onloop.cli.verb import AS, DIGEST, KEY, REASON, RUN, TASK, Argument, Verb, arg
from onloop.times import EXAMPLES

_GATE = arg("--gate", help="which gate, if several ask for a decision")
_VERSION = arg("--version", help="the version that you saw; refused if the task has changed since", type=int)
_TASK_OR_NONE = arg("task", nargs="?", help="a task's id; left out with --cause")
_CAUSE = arg("cause", help="a cause, as `onloop attention` names it")
_WHY = arg("--reason", help="why", required=True)


def _of_cause(first: str) -> tuple[Argument, ...]:
    """The arguments that let a verb act on all tasks with one cause."""
    return (
        arg("--cause", help="all tasks with this cause, as `onloop attention` names it"),
        arg("--first", help=f"with --cause: only the first N of them (default: {first})", type=int, metavar="N"),
    )


_DECISIONS: tuple[Verb, ...] = (
    Verb(
        "show",
        "people",
        "one task: what is asked, digests, gates, diff, history",
        "people_verbs:show",
        ShowArguments,
        (
            TASK,
            arg("--diff", help="show the whole diff", action="store_true"),
            arg("--attachment", help="show a file that a gate kept: its path, or GATE:PATH", metavar="NAME"),
            arg("--to", help="with --attachment: write it to this new file", metavar="FILE"),
        ),
        prints=("dossier_models:DossierJson", "dossier_models:AttachmentShownJson"),
    ),
    Verb(
        "logs",
        "people",
        "what a task's agents printed",
        "look_verbs:logs",
        LogsArguments,
        (
            TASK,
            arg("--follow", "-f", help="go on until the task waits for a person or ends", action="store_true"),
            arg("--lines", help="at most so many of the last lines", type=int, default=200, metavar="N"),
        ),
        prints=("work_models:LogsJson",),
    ),
    Verb(
        "why",
        "people",
        "why a task is where it is, and what would move it on",
        "look_verbs:why_task",
        TaskArguments,
        (TASK,),
        prints=("work_models:WhyJson",),
    ),
    Verb(
        "approve",
        "people",
        "approve exactly what was shown",
        "people_verbs:approve",
        ApproveArguments,
        (TASK, _GATE, DIGEST, arg("--note", help="a note", default=""), _VERSION, *AS, KEY),
        prints=("work_models:TaskNowJson",),
    ),
    Verb(
        "reject",
        "people",
        "reject, with a reason that reaches the agent",
        "people_verbs:reject",
        RejectArguments,
        (TASK, _GATE, DIGEST, REASON, _VERSION, *AS, KEY),
        prints=("work_models:TaskNowJson",),
    ),
    Verb(
        "answer",
        "people",
        "answer an agent's question",
        "people_verbs:answer",
        AnswerArguments,
        (TASK, arg("text", help="the answer"), _VERSION, *AS, KEY),
        prints=("work_models:TaskNowJson",),
    ),
    Verb(
        "reassign",
        "people",
        "revoke the lease and name who may take the task",
        "people_verbs:reassign",
        ReassignArguments,
        (TASK, arg("--to", required=True, help="agent:NAME or a role"), REASON, _VERSION, *AS, KEY),
        prints=("work_models:TaskNowJson",),
    ),
    Verb(
        "retry",
        "people",
        "try a task, tasks with one cause, or a held role again; rounds and attempts start at zero",
        "bulk_verbs:retry",
        RetryArguments,
        (
            _TASK_OR_NONE,
            *_of_cause("1"),
            arg("--role", help="a role that is held because its agents end alike: one task of it is tried now"),
            arg("--note", help="guidance for the next brief", default=""),
            arg(
                "--no-worse-than-base",
                help="where gates fail on the base: go on, and allow what fails there, and nothing more",
                action="store_true",
                dest="no_worse",
            ),
            _VERSION,
            *AS,
            KEY,
        ),
        prints=("work_models:TaskNowJson", "people_models:CauseOutcomesJson", "people_models:RoleTriedJson"),
    ),
    Verb(
        "amend",
        "people",
        "give a live task, or a run with all below it, another workflow; approvals under the old one are void",
        "beginning.start_verbs:amend",
        AmendArguments,
        (
            arg("task", help="a task or a run"),
            arg("--workflow", required=True, help="a built-in, or a file committed in the repository", metavar="FILE"),
            arg("--control", help="the repository that holds the file (default: the task's own)", metavar="REPO"),
            arg("--control-branch", help="its branch (default: the task's, or the one that HEAD names)"),
            arg("--reason", help="why; every later approval shows it", required=True),
            *AS,
        ),
        prints=("start_models:AmendedJson",),
        needs_git=True,
    ),
    Verb(
        "retarget",
        "people",
        "put right where a task works: its branch, its repository",
        "beginning.start_verbs:retarget",
        RetargetArguments,
        (
            TASK,
            arg("--branch", help="the branch that a merge moves (default: the one that HEAD of the origin names)"),
            arg("--origin", help="path or URL of the repository (default: the one that it has)"),
            REASON,
            _VERSION,
            *AS,
            KEY,
        ),
        prints=("work_models:TaskNowJson",),
        needs_git=True,
    ),
    Verb(
        "exclude",
        "people",
        "let a fleet end without a task, or without all tasks with one cause",
        "bulk_verbs:exclude",
        ExcludeArguments,
        (_TASK_OR_NONE, *_of_cause("all"), REASON, _VERSION, *AS, KEY),
        prints=("work_models:TaskNowJson", "people_models:CauseOutcomesJson"),
    ),
    Verb(
        "pause",
        "people",
        "pause a task, or a run with everything active below it",
        "bulk_verbs:pause",
        ReasonedDecisionArguments,
        (TASK, REASON, _VERSION, *AS, KEY),
        prints=("people_models:BelowJson",),
    ),
    Verb(
        "resume",
        "people",
        "resume what is paused or excluded, at its step",
        "bulk_verbs:resume",
        ResumeArguments,
        (TASK, arg("--note", help="guidance for the next brief", default=""), _VERSION, *AS, KEY),
        prints=("people_models:BelowJson",),
    ),
    Verb(
        "cancel",
        "people",
        "end a task, or a run with everything below it",
        "bulk_verbs:cancel",
        ReasonedDecisionArguments,
        (TASK, REASON, _VERSION, *AS, KEY),
        prints=("people_models:BelowJson",),
    ),
    Verb(
        "freeze",
        "people",
        "freeze a scope: no task in it moves on",
        "people_verbs:freeze",
        FreezeArguments,
        (arg("scope", help="all, run:ID, task:ID, workflow:NAME, repo:NAME or agent:NAME"), REASON, *AS, KEY),
        prints=("people_models:FreezeJson",),
    ),
    Verb(
        "unfreeze",
        "people",
        "lift a freeze",
        "people_verbs:unfreeze",
        ScopeArguments,
        (arg("scope", help="the frozen scope"), *AS, KEY),
        prints=("people_models:UnfreezeJson",),
    ),
    Verb(
        "gc",
        "people",
        "remove clones, artefact folders, logs and caches that nobody needs any more",
        "gc_verbs:gc",
        GcArguments,
        (
            arg("--older", help="of tasks that ended, and of caches not used, for so long", default="7d"),
            arg("--dry-run", help="say what would go, and remove nothing", action="store_true"),
            *AS,
        ),
        prints=("store_models:GcJson",),
    ),
    Verb(
        "repository",
        "people",
        "say what of an origin's old history git's checks may pass over",
        "repository_verbs:repository",
        RepositoryArguments,
        (
            arg("what", choices=("tolerate",), help="tolerate exactly these findings from now on"),
            arg("origin", help="path or URL of the repository, as at start"),
            arg("findings", nargs="*", help="as git names them, such as missingSpaceBeforeEmail; none: nothing more"),
            *AS,
            KEY,
        ),
        prints=("people_models:TolerateJson",),
    ),
)

_MARKS: tuple[Verb, ...] = (
    Verb(
        "ack",
        "people",
        "say that you take care of a cause; this lapses",
        "attention_verbs:ack",
        AckArguments,
        (_CAUSE, arg("--for", help="for how long", dest="duration", default="30m"), *AS),
        prints=("attention_models:MarkedJson",),
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
    ),
    Verb(
        "wake",
        "people",
        "show an acknowledged or snoozed cause again",
        "attention_verbs:wake",
        CauseArguments,
        (_CAUSE, *AS),
        prints=("attention_models:MarkedJson",),
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
    ),
    Verb(
        "unmute",
        "people",
        "lift a mute",
        "attention_verbs:unmute",
        UnmuteArguments,
        (arg("rule", help="the mute, as `onloop attention --all` names it"), *AS),
        prints=("attention_models:UnmuteJson",),
    ),
)

PEOPLE: tuple[Verb, ...] = (
    Verb(
        "attention",
        "people",
        "what needs a person: one row per cause",
        "attention_verbs:attention",
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
            arg("--as", help="who looks, where several are enrolled", dest="viewer", metavar="NAME"),
        ),
        prints=("attention_models:AttentionJson",),
    ),
    *_DECISIONS,
    *_MARKS,
)
