"""Every verb, in a real scenario: what it prints with `--json` fits a model of its row, and each model is met."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from e2e.serving import is_served
from onloop.cli.json_models.agent_models import ClaimJson, GivenBackJson
from onloop.cli.json_models.attention_models import CausesJson
from onloop.cli.json_models.build_models import (
    EnrolJson,
    ForgeProofJson,
    HookDoctorJson,
    HookProofJson,
    NotIsolatedJson,
    SchemaJson,
)
from onloop.cli.json_models.clock_models import (
    CallLogJson,
    CallRulesJson,
    CallsChangedJson,
    CallsPlannedJson,
    FiredJson,
    ScheduleChangeJson,
    SchedulesJson,
    WatchedJson,
    WatchEndedJson,
)
from onloop.cli.json_models.dossier_models import AttachmentShownJson, FilePatchJson
from onloop.cli.json_models.envelope import ErrorJson
from onloop.cli.json_models.insight.bench_models import AddedToSuiteJson, BenchJson
from onloop.cli.json_models.machine_models import DrainJson, MachinesJson
from onloop.cli.json_models.people_models import (
    CauseListJson,
    CauseOutcomesJson,
    DelegatedJson,
    DelegationEndedJson,
    KeyChangedJson,
    KeysJson,
    LoginJson,
    LogoutJson,
    OpenedJson,
    PersonChangedJson,
    RoleTriedJson,
    TakenJson,
    ToSignJson,
)
from onloop.cli.json_models.place_models import EnteredJson, ImageBuiltJson, ImageRemovedJson
from onloop.cli.json_models.schemas import ExitJson, models_named
from onloop.cli.json_models.standard.standard_models import ConformanceJson
from onloop.cli.json_models.store_models import AttestationCheckedJson, AttestationJson, AttestationKeyJson
from onloop.cli.json_models.trigger_models import DeliveryShownJson
from onloop.cli.json_models.work_models import DemoJson, DemoLeftJson, LogsJson, TaskNowJson
from onloop.cli.verb_table import DASHBOARD_PRINTS, VERBS
from onloop.records import Record
from support.forge import APP, TestForge
from support.hooked import TRIGGERS, issue
from support.printed import DASHBOARD, model_of, named
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, World

WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    attempts: {max: 1}
    gates:
      - {id: hello, command: [sh, -c, "test -f hello.txt"]}
  - id: review.code
    role: reviewer
    not_by: [develop.write]
    gates: [{id: verdict, review: {quorum: 1}}]
    on_fail: develop.write
  - id: ship.approve
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: develop.write
  - id: ship.merge
    effect: merge
"""
SPAWNING = """\
workflow: spawning
description: The agent makes children.
steps:
  - id: develop.parts
    role: lead
    fan_out:
      spawn: true
      most: 3
      steps:
        - {id: develop.part, role: worker, gates: [{id: readme, file: {path: README.md}}]}
    gates: [{id: readme, file: {path: README.md}}]
"""
ELSEWHERE = {
    ("acp", ExitJson): "it speaks ACP, and ends as its agent does: tests/e2e/test_acp.py",
    ("mcp", ExitJson): "it speaks MCP: tests/e2e/test_mcp.py",
    ("conformance", ConformanceJson): "a gateway under trial: tests/interop",
    ("bench", BenchJson): "a finished task, and trials of it: tests/e2e/test_bench.py",
    ("bench", AddedToSuiteJson): "a finished task: tests/e2e/test_bench.py",
    ("demo", DemoJson): "it takes a minute, and tests/demo plays it",
    ("demo", DemoLeftJson): "only a terminal shows a dashboard",
    ("enter", EnteredJson): "a terminal, and an environment: tests/e2e/test_enter.py",
    ("environment", ImageBuiltJson): "Debian's packages: tests/e2e/test_virtual_machines.py",
    ("environment", ImageRemovedJson): "an image: tests/e2e/test_image_verbs.py",
    ("doctor", ForgeProofJson): "a forge must answer: tests/e2e/test_outside_gates.py",
    ("doctor", HookProofJson): "only a vendor's agent can show it: tests/e2e/test_vendors.py",
    ("hook", HookDoctorJson): "only a vendor's agent can show it: tests/e2e/test_vendors.py",
    ("join", ClaimJson): "it needs a clone of one's own: tests/e2e/test_agents_by_name.py",
    ("leave", GivenBackJson): "who joined leaves: tests/e2e/test_agents_by_name.py",
    ("trigger", DeliveryShownJson): "a webhook must come in: tests/e2e/test_triggers.py",
    ("workers", MachinesJson): "a worker has to run: tests/e2e/test_machines.py",
    ("workers", DrainJson): "a worker has to run: tests/e2e/test_machines.py",
    ("schedule", SchedulesJson): "files and a verifier: tests/e2e/test_schedules.py",
    ("schedule", ScheduleChangeJson): "files and a verifier: tests/e2e/test_schedules.py",
    ("schedule", FiredJson): "files and a verifier: tests/e2e/test_schedules.py",
    ("schedule", SchemaJson): "a schema: tests/schedules",
    ("calls", CallRulesJson): "files and a channel: tests/e2e/test_calls.py",
    ("calls", CallsChangedJson): "files and a channel: tests/e2e/test_calls.py",
    ("calls", CallsPlannedJson): "files and a channel: tests/e2e/test_calls.py",
    ("calls", CallLogJson): "files and a channel: tests/e2e/test_calls.py",
    ("calls", SchemaJson): "a schema: tests/calls",
    ("watch", WatchedJson): "a line for each change: tests/e2e/test_calls.py",
    ("watch", WatchEndedJson): "a line for each change: tests/e2e/test_calls.py",
    ("login", LoginJson): "a gateway must listen elsewhere: tests/http_client/test_far_people.py",
    ("logout", LogoutJson): "a gateway must listen elsewhere: tests/http_client/test_far_people.py",
    ("logs", LogsJson): "only a worker's agent has a log: tests/e2e/test_agents_by_name.py",
    ("show", AttachmentShownJson): "a gate must leave something: tests/e2e/test_contents.py",
    ("retry", RoleTriedJson): "a role is held after five ends alike: tests/e2e/test_bad_days.py",
    ("approve", CauseListJson): "rows of equal changes: tests/e2e/test_row_decisions.py",
    ("approve", CauseOutcomesJson): "rows of equal changes: tests/e2e/test_row_decisions.py",
    ("reject", CauseListJson): "rows of equal changes: tests/e2e/test_row_decisions.py",
    ("reject", CauseOutcomesJson): "rows of equal changes: tests/e2e/test_row_decisions.py",
    ("cause", CausesJson): "failures that share a cause: tests/e2e/test_attention.py",
    ("delegate", DelegatedJson): "it needs several people: tests/e2e/test_reassign.py",
    ("delegate", DelegationEndedJson): "it needs several people: tests/e2e/test_reassign.py",
    ("note", CauseOutcomesJson): "an agent must be at work: tests/e2e/test_note.py",
    ("note", TaskNowJson): "an agent must be at work: tests/e2e/test_note.py",
    ("open", OpenedJson): "it needs several people: tests/e2e/test_reassign.py",
    ("passphrase", EnrolJson): "it needs several people: tests/e2e/test_reassign.py",
    ("people", PersonChangedJson): "it needs several people: tests/e2e/test_reassign.py",
    ("reassign", TakenJson): "it needs several people: tests/e2e/test_reassign.py",
    ("take", TakenJson): "it needs several people: tests/e2e/test_reassign.py",
    ("show", FilePatchJson): "a change must be long: tests/e2e/test_row_decisions.py",
    ("approve", ToSignJson): "a security key signs: tests/e2e/test_authority_verbs.py",
    ("override", ToSignJson): "a security key signs: tests/e2e/test_authority_verbs.py",
    ("override", TaskNowJson): "a workflow must let somebody: tests/e2e/test_authority_verbs.py",
    ("people", KeysJson): "a security key signs: tests/e2e/test_authority_verbs.py",
    ("people", KeyChangedJson): "a security key signs: tests/e2e/test_authority_verbs.py",
    ("attest", AttestationJson): "it is verified: tests/e2e/test_authority_verbs.py",
    ("attest", AttestationKeyJson): "it is verified: tests/e2e/test_authority_verbs.py",
    ("attest", AttestationCheckedJson): "it is verified: tests/e2e/test_authority_verbs.py",
    ("init", NotIsolatedJson): "only another user than root meets it: tests/e2e/test_isolation.py",
}
"""What is not met here, and why."""


