"""What is asked of a commit: that a command passes on it, that a file is in it, that an artefact came with it."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.desk import NOW, OPEN, Desk, command, says
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.command_process import Limits
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.evaluation import LARGEST_FILE
from onloop.gates.repository.mirror import Mirror
from onloop.gates.strongest_box import strongest_box
from onloop.machine.definition import ArtefactGate, EnvironmentSpec, FileGate
from onloop.machine.task import Artefact, Verdict
from onloop.records import replace

if TYPE_CHECKING:
    from gates.conftest import Origin


@pytest.fixture
def desk(origin: Origin, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("ONLOOP_TOKEN", "onl_agt_of-somebody")
    return Desk(origin, mirror)


def test_a_command_that_exits_0_passes_and_all_of_it_is_on_record(desk: Desk) -> None:
    subject = desk.submit({"a": "1"})
    evidence = desk.ask(command("sh", "-c", "echo fine"), subject)
    assert evidence.verdict is Verdict.PASS
    assert evidence.summary.startswith("passed in 0.")
    assert (evidence.gate, evidence.argv, evidence.exit_code) == ("check", ("sh", "-c", "echo fine"), 0)
    assert (evidence.head, evidence.tree, evidence.base) == (subject.head, subject.tree, subject.base)
    assert (evidence.definition, evidence.verifier, evidence.at) == ("d" * 64, "verifier:v1", NOW)
    assert (evidence.isolation, evidence.box) == (strongest_box().kind, strongest_box().name)
    assert (evidence.output_bytes, desk.output(evidence)) == (5, "fine\n")
    assert evidence.network is (evidence.isolation == "none")
    sh = Path("/usr/bin/sh")
    assert (evidence.program, evidence.program_digest) == (str(sh), sha256(sh.read_bytes()).hexdigest())
    assert evidence.duration_ms > 0


def test_a_machine_without_any_box_runs_gates_and_says_that_nothing_isolated_them(desk: Desk) -> None:
    desk.box = Box(BoxKind.NONE)
    desk.environment = EnvironmentSpec(setup=(("sh", "-c", "echo one > made"),))
    evidence = desk.ask(command("sh", "-c", "cat made; ls $HOME"), desk.submit({"a": "1"}))
    assert (evidence.verdict, desk.output(evidence)) == (Verdict.PASS, "one\n")
    assert (evidence.isolation, evidence.box, evidence.network) == ("none", "none", True)


def test_a_command_runs_on_the_files_of_the_head_and_not_of_the_base(desk: Desk) -> None:
    desk.base({"VERSION": "1\n"})
    subject = desk.submit({"VERSION": "2\n"})
    assert desk.output(desk.ask(command("cat", "VERSION"), subject)) == "2\n"


def test_a_command_sees_an_environment_made_for_it_and_nothing_of_the_verifiers(desk: Desk) -> None:
    script = (
        "import os, pathlib, sys\n"
        "print(sorted(set(os.environ) - {'LC_CTYPE'}))\n"
        "ways = pathlib.Path(sys.prefix).parts\n"  # a toolchain below /tmp is shown there
        "found = ([n for n in os.listdir(os.environ[name]) if n not in ways] for name in ('HOME', 'TMPDIR'))\n"
        "print(os.environ['PYTHONDONTWRITEBYTECODE'], *found)\n"
        "print(pathlib.Path(os.environ['HOME']).resolve() in pathlib.Path.cwd().parents, os.path.exists('.git'))\n"
    )
    evidence = desk.ask(command("{python}", "-c", script), desk.submit({"a": "1"}))
    ours = ["ONLOOP_PORT_BASE", "ONLOOP_PORT_COUNT", "ONLOOP_SLOT"]
    python = ["PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE"]
    git = ["GIT_ATTR_NOSYSTEM", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_NOSYSTEM"]
    names = [*git, "HOME", "LANG", *ours, "PATH", *python, "TMPDIR"]
    assert desk.output(evidence) == f"{names}\n1 [] []\nFalse False\n"


def test_relative_folders_of_the_path_are_not_handed_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([".", "bin", "", os.environ["PATH"]]))
    subject = desk.submit({"bin/tool": "#!/bin/sh\nexit 0\n", "tool": "#!/bin/sh\nexit 0\n"})
    evidence = desk.ask(command("onloop-test-tool"), subject)
    assert evidence.verdict is Verdict.ERROR
    paths = desk.output(desk.ask(command("sh", "-c", "echo $PATH"), subject)).strip().split(os.pathsep)
    assert all(Path(path).is_absolute() for path in paths)


def test_placeholders_are_filled_whole_and_within_items_and_only_once(desk: Desk) -> None:
    evidence = desk.ask(
        command("{python}", "-c", "import sys; print(sys.argv[1:])", "--x={report}", "{report}", "{other}"),
        desk.submit({"a": "1"}),
    )
    first, second, third = desk.output(evidence).strip("[]\n").replace("'", "").split(", ")
    assert first == f"--x={second}"
    assert third == "{other}"
    assert Path(second).is_absolute()
    assert not Path(second).parent.exists()
    assert evidence.argv[-2:] == ("{report}", "{other}")


def test_a_failing_command_says_why_in_one_line(desk: Desk) -> None:
    subject = desk.submit({"a.py": "import kvlite\n"})
    evidence = desk.ask(command("{python}", "a.py"), subject)
    assert says(evidence) == (Verdict.FAIL, "ModuleNotFoundError: No module named 'kvlite'")
    assert evidence.exit_code == 1
    assert desk.output(evidence).startswith("Traceback")


def test_a_failing_command_without_output_says_its_exit_code(desk: Desk) -> None:
    evidence = desk.ask(command("sh", "-c", "exit 7"), desk.submit({"a": "1"}))
    assert says(evidence) == (Verdict.FAIL, "exit code 7, and no output")
    assert evidence.output is None


def test_a_command_that_takes_too_long_timed_out(desk: Desk) -> None:
    evidence = desk.ask(command("sh", "-c", "echo on it; sleep 60", timeout_ms=3_000), desk.submit({"a": "1"}))
    assert evidence.verdict is Verdict.TIMED_OUT
    assert evidence.summary.startswith("timed out after 3.")
    assert (evidence.exit_code, desk.output(evidence)) == (None, "on it\n")


def test_a_command_that_is_not_there_is_an_error_that_names_it(desk: Desk) -> None:
    evidence = desk.ask(command("no-such-linter", "."), desk.submit({"a": "1"}))
    assert says(evidence) == (Verdict.ERROR, "cannot start 'no-such-linter': No such file or directory")


def test_a_command_that_floods_fails(desk: Desk) -> None:
    desk.limits = Limits(flood_bytes=100_000)
    evidence = desk.ask(command("yes"), desk.submit({"a": "1"}))
    assert evidence.verdict is Verdict.FAIL
    assert evidence.summary == f"ended because it printed more than allowed: {evidence.output_bytes} bytes"


def test_a_command_that_kills_its_watcher_is_an_error_and_no_pass(desk: Desk) -> None:
    evidence = desk.ask(command("sh", "-c", "kill -9 $PPID; exit 0", box=OPEN), desk.submit({"a": "1"}))
    assert evidence.verdict is Verdict.ERROR
    assert evidence.exit_code is None


def test_a_gate_that_is_told_to_stop_gives_no_evidence(desk: Desk) -> None:
    desk.stop = lambda: True
    with pytest.raises(GateStopped, match="sleep' was ended before it could answer"):
        desk.ask(command("sleep", "60"), desk.submit({"a": "1"}))


def test_a_commit_that_the_mirror_does_not_have_is_an_error(desk: Desk) -> None:
    subject = replace(desk.submit({"a": "1"}), head="0" * 40)
    for gate in (command("true"), FileGate("f", "a")):
        verdict, summary = says(desk.ask(gate, subject))
        assert verdict is Verdict.ERROR
        assert summary.startswith(f"commit {'0' * 40} is not in the mirror")


def test_a_commit_with_another_tree_than_was_submitted_is_an_error(desk: Desk) -> None:
    subject = replace(desk.submit({"a": "1"}), tree="1" * 40)
    assert desk.ask(command("true"), subject).verdict is Verdict.ERROR


def test_a_full_disk_is_an_error_and_no_verdict_on_the_work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = desk.submit({"a": "1"})
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    evidence = desk.ask(command("true"), subject)
    assert evidence.verdict is Verdict.ERROR
    assert evidence.summary.startswith("the gate cannot run here: ")


def test_links_that_led_out_of_the_checkout_are_told_of(desk: Desk) -> None:
    (desk.origin.clone / "out").symlink_to("/etc/passwd")
    evidence = desk.ask(command("sh", "-c", "cat out; exit 0"), desk.submit({"a": "1"}))
    assert desk.output(evidence).startswith("[onloop: removed links that lead out of the checkout: out]\ncat: ")


def test_secrets_are_out_of_output_and_summary_before_they_are_stored(desk: Desk) -> None:
    desk.secrets = ("correct-horse",)
    script = "print('deploying with correct-horse'); raise ValueError('correct-horse ghp_" + "a1B2" * 9 + "')"
    subject = desk.submit({"a.py": script, "note": "correct-horse"})
    evidence = desk.ask(command("{python}", "a.py"), subject)
    assert evidence.summary == "ValueError: [redacted] [redacted]"
    assert "deploying with [redacted]" in desk.output(evidence)
    quoting = desk.ask(FileGate("f", "note", contains="x"), subject)
    assert quoting.summary == "note does not contain 'x'; it says '[redacted]'"
    assert b"correct-horse" not in b"".join(desk.stored.values())


def test_a_summary_is_one_short_line_that_is_safe_to_show(desk: Desk) -> None:
    script = "raise ValueError('\\x1b]52;c;eA==\\x07 \\u202e' + 'x' * 1000)"
    summary = desk.ask(command("{python}", "-c", script), desk.submit({"a": "1"})).summary
    assert summary.isprintable()
    assert summary.startswith("ValueError: ")
    assert len(summary) <= 300


def test_long_output_is_cut_in_the_middle_and_its_length_kept(desk: Desk) -> None:
    desk.limits = Limits(kept_bytes=1000)
    evidence = desk.ask(command("sh", "-c", "seq 100000"), desk.submit({"a": "1"}))
    assert evidence.output_bytes == 588_895
    assert len(desk.output(evidence)) < 1100
    assert "bytes left out here]" in desk.output(evidence)


def test_a_checkout_is_made_ready_before_the_command_and_is_the_same_for_each(desk: Desk) -> None:
    desk.environment = EnvironmentSpec(
        setup=(("sh", "-c", "echo one >> made; touch $HOME/h"), ("sh", "-c", "cat made"))
    )
    subject = desk.submit({"a": "1"})
    for _ in range(2):
        evidence = desk.ask(command("sh", "-c", "cat made; ls $HOME"), subject)
        assert desk.output(evidence) == "one\nh\n"


def test_a_setup_that_fails_is_named_and_the_command_is_not_run(desk: Desk) -> None:
    desk.environment = EnvironmentSpec(setup=(("sh", "-c", "echo error: the lock file is old; exit 2"),))
    evidence = desk.ask(command("echo", "ran"), desk.submit({"a": "1"}))
    words = "setup `sh -c 'echo error: the lock file is old; exit 2'`: error: the lock file is old"
    assert says(evidence) == (Verdict.ERROR, words), "whoever submitted cannot put that right"
    assert evidence.exit_code == 2
    assert "ran" not in desk.output(evidence)


def test_a_secret_in_a_setup_is_in_neither_the_summary_nor_the_arguments_on_record(desk: Desk) -> None:
    desk.secrets = ("correct-horse",)
    desk.environment = EnvironmentSpec(setup=(("sh", "-c", "exit 1 # correct-horse \x1b[2J" + "x" * 1000),))
    evidence = desk.ask(command("true"), desk.submit({"a": "1"}))
    assert "correct-horse" not in " ".join((evidence.summary, *evidence.argv))
    assert evidence.summary.startswith("setup `sh -c 'exit 1 # [redacted] ␛[2Jx")
    assert len(evidence.summary) == 300


def test_a_setup_that_is_not_there_is_an_error(desk: Desk) -> None:
    desk.environment = EnvironmentSpec(setup=(("no-such-installer",),))
    evidence = desk.ask(command("true", timeout_ms=30_000), desk.submit({"a": "1"}))
    assert evidence.verdict is Verdict.ERROR
    assert evidence.summary.startswith("setup `no-such-installer`: cannot start 'no-such-installer'")


@pytest.mark.parametrize(
    ("gate", "verdict", "summary"),
    [
        (FileGate("f", "v/VERSION"), Verdict.PASS, "v/VERSION is there, 7 bytes"),
        (FileGate("f", "v/VERSION", contains="1.4"), Verdict.PASS, "v/VERSION contains '1.4'"),
        (FileGate("f", "v/VERSION", contains="2."), Verdict.FAIL, "v/VERSION does not contain '2.'; it says '1.4.2'"),
        (FileGate("f", "v/VERSION", min_bytes=8), Verdict.FAIL, "v/VERSION has 7 bytes; the gate needs at least 8"),
        (FileGate("f", "one"), Verdict.PASS, "one is there, 1 byte"),
        (FileGate("f", "empty"), Verdict.FAIL, "empty has 0 bytes; the gate needs at least 1"),
        (FileGate("f", "empty", contains="x", min_bytes=0), Verdict.FAIL, "empty does not contain 'x'; it says ''"),
        (FileGate("f", "odd", contains="x"), Verdict.FAIL, "odd does not contain 'x'; it says '␛[2J\\xff'"),
        (FileGate("f", "v"), Verdict.FAIL, "v is not a file in HEAD"),
        (FileGate("f", "link"), Verdict.FAIL, "link is not a file in HEAD"),
        (FileGate("f", "../a"), Verdict.FAIL, "../a is not a file in HEAD"),
    ],
)
def test_a_file_gate_looks_into_the_commit(desk: Desk, gate: FileGate, verdict: Verdict, summary: str) -> None:
    (desk.origin.clone / "link").symlink_to("v/VERSION")
    subject = desk.submit({"v/VERSION": "\n1.4.2\n", "one": "1", "empty": "", "odd": b"\x1b[2J\xff"})
    assert says(desk.ask(gate, subject)) == (verdict, summary.replace("HEAD", subject.head[:12]))


def test_a_file_too_large_to_look_into_fails(desk: Desk) -> None:
    size = LARGEST_FILE + 1
    evidence = desk.ask(FileGate("f", "big"), desk.submit({"big": "x" * size}))
    assert says(evidence) == (Verdict.FAIL, f"'big' has {size} bytes")


def test_an_artefact_gate_looks_at_what_was_handed_over(desk: Desk) -> None:
    content = b"# Criteria\n"
    found = Artefact("criteria.md", desk.keep(content), len(content))
    subject = replace(desk.submit({"a": "1"}), artefacts=(found,))
    assert says(desk.ask(ArtefactGate("c", "criteria.md"), subject)) == (Verdict.PASS, "criteria.md is there, 11 bytes")
    assert says(desk.ask(ArtefactGate("c", "criteria.md", min_bytes=80), subject)) == (
        Verdict.FAIL,
        "criteria.md has 11 bytes; the gate needs at least 80",
    )
    assert says(desk.ask(ArtefactGate("c", "plan.md"), subject)) == (
        Verdict.FAIL,
        "plan.md was not handed over; write it to $ONLOOP_OUT/plan.md",
    )


def test_an_artefact_that_the_store_has_lost_or_changed_is_an_error(desk: Desk) -> None:
    found = Artefact("criteria.md", desk.keep(b"long enough"), 11)
    subject = replace(desk.submit({"a": "1"}), artefacts=(found,))
    desk.stored[found.digest] = b"tampered with"
    assert desk.ask(ArtefactGate("c", "criteria.md"), subject).verdict is Verdict.ERROR
    del desk.stored[found.digest]
    assert desk.ask(ArtefactGate("c", "criteria.md"), subject).verdict is Verdict.ERROR
