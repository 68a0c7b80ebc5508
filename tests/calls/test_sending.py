"""What goes out by each channel: to real servers on the loopback; nothing in it is markup, a header, or a secret."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calls.called_groups import group, item
from onloop.attention.groups import group_of
from onloop.calls.call_text import CallText, text_of
from onloop.calls.channels import CallChannel, SecretSource
from onloop.calls.sending import send
from onloop.errors import BadInput, OnloopError, Unavailable
from onloop.known_secrets import keep_secret
from onloop.machine.state import Reason
from support.channel_servers import HttpChannel, SmtpChannel, http_channel, smtp_channel

NOW = 1_780_000_000_000
HOSTILE = "<!channel> <@U1>\r\nBcc: all@example.org\n\x1b[31m*bold* <script>&amp; \u202e"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@pytest.fixture(scope="module")
def http() -> Iterator[HttpChannel]:
    with http_channel() as channel:
        yield channel


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpChannel]:
    with smtp_channel() as channel:
        yield channel


@pytest.fixture(autouse=True)
def fresh(http: HttpChannel, smtp: SmtpChannel) -> None:
    http.status, http.headers, smtp.answer = 200, {}, "250 kept"
    http.got.clear()
    smtp.got.clear()


def text(detail: str = "asks for release", link: str = "https://onloop.example/tasks/{task}", **more: Any) -> CallText:
    given = {"reason": Reason.QUESTION, "signature": "w", **more}
    asked = group("c1", since=NOW - 3_600_000, detail=detail, **given)
    return text_of("m1f3", "ana", (asked,), lambda way: f"{way} --store /srv/store", link, NOW)


def channel(kind: str, http: HttpChannel, **texts: Any) -> CallChannel:
    secrets = {"url": SecretSource(text=http.url("/secret-path")), **texts.pop("secrets", {})}
    return CallChannel("ops", kind, secrets, texts)


def test_a_call_names_the_exact_command_and_the_link_and_says_that_a_reply_decides_nothing() -> None:
    body = text().body

    assert "onloop show r1.c1 --store /srv/store" in body
    assert "https://onloop.example/tasks/r1.c1" in body
    assert "said there (not by onloop): asks for release" in body
    assert "A reply to this decides nothing" in body and "decision, for 1h" in body
    assert text(link="").causes[0].link == ""


def test_foreign_words_are_one_line_masked_and_marked_wherever_they_go() -> None:
    keep_secret("correct-horse-battery")
    told = text(f"{HOSTILE} ghp_16C7e42F292c6912E7710c838347Ae178B4a correct-horse-battery {'x' * 5_000}")
    said = told.causes[0].said

    assert "\n" not in said and "\x1b" not in said and "\u202e" not in said and len(said) <= 260
    assert "ghp_" not in told.body and "correct-horse-battery" not in told.body


def test_many_causes_and_tasks_are_summed_up() -> None:
    many = group_of([item("c1", since=n, task=f"r1.{n}") for n in range(9)])
    told = text_of("m1", "ana", (many, group("c2", reason=Reason.QUESTION)), str, "", NOW)

    assert told.subject == "onloop: 2 causes need you, 10 in all"
    assert "r1.0, r1.1, r1.2, r1.3, r1.4 and 4 more" in told.body


def test_slack_gets_plain_text_in_which_nobody_is_called_by_what_an_agent_wrote(http: HttpChannel) -> None:
    send(channel("slack", http), text(HOSTILE, title=HOSTILE, reason=Reason.ANOMALY), "")

    (posted,) = http.got
    body = json.loads(posted.body)
    assert body["blocks"][0]["text"]["type"] == "plain_text" and body["mrkdwn"] is False
    assert "<" not in body["text"] and posted.path == "/secret-path"


def test_ntfy_gets_one_post_with_a_title_a_priority_and_an_id_that_stays(http: HttpChannel) -> None:
    given = channel("ntfy", http, secrets={"token": SecretSource(text="tk_123456")})
    for _ in range(2):
        send(given, text(HOSTILE), "")

    first, second = http.got
    assert first.headers["title"].startswith("onloop: a question at") and first.headers["priority"] == "4"
    assert first.headers["authorization"] == "Bearer tk_123456"
    assert first.headers["x-sequence-id"] == second.headers["x-sequence-id"] == "m1f3"
    assert b"tk_123456" not in first.body


def test_a_webhook_is_signed_as_standard_webhooks_says_and_can_be_told_apart_when_sent_again(http: HttpChannel) -> None:
    for _ in range(2):
        send(channel("webhook", http, secrets={"secret": SecretSource(text=SECRET)}), text(), "")

    first, second = http.got
    signed = b".".join((b"m1f3", first.headers["webhook-timestamp"].encode(), first.body))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert first.headers["webhook-signature"] == f"v1,{expected}"
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "m1f3"
    told = json.loads(first.body)
    assert told["type"] == "onloop.needs_person" and told["data"]["causes"][0]["tasks"] == ["r1.c1"]


def test_mail_is_plain_text_whose_headers_nobody_else_writes(smtp: SmtpChannel, http: HttpChannel) -> None:
    mail = CallChannel(
        "mail", "email", {}, {"host": "127.0.0.1", "from": "onloop <on@example.org>", "security": "none"}
    )
    mail = CallChannel(mail.name, mail.kind, {}, mail.texts, port=smtp.port)

    for _ in range(2):
        send(mail, text(HOSTILE, title=HOSTILE, reason=Reason.ANOMALY), "ana@example.org")

    (_, recipients, first), (_, _, second) = smtp.got
    told = email.message_from_bytes(first, policy=email.policy.default)
    assert recipients == ["rcpt TO:<ana@example.org>"] and told["bcc"] is None
    assert told.get_content_type() == "text/plain" and told["Auto-Submitted"] == "auto-generated"
    assert told["Message-ID"] == email.message_from_bytes(second)["Message-ID"] == "<m1f3@example.org>"
    assert "looks wrong" in told["Subject"] and "\n" not in str(told["Subject"])
    assert "onloop show r1.c1" in told.get_content()
    with pytest.raises(BadInput, match="no address"):
        send(mail, text(), "")
    smtp.answer = "451 later"
    with pytest.raises(Unavailable):
        send(mail, text(), "ana@example.org")
    smtp.answer = "550 nobody"
    with pytest.raises(BadInput):
        send(mail, text(), "ana@example.org")


def test_a_command_gets_the_text_on_its_input_and_no_shell_reads_any_of_it(tmp_path: Path) -> None:
    script = tmp_path / "page"
    script.write_text(f'#!/bin/sh\ncat > {tmp_path}/got\necho "$# $ONLOOP_CALL" > {tmp_path}/words\n')
    script.chmod(0o700)
    beep = CallChannel("beep", "command", {}, {}, argv=(str(script), f"$(touch {tmp_path}/owned)", ";"))

    send(beep, text(f"`touch {tmp_path}/owned` $(touch {tmp_path}/owned)"), "")

    assert "onloop show r1.c1" in (tmp_path / "got").read_text()
    assert (tmp_path / "words").read_text() == "2 m1f3\n" and not (tmp_path / "owned").exists()
    with pytest.raises(Unavailable, match="exit code 1"):
        send(CallChannel("beep", "command", {}, {}, argv=("/bin/false",)), text(), "")


@pytest.mark.parametrize(
    ("status", "kind"), [(500, Unavailable), (429, Unavailable), (404, BadInput), (302, BadInput), (401, BadInput)]
)
def test_what_a_server_answers_says_whether_it_is_tried_again_and_no_error_names_the_url(
    http: HttpChannel, status: int, kind: type[OnloopError]
) -> None:
    http.status, http.headers = status, {"Location": http.url("/elsewhere")}

    with pytest.raises(kind) as refused:
        send(channel("slack", http), text(), "")

    assert len(http.got) == 1 and "secret-path" not in f"{refused.value.message} {refused.value.hint}"


def test_a_server_that_is_not_there_is_an_outage_and_a_wrong_address_is_not(http: HttpChannel) -> None:
    gone = CallChannel("ops", "slack", {"url": SecretSource(text="http://127.0.0.1:1/secret-path")}, {})
    wrong = CallChannel("ops", "slack", {"url": SecretSource(text="file:///etc/passwd")}, {})

    with pytest.raises(Unavailable) as refused:
        send(gone, text(), "")
    assert "secret-path" not in refused.value.message
    with pytest.raises(BadInput):
        send(wrong, text(), "")


def test_the_environment_s_proxy_sees_nothing(http: HttpChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert "200" in send(channel("slack", http), text(), "")
