"""Override: let the work on past a gate that does not pass."""

from __future__ import annotations

from onloop.cli.context import Context
from onloop.cli.json_models.people_models import ToSignJson
from onloop.cli.key_signing import signature_given, text_of
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import OverrideArguments
from onloop.cli.verbs.people_verbs import AskedNow, decide, shown_now
from onloop.errors import BadInput, Exit, Refused
from onloop.machine.commands import Override
from onloop.machine.task import RequestKind
from onloop.records import replace
from onloop.text import safe
from onloop.views.queries.shown_task import ReadOpenRequests
from onloop.workflow.hints import nearest


def override(context: Context[OverrideArguments]) -> VerbOutput:
    """Bypass one gate of one task, by what was shown of it."""
    args = context.args
    context.check_no_agent("override")
    asked = _asked(context)
    digest = shown_now(context, asked)
    version = args.version if args.version is not None else asked.version
    about = {"verb": "override", "gate": args.gate, "request": asked.request, "digest": digest}
    if args.to_sign:
        return to_sign(text_of(context, **about, version=version))
    signed = args.sign is not None or args.signature is not None
    signature = signature_given(args.sign, args.signature, text_of(context, **about, version=version)) if signed else ""
    person, voice = context.voice("override")
    named = version if signed else args.version
    command = Override(asked.request, args.gate, digest, voice, args.reason, named, signature)
    done = decide(context, person, args.task, args.key, command)
    loud = f"{args.gate} is BYPASSED for this work, and did not pass; whoever approves it is told"
    return replace(done, notes=(*done.notes, safe(loud)))


def to_sign(text: bytes) -> VerbOutput:
    """The text that a key signs, and nothing else: it can be given to `ssh-keygen -Y sign` as it is."""
    words = text.decode("utf-8", "replace")
    return VerbOutput(lines=tuple(safe(line) for line in words.splitlines()), data=ToSignJson(words))


def _asked(context: Context[OverrideArguments]) -> AskedNow:
    """The open request that is about the gate: its own, or the one that asks what now."""
    args = context.args
    found = context.opened.gateway.perform(ReadOpenRequests(args.task, args.key, args.person))
    if found.bypassed is not None:
        return AskedNow(found.bypassed.request, found.bypassed.digest, found.task.version)
    kinds = {RequestKind.APPROVAL, RequestKind.CHOICE}
    known = [each for each in found.asked if each.request.kind in kinds]
    fitting = [each for each in known if each.request.gate == args.gate] or [
        each for each in known if each.request.kind is RequestKind.CHOICE
    ]
    if not args.gate:
        raise BadInput("which gate?", hint=f'onloop override {args.task} --gate GATE --reason "…"')
    if not fitting:
        task = found.task
        near = nearest(args.gate, [each.request.gate for each in known if each.request.gate])
        raise Refused(
            f"nothing is asked about {safe(args.gate, 60)}: {task.id} is {task.state.value} ({task.detail})",
            exit=Exit.ENDED if task.ended else Exit.NOTHING,
            hint=f"{near}a gate is overridden where a person is asked what now: onloop show {task.id}",
        )
    return AskedNow(fitting[0].request.id, fitting[0].digest, found.task.version)
