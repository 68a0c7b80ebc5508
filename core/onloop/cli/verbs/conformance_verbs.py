"""`onloop conformance`: hold a gateway, ours or any other, to the numbered cases of the standard."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from onloop.cli.context import LONGEST_PASSPHRASE, Context
from onloop.cli.json_models import shipped_schemas
from onloop.cli.json_models.standard.standard_models import CaseJson, CasesJson, ConformanceJson, PlayedCaseJson
from onloop.cli.launcher_secret import launcher_secret
from onloop.cli.output import VerbOutput
from onloop.cli.running import say
from onloop.cli.standard_verb_table import ConformanceArguments
from onloop.errors import BadInput, Exit, Unavailable
from onloop.interop.conformance.levels import ConformanceCase, End, Level
from onloop.interop.conformance.speakers import CommandSpeaker, HandedSecret
from onloop.interop.conformance.suite import PROTOCOL, CaseReport, CaseStanding, chosen, played
from onloop.interop.conformance.venue import PASSPHRASE, PERSON, TrialGateway, Venue
from onloop.interop.conformance.wire import wire_to
from onloop.text import safe

_MARKS = {CaseStanding.PASSED: "✓", CaseStanding.FAILED: "✗", CaseStanding.BROKEN: "!"}
_EXAMPLE = 'onloop conformance --command "onloop", or --list'


def conformance(context: Context[ConformanceArguments]) -> VerbOutput:
    """Play the chosen cases, and say of each that fails what was sent, what came, and what the standard says."""
    args = context.args
    if args.list_cases:
        return _listed(chosen(args.level or (), _numbers(args), tuple(End)))
    ends = (*((End.COMMAND,) if args.command else ()), *((End.URL,) if args.url else ()))
    if not ends:
        raise BadInput("neither --command nor --url names a gateway", hint=_EXAMPLE)
    if args.url and not (args.owner_command or args.command):
        raise BadInput(
            "--url alone cannot begin tasks", hint="--owner-command COMMAND begins them as the store's owner"
        )
    cases = chosen(args.level or (), _numbers(args), ends)
    if not cases:
        raise BadInput("no case speaks through what was given at that level", hint="onloop conformance --list")
    with tempfile.TemporaryDirectory(prefix="onloop-conformance-", ignore_cleanup_errors=True) as folder:
        reports = list(played(cases, _venue(args, Path(folder)), _tell))
    failed = [report for report in reports if report.standing is not CaseStanding.PASSED]
    lines = (*(line for report in failed for line in _failure(report)), *_table(reports))
    found = [_report_json(report) for report in reports]
    data = ConformanceJson(PROTOCOL, not failed, len(reports) - len(failed), len(failed), found)
    return VerbOutput(Exit.REDO if failed else Exit.OK, lines, data)


def _numbers(args: ConformanceArguments) -> tuple[int, ...]:
    for word in args.case or ():
        if not (word.isascii() and word.isdigit() and len(word) < 9):
            raise BadInput(f"{word[:40]!r} is no number of a case", hint="onloop conformance --list")
    return tuple(int(word) for word in args.case or ())


def _venue(args: ConformanceArguments, folder: Path) -> Venue:
    agents = CommandSpeaker(_words(args.command or args.owner_command))
    owner = CommandSpeaker(_words(args.owner_command or args.command))
    env, person, passphrase = _with_own_store(folder), PERSON, PASSPHRASE
    if args.person is not None:
        env, person, passphrase = dict(os.environ), args.person, _passphrase(args.passphrase_fd)
    gateway = TrialGateway(
        agents,
        owner,
        env,
        published_schema,
        person,
        passphrase,
        "" if args.token_fd is None else launcher_secret(args.token_fd),
        wire_to(args.url, args.ca) if args.url else None,
    )
    venue = Venue(folder, gateway)
    if args.person is None:
        _begin_store(venue)
    return venue


def _begin_store(venue: Venue) -> None:
    words = ("init", "--name", PERSON, "--group", "approvers", "--json")
    secrets = (HandedSecret("--passphrase-fd", PASSPHRASE),)
    reply = venue.spoken(venue.gateway.owner, words, secrets=secrets)
    if reply.code != Exit.OK:
        raise Unavailable(
            f"init of a new store ended with {reply.came}", hint="--as NAME --passphrase-fd N uses one that is there"
        )


def _with_own_store(folder: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ONLOOP_", "GIT_", "XDG_"))}
    state = folder / "state"
    return {
        **kept,
        "HOME": str(folder),
        "XDG_STATE_HOME": str(state),
        "ONLOOP_STORE": str(state / "onloop" / "store"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def _words(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
    if not words:
        raise BadInput(f"{command[:80]!r} is no command", hint=_EXAMPLE)
    return words


def _passphrase(descriptor: int | None) -> str:
    if descriptor is None:
        raise BadInput("--as needs a passphrase", hint="--passphrase-fd 3 3<FILE")
    try:
        with os.fdopen(descriptor, "rb") as source:
            return source.read(LONGEST_PASSPHRASE).decode("utf-8", "replace").strip("\r\n")
    except (OSError, OverflowError, ValueError):
        raise BadInput(f"file descriptor {descriptor} cannot be read", hint="--passphrase-fd 3 3<FILE") from None


@cache
def published_schema(name: str) -> Mapping[str, Any]:
    """A schema that `onloop schema` prints."""
    found: Mapping[str, Any] = json.loads(shipped_schemas()[name].read_text(encoding="utf-8"))
    return found


def _tell(report: CaseReport) -> None:
    if report.standing is not CaseStanding.PASSED:
        say(f"{_MARKS[report.standing]} {report.case.number} {report.case.name}")


def _listed(cases: Sequence[ConformanceCase]) -> VerbOutput:
    lines = tuple(f"{case.number:>3}  {case.level:<5}  {case.end:<7}  {case.name}: {case.says}" for case in cases)
    return VerbOutput(lines=lines, data=CasesJson(PROTOCOL, [_case_json(case) for case in cases]))


def _failure(report: CaseReport) -> Iterator[str]:
    case = report.case
    yield safe(f"{_MARKS[report.standing]} {case.number}  {case.level}  {case.name}")
    yield safe(f"    sent      {report.sent}", 300)
    yield safe(f"    came      {report.came}", 500)
    yield safe(f"    expected  {report.expected}", 300)
    yield safe(f"    standard  {case.says}")


def _table(reports: Sequence[CaseReport]) -> Iterator[str]:
    of = Counter(report.case.level for report in reports)
    passed = Counter(report.case.level for report in reports if report.standing is CaseStanding.PASSED)
    for level in Level:
        if of[level]:
            mark = _MARKS[CaseStanding.PASSED if passed[level] == of[level] else CaseStanding.FAILED]
            yield f"{mark} {level:<5}  {passed[level]} of {of[level]} cases"


def _case_json(case: ConformanceCase) -> CaseJson:
    return CaseJson(case.number, case.level.value, case.end.value, case.name, case.says)


def _report_json(report: CaseReport) -> PlayedCaseJson:
    case = report.case
    return PlayedCaseJson(
        case.number,
        case.level.value,
        case.end.value,
        case.name,
        case.says,
        report.standing.value,
        report.sent,
        report.came,
        report.expected,
    )
