"""Approve and reject: one task by what was shown of it, or all of a row by its list."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.access.submission import task_of
from onloop.cli.arguments import Arguments
from onloop.cli.context import Context
from onloop.cli.key_signing import signature_given, text_of
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import ApproveArguments, RejectArguments
from onloop.cli.verbs.cause_approvals import Make, decide_cause
from onloop.cli.verbs.override_verb import to_sign
from onloop.cli.verbs.people_verbs import asked_now, decide, shown_now
from onloop.errors import BadInput
from onloop.machine.commands import Approve, Reject
from onloop.machine.requests import unseen_words
from onloop.machine.task import RequestKind
from onloop.records import replace
from onloop.text import safe
from onloop.views.changes import unseen


def approve(context: Context[ApproveArguments]) -> VerbOutput:
    """Say yes to what was shown, for one task or for all of a row."""
    if context.args.cause is not None:
        _check_unsigned(context.args)
        return decide_cause(context, context.args.cause, frozenset({RequestKind.APPROVAL}), _approval_of(context))
    context.check_no_agent("approve")
    asked = asked_now(context, {RequestKind.APPROVAL})
    digest = shown_now(context, asked)
    args, signed = context.args, context.args.sign is not None or context.args.signature is not None
    version = args.version if args.version is not None else asked.version
    signature = ""
    if signed or args.to_sign:
        about = {"verb": "approve", "gate": asked.gate, "request": asked.request, "digest": digest}
        text = text_of(context, **about, version=version)
        if args.to_sign:
            return to_sign(text)
        signature = signature_given(args.sign, args.signature, text)
    missing = unseen_of(context, args.task, args.seen)
    person, voice = context.voice("approve")
    named = version if signed else args.version
    command = Approve(asked.request, digest, voice, args.note, named, missing, signature)
    done = decide(context, person, context.args.task, context.args.key, command)
    return replace(done, notes=(*done.notes, *map(safe, filter(None, (unseen_words(missing),)))))


def _check_unsigned(args: ApproveArguments) -> None:
    """BadInput where a key should sign for all of a row: each signature is over one decision."""
    if args.to_sign or args.sign is not None or args.signature is not None:
        raise BadInput("a security key signs one decision at a time", hint="onloop approve TASK --sign KEYFILE")


def _approval_of(context: Context[ApproveArguments]) -> Make:
    return lambda each, voice: Approve(
        each.request, each.digest, voice, context.args.note, unseen=each.unseen_but(context.args.seen)
    )


def _rejection_of(context: Context[RejectArguments]) -> Make:
    return lambda each, voice: Reject(each.request, each.digest, voice, context.args.reason)


def unseen_of(context: Context[Arguments], task: str, seen: Sequence[str]) -> tuple[str, ...]:
    """What of a task's change neither its diff shows nor somebody says to have `seen` whole."""
    changes = context.opened.changes(task_of(context.opened, task))
    return (changes.trouble,) if changes.trouble else unseen(changes.files, seen)


def reject(context: Context[RejectArguments]) -> VerbOutput:
    """Say no, with a reason, for one task or for all of a row."""
    if context.args.cause is not None:
        return decide_cause(context, context.args.cause, frozenset({RequestKind.APPROVAL}), _rejection_of(context))
    context.check_no_agent("reject")
    asked = asked_now(context, {RequestKind.APPROVAL, RequestKind.CHOICE})
    digest = shown_now(context, asked)
    person, voice = context.voice("reject")
    return decide(
        context,
        person,
        context.args.task,
        context.args.key,
        Reject(asked.request, digest, voice, context.args.reason, context.args.version),
    )