@dataclass(slots=True)
class Story:
    """A world in which every answer is looked at; `met` are the models, by the verb that printed them."""

    world: World
    met: set[tuple[str, type[Record]]] = field(default_factory=set)

    def said(self, *words: str, env: dict[str, str] | None = None, secret: bool = False) -> Any:
        """What a verb printed, which is no error."""
        given = PASSPHRASE if secret else None
        ran = self.world.onloop(*words[:1], "--json", *words[1:], env=env, passphrase=given, cwd=self.world.folder)
        assert ran.out, f"{words}: {ran.err}"
        self.note(named(words), ran.out)
        assert (named(words), ErrorJson) not in self.met, f"{words}: {ran.out}"
        return ran.json

    def note(self, verb: str, text: str) -> None:
        """Look at what a verb printed."""
        self.met.add((verb, model_of(verb, text)))

    def by(self, name: str, task: str, role: str = "implementer") -> dict[str, str]:
        """The environment of an agent who has taken a task."""
        env: dict[str, str] = self.said("claim", task, "--role", role, "--name", name)["env"]
        return env

    def decided(self, verb: str, *words: str) -> Any:
        """What a person's verb printed."""
        return self.said(verb, *words, "--as", "ana", secret=True)

    def digest(self, task: str) -> str:
        """What a task shows to whoever decides."""
        return str(self.world.task(task)["asked"][0]["digest"])


