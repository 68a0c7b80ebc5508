"""Secrets are found however they are written, and what is none is left alone."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.redaction import MASK, redacted

SECRET = 'p+ss/w?rd&"né"\\<1>'
KEY_LINES = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7", "VJTUt9Us8cKjMzEfYyjiWA4R4"]
PEM = "-----BEGIN {0}PRIVATE KEY-----\n" + "\n".join(KEY_LINES) + "\n-----END {0}PRIVATE KEY-----"


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        html.escape(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
    ],
)
def test_a_known_secret_is_masked_in_every_form(written: str) -> None:
    shown = redacted(f"before {written} after", [SECRET])
    assert shown.replace('"', "") == f"before {MASK} after"


@given(
    before=st.binary(max_size=7),
    after=st.binary(max_size=7),
    secret=st.text("abcdefghijklmnopqrstuvwxyzABCÄß+/0123456789", min_size=12, max_size=40),
)
def test_a_known_secret_is_masked_in_base64_whatever_stands_around_it(before: bytes, after: bytes, secret: str) -> None:
    raw = secret.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + raw + after).decode()
        first, last = -(-len(before) * 8 // 6), (len(before) + len(raw)) * 8 // 6
        assert text[first:last] not in redacted(text, [secret])


def test_the_longest_of_overlapping_secrets_is_masked_whole() -> None:
    assert redacted("hunter22-extended", ["hunter22", "hunter22-extended"]) == MASK


def test_each_line_of_a_secret_of_several_lines_is_masked_alone() -> None:
    shown = redacted(f"> {KEY_LINES[1]}", ["\n".join(KEY_LINES)])
    assert shown == f"> {MASK}"


@pytest.mark.parametrize("secret", ["", "a", "test", "12345", "  abc  "])
def test_a_value_too_short_to_be_a_secret_is_left_alone(secret: str) -> None:
    text = "a test of 12345 abc, in hex 61 74657374 3132333435, in base64 dGVzdA== MTIzNDU="
    assert redacted(text, [secret]) == text


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1B2" * 9,
        "ghs_" + "a1B2" * 9,
        "github_pat_11ABCDEFG0" + "aB3_" * 15,
        "glpat-" + "a1B2_" * 4,
        "sk-" + "proj-a1B2" * 4,
        "sk-ant-api03-" + "xY9_" * 10,
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefABCDEF",
        "AIza" + "a1B2-" * 7,
        "npm_" + "a1B2" * 9,
        "pypi-" + "AgEIcHlwaS5vcmc" * 3,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4",
        "onl_agt_" + "a1B2-_" * 7,
        PEM.format(""),
        PEM.format("OPENSSH "),
        PEM.format("RSA ").replace("\n", "\\n"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "x={}, y", '"{}"', "see {} there", "({})"])
def test_what_has_the_shape_of_a_token_is_masked(token: str, around: str) -> None:
    assert redacted(around.format(token), []) == around.format(MASK)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh12345678", f"Authorization: Bearer {MASK}"),
        ("authorization: Basic dXNlcjpwYXNz", f"authorization: Basic {MASK}"),
        ("-H 'Authorization: token abcdefgh'", f"-H 'Authorization: token {MASK}'"),
        ('"Authorization": "Bearer abcdefgh12345678"', f'"Authorization": "Bearer {MASK}"'),
        ("X-Api-Key: abcdefgh", f"X-Api-Key: {MASK}"),
        ("Set-Cookie: session=abcdefgh; Path=/", f"Set-Cookie: {MASK} Path=/"),
        ("DB_PASSWORD=correct-horse x", f"DB_PASSWORD={MASK} x"),
        ("https://x/?token=abcdefgh&page=2", f"https://x/?token={MASK}&page=2"),
        ('{"password": "correct horse"}', f'{{"password": {MASK}}}'),
        ("api_key = 'abcdefgh'", f"api_key = {MASK}"),
        ("git clone https://ada:correct-horse@example.org/x", f"git clone https://ada:{MASK}@example.org/x"),
    ],
)
def test_a_value_named_as_a_secret_is_masked_and_its_name_stays(text: str, shown: str) -> None:
    assert redacted(text, []) == shown


@pytest.mark.parametrize(
    "text",
    [
        "AssertionError: 3 != 4",
        "commit 3f2a8c1d90ab4c1e8d77a0b1c2d3e4f5a6b7c8d9",
        "from sk-learn-contrib import risk-assessment-of-everything",
        "SyntaxError: unexpected token: ')' at line 3",
        "the bearer of bad news",
        "password=ab",
        "-----BEGIN CERTIFICATE-----",
        "see https://example.org:8080/a@b",
        "12 tests passed in 0.8 s",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redacted(text, ["hunter22"]) == text


def test_a_private_key_cut_at_either_end_is_masked() -> None:
    begin, middle, end = PEM.format("").partition("\n" + KEY_LINES[1])
    assert KEY_LINES[0] not in redacted(f"x {begin}", [])
    assert KEY_LINES[1] not in redacted(f"[left out]\n{middle.strip()}{end}", [])


@given(st.text(alphabet="token=bearer: sk-gh_1'\"\n-@/AKIA", max_size=200))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redacted(text, ["bearer-1"])
    assert redacted(once, ["bearer-1"]) == once


@pytest.mark.parametrize(
    "piece",
    ["A", "eyJ", "sk-", "token", "://", "://a:", "bearer ", "-----BEGIN PRIVATE KEY-----\n", "x-x-key", "password='"],
)
def test_no_text_makes_redaction_slow(piece: str) -> None:
    began = time.process_time()
    redacted(piece * (100_000 // len(piece)), [SECRET])
    redacted(("A" * 25 + "\n") * 4000, [SECRET])
    assert time.process_time() - began < 2
