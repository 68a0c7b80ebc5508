"""Files of calls and of channels: what they say, and what is wrong with them, with line and column, and no secret."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest

from onloop.calls.call_file import calls_schema, load_calls
from onloop.calls.channels import declared_channels
from onloop.errors import BadInput, OnloopError, WorkflowError
from onloop.machine.call_rules import CallStep, QuietHours
from onloop.workflow.document import read
from onloop.workflow.positioned_tree import plain

FILE = b"""\
recipients:
  - name: ana
    by: [phone, mail]
    quiet: {from: "22:00", to: "07:00", zone: Europe/Berlin}
  - {name: ben, by: [mail]}
rules:
  - id: decisions
    about: {tiers: [safety, decision], kinds: [approval_required, question]}
    dwell: 2m
    to: [ana]
    then: [{after: 30m, to: [ben]}]
  - {id: rest, digest: 1h, to: [ben]}
"""
CHANNELS = """\
link = "https://onloop.example/tasks/{task}"
[channel.phone]
kind = "ntfy"
url = {env = "NTFY_URL"}
token = {file = "%(folder)s/token"}
[channel.mail]
kind = "email"
host = "127.0.0.1"
from = "onloop@example.org"
to = {ana = "ana@example.org"}
[channel.hook]
kind = "webhook"
url = "https://hooks.example/x"
secret = {command = ["/bin/echo", "whsec_c2VjcmV0"]}
[channel.beep]
kind = "command"
argv = ["/bin/true"]
"""


def test_a_file_says_who_is_called_about_what_and_when_not() -> None:
    plan = load_calls(FILE, "calls.yaml")

    assert plan.recipients[0].quiet == QuietHours("Europe/Berlin", 22 * 60, 7 * 60, ("safety",))
    decisions, rest = plan.rules
    assert (decisions.kinds, decisions.dwell_ms) == (("approval_required", "question"), 120_000)
    assert decisions.steps == (CallStep(1_800_000, ("ben",)),)
    assert (rest.tiers, rest.digest_ms) == (("safety", "decision", "broken", "stalled"), 3_600_000)
    root = read(FILE).root
    assert root is not None and jsonschema_rs.validator_for(calls_schema()).is_valid(plain(root))


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("Europe/Berlin", "Europe/Berlim", ":4:", "Europe/Berlin"),
        ('"22:00"', '"25:00"', ":4:19:", "hours and minutes"),
        ("to: [ana]", "to: [anna]", ":10:10:", "ana"),
        ("approval_required", "approve", ":8:", "approval_required"),
        ("id: rest", "id: decisions", ":12:", "twice"),
        ("name: ben", "name: ana", ":5:", "twice"),
        ("dwell: 2m", "dwel: 2m", ":9:5:", "dwell"),
        ("[{after: 30m, to: [ben]}]", "[{after: 30m, to: [ben]}, {after: 5m, to: [ana]}]", ":11:", "order"),
        ("tiers: [safety, decision]", "tiers: [urgent]", ":8:", "safety"),
    ],
)
def test_every_problem_has_its_place_and_says_what_would_work(old: str, new: str, place: str, words: str) -> None:
    text = FILE.decode().replace(old, new, 1)
    assert text != FILE.decode()

    with pytest.raises(WorkflowError) as refused:
        load_calls(text.encode(), "calls.yaml")

    assert any(place in each and words in each for each in refused.value.problems), refused.value.problems


def declare(folder: Path, text: str, mode: int = 0o600) -> Path:
    (folder / "token").write_text("tk_very_secret\n")
    (folder / "token").chmod(0o600)
    (folder / "calls.toml").write_text(text % {"folder": folder})
    (folder / "calls.toml").chmod(mode)
    return folder


def test_channels_have_their_secrets_where_they_are_declared_and_no_printed_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTFY_URL", "https://ntfy.example/my-secret-topic")
    channels = declared_channels(declare(tmp_path, CHANNELS))

    phone, hook = channels.by_name["phone"], channels.by_name["hook"]
    assert (phone.secret("url"), phone.secret("token")) == ("https://ntfy.example/my-secret-topic", "tk_very_secret")
    assert hook.secret("secret") == "whsec_c2VjcmV0"
    assert "secret" not in repr(phone).lower().replace("secretsource", "") and "topic" not in repr(channels)
    assert declared_channels(tmp_path / "nowhere").by_name == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "ntfy"', 'kind = "pager"', "kind"),
        ('from = "onloop@example.org"\n', "", "from"),
        ('host = "127.0.0.1"', 'hst = "127.0.0.1"', "hst"),
        ('argv = ["/bin/true"]', 'argv = ["true"]', "argv"),
        ('url = {env = "NTFY_URL"}', 'url = {env = "A", file = "/b"}', "url"),
        ('to = {ana = "ana@example.org"}', 'to = {ana = "nobody"}', "to"),
        ('"https://onloop.example', '"ftp://onloop.example', "link"),
        ("[channel.mail]", "[chanel.mail]", "chanel"),
        ('kind = "email"', 'kind = "email"\nsecurity = "ssl"', "security"),
    ],
)
def test_what_is_wrong_with_channels_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in CHANNELS
    with pytest.raises(BadInput) as refused:
        declared_channels(declare(tmp_path, CHANNELS.replace(old, new, 1)))

    assert words in f"{refused.value.message} {refused.value.hint}", refused.value.message


def test_a_file_that_others_may_read_and_a_secret_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="open to others"):
        declared_channels(declare(tmp_path, CHANNELS, mode=0o644))
    channels = declared_channels(declare(tmp_path, CHANNELS.replace("NTFY_URL", "ONLOOP_NO_SUCH_VARIABLE")))

    with pytest.raises(OnloopError, match="variable ONLOOP_NO_SUCH_VARIABLE"):
        channels.by_name["phone"].secret("url")
