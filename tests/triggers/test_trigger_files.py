"""Files of triggers: every mistake has its line and column, and what could never act is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onloop.errors import BadInput, WorkflowError
from onloop.machine.adopted_triggers import ActKind
from onloop.triggers.declared_hooks import declared_hooks, hook_with_secrets
from onloop.triggers.trigger_file import triggers_schema_file
from onloop.triggers.trigger_sources import TriggerSource
from onloop.triggers.trigger_trial import trial_event, tried_triggers
from onloop.workflow.schema import schema_of_file
from support.hooked import TRIGGERS, issue
from support.world import WORKFLOW

FINE = TRIGGERS.replace("ORIGIN", "/srv/shop.git")


def loaded(text: str) -> TriggerSource:
    files = {".onloop/small.yaml": WORKFLOW.encode()}
    return TriggerSource("triggers.yaml", text.encode(), files.get)


def problems(text: str) -> str:
    with pytest.raises(WorkflowError) as no:
        loaded(text).triggers()
    return "\n".join(no.value.problems)


def test_a_file_says_what_happens_and_pins_the_workflows_that_it_names() -> None:
    source = loaded(FINE)
    fix, stop = source.triggers()

    assert (fix.id, fix.on, fix.do.kind, fix.do.workflow) == (
        "fix-labelled",
        ("issues.labeled",),
        ActKind.START,
        "small",
    )
    assert fix.do.definition == source.workflows[".onloop/small.yaml"].definition.digest
    assert (stop.do.kind, stop.do.text) == (ActKind.CANCEL, "the issue was closed")


@pytest.mark.parametrize(
    ("before", "after", "where", "words"),
    [
        ("source: github", "sorce: github", "3:5", "unknown field 'sorce'"),
        ("on: [issues.labeled]", "on: []", "4:9", "on is an empty list"),
        ("on: [issues.labeled]", 'on: ["a b"]', "4:10", "issues.labeled, or * for any"),
        ('event.label.name == "agent"', "event.label.name ==", "5:", "Syntax error"),
        ('event.label.name == "agent"', "evnt.label", "5:11", "there is nothing called evnt"),
        ("{event.issue.number}", "{issue.number}", "6:14", "{issue.number} is no path into the event"),
        ('"{event.repository.full_name}#{event.issue.number}"', "all", "6:14", "every event would be about the same"),
        (".onloop/small.yaml", ".onloop/nope.yaml", "9:19", "there is no workflow '.onloop/nope.yaml'"),
        ("/srv/shop.git", '"{event.repository.clone_url}"', "10:21", "the event could name any repository"),
        ("/srv/shop.git", "shop.git", "10:21", "no URL and no absolute path"),
        ("/srv/shop.git", "/srv/shop.git\n        within: [/srv/]", "11:17", "needs none"),
        ("/srv/shop.git", '"{event.x}"\n        within: ["https://github.com/acme"]', "11:18", "does not end where"),
        ("title:", "inputs: {../x: y}\n        title:", "12:", "../x"),
        ("id: stop-closed", "id: fix-labelled", "16:9", "is here twice"),
        ("cancel:\n        reason: the issue was closed", "{}", "21:7", "it does nothing"),
        ("[issues.closed]", "[issues.labeled, issues.closed]", "", ""),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place(before: str, after: str, where: str, words: str) -> None:
    text = FINE.replace(before, after, 1)
    assert text != FINE
    if not words:
        loaded(text.replace('    when: event.label.name == "agent"\n', "    when: name == 'x'\n")).triggers()
        return
    said = problems(text)
    assert words in said, said
    assert any(line.startswith(f"triggers.yaml:{where}") for line in said.splitlines()), said


def test_of_two_that_always_match_the_second_is_a_mistake_and_of_two_that_may_not_it_is_none() -> None:
    always = FINE.replace('    when: event.label.name == "agent"\n', "").replace("issues.closed", "issues")

    assert "fix-labelled takes the same events of the same subject, and stands before it" in problems(always)
    assert loaded(FINE.replace("issues.closed", "issues")).triggers()
    assert loaded(always.replace('"{event.repository.full_name}#', '"x {event.repository.full_name}#', 1)).triggers()
    assert "stands before it" in problems(always.replace("on: [issues.labeled]", 'on: ["*"]'))


def test_the_schema_for_editors_says_what_each_field_is_for() -> None:
    schema = schema_of_file(triggers_schema_file(), "onloop triggers")
    trigger = schema["$defs"]["TriggerPart"]

    assert set(trigger["required"]) == {"id", "source", "on", "subject", "do"}
    assert trigger["additionalProperties"] is False
    assert all(each.get("description") for each in trigger["properties"].values())
    assert json.dumps(schema).count('"description"') > 20


def test_a_trial_says_what_would_happen_and_asks_nobody() -> None:
    triggers = loaded(FINE).triggers()
    (fix, stop) = tried_triggers(triggers, trial_event(issue("labeled"), "issues", "github"))
    (other, _) = tried_triggers(triggers, trial_event(issue("labeled"), "issues", "gitlab"))
    linear = trial_event(b'{"type": "Issue", "action": "update", "webhookTimestamp": 1}', "", "linear")

    assert (fix.acts, fix.title, fix.branch) == (True, "Fix #5: It says hello to nobody", "main")
    assert (stop.acts, other.why) == (False, "it takes what github sends, and this came from gitlab")
    assert linear.name == "Issue.update"
    with pytest.raises(BadInput, match="does not say which event"):
        trial_event(b"{}", "", "github")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[claude]\nkind = 'github'", "'claude' is taken"),
        ("[Git]\nkind = 'github'", "no name of a hook"),
        ("[g]\nkind = 'gitlab'", "kind is one of github"),
        ("[g]\nkind = 'github'", "does not say where its secret is"),
        ("[g]\nkind = 'github'\nsecret = 'abc'", "does not say where its secret is"),
        ("[g]\nkind = 'github'\nsecret = {file = 'x'}", "is no absolute path"),
        ("[g]\nkind = 'github'\nsecret = {env = 'a-b'}", "is no variable"),
        ("[g]\nkind = 'github'\nauth = 'bearer'\nsecret = {env = 'A'}", "bearer is for cloudevents alone"),
        ("[g]\nkind = 'github'\ntoken = 'x'\nsecret = {env = 'A'}", "unknown field 'token'"),
        ("g = 1", "g is no table"),
        ("[g", "hooks.toml"),
    ],
)
def test_what_is_wrong_with_hooks_is_said_without_a_secret(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "hooks.toml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(BadInput) as no:
        declared_hooks(tmp_path)
    assert words in f"{no.value.message} {no.value.hint}"


def test_secrets_come_from_files_variables_and_programs_and_a_short_one_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setenv("HOOK", "from a variable")
    monkeypatch.setenv("SHORT", "short")
    file = tmp_path / "hooks.toml"
    places = f'{{file = "{tmp_path}/secret"}}, {{env = "HOOK"}}, {{command = ["/bin/echo", "from a program"]}}'
    file.write_text(f'[g]\nkind = "standard"\nsecret = [{places}]\n[s]\nkind = "github"\nsecret = {{env = "SHORT"}}\n')
    file.chmod(0o600)
    good, short = declared_hooks(tmp_path)

    assert hook_with_secrets(good).secrets == (b"from a file", b"from a variable", b"from a program")
    assert "from a" not in repr(hook_with_secrets(good))
    with pytest.raises(BadInput, match="fewer than 8 characters"):
        hook_with_secrets(short)
    assert declared_hooks(tmp_path / "nowhere") == ()
