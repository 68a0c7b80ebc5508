"""The verb that says what this machine and store can prove, by trying it."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from onloop.access.isolation import can_open
from onloop.access.opening import GatewayHandle
from onloop.access.verifier_process import LONGEST_START_S, ensure_verifier, is_verifier_up
from onloop.attention.groups import age
from onloop.cli.arguments import Arguments, DoctorArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import CheckJson, DoctorJson
from onloop.cli.key_signing import key_words
from onloop.cli.output import VerbOutput
from onloop.cli.verbs.build_verbs import ADVISORY
from onloop.cli.verbs.database_checks import database_checks
from onloop.cli.verbs.gc_verbs import disk_check, environments_check
from onloop.cli.verbs.persons.network_checks import network_checks
from onloop.cli.verbs.repository_verbs import credential_checks, prove_origin
from onloop.errors import Exit, OnloopError
from onloop.gates.environments.secret_values import declared_secrets
from onloop.gates.repository.git import git_version
from onloop.gates.toolchain import FILE, PYTHON, TOOLS, ToolMissing, toolchain_of, unfit
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
from onloop.machine.box_facts import BoxProved, ProbeAsked, ProvedCell
from onloop.machine.definition import Assurance
from onloop.machine.store_state import PersonEnrolled, Tolerated
from onloop.records import Record
from onloop.store.rows import Job
from onloop.text import safe
from onloop.views.assurance import Grounds, Reached, assurance_reached
from onloop.views.queries.reads import ReadJobs, ReadStoreState

LATE_MS = 20_000
"""A gate that nobody has taken up for so long waits for somebody who does not come."""

LONGEST_PROBE_S = 60.0
"""How long a fresh proof of the box is waited for."""

_LOOK_S = 0.05


class _Check(Record):
    """One thing that was looked at; `below` are lines under it."""

    name: str
    good: bool
    words: str
    below: tuple[str, ...] = ()


def doctor(context: Context[DoctorArguments]) -> VerbOutput:
    """Say what this machine and store can prove, and what not; of an agent or an origin, whether it works."""
    if context.args.agent:
        from onloop.cli.verbs.hook_verbs import prove

        return prove(context.args.agent, context.home)
    if context.args.repo:
        home = context.home if context.home.is_ours else context.opened.home
        return prove_origin(home, context.args.repo)
    if context.args.forge:
        from onloop.cli.verbs.forge_checks import prove_forge_of

        return prove_forge_of(context.home if context.home.is_ours else context.opened.home, context.args.forge)
    checks, reached, proof = [_python(), _git(), _sqlite()], Reached(Assurance.A0, ("there is no store",)), None
    try:
        found, reached, proof = _of_the_store(context)
        checks += found
    except OnloopError as problem:
        checks.append(_Check("store", False, f"{problem.message}; {problem.hint}"))
    isolated = reached.level is Assurance.A2
    lines = [line for check in checks for line in (_line(check), *check.below)]
    lines.append(f"assurance: up to {reached.level.value}{_because(reached)}")
    data = DoctorJson(
        checks=[CheckJson(check.name, check.good, check.words) for check in checks],
        assurance=reached.level,
        reasons=reached.reasons,
        mode="isolated" if isolated else "advisory",
        box=proof,
    )
    lines += [] if isolated else [ADVISORY]
    return VerbOutput(Exit.OK if all(check.good for check in checks) else Exit.UNAVAILABLE, tuple(lines), data)


def _line(check: _Check) -> str:
    return f"{'ok ' if check.good else 'BAD'} {check.name}: {check.words}"


def _because(reached: Reached) -> str:
    return f", because {'; '.join(reached.reasons)}" if reached.reasons else ""


def _of_the_store(context: Context[Arguments]) -> tuple[list[_Check], Reached, BoxProved | None]:
    opened = context.opened
    home = opened.home
    house, jobs = opened.gateway.perform(ReadStoreState()), opened.gateway.perform(ReadJobs())
    people = "; ".join(_person(person) for person in house.people.values()) or "nobody"
    apart = not home.is_ours
    checks = [
        _Check("store", True, f"{home.name}, {'scripted for ever' if house.scripted else 'people decide'}"),
        _Check("people", bool(house.people), people),
        _Check("keys", True, key_words(house)),
        _verifier(jobs if not house.freezes else (), opened.gateway.clock(), apart, home),
    ]
    checks += [_Check(*found) for found in database_checks(home)]
    proof = house.proof if apart or os.environ.get("ONLOOP_TOKEN") else _fresh_proof(context, opened)
    now = opened.gateway.clock()
    checks += [_box(proof, now), _toolchain(proof, home)]
    checks += [] if apart else [_tools(home), _secrets(home)]
    checks += [_Check("credentials", good, words) for good, words in credential_checks(home)]
    checks.append(_Check("disk", *disk_check(home)))
    checks.append(_Check("environments", *environments_check(opened)))
    checks += [_tolerated(each) for each in house.tolerated.values()]
    checks += [_Check(*each) for each in network_checks(opened)]
    isolated = apart and home.is_known  # a store whose folder is not known is served by our own user
    if isolated:
        checks.append(_isolation(home))
    shut_out = isolated and not can_open(home)
    return checks, assurance_reached(Grounds(house.scripted, isolated, shut_out, proof, now, far=bool(home.url))), proof


def _fresh_proof(context: Context[Arguments], opened: GatewayHandle) -> BoxProved | None:
    """What the verifier shows of its box when it is asked now; the last proof on record where it does not answer."""
    asked, by = secrets.token_hex(8), context.launcher()
    opened.gateway.perform(RecordStoreEvent(by, ProbeAsked(asked, by.id)))
    deadline = time.monotonic() + LONGEST_PROBE_S
    began = time.monotonic()
    while True:
        house = opened.gateway.perform(ReadStoreState())
        if house.proof is not None and house.proof.asked == asked:
            return house.proof
        ensure_verifier(context.home)
        is_lost = time.monotonic() - began > LONGEST_START_S and not is_verifier_up(context.home)
        if is_lost or time.monotonic() > deadline:
            return house.proof
        time.sleep(_LOOK_S)


def _box(proof: BoxProved | None, now: int) -> _Check:
    if proof is None:
        return _Check("box", False, "no verifier has shown what the box of its gates stops; its log may say why")
    words = (
        f"{proof.box}; limits over all processes kept by {'nobody' if proof.kind == 'none' else proof.limits}; "
        f"shown {age(max(0, now - proof.at))} ago by {proof.verifier}, as it runs gates"
    )
    return _Check("box", proof.kind != "none", words, tuple(_cells(proof)))


def _cells(proof: BoxProved) -> Iterator[str]:
    for cell in proof.cells:
        seen = f" ({safe(cell.seen, 120)})" if cell.seen else ""
        yield f"      {_state(cell):<10}{cell.name}{seen}"
    for refusal in proof.refused:
        yield f"      not here  {refusal}"


def _state(cell: ProvedCell) -> str:
    return "not tried" if cell.stopped is None else "stopped" if cell.stopped else "OPEN"


def _toolchain(proof: BoxProved | None, home: Home) -> _Check:
    """Where gates find programs, and which folders of the store's file are left out."""
    if proof is None:
        return _Check("toolchain", False, "no verifier has said where its gates find programs")
    return _Check("toolchain", True, ", ".join(proof.toolchain), tuple(_left_out(home)))


