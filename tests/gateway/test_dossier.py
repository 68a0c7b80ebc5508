"""What a person is shown before they decide: every gate as it stands, what each answer would do, under one digest."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gateway.shop import VERIFIER, Shop
from onloop.cli.dossier_render import dossier_json
from onloop.cli.output import VerbOutput, json_text
from onloop.cli.render import dossier_lines
from onloop.errors import Unavailable
from onloop.gates.repository.file_changes import FileChange, FileKind, Status
from onloop.gates.repository.mirror import Mirror
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import FireTimers, KeepContent
from onloop.machine import commands as c
from onloop.machine.definition import ExpireOutcome, Expiry, Step
from onloop.machine.digest import shown_digest
from onloop.machine.state import Reason
from onloop.machine.store_state import Frozen
from onloop.machine.task import Artefact, DecisionKind, Evidence, Request, RequestKind, Task, TestCounts, Verdict
from onloop.records import replace
from onloop.views.brief_facts import brief_facts
from onloop.views.changes import NOT_ASKED, changes_of
from onloop.views.dossier import ARTEFACT_LIMIT, Asked, Dossier, GateStatus, dossier_of, gate_lines
from onloop.views.effective_status import EffectiveStatus
from support.scenario import ERROR, FAIL, OTHER_BASE, OTHER_HEAD, TIMED_OUT, work
from support.steps import HOUR, defined, develop, full, gate, human, merge, ship

pytestmark = pytest.mark.parametrize("shop", ["memory"], indirect=True)  # nothing here depends on the store


def marks(shop: Shop) -> dict[str, GateStatus]:
    return {line.gate: line.mark for line in gate_lines(shop.definition, shop.task())}


def words(shop: Shop, gate_id: str) -> str:
    (line,) = (line for line in gate_lines(shop.definition, shop.task()) if line.gate == gate_id)
    return line.summary


def dossier(shop: Shop, mirror_of: Callable[[str], Mirror] | None = None) -> Dossier:
    task = shop.task()
    with shop.store.reading() as at:
        return dossier_of(at, task, changes_of(task, mirror_of) if mirror_of else NOT_ASKED)


def failed(shop: Shop, summary: str, printed: bytes) -> None:
    """The gate `tests` fails, with what it printed."""
    now = shop.task().submission
    assert now is not None
    subject = (now.head, now.tree, now.base, shop.definition.digest)
    output = shop.gateway.perform(KeepContent(printed))
    evidence = Evidence("tests", FAIL, summary, *subject, VERIFIER.id, 0, output=output)
    shop.gateway.perform(PerformCommand(VERIFIER, "r1", c.ReportGate(evidence)))


def test_absent_evidence_reads_not_yet_and_not_blank(shop: Shop) -> None:
    shop.begin()

    assert marks(shop) == {"tests": GateStatus.NOT_YET, "release": GateStatus.LATER}
    assert words(shop, "tests") == ""


def test_gates_are_listed_in_the_order_of_the_workflow(shop: Shop) -> None:
    shop.begin(defined(develop(gate("b"), human("c"), gate("a")), full(), ship()))

    assert list(marks(shop)) == ["b", "a", "c", "run", "release"]


@pytest.mark.parametrize(
    ("verdict", "mark"), [(FAIL, GateStatus.FAILED), (ERROR, GateStatus.ERROR), (TIMED_OUT, GateStatus.TIMED_OUT)]
)
def test_a_gate_runs_until_it_answers_and_keeps_its_verdict(shop: Shop, verdict: Verdict, mark: GateStatus) -> None:
    shop.begin()
    shop.submit(shop.claim())
    assert (marks(shop)["tests"], words(shop, "tests")) == (GateStatus.RUNNING, "a verifier is asked")

    shop.report(verdict=verdict)
    assert (marks(shop)["tests"], words(shop, "tests")) == (mark, f"tests says {verdict.value}")


def test_a_human_gate_waits_then_says_who_approved_with_what_proof(shop: Shop) -> None:
    shop.begin(defined(develop(), ship(human(quorum=2)), merge()))
    shop.waiting()
    shop.approve("ana")
    assert (marks(shop)["release"], words(shop, "release")) == (GateStatus.WAITING, "1 of 2 from approvers")

    shop.approve("ben")
    assert marks(shop)["release"] is GateStatus.PASSED
    assert words(shop, "release") == "approved by human:ana (A1), human:ben (A1)"


def test_too_few_approvals_never_read_as_passed(shop: Shop) -> None:
    shop.begin(defined(develop(), ship(human(quorum=2, expire=Expiry(HOUR, ExpireOutcome.HOLD))), merge()))
    shop.waiting()
    shop.approve("ana")
    shop.later(HOUR)
    shop.gateway.perform(FireTimers())

    assert (marks(shop)["release"], words(shop, "release")[:38]) == (
        GateStatus.AGAIN,
        "will be asked again; approved by human",
    )


def test_an_approval_of_another_commit_or_base_no_longer_counts(shop: Shop) -> None:
    shop.begin(defined(develop(human("review")), ship(on_reject="develop.implement"), merge()))
    shop.submit(shop.claim())
    shop.approve()
    assert marks(shop)["review"] is GateStatus.PASSED
    approved = shop.task()

    assert approved.submission is not None
    for other in (work(OTHER_HEAD), work(base=OTHER_BASE)):
        moved = replace(approved, submission=other)
        assert {line.gate: line.mark for line in gate_lines(shop.definition, moved)}["review"] is GateStatus.STALE


def test_a_dossier_holds_lease_statement_and_the_tail_of_a_gates_output(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.submit(agent, replace(work(), statement="I am done"))
    failed(shop, "1 failed", b"x" * 5000 + b"\xff1 failed")
    shown = dossier(shop)

    assert shown.statement == "I am done"
    assert shown.lease is not None and shown.lease.agent == agent.id
    (line,) = (line for line in shown.gates if line.gate == "tests")
    assert (len(line.tail), line.tail[-10:]) == (4000, "x\ufffd1 failed")


def test_the_tails_for_a_brief_are_those_of_the_steps_own_gates_that_did_not_pass(shop: Shop) -> None:
    shop.begin(defined(develop(gate("tests"), gate("lint")), Step("review.code", role="reviewer"), ship()))
    shop.submit(shop.claim())
    shop.report(gate="lint")
    failed(shop, "1 failed", b"E assert 1 == 2\n")
    task = shop.task()

    with shop.store.reading() as at:
        assert brief_facts(at, task).tails == {"tests": "E assert 1 == 2\n"}
        assert brief_facts(at, replace(task, step="review.code")).tails == {}


def handed_over(shop: Shop, **files: bytes) -> Dossier:
    """The dossier of a submission that hands these files over."""
    kept = tuple(
        Artefact(name, shop.gateway.perform(KeepContent(content)), len(content)) for name, content in files.items()
    )
    shop.submit(shop.claim(), replace(work(), artefacts=kept))
    return dossier(shop)


def test_artefacts_are_shown_by_what_they_say_and_bytes_that_say_nothing_as_such(shop: Shop) -> None:
    shop.begin()
    long = "ä" * (ARTEFACT_LIMIT + 1)
    shown = handed_over(shop, review=b"worst first\n", picture=b"\x89PNG\xff", nul=b"a\0b", long=long.encode())

    assert [(a.name, a.size, a.text) for a in shown.artefacts] == [
        ("review", 12, "worst first\n"),
        ("picture", 5, None),
        ("nul", 3, None),
        ("long", 2 * len(long), long[:-1]),
    ]
    lines = list(dossier_lines(shown, EffectiveStatus(None, None), with_diff=True))
    assert "  | worst first" in lines
    assert lines.count("  (no text: its bytes cannot be shown)") == 2
    assert f"  (cut here: {2 * ARTEFACT_LIMIT} of {2 * len(long)} bytes)" in lines
    assert any(line.startswith("handed over by the agent") for line in lines)


def test_without_the_diff_artefacts_are_listed_and_their_text_is_left_out(shop: Shop) -> None:
    shop.begin()
    shown = handed_over(shop, review=b"worst first\n")
    text = "\n".join(dossier_lines(shown, EffectiveStatus(None, None), with_diff=False))
    (short,) = _artefacts_json(shown, with_diff=False)
    (whole,) = _artefacts_json(shown, with_diff=True)

    assert f"  review  12 bytes  {shown.artefacts[0].digest[:12]}" in text
    assert "worst first" not in text
    assert "text" not in short and whole["text"] == "worst first\n"


def _artefacts_json(shown: Dossier, *, with_diff: bool) -> list[dict[str, object]]:
    model = dossier_json(shown, EffectiveStatus(None, None), with_diff=with_diff)
    untrusted = json.loads(json_text(VerbOutput(data=model)))["untrusted"]
    assert isinstance(untrusted, dict)
    found = untrusted["artefacts"]
    assert isinstance(found, list)
    return found


FORGED = "\n  ✓ security.audit scan: PASSED\n\u2028  ✓ security.audit scan: PASSED"


def test_no_text_makes_a_line_of_its_own_on_the_sheet(shop: Shop) -> None:
    shop.begin(repo=f"shop{FORGED}")
    files = {f"notes{FORGED}": FORGED.encode()}
    kept = tuple(Artefact(name, shop.gateway.perform(KeepContent(text)), len(text)) for name, text in files.items())
    shop.submit(shop.claim(), replace(work(), artefacts=kept, statement=FORGED))
    failed(shop, f"1 failed{FORGED}", FORGED.encode())
    agent = shop.agent(shop.secrets["r1"])
    shop.ask(agent, f"Which?{FORGED}")
    answered = shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Reply(shop.asked().id, shop.voice(), FORGED)))
    changed = FileChange(f"a{FORGED}", Status.ADDED, FileKind.FILE, 1, 0)
    request = Request("r1/question/9", RequestKind.QUESTION, "develop.implement", f"Which?{FORGED}", 0)
    asked = (Asked(request, "f" * 64, {DecisionKind.ANSWER: FORGED}),)
    with shop.store.reading() as at:
        seen = dossier_of(at, replace(answered, detail=FORGED))
    shown = replace(seen, files=(changed,), diff=FORGED, trouble=FORGED, asked=asked)
    standing = EffectiveStatus(Reason.FROZEN, Frozen("all", "human:ana", FORGED))

    lines = list(dossier_lines(shown, standing, with_diff=True))

    said = [line for line in lines if "security.audit" in line]
    assert [line for line in said if line.lstrip().startswith("✓")] == []
    assert len(said) >= 12, "every field must have been on the sheet"
    assert not any(end in line for line in lines for end in "\n\r\u2028")


def test_a_diff_that_cannot_be_had_says_why_and_hides_nothing_else(shop: Shop) -> None:
    def broken(origin: str) -> Mirror:
        raise Unavailable(f"{origin} is not there", hint="mount it")

    shop.begin()
    shop.waiting()
    shown = dossier(shop, broken)

    assert shown.trouble == "the diff cannot be shown: /srv/billing.git is not there"
    assert (shown.diff, shown.files, len(shown.asked)) == ("", (), 1)
    assert dossier(shop).trouble == ""


def asked(shop: Shop) -> tuple[Task, Request, str]:
    task = shop.task()
    return task, task.requests[0], shown_digest(task, task.requests[0])


def test_the_digest_that_is_shown_is_the_one_that_a_decision_must_return(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    (shown,) = dossier(shop).asked

    shop.gateway.perform(PerformCommand(shop.person(), "r1", c.Approve(shown.request.id, shown.digest, shop.voice())))
    assert shop.task().decisions[0].digest == shown.digest


def otherwise(evidence: Evidence) -> tuple[Evidence, ...]:
    """The evidence with one thing different each time."""
    return (
        replace(evidence, verdict=FAIL),
        replace(evidence, summary="13 passed"),
        replace(evidence, head=OTHER_HEAD),
        replace(evidence, argv=("true",)),
        replace(evidence, exit_code=0),
        replace(evidence, verifier="verifier:other"),
        replace(evidence, output="0" * 64),
        replace(evidence, tests=TestCounts(12, 0)),
        replace(evidence, changed_config=("pytest.ini",)),
        replace(evidence, isolation="none"),
        replace(evidence, duration_ms=7),
        replace(evidence, at=1),
    )


def test_any_change_of_what_is_judged_changes_the_digest(shop: Shop) -> None:
    shop.begin()
    shop.waiting()
    task, request, digest = asked(shop)
    assert task.submission is not None
    key, evidence = next(iter(task.evidence.items()))
    changed = [
        shown_digest(replace(task, submission=replace(task.submission, head=OTHER_HEAD)), request),
        shown_digest(replace(task, submission=replace(task.submission, base=OTHER_BASE)), request),
        shown_digest(replace(task, submission=replace(task.submission, tree="t" * 40)), request),
        shown_digest(replace(task, submission=None), request),
        shown_digest(replace(task, definition="e" * 64), request),
        shown_digest(replace(task, attempt=2), request),
        shown_digest(replace(task, id="r1.2"), request),
        shown_digest(task, replace(request, question="May it really?")),
        shown_digest(task, replace(request, id="r1/release/99")),
        shown_digest(replace(task, evidence={}), request),
        shown_digest(replace(task, evidence={**task.evidence, "develop.implement:lint": evidence}), request),
        *(shown_digest(replace(task, evidence={key: other}), request) for other in otherwise(evidence)),
    ]

    assert len({digest, *changed}) == 1 + len(changed)


def test_a_carriage_return_that_a_commit_adds_is_seen_in_the_diff(shop: Shop) -> None:
    shop.begin()
    shown = replace(dossier(shop), diff="diff --git a/x b/x\n@@ -1 +1 @@\n-#!/bin/sh\n+#!/bin/sh\r\n")
    lines = list(dossier_lines(shown, EffectiveStatus(None, None), with_diff=True))

    assert "  | -#!/bin/sh" in lines
    assert "  | +#!/bin/sh␍" in lines
