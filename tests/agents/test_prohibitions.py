"""What a step forbids: which calls of vendors' tools are refused, which are not, and what the gateway is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.agents.hooks.denials.prohibitions import PROHIBITIONS, Forbidden, StepFacts
from onloop.agents.hooks.denials.shell_reading import MOST_EFFORT, ReadingEffort, TooMuchToRead, commands_in
from onloop.agents.hooks.denials.step_facts import gate_programs
from onloop.agents.hooks.denials.tool_deeds import deeds_of
from onloop.agents.hooks.denials.tool_ruling import UNREADABLE, tool_reply, tool_ruling
from onloop.agents.hooks.payload import payload_of
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.errors import Unavailable
from onloop.workflow.loader import load
from support.effort import at_most

PUSHES = r"""
git push
git  push origin HEAD
cd sub && git -C ../x -c a=b push --force
/usr/bin/git push
FOO=1 sudo -u x git push
if true; then git push; fi
(git push)
echo $(git push)
echo "it is `git push`"
bash -lc 'git add -A && git push'
sh -c "eval 'git push'"
g""it pu\sh
xargs -n 1 git push
find . -exec git push {} +
timeout 5 git push
git subtree push --prefix a b c
git \\n push
cat > notes <<'EOF'\nit's fine\nEOF\ngit push
true || git push &
gh pr create --fill
gh pr merge 5 --squash
gh --repo a/b pr merge 5
glab mr create
hub pull-request
onloop hook uninstall claude
"""
FINE = r"""
git status
git commit -m "then git push"
git commit -m 'git push; gh pr merge'
echo git push
grep -rn "git push" .
git stash push
git log --grep=push
# git push
cat <<'EOF'\ngit push\nEOF
gh pr view 5
gh pr checkout 5
python -m pytest -q > out.txt 2>&1
cat .claude/settings.json
cp .onloop/a.yaml /tmp/x
ls .git/hooks
git diff -- .onloop
onloop submit
onloop hook show claude
sed -n 1p .onloop/a.yaml
"""
CHANGES = r"""
echo {} > .claude/settings.json
echo {} >> .claude/settings.local.json
cd .claude && echo {} > settings.json
tee .codex/hooks.json < x
cat > .onloop/workflow.yaml <<'EOF'\nsteps: []\nEOF
rm -rf .onloop
mv .claude /tmp/x
sed -i s/a/b/ .onloop/deep/er/a.yaml
cp x .git/hooks/pre-commit
echo x > ./src/../.onloop/a
rm .claude/*
git checkout HEAD~1 -- .onloop/workflow.yaml
touch .CLAUDE/SETTINGS.json
perl -pi -e s/a/b/ opencode.json
dd if=x of=.git/config
"""


def lines(text: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in text.strip().splitlines()]


def why(command: str, facts: StepFacts = StepFacts(), folder: str = "/r") -> str:  # noqa: B008 - frozen
    return tool_ruling(deeds_of("Bash", {"command": command}, folder, "/r"), lambda: facts).why


@pytest.mark.parametrize("command", lines(PUSHES))
def test_what_pushes_or_merges_is_refused_however_a_shell_is_told(command: str) -> None:
    assert why(command).startswith("onloop: your step forbids"), list(commands_in(command))


@pytest.mark.parametrize("command", lines(FINE))
def test_what_only_names_it_or_reads_is_not(command: str) -> None:
    assert why(command) == ""


@pytest.mark.parametrize("command", lines(CHANGES))
def test_what_changes_the_files_that_hold_an_agent_is_refused(command: str) -> None:
    assert why(command).startswith("onloop: your step forbids changing")


CALLS: list[tuple[str, Mapping[str, object], bool]] = [
    ("Edit", {"file_path": "/r/.onloop/a.yaml"}, True),
    ("Write", {"file_path": ".claude/settings.json", "content": "{}"}, True),
    ("Write", {"file_path": "/home/me/.claude/settings.json"}, True),
    ("NotebookEdit", {"notebook_path": "/r/.onloop/a.ipynb"}, True),
    ("write_file", {"file_path": ".gemini/settings.json"}, True),
    ("write", {"filePath": "/r/.opencode/plugins/x.js"}, True),
    ("apply_patch", {"command": "*** Begin Patch\n*** Update File: .onloop/a.yaml\n@@\n"}, True),
    ("apply_patch", {"patchText": "*** Begin Patch\n*** Update File: a\n*** Move to: .git/hooks/x\n"}, True),
    ("exec_command", {"cmd": "git push"}, True),
    ("shell", {"command": ["bash", "-lc", "git push"]}, True),
    ("run_shell_command", {"command": "git push"}, True),
    ("Write", {"file_path": "/r/docs/push.md", "content": "git push > .onloop/a"}, False),
    ("Edit", {"file_path": "/r/src/.onloop"}, False),
    ("Read", {"file_path": "/r/.onloop/a.yaml"}, False),
    ("apply_patch", {"command": "*** Begin Patch\n*** Add File: notes.md\n+git push\n"}, False),
    ("Bash", {"command": 5}, False),
    ("Edit", {"file_path": ["x"]}, False),
]


@pytest.mark.parametrize(("tool", "given", "refused"), CALLS)
def test_each_vendors_tools_are_understood(tool: str, given: Mapping[str, object], *, refused: bool) -> None:
    deeds = deeds_of(tool, given, "/r", "/r")

    assert bool(tool_ruling(deeds, StepFacts).why) is refused


def test_a_link_into_what_is_forbidden_is_followed(tmp_path: Path) -> None:
    (tmp_path / ".onloop").mkdir()
    (tmp_path / "innocent").symlink_to(tmp_path / ".onloop")

    assert tool_ruling(deeds_of("Edit", {"file_path": "innocent/a.yaml"}, str(tmp_path), str(tmp_path)), StepFacts).why


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        ("git push", True),
        ("git push origin HEAD:agents/one", True),
        ("git push -u origin agents/one", True),
        ("git push origin main", False),
        ("git push origin HEAD:refs/heads/agents/one main", False),
        ("git push --all", False),
        ("git push origin --delete agents/one", False),
    ],
)
def test_who_hands_in_by_a_branch_may_push_to_that_one(command: str, *, allowed: bool) -> None:
    assert (why(command, StepFacts(branch="agents/one")) == "") is allowed


def test_the_program_of_a_gate_is_forbidden_and_what_it_runs_of_the_work_is_not() -> None:
    facts = StepFacts(programs=("scripts/check.sh",))

    assert "changing the program of a gate" in why("echo > scripts/check.sh", facts)
    assert "changing the program of a gate" in why("sed -i s/1/0/ check.sh", facts, "/r/scripts")
    assert why("echo > scripts/other_check.sh", facts) == why("echo > src/app.py", facts) == ""


def test_of_a_workflow_its_gates_programs_are_those_that_by_their_name_judge() -> None:
    gates = ", ".join(
        f"{{id: g{n}, command: {json.dumps(argv)}}}"
        for n, argv in enumerate(
            (["./scripts/check.sh"], ["bash", "ci/lint"], ["python", "app.py"], ["grep", "-q", "x", "a"], ["/bin/true"])
        )
    )
    text = (
        f"workflow: w\ndescription: d\nsteps:\n  - id: develop.write\n    role: r\n    brief: b\n    gates: [{gates}]\n"
    )

    assert list(gate_programs(load(text.encode(), "w.yaml"))) == ["scripts/check.sh", "ci/lint"]


def test_a_gateway_that_does_not_answer_leaves_pushing_forbidden_and_work_possible() -> None:
    def gone() -> StepFacts:
        raise Unavailable("the gateway is gone", hint="wait")

    def told(command: str) -> str:
        return tool_ruling(deeds_of("Bash", {"command": command}, "/r", "/r"), gone).why

    assert "the gateway is gone" in told("git push")
    assert told("echo > tests/test_a.py") == ""
    assert "your step forbids" in told("echo > .onloop/a")


def test_the_gateway_is_asked_only_where_its_answer_can_matter() -> None:
    asked: list[str] = []

    def ruled(command: str) -> bool:
        def facts() -> StepFacts:
            asked.append(command)
            raise Unavailable("the gateway is gone", hint="wait")

        return bool(tool_ruling(deeds_of("Bash", {"command": command}, "/r", "/r"), facts).why)

    commands = ("python -m pytest", "echo > src/app.py", "git commit -am x", "gh pr merge", "git push")
    assert [command for command in commands if ruled(command)] == ["gh pr merge", "git push"]
    assert asked == ["git push"]


@pytest.mark.parametrize("name", VENDORS)
def test_a_refusal_is_one_object_in_the_vendors_form_without_control_bytes(name: str) -> None:
    vendor = VENDORS[name]
    reply = json.loads(json.dumps(tool_reply(vendor, "no\x1b[2J")))

    inner = reply.get("hookSpecificOutput", reply)
    assert "deny" in {inner.get("permissionDecision"), inner.get("decision")}
    assert "\\x1b" in str(inner) or "\x1b" not in str(reply)
    assert tool_reply(vendor, "") == {}


def test_a_call_that_cannot_be_read_is_known_to_be_one() -> None:
    cut = b'{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"content": "aaaa'

    assert (payload_of(cut).event, payload_of(cut).whole) == ("PreToolUse", False)
    assert payload_of(b'{"hook_event_name": "PreToolUse"}').whole


@given(st.text(alphabet="git push'\"\\$(`)<>|&;#\n{}EOF-a", max_size=200))
def test_whatever_a_shell_is_told_is_read_to_its_end(text: str) -> None:
    for command in commands_in(text):
        assert all(isinstance(word, str) for word in (*command.words, *command.writes))
    deeds_of("Bash", {"command": text}, "/r", "/r")


@pytest.mark.parametrize("part", ["$(", "`", '"$(', "'", "<<a\n", "env ", "sh -c '", "(", "\\", "cd a;", ">"])
def test_much_of_anything_is_read_in_one_pass(part: str) -> None:
    text = part * (60_000 // len(part))

    assert len(deeds_of("Bash", {"command": text}, "/r", "/r")) <= 200


DEEP = "/r" + "/a" * 40
FLOODS = {
    "wrappers": ("Bash", "env " + "eval env " * 20 + " y" * 500, "/r"),
    "nested": ("Bash", "env " + "eval env " * 12 + " y" * 2000, "/r"),
    "letters": ("Bash", r"\a" * 200_000, "/r"),
    "paths": ("Bash", "rm" + " a" * 30_000, DEEP),
    "keywords": ("Bash", "if " * 21_000, "/r"),
    "patch": ("apply_patch", "*** Update File: a\n" * 200_000, DEEP),
    "folder": ("Bash", "touch" + " a" * 1000, "/a" * 1_000_000),
}


@pytest.mark.parametrize("name", FLOODS)
def test_what_would_take_long_to_read_is_refused_unread(name: str) -> None:
    tool, text, folder = FLOODS[name]

    with at_most(1):
        deeds = deeds_of(tool, {"command": text}, folder)
    assert tool_ruling(deeds, StepFacts).why == UNREADABLE


def test_all_depths_of_a_script_are_read_from_one_effort() -> None:
    effort, read = ReadingEffort(), 0

    with pytest.raises(TooMuchToRead):
        for command in commands_in("env " + "eval env " * 20 + " y" * 500, effort):
            read += len(command.words)
    assert 0 < read <= 2 * MOST_EFFORT


def test_much_that_is_written_by_one_command_is_still_read() -> None:
    assert why("cat > a.py <<'EOF'\n" + "x = [1, 2]\n" * 5000 + "EOF\ngit push").startswith("onloop: your step forbids")
    assert why("cat > a.py <<'EOF'\n" + "x = [1, 2]\n" * 5000 + "EOF\n") == ""
    assert why("a\\b" * 5000) == why("python x.py && " * 2000 + "true") == ""


def test_each_prohibition_says_what_to_do_instead() -> None:
    assert [each.kind for each in PROHIBITIONS] == list(Forbidden)
    assert all(each.what and each.instead and not each.instead.endswith(".") for each in PROHIBITIONS)
