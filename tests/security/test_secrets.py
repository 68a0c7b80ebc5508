"""Secrets stop at the door, however they are written; ordinary text passes it as it is."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat, PassOn
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.known_secrets import secrets_among
from onloop.machine import commands as c
from onloop.machine.store_state import Frozen
from onloop.machine.task import Verdict
from onloop.redaction import MASK, redacted
from onloop.secret_shapes import NAMED, TOKENS
from onloop.store.memory import MemoryStore
from onloop.store.rows import SubAgent
from onloop.views.children import _lines
from onloop.views.sub_agents import SubAgentNews
from support.scenario import work
from support.world import ROOT

DICE = random.Random(20261129)  # noqa: S311 - a corpus that is the same each time
ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
UPPER, HEX, SAFE = ALNUM[26:], "0123456789abcdef", ALNUM + "-_"


def drawn(letters: str, length: int) -> str:
    """Letters drawn by lot, a digit among them."""
    return "".join(DICE.choice(letters) for _ in range(length - 1)) + "7"


TOKEN_CORPUS = {
    "onloop agent": "onl_agt_" + drawn(SAFE, 43),
    "github classic": "ghp_" + drawn(ALNUM, 36),
    "github app": "ghs_" + drawn(ALNUM, 36),
    "github fine": f"github_pat_{drawn(ALNUM, 22)}_{drawn(ALNUM, 59)}",
    "gitlab": "glpat-" + drawn(SAFE, 20),
    "openai": "sk-proj-" + drawn(SAFE, 48),
    "anthropic": "sk-ant-api03-" + drawn(SAFE, 93),
    "stripe": "sk_live_" + drawn(ALNUM, 24),
    "stripe webhook": "whsec_" + drawn(ALNUM, 32),
    "aws id": "AKIA" + drawn(UPPER, 16),
    "slack bot": f"xoxb-123456789012-{drawn(ALNUM, 24)}",
    "slack app": f"xapp-1-A0{drawn(UPPER, 9)}-{drawn(HEX, 40)}",
    "google": "AIza" + drawn(SAFE, 35),
    "google oauth": "ya29." + drawn(SAFE, 60),
    "google client": "GOCSPX-" + drawn(SAFE, 28),
    "npm": "npm_" + drawn(ALNUM, 36),
    "pypi": "pypi-AgEIcHlwaS5vcmc" + drawn(SAFE, 60),
    "sendgrid": f"SG.{drawn(SAFE, 22)}.{drawn(SAFE, 43)}",
    "hugging face": "hf_" + drawn(ALNUM, 34),
    "digital ocean": "dop_v1_" + drawn(HEX, 64),
    "vault": "hvs." + drawn(SAFE, 24),
    "docker": "dckr_pat_" + drawn(SAFE, 27),
    "shopify": "shpat_" + drawn(HEX, 32),
    "linear": "lin_api_" + drawn(ALNUM, 40),
    "grafana": f"glsa_{drawn(ALNUM, 32)}_{drawn(HEX, 8)}",
    "databricks": "dapi" + drawn(HEX, 32),
    "rubygems": "rubygems_" + drawn(HEX, 48),
    "atlassian": "ATATT3" + drawn(SAFE, 180),
    "age": "AGE-SECRET-KEY-1" + drawn(UPPER, 58),
    "tailscale": f"tskey-auth-{drawn(ALNUM, 12)}-{drawn(ALNUM, 32)}",
    "brevo": f"xkeysib-{drawn(HEX, 64)}-{drawn(ALNUM, 16)}",
    "telegram": f"123456789:AA{drawn(SAFE, 33)}",
    "jwt": f"eyJhbGciOiJIUzI1NiJ9.eyJ{drawn(SAFE, 30)}.{drawn(SAFE, 43)}",
}
"""Each is a secret as a whole."""

NAMED_CORPUS = {
    "slack hook": ("https://hooks.slack.com/", "services/T0AB12CD3/B0AB12CD3/" + drawn(ALNUM, 24), ""),
    "discord hook": ("https://discord.com/api/webhooks/", f"112233445566778899/{drawn(SAFE, 68)}", ""),
    "aws secret": ("aws_secret_access_key = ", drawn(ALNUM + "/+", 40), ""),
    "yaml password": ("password: ", "hunter2-and-more", ""),
    "yaml password without digits": ("db_password: ", "correct-horse", ""),
    "db pass": ("DB_PASS=", "correct-horse", ""),
    "encryption key": ("ENCRYPTION_KEY=", drawn(HEX, 64), ""),
    "url token": ("https://", drawn(ALNUM, 40), "@git.example.org/x.git"),
    "url password": ("postgres://app:", "correct-horse", "@db.example.org/app"),
    "sas": ("https://x.blob.core.windows.net/c?sv=2024&sig=", drawn(ALNUM, 43) + "%3D", "&se=1"),
    "account key": ("DefaultEndpointsProtocol=https;AccountKey=", drawn(ALNUM, 86) + "==", ";x"),
    "netrc": ("machine github.com login ada password ", "correct-horse", "\n"),
    "bearer": ("Authorization: Bearer ", drawn(SAFE, 40), ""),
    "basic": ("authorization: Basic ", base64.b64encode(b"ada:correct-horse").decode(), ""),
    "cookie": ("Set-Cookie: session=", drawn(ALNUM, 32), "; Path=/"),
    "api header": ("X-Api-Key: ", drawn(ALNUM, 32), ""),
    "query": ("https://x/?access_token=", drawn(ALNUM, 30), "&page=2"),
    "json": ('{"client_secret": "', drawn(ALNUM, 30), '"}'),
    "export": ("export DEPLOY_TOKEN=", drawn(ALNUM, 30), ""),
    "flag": ("deploy --token ", drawn(ALNUM, 30), " --dry"),
    "private key": (
        "",
        f"-----BEGIN PRIVATE KEY-----\n{drawn(ALNUM, 64)}\n{drawn(ALNUM, 40)}\n-----END PRIVATE KEY-----",
        "",
    ),
}
"""What stands before it, the secret, what stands after it."""


def hexed(text: str) -> str:
    """As hex."""
    return text.encode().hex()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, one on": lambda text: base64.b64encode(b"=" + text.encode()).decode(),
    "base64, two on": lambda text: base64.b64encode(b": " + text.encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(b"a=" + text.encode() + b";z").decode(),
    "base64 in base64 letters": lambda text: "abc" + base64.b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(b"some words before it, " + text.encode()).decode(),
    "hex": hexed,
    "hex in capitals": lambda text: hexed(text).upper(),
    "hex after a digit": lambda text: "a" + hexed(text),
    "url": lambda text: quote(text, safe=""),
    "url, each letter": lambda text: "".join(f"%{ord(char):02x}" for char in text),
    "json": lambda text: json.dumps({"said": text}),
    "json, each letter": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
}


def leaked(shown: str, written: str, least: int = 10) -> str:
    """A part of what was written that is still shown, if any is."""
    return next(
        (written[at : at + least] for at in range(len(written) - least + 1) if written[at : at + least] in shown), ""
    )


@pytest.mark.parametrize("name", TOKEN_CORPUS)
def test_a_token_is_masked_wherever_it_stands(name: str) -> None:
    token = TOKEN_CORPUS[name]
    for around in ("{}", "x={}, y", '"{}"', "see {} there", "({})", "é{}é", "[{}]", "a b {}\nand so on"):
        assert redacted(around.format(token)) == around.format(MASK)


@pytest.mark.parametrize(
    "name", [name for name in TOKEN_CORPUS if name not in {"google", "aws id", "jwt", "openai", "databricks"}]
)
def test_a_letter_before_it_hides_no_token(name: str) -> None:
    assert leaked(redacted(f"x{TOKEN_CORPUS[name]}"), TOKEN_CORPUS[name][1:]) == ""


@pytest.mark.parametrize("name", NAMED_CORPUS)
def test_a_value_known_by_the_words_before_it_is_masked(name: str) -> None:
    before, secret, after = NAMED_CORPUS[name]
    assert leaked(redacted(f"{before}{secret}{after}"), secret, 6) == ""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_encoded_is_masked_as_well(encoding: str) -> None:
    for name, token in TOKEN_CORPUS.items():
        written = ENCODINGS[encoding](token)
        rest = redacted(f"before {written}. after")
        kept = re.sub(r"\s", "", rest)
        assert leaked(kept, re.sub(r"\s", "", ENCODINGS[encoding](token))[24:-4], 16) == "", (name, rest)
        assert rest.startswith("before ") and rest.endswith(". after")


@pytest.mark.parametrize("encoding", ["base64", "hex", "url, each letter", "json, each letter"])
def test_a_named_value_is_masked_when_it_is_encoded_with_its_name(encoding: str) -> None:
    for name in ("db pass", "aws secret", "encryption key", "yaml password", "bearer"):
        before, secret, _ = NAMED_CORPUS[name]
        written = ENCODINGS[encoding](before + secret)
        shown = redacted(f"it says:\n{written}\n")
        assert MASK in shown and leaked(shown, ENCODINGS[encoding](secret)[3:-4], 20) == "", name


@pytest.mark.parametrize("name", TOKEN_CORPUS)
def test_no_split_hides_a_token(name: str) -> None:
    token = TOKEN_CORPUS[name]
    for seam in ("\x1b[0m", "\x1b[31;1m", "\x1b]0;title\x07", "\u200b", "\x00", "\n", "\r\n", "\n    "):
        for at in range(4, len(token) - 4, 3):
            shown = redacted(f"some words {token[:at]}{seam}{token[at:]} and some more")
            assert leaked(shown, token[:at], 12) == leaked(shown, token[at:], 9) == "", (seam, at, shown)
            assert shown.startswith("some words ") and shown.endswith("and some more")


def test_a_known_value_is_masked_whatever_splits_it() -> None:
    secret = "correct horse battery staple"
    for seam in ("\x1b[0m", "\n", "\r\n  "):
        for at in range(1, len(secret)):
            assert redacted(f"a {secret[:at]}{seam}{secret[at:]} b", [secret]).count(MASK) == 1


def test_values_are_known_by_the_names_they_have_in_an_environment() -> None:
    secrets = {
        "GITHUB_TOKEN": "t0ken-value",
        "DB_PASS": "pass-value",
        "MY_PASSWORD": "password-value",
        "ENCRYPTION_KEY": "key-value",
        "OPENAI_APIKEY": "apikey-value",
        "GOOGLE_CREDENTIALS": "credentials-value",
        "SENTRY_DSN": "https://abcdef@sentry.example/1",
        "DATABASE_URL": "postgres://app:url-password@db/app",
        "SESSION_SECRET": "secret-value",
    }
    ordinary = {"PATH": "/usr/bin", "PWD": "/work/here", "KEYBOARD": "german", "MONKEY": "banana", "HOME": "/root"}
    found = secrets_among({**secrets, **ordinary})
    assert set(secrets.values()) | {"url-password"} == set(found)


ORDINARY = [
    "commit 3f2a8c1d90ab4c1e8d77a0b1c2d3e4f5a6b7c8d9\nAuthor: Ada <ada@example.org>\nDate:   Sun Nov 29 11:02:00 2026",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 layer",
    "123e4567-e89b-12d3-a456-426614174000 01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqfnRVvNvoNxVXFZ7q5Xl1hHPBJvI5YkNqOsVxkYp3T ada@laptop",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ2V0dGUgdW5lIHRleHRl\n-----END CERTIFICATE-----",
    "def login(password: str, token: str | None = None) -> Session:\n    return Session(password=password)",
    "password = get_password(user)\nsecret = self.secrets[name]\ntoken = next(tokens)\napi_key = os.environ[KEY]",
    "interface Login { password: string; token?: string; secret: Secret<string>; }",
    "SyntaxError: unexpected token: ')' at line 3\nE   assert token == expected_token\nthe tokens: 12, 15, 19",
    "- name: token\n  secretName: tls-secret\n  passwordPolicy: strict\n  tokenTTL: 3600\n  password: required",
    "PRIMARY_KEY = 'id'\nCACHE_KEY=uv.lock\nTESTS_PASS=12\nTOKENIZERS_PARALLELISM=false\nSSH_AUTH_SOCK=/tmp/agent.1",
    "https://example.org:8080/a@b http://localhost:3000/users/@me git@github.com:acme/billing.git ssh://git@host/x",
    "curl -fsSL https://example.org/install.sh?version=1.2.3&arch=x86_64 | sh  # --token TOKEN --password PASSWORD",
    "tests/test_billing.py::TestInvoice::test_that_a_total_is_rounded_half_even PASSED [ 97%]",
    "risk-assessment-of-everything sk-learn-contrib task-list-2 desk-lamp-with-4-bulbs-and-a-switch",
    "weighs_averaged_over_all_samples and rough_estimate_of_all_the_others_2",
    "Das Passwort wurde geändert. Bitte geben Sie Ihr neues Passwort ein: mindestens 12 Zeichen, 1 Ziffer.",
    "Le mot de passe doit contenir au moins 12 caractères ; le jeton expire après 30 minutes.",
    "パスワードは8文字以上で入力してください。トークンの有効期限が切れました。",
    "Пароль должен содержать не менее 8 символов, 1 цифру и 1 заглавную букву.",
    "please reset the password: it must be at least 8 characters long, with 1 digit",
    "the bearer of bad news came at 12, the secret: practice, practice, practice",
    "@@ -1,4 +1,4 @@\n-    token = old(1)\n+    token = new(2, key=key)\n     return token",
    "2026-11-29T11:02:03.123Z INFO auth: token refreshed for user 42 (expires in 3600 s), key=session:42",
    "%20 100%25 of %2Fpath%2Fto%2Ffile \\u00e9 \\n \\x1b[0m caf\\u00e9",
    "Makefile:12: recipe for target 'test' failed\nmake: *** [test] Error 1",
    "\x1b[32m12 passed\x1b[0m, \x1b[31m1 failed\x1b[0m in 0.8 s",
]


@pytest.mark.parametrize("text", ORDINARY, ids=range(len(ORDINARY)))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert redacted(text, ["hunter22"]) == text
    assert redacted(base64.encodebytes(text.encode()).decode()) == base64.encodebytes(text.encode()).decode()


def test_pictures_and_random_bytes_in_base64_and_hex_are_left_as_they_are() -> None:
    for size in (64, 1_000, 100_000):
        content = DICE.randbytes(size)
        for text in (base64.b64encode(content).decode(), base64.encodebytes(content).decode(), content.hex()):
            assert redacted(text) == text


def test_our_own_source_is_left_as_it_is() -> None:
    for path in sorted((ROOT / "core").rglob("*.py")) + sorted(ROOT.glob("*.md")):
        if path.name != "secret_shapes.py":
            text = path.read_text()
            assert redacted(text) == text, path


@settings(max_examples=200, deadline=None)
@given(st.text("aB7=: \n'\"\\x%_-@/{[ghp_onl", max_size=80))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = redacted(text, ["aB7aB7aB7"])
    assert redacted(once, ["aB7aB7aB7"]) == once


def test_no_pattern_can_take_more_than_a_few_looks_at_a_character() -> None:
    """No repeat without an end holds another repeat, and none of several characters is long."""
    parse: Any = __import__("re")._parser
    for shape in (*TOKENS, *NAMED):
        assert _costs(parse.parse(shape.pattern.pattern, shape.pattern.flags)) is None, shape.pattern.pattern


def _costs(parsed: Any, inside: bool = False) -> object:
    """A repeat that could make a search slow; None where there is none."""
    for op, args in parsed:
        name = str(op)
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            _, most, inner = args
            is_one = len(inner) == 1 and str(inner[0][0]) in {"IN", "LITERAL", "NOT_LITERAL", "ANY"}
            if (not is_one and most > 8) or (inside and most > 200):
                return args
            if (found := _costs(inner, inside=most > 1)) is not None:
                return found
        for inner in _within(name, args):
            if (found := _costs(inner, inside)) is not None:
                return found
    return None


def _within(name: str, args: Any) -> list[Any]:
    if name == "SUBPATTERN":
        return [args[-1]]
    if name == "BRANCH":
        return list(args[1])
    return [args[1]] if name in {"ASSERT", "ASSERT_NOT"} else []


TOKEN = TOKEN_CORPUS["onloop agent"]


@pytest.fixture
def shop() -> Shop:
    """A shop over memory."""
    return Shop(MemoryStore())


def said(shop: Shop, text: str) -> str:
    """All that the store holds after everybody has said the text wherever they can."""
    shop.begin(brief=text)
    shop.begin(run="r2")
    agent, ana = shop.claim("r1"), shop.person()
    gateway, voice, epoch = shop.gateway, shop.voice(), agent.epoch
    gateway.perform(Heartbeat(agent, news=[SubAgentNews("a", doing=f"at {text}"[:190])]))
    kept = [gateway.perform(PassOn(agent, f"so far: {text}".encode()))]
    gateway.perform(PerformCommand(agent, "r1", c.SaveCheckpoint(agent.id, epoch, kept[0], 5)))
    gateway.perform(PerformCommand(agent, "r1", c.EndTurn(agent.id, epoch, text)))
    shop.submit(agent, work())
    gateway.perform(PerformCommand(ana, "r2", c.Pause(voice, text)))
    gateway.perform(PerformCommand(ana, "r2", c.Resume(voice, text)))
    gateway.perform(RecordStoreEvent(ana, Frozen("repo:other", ana.id, text)))
    shop.report(verdict=Verdict.PASS)
    shop.reject(text)
    again = shop.claim("r1", "agent:bravo")
    shop.ask(again, f"may I use {text}?")
    gateway.perform(PerformCommand(ana, "r1", c.Reply(shop.asked("r1").id, voice, text)))
    gateway.perform(PerformCommand(ana, "r1", c.Cancel(voice, text)))
    with shop.store.reading() as at:
        blobs = [(at.blob(digest) or b"").decode() for digest in kept]
        return "\n".join([*(event.data for event in at.log()), *map(str, at.select(SubAgent)), *blobs])


def test_a_live_token_that_is_said_anywhere_is_stored_nowhere(shop: Shop) -> None:
    everything = said(shop, f"ONLOOP_TOKEN={TOKEN} {base64.b64encode(TOKEN.encode()).decode()}")
    assert leaked(everything, TOKEN, 8) == "" and "b25sX2Fnd" not in everything
    assert everything.count(MASK) > 10


def test_what_is_in_the_gateways_environment_is_stored_nowhere(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_PASSPHRASE", "correct horse battery staple")
    everything = said(shop, "it is correct horse battery staple, no?")
    assert "horse battery" not in everything and everything.count(MASK) > 10


def test_what_an_agents_list_calls_its_parts_is_masked(shop: Shop) -> None:
    digest = shop.store.transact(lambda tx: tx.put_blob(f"- first part\n- second, with {TOKEN}\n".encode()))
    with shop.store.reading() as at:
        assert list(_lines(at, digest)) == ["first part", f"second, with {MASK}"]


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(TOKEN_CORPUS) + len(NAMED_CORPUS) > 40
    assert Path(__file__).exists()
