"""Sends a message by a channel: ntfy, Slack, e-mail, a signed webhook, or a program. Errors name no secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import smtplib
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from onloop.calls.call_text import CallText
from onloop.calls.channels import CallChannel, host_of
from onloop.calls.timed_mail import TimedMail, TimedTlsMail
from onloop.errors import BadInput, OnloopError, Unavailable
from onloop.forges.deadline import Due
from onloop.forges.public_address import AddressRule
from onloop.inherited import NEVER
from onloop.times import utc_words, wall_clock

LONGEST_S = 10.0
"""How long a channel may take to take a message, in seconds: all of it, however slowly its answer comes."""

_SCHEME = "whsec_"
_PRIORITIES = {"safety": "5", "decision": "4"}


def send(channel: CallChannel, text: CallText, address: str) -> str:
    """Send a message; the answer says what came back. `address` is the recipient's, for e-mail.

    Unavailable where it may work later, BadInput where it will not before somebody changes something.
    """
    try:
        return _KINDS[channel.kind](channel, text, address)
    except OnloopError:
        raise
    except (OSError, ValueError, UnicodeError) as problem:  # what a library says may hold a URL: its kind is enough
        words = f"channel {channel.name} fails: {type(problem).__name__}"
        raise Unavailable(words, hint=f"see [channel.{channel.name}] in calls.toml") from None


def _ntfy(channel: CallChannel, text: CallText, _: str) -> str:
    token = channel.secret("token")
    most = next((tier for each in text.causes if (tier := _PRIORITIES.get(each.tier))), "3")
    headers = {
        "Title": _header(text.subject),
        "Priority": most,
        "X-Sequence-ID": text.message,  # a server that knows it shows what is sent again in the place of the first
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    link = next((each.link for each in text.causes if each.link), "")
    if link:
        headers["Click"] = _header(link)
    return _post(channel, text.body.encode(), {**headers, "Content-Type": "text/plain; charset=utf-8"})


def _slack(channel: CallChannel, text: CallText, _: str) -> str:
    shown = text.body[:2_900]
    block = {"type": "section", "text": {"type": "plain_text", "text": shown, "emoji": False}}
    body = {"text": slack_escaped(text.subject), "blocks": [block], "mrkdwn": False, "unfurl_links": False}
    return _post(channel, json.dumps(body).encode(), {"Content-Type": "application/json"})


def slack_escaped(text: str) -> str:
    """Text in which Slack finds no link, no person and no channel to call."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _webhook(channel: CallChannel, text: CallText, _: str) -> str:
    body = json.dumps(webhook_body(text), separators=(",", ":"), ensure_ascii=False).encode()
    stamp = str(text.now // 1000)
    signature = signature_of(channel.secret("secret"), text.message, stamp, body)
    headers = {"webhook-id": text.message, "webhook-timestamp": stamp, "webhook-signature": signature}
    return _post(channel, body, {**headers, "Content-Type": "application/json"})


def webhook_body(text: CallText) -> Mapping[str, object]:
    """What a signed webhook carries, in the form of Standard Webhooks."""
    causes = [
        {
            "cause": each.cause,
            "headline": each.headline,
            "tier": each.tier,
            "reason": each.reason,
            "tasks": list(each.tasks),
            "count": each.count,
            "since": utc_words(each.since),
            "foreign_words": each.said,
            "command": each.command,
            "link": each.link,
        }
        for each in text.causes
    ]
    data = {"recipient": text.recipient, "subject": text.subject, "causes": causes}
    return {"type": "onloop.needs_person", "timestamp": utc_words(text.now), "data": data}


def signature_of(secret: str, message: str, stamp: str, body: bytes) -> str:
    """The signature by Standard Webhooks over id, time and body; BadInput for a secret that is none of its kind."""
    try:
        key = base64.b64decode(secret.removeprefix(_SCHEME), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("the secret of a webhook is not base64", hint="whsec_… : openssl rand -base64 32") from None
    signed = b".".join((message.encode(), stamp.encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def _post(channel: CallChannel, body: bytes, headers: Mapping[str, str]) -> str:
    """Post to the channel's URL: no redirects, no proxy of the environment, and nothing of the answer but its code."""
    import httpcore  # here: only who calls people needs them
    import httpx

    from onloop.forges.outgoing_transport import GuardedTransport

    url, due = channel.secret("url"), Due()
    host, due.end = host_of(url), time.monotonic() + LONGEST_S
    try:
        named = AddressRule((httpx.URL(url).raw_host.decode().lower().rstrip("."),))  # whoever owns the machine did
        with (
            httpx.Client(
                transport=GuardedTransport(named, "", due), timeout=LONGEST_S, follow_redirects=False, trust_env=False
            ) as client,
            client.stream("POST", url, content=body, headers=dict(headers)) as answer,
        ):
            status = answer.status_code
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.TimeoutException,
        OSError,
    ) as problem:
        words = f"{host} does not answer: {type(problem).__name__}"
        raise Unavailable(words, hint=f"see [channel.{channel.name}] in calls.toml") from None
    if 200 <= status < 300:
        return f"{host} answered {status}"
    kind = Unavailable if status in {408, 425, 429} or status >= 500 else BadInput
    raise kind(f"{host} answered {status}", hint=f"see [channel.{channel.name}] in calls.toml")


def _email(channel: CallChannel, text: CallText, address: str) -> str:
    if not address:
        words = f"channel {channel.name} knows no address of {text.recipient}"
        raise BadInput(words, hint=f'to = {{{text.recipient} = "…@…"}} in [channel.{channel.name}] of calls.toml')
    host, security = channel.texts["host"], channel.texts.get("security", "starttls")
    port = channel.port or {"tls": 465, "starttls": 587, "none": 25}[security]
    user, password = channel.texts.get("user", ""), channel.secret("password")
    context = ssl.create_default_context(cafile=channel.texts.get("ca_file"))
    message = email_of(channel.texts["from"], address, text)
    try:
        with (
            TimedTlsMail(host, port, LONGEST_S, context) if security == "tls" else TimedMail(host, port, LONGEST_S)
        ) as line:
            if security == "starttls":
                line.starttls(context=context)
            if user:
                line.login(user, password)
            line.send_message(message)
    except smtplib.SMTPException as problem:
        raise _refused(channel, host, problem) from None
    return f"{host} took it"


def _refused(channel: CallChannel, host: str, problem: smtplib.SMTPException) -> OnloopError:
    code = getattr(problem, "smtp_code", 0)
    hint = f"see [channel.{channel.name}] in calls.toml"
    words = f"{host} does not take it: {type(problem).__name__}{f' {code}' if code else ''}"
    return BadInput(words, hint=hint) if code >= 500 else Unavailable(words, hint=hint)


def email_of(sender: str, address: str, text: CallText) -> EmailMessage:
    """The message as e-mail: plain text, under an id that stays when it is sent again."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "onloop.invalid"
    message = EmailMessage()
    message["From"] = _header(sender)
    message["To"] = _header(address)
    message["Subject"] = _header(text.subject)
    message["Message-ID"] = f"<{text.message}@{_header(domain)}>"
    message["Date"] = format_datetime(wall_clock(text.now, UTC).replace(microsecond=0))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body)
    return message


def _header(text: str) -> str:
    """Text that stays in its header, and that every client can read there."""
    return "".join(char if 32 <= ord(char) < 127 else "?" for char in text)


def _command(channel: CallChannel, text: CallText, _: str) -> str:
    """Run a program with the message on its standard input: without a shell, and without our variables and git's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NEVER)}
    kept |= {"ONLOOP_CALL": text.message, "ONLOOP_RECIPIENT": text.recipient}
    try:
        done = subprocess.run(
            channel.argv,
            input=text.body.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=kept,
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        words = f"{channel.argv[0]} fails: {type(problem).__name__}"
        raise Unavailable(words, hint="run it by hand, with a text on its standard input") from None
    if done.returncode:
        words = f"{channel.argv[0]} ended with exit code {done.returncode}"
        raise Unavailable(words, hint="run it by hand, with a text on its standard input")
    return f"{channel.argv[0]} took it"


_KINDS: Mapping[str, Callable[[CallChannel, CallText, str], str]] = {
    "ntfy": _ntfy,
    "slack": _slack,
    "webhook": _webhook,
    "email": _email,
    "command": _command,
}