def _tools(home: Home) -> _Check:
    """What {python} is where a workflow does not say otherwise: never the interpreter that onloop runs with."""
    toolchain = toolchain_of(home.store)
    program = toolchain.program(PYTHON)
    if not program.path:
        missing = ToolMissing.of(toolchain, PYTHON, TOOLS)
        return _Check("tools", False, f"{missing.message}; {missing.hint}")
    return _Check("tools", True, f"{PYTHON} is {program.path} {program.digest[:12]}")


def _secrets(home: Home) -> _Check:
    """The names of the secrets that setup may see, and never their values."""
    try:
        names = ", ".join(sorted(declared_secrets(home.secrets))) or "none"
    except OnloopError as problem:
        return _Check("secrets", False, f"{problem.message}; {problem.hint}")
    return _Check("secrets", True, f"{home.secrets}: {names}")


def _left_out(home: Home) -> Iterator[str]:
    try:
        lines = (home.store / FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        folder = Path(line.removeprefix("see ").strip())
        if line.strip() and not line.startswith("#") and (why := unfit(folder, home.store)):
            yield f"      left out  {safe(str(folder), 200)}: {why}"


def _verifier(jobs: Sequence[Job], now: int, apart: bool, home: Home) -> _Check:
    """Whether somebody answers gates: one that nobody has taken up for long says that nobody does."""
    waited = max((now - job.created_at for job in jobs), default=0)
    if waited > LATE_MS and not any(job.leased_until > now for job in jobs):
        where = home.store.parent / "logs" / "verifier.log"
        return _Check(
            "verifier", False, f"nobody has taken up what has waited for {waited // 1000} s; {where} may say why"
        )
    if apart:
        return _Check("verifier", True, "the gateway starts it where gates are asked for")
    return _Check(
        "verifier", True, "up" if is_verifier_up(home) else "none is up; onloop work and the dashboard start one"
    )


def _tolerated(each: Tolerated) -> _Check:
    words = f"{each.origin}: {', '.join(each.findings)} is passed over, by {each.by}"
    return _Check("old history", True, safe(words, 500))


def _isolation(home: Home) -> _Check:
    """Whether this user, as whom agents run, fails to open the store: found out by trying."""
    if can_open(home):
        return _Check("isolation", False, f"user {os.getuid()} can open {home.store}; chmod 700 it")
    return _Check(
        "isolation", True, f"user {os.getuid()} cannot open the store, and reaches it through the gateway alone"
    )


def _person(person: PersonEnrolled) -> str:
    known = person.email or "no e-mail, so commits that carry their address are not pointed out"
    return f"{person.name} ({', '.join(person.groups)}; {known})"


def _python() -> _Check:
    return _Check("python", sys.version_info >= (3, 11), sys.version.split()[0])


def _git() -> _Check:
    try:
        version = git_version()
    except OnloopError as problem:
        return _Check("git", False, f"{problem.message}; {problem.hint}")
    return _Check("git", version >= (2, 38), f"{'.'.join(map(str, version))}; merges need 2.38")


def _sqlite() -> _Check:
    version = apsw.sqlite_lib_version()
    return _Check(
        "sqlite", tuple(map(int, version.split("."))) >= (3, 51, 3), f"{version}; before 3.51.3 WAL can corrupt"
    )