def process(world: World, *words: str, fds: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    """A verb as a process of its own, whose output can be read."""
    command = [sys.executable, "-m", "onloop.cli.entry", *words, "--json"]
    return subprocess.Popen(command, env=world.environment, stdout=subprocess.PIPE, text=True, pass_fds=fds)


def secret() -> int:
    """A file descriptor that holds the passphrase."""
    reader, writer = os.pipe()
    os.write(writer, PASSPHRASE.encode())
    os.close(writer)
    return reader


def without_a_store(story: Story) -> None:
    story.said("--version")
    story.said()
    file = story.world.folder / "small.yaml"
    file.write_text(WORKFLOW)
    story.said("validate", str(file))
    story.said("graph")
    for command in (
        "workflow list",
        "workflow schema",
        "workflow print feature",
        "help",
        "help protocol",
        "help show",
        "conformance --list",
        "schema",
        "schema error",
        "completion bash",
        "policy facts",
        "policy schema",
        "policy print",
        "policy print size-of-change",
        "simulate --print-conduct",
        "simulate --repos 2 --agents 2",
        "environment list",
    ):
        story.said(*command.split())
    for what in ("show", "install", "uninstall"):
        story.said("hook", what, "claude")
        story.said("instruct", what, "codex", "--dir", str(story.world.folder))


def agents(story: Story, run: str) -> None:
    first, second = f"{run}.1", f"{run}.2"
    alfa, bravo = story.by("alfa", first), story.by("bravo", second)
    story.said("next", env=alfa)
    story.said("tell", "mind the gap", "--to", second, env=alfa)
    story.said("inbox", env=bravo)
    story.said("heartbeat", "--context", "0.5", "--sub-agent", "a1", "--kind", "explorer", "--doing", "reads", env=alfa)
    notes = story.world.folder / "notes.md"
    notes.write_text("the parser is done")
    story.said("checkpoint", "--file", str(notes), env=alfa)
    clone = story.world.store.parent / "environments" / first
    (clone / "hello.txt").write_text("hello")
    story.world.git(clone, "add", "--all")
    story.world.git(clone, "commit", "-qm", "Say hello")
    (clone / "README.md").write_text("not committed")
    assert story.said("submit", "--statement", "done", env=alfa)["uncommitted"] == ["README.md"]
    story.said("check", env=alfa)
    story.said("review", "pass", "--reason", "it says hello", env=story.by("charlie", first, "reviewer"))
    story.said("handoff", "--why", "my context is full", "--open", "tabs?", env=bravo)
    story.said("ask", "tabs?", env=story.by("delta", second))


def the_short_path(story: Story, env: dict[str, str]) -> None:
    """`check` and `next` answer from a row that the last change left."""
    program = "import sys; from onloop.cli.glance import glance; sys.exit(glance(sys.argv[1], as_json=True) is None)"
    for verb in ("check", "next"):
        ran = subprocess.run(
            [sys.executable, "-c", program, verb],
            env={**story.world.environment, **env},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        story.note(verb, ran.stdout)


def people(story: Story, run: str) -> None:
    first, second, third = (f"{run}.{number}" for number in (1, 2, 3))
    dossier = story.said("show", first, "--diff")
    assert (dossier["judgements"][0]["pass"], dossier["gates"][0]["network"]) == (True, False), dossier
    story.decided("reject", first, "--reason", "no", "--digest", story.digest(first))
    assert story.decided("undo", first)["state"] == "input_required"
    assert story.decided("reject", first, "--reason", "no", "--digest", story.digest(first))["head"]["seq"]
    story.said("why", first)
    story.decided("answer", second, "no tabs")
    story.said("release", env=story.by("echo", second))
    story.decided("reassign", second, "--to", "agent:foxtrot", "--reason", "knows it")
    for verb, words in (("pause", ("--reason", "x")), ("resume", ())):
        story.decided(verb, run, *words)
    assert story.decided("freeze", "all", "--reason", "look")["covered"]
    story.said("attention")
    story.decided("unfreeze", "all")
    story.decided("gc", "--older", "1d")
    story.decided("repository", "tolerate", str(story.world.folder / "origins" / "control.git"), "badDate")
    story.said("fail", "no compiler", env=story.by("golf", third))
    causes(story, run)


def causes(story: Story, run: str) -> None:
    """What people do about causes that several tasks share."""
    for number in (4, 5):
        story.said("fail", "no compiler", env=story.by("hotel", f"{run}.{number}"))
    (group,) = (found for found in story.said("attention")["groups"] if len(found["members"]) == 3)
    for verb in ("ack", "wake", "snooze"):
        story.decided(verb, group["cause"])
    muted = story.decided("mute", "--repo", "four", "--for", "2h", "--reason", "known")
    assert {hidden["how"] for hidden in story.said("attention", "--all")["hidden"]} >= {"snoozed", "muted"}
    story.decided("unmute", muted["rule"])
    story.decided("retry", "--cause", group["cause"], "--first", "1")
    story.decided("exclude", "--cause", group["cause"], "--first", "1", "--reason", "x")
    story.decided("retry", f"{run}.5")
    story.decided("exclude", f"{run}.5", "--reason", "x")
    approved(story, f"{run}.1")


def approved(story: Story, task: str) -> None:
    """The work that was sent back is done again, and let through."""
    env = story.by("india", task)
    clone = story.world.store.parent / "environments" / task
    (clone / "hello.txt").write_text("hello again")
    story.world.git(clone, "commit", "-qam", "Say hello again")
    story.said("submit", env=env)
    story.said("review", "pass", "--reason", "better", env=story.by("juliett", task, "reviewer"))
    story.decided("approve", task, "--digest", story.digest(task))


def looks(story: Story, run: str) -> None:
    for words in (
        ("list",),
        ("tree", "--run", run),
        ("log", "--run", run),
        ("doctor",),
        ("environment", "list"),
        ("doctor", "--repo", "/x"),
        ("store", "verify"),
    ):
        story.said(*words)


def before_work(story: Story, run: str) -> None:
    """What is looked at before work begins, and what people put right in a live run."""
    world = story.world
    seven = world.origin("seven", {"Makefile": "test:\n\t@true\n"})
    world.git(seven, "branch", "release")
    more = world.folder / "more.txt"
    more.write_text(f"{seven}\n")
    story.said("start", "cve-remediation", "--repo", str(seven), "--dry-run")
    story.said("fleet", "cve-remediation", "--targets", str(more), "--dry-run")
    (task,) = story.said("fleet", "add", run, "--targets", str(more))["tasks"]
    story.said("fleet", "show", run)
    story.decided("retarget", task, "--branch", "release")
    world.git(seven, "branch", "agents/fix")
    story.said("adopt", task, "--branch", "agents/fix", "--wait", "0s")
    with TestForge(world.folder / "forge") as forge:
        forge.repository(APP)
        forge.issue(APP, "zoe", "Totals are wrong", labels=("onloop",))
        forge.declare(world.store)
        story.said("tickets", "list", "--repo", forge.origin(APP), "--label", "onloop")
    mended = world.origin("mended", {"small.yaml": f"{WORKFLOW}# mended\n"})
    story.decided("amend", task, "--workflow", "small.yaml", "--control", str(mended), "--reason", "a typo")
    world.git(world.folder, "clone", "--quiet", str(seven), "checkout")
    story.said("init", "--repo", "checkout")


def policies(story: Story, task: str) -> None:
    """What an organization demands of every workflow: from a copy of a policy to what it says of a task."""
    file = story.world.folder / "size.yaml"
    file.write_text(story.said("policy", "print", "size-of-change")["source"])
    story.said("policy", "test", str(file))
    story.decided("policy", "adopt", str(file), "--reason", "agreed")
    story.said("policy", "list")
    triggers = story.world.folder / "triggers.yaml"
    triggers.write_text(TRIGGERS.replace(".onloop/small.yaml", "feature").replace("ORIGIN", "/srv/shop.git"))
    (story.world.folder / "issue.json").write_bytes(issue("labeled"))
    story.said("trigger", "test", str(triggers), "--payload", "issue.json", "--event", "issues")
    story.decided("trigger", "adopt", str(triggers), "--reason", "agreed")
    for what in ("list", "log", "hooks", "schema"):
        story.said("trigger", what)
    story.said("policy", "check", task)
    story.decided("policy", "drop", "size-of-change", "--reason", "enough")


def the_store(story: Story, run: str) -> None:
    folder = story.world.folder
    story.decided("cancel", run, "--reason", "enough")
    story.said("store", "export", str(folder / "all.jsonl"))
    story.said("store", "import", str(folder / "all.jsonl"), "--store", str(folder / "other" / "store"))
    story.said("store", "copy", str(folder / "copy" / "store"))
    story.said("store", "migrate")
    archive = str(folder / "old.jsonl")
    for day in ("2000-01-01", "2999-01-01"):
        story.decided("store", "archive", archive, "--before", day)
    story.said("store", "archive", archive, "--read")


def files_of_others(story: Story) -> None:
    """Workflows out and in, and what an audit says of repositories."""
    dot = story.world.folder / "feature.dot"
    dot.write_text(story.said("workflow", "export", "attractor", "feature")["text"])
    story.said("workflow", "import", str(dot))
    origin = story.world.origin("audited", {"README.md": "# audited\n"})
    story.said("audit", str(origin))
    story.said("audit", "--fleet", str(origin.parent))
    story.said("audit", "permissions")


def learnt(story: Story) -> None:
    """What comes again, a lesson against it, and a change of files."""
    failure = story.said("harness")["failures"][0]["id"]
    lesson = story.decided("harness", "propose", failure, "--lesson", "run it first")["lesson"]
    story.said("harness", "lessons")
    story.decided("harness", "adopt", lesson, "--reason", "agreed")
    story.said("harness", "propose", failure, "--kind", "test", "--repo", str(story.world.origin("learning")))


def another_store(story: Story) -> None:
    """A store that the command line makes, in which nothing is to be done."""
    other = World(story.world.folder / "second")
    other.folder.mkdir()
    story.note("init", other.onloop("init", "--name", "ana", "--json", passphrase=PASSPHRASE).out)
    mine, theirs = secret(), secret()
    options = ("--as", "ana", "--passphrase-fd", str(mine), "--new-passphrase-fd", str(theirs))
    story.note("enrol", process(other, "enrol", "bob", *options, fds=(mine, theirs)).communicate(timeout=DEADLINE_S)[0])
    story.note("verifier", other.onloop("verifier", "--idle-exit", "1ms", "--json").out)
    served = process(other, "serve")
    wait_for(lambda: is_served(other), lambda: "serve does not come up")
    served.send_signal(signal.SIGTERM)
    story.note("serve", served.communicate(timeout=DEADLINE_S)[0])


def test_what_every_verb_prints_fits_its_models_and_every_model_is_met(world: World) -> None:
    story = Story(world)
    without_a_store(story)
    files_of_others(story)
    another_store(story)
    world.init()
    run = world.fleet(*map(world.origin, ("one", "two", "three", "four", "five")), workflow=WORKFLOW)
    words = ("--control", str(world.folder / "origins/control.git"), "--targets", str(world.folder / "targets.txt"))
    story.said("fleet", "small.yaml", *words)
    agents(story, run)
    people(story, run)
    looks(story, run)
    before_work(story, run)
    policies(story, f"{run}.1")
    story.said("people")
    story.decided("token", "mint", "farm", "--role", "implementer", "--repo", "*")
    story.said("token", "list")
    story.decided("token", "revoke", "farm", "--reason", "sold")
    story.said("decisions")
    story.said("report", run)
    story.said("loop")
    learnt(story)
    story.said("report", run, "--out", "report.csv")
    begun = story.said("start", "spawning.yaml", "--repo", str(world.origin("six", {"spawning.yaml": SPAWNING})))
    lead = story.by("lead", begun["task"], "lead")
    the_short_path(story, lead)
    story.said("spawn", "--title", "the parser", env=lead)
    story.said("work", "--role", "nobody", "--once", "--", "true")
    the_store(story, run)

    rows = {row.name: row.prints for row in VERBS} | {DASHBOARD: DASHBOARD_PRINTS}
    wanted = {(verb, model) for verb, prints in rows.items() for model in models_named(prints)}
    assert wanted - story.met == set(ELSEWHERE)
    assert story.met <= wanted
