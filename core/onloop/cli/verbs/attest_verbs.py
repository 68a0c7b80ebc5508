"""Attest: a decision with its evidence as a signed statement, and verifying one without a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onloop
from onloop.cli.arguments import AttestArguments
from onloop.cli.context import Context
from onloop.cli.json_models.store_models import AttestationCheckedJson, AttestationJson, AttestationKeyJson
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput
from onloop.identity.keys import signed_envelope
from onloop.text import safe
from onloop.views.attested_decision import PREDICATE, STATEMENT, statement_of
from onloop.views.known_task import known_task


def attest(context: Context[AttestArguments]) -> VerbOutput:
    """Sign what is known of a task, print the public key, or verify a file that was signed."""
    args = context.args
    asked = [bool(args.task), args.verify is not None, args.public_key]
    if sum(asked) != 1:
        raise BadInput(
            "one thing at a time: a task, --verify FILE, or --public-key",
            hint="onloop attest TASK --out FILE; onloop attest --verify FILE --key PUB",
        )
    if args.verify is not None:
        return _verified(args.verify, args.key_file)
    context.check_no_agent("attest")
    return _public_key(context) if args.public_key else _attested(context)


def _attested(context: Context[AttestArguments]) -> VerbOutput:
    args, opened = context.args, context.opened
    key = signed_envelope.attestation_key(opened.home.store)
    gateway = opened.gateway
    with gateway.store.reading() as reading:
        task = known_task(reading, args.task or "")
        statement = statement_of(reading, task, gateway.clock(), onloop.__version__)
    envelope = signed_envelope.enveloped(statement, key)
    named = signed_envelope.key_id(key.public_key())
    commit = task.result or (task.submission.head if task.submission else "")
    if args.out is not None:
        _write_new(Path(args.out), envelope)
    shown = None if args.out is not None else envelope.decode()
    data = AttestationJson(task.id, commit, task.result is not None, named, args.out, shown)
    notes = (
        f"signed by {named[:16]}: onloop attest --public-key prints the key that verifies it",
        *(() if task.result is not None else (f"nothing is merged: it is about {commit[:12]} as handed in",)),
    )
    lines = (safe(str(args.out)),) if shown is None else (shown.rstrip("\n"),)
    return VerbOutput(lines=lines, data=data, notes=tuple(map(safe, notes)))


def _write_new(path: Path, content: bytes) -> None:
    """A new file; nothing that is there is replaced."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as problem:
        raise BadInput(f"{path} cannot be made: {problem.strerror}", hint="name a file that is not there yet") from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _public_key(context: Context[AttestArguments]) -> VerbOutput:
    key = signed_envelope.attestation_key(context.opened.home.store)
    pem, named = signed_envelope.public_pem(key), signed_envelope.key_id(key.public_key())
    notes = (f"key {named[:16]}; give it to whoever verifies, on a way that they trust",)
    return VerbOutput(lines=tuple(pem.splitlines()), data=AttestationKeyJson(named, pem), notes=notes)


def _verified(file: str, key_file: str | None) -> VerbOutput:
    if key_file is None:
        raise BadInput("whose signature should it be?", hint=f"onloop attest --verify {file} --key PUB.pem")
    key = signed_envelope.public_from(_content(Path(key_file)))
    statement = signed_envelope.opened_envelope(_content(Path(file)), key)
    kind, predicate = statement.get("_type"), statement.get("predicateType")
    if (kind, predicate) != (STATEMENT, PREDICATE):
        words = f"the signature is good, but it is over a {safe(str(predicate), 80)!r}, not a {PREDICATE}"
        raise BadInput(words, hint="give a file that onloop attest made, or verify it with the tool that made it")
    said = _Said(statement)
    data = AttestationCheckedJson(
        signed_envelope.key_id(key), said.task, said.name, said.commit, said.merged, said.approved, said.bypassed
    )
    return VerbOutput(lines=said.lines(), data=data)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(signed_envelope.LONGEST + 1)
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint="name a file that is there") from None


class _Said:
    """What a verified statement says, whatever else it may hold: absent is empty, and never a pass."""

    def __init__(self, statement: dict[str, Any]) -> None:
        self._about = _dict(statement.get("predicate"))
        subject = _dict(next(iter(_list(statement.get("subject"))), {}))
        self.name = str(subject.get("name", ""))
        self.commit = str(_dict(subject.get("digest")).get("gitCommit", ""))
        self.task = str(self._about.get("task", ""))
        self.merged = self._about.get("merged") is True

    @property
    def approved(self) -> list[str]:
        """Whose approvals count, at which gate, and how well each was proved."""
        return [
            f"{gate.get('gate')}: {each.get('by')} ({each.get('assurance')})"
            for gate in map(_dict, _list(self._about.get("approvals")))
            for each in map(_dict, _list(gate.get("counted")))
        ]

    @property
    def bypassed(self) -> list[str]:
        """The gates that did not pass and were let past, and by whom."""
        found = map(_dict, _list(self._about.get("bypasses")))
        return [f"{each.get('step')}:{each.get('gate')} by {each.get('by')}: {each.get('reason')}" for each in found]

    def lines(self) -> tuple[str, ...]:
        """What it says, for people."""
        gates = [_dict(each) for each in _list(self._about.get("gates"))]
        passed = [str(each.get("gate")) for each in gates if each.get("standing") == "passed"]
        other = [f"{each.get('gate')} {each.get('standing')}" for each in gates if each.get("standing") != "passed"]
        log = _dict(self._about.get("log"))
        lines = (
            "good: signed by this key, and not changed since",
            f"{'merged' if self.merged else 'NOT MERGED'}: {self.name} {self.commit} (task {self.task})",
            f"passed: {', '.join(passed) or 'no gate'}",
            *((f"not passed: {', '.join(other)}",) if other else ()),
            f"approved: {'; '.join(self.approved) or 'by nobody'}",
            *(f"BYPASSED {each}" for each in self.bypassed),
            f"log: {log.get('events')} events, ending in {log.get('hash')}",
        )
        return tuple(safe(line, 2_000) for line in lines)


def _dict(given: object) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []
