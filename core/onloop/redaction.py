"""PURE: takes secrets out of text before it is stored: the values that are known, and what has the shape of one."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
SHORTEST = 6
"""Values shorter than this are left alone: masking every `test` would hide more than it protects."""

_SHORTEST_LINE = 16
_KEY = r"-----{} [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----"
_WORD = r"(?<![\w-])"
_NAME = r"(?:passw(?:or)?d|passphrase|secret|token|(?:api|access|secret|private)[_-]?key)"
_DIGIT = r"(?=[\w.~+/-]{0,200}\d)"

_SHAPES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"{_KEY.format('BEGIN')}.*?(?:{_KEY.format('END')}|\Z)", re.DOTALL),
    re.compile(rf"(?:^[A-Za-z0-9+/=]{{20,}}\r?\n){{1,100}}{_KEY.format('END')}", re.MULTILINE),
    re.compile(_WORD + r"gh[a-z]_[A-Za-z0-9]{20,}"),
    re.compile(_WORD + r"github_pat_\w{20,}"),
    re.compile(_WORD + r"glpat-[\w-]{20,}"),
    re.compile(_WORD + r"onl_[a-z]{2,8}_[\w-]{20,}"),
    re.compile(_WORD + _DIGIT + r"sk-[\w-]{20,}"),
    re.compile(_WORD + r"(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)"),
    re.compile(_WORD + r"xox[a-z]-[\w-]{10,}"),
    re.compile(_WORD + r"AIza[\w-]{35}"),
    re.compile(_WORD + r"npm_[A-Za-z0-9]{36}"),
    re.compile(_WORD + r"pypi-[\w-]{32,}"),
    re.compile(_WORD + r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"),
)
"""Each is anchored or bounded, so that no text makes the search slow."""

_NAMED: tuple[re.Pattern[str], ...] = (
    re.compile(r"(authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:(?:bearer|basic|token)\s{1,4})?)[^\s\"',]{6,}", re.I),
    re.compile(rf"(\bbearer\s{{1,4}}){_DIGIT}[\w.~+/-]{{16,}}=*", re.I),
    re.compile(r"(\b(?:x-[a-z-]{0,30}(?:key|token)|private-token|(?:set-)?cookie):\s{0,4})[^\s\"',]{6,}", re.I),
    re.compile(rf"({_NAME}=)[^\s\"'&,;)}}\]]{{6,}}", re.I),
    re.compile(rf"({_NAME}[\"']?\s{{0,4}}[:=]\s{{0,4}})(?:\"[^\"\n]{{6,}}\"|'[^'\n]{{6,}}')", re.I),
    re.compile(r"(://[^/\s:@]{0,100}:)[^/\s@]{6,200}(?=@)"),
)
"""Values known by the name before them, which stays."""


def redacted(text: str, secrets: Sequence[str]) -> str:
    """`text` with a mask in place of every secret.

    Those are `secrets`, as they are and as base64, hex, URL, JSON or HTML write them, and whatever looks like a key, a
    token or the assignment of a password.
    """
    known = _known(secrets)
    if known is not None:
        text = known.sub(MASK, text)
    for shape in _SHAPES:
        text = shape.sub(MASK, text)
    for named in _NAMED:
        text = named.sub(rf"\g<1>{MASK}", text)
    return text


def _known(secrets: Sequence[str]) -> re.Pattern[str] | None:
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
    if not forms:
        return None
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form))))


def _forms(secret: str) -> Iterator[str]:
    """How a value may be written. One of several lines is also masked line by line: output is cut and indented."""
    value = secret.strip()
    if len(value) < SHORTEST:
        return
    yield value
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _SHORTEST_LINE)
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], html.escape(value))
    yield from (quote(value), quote(value, safe=""), quote_plus(value))
    raw = value.encode("utf-8", "surrogatepass")
    yield from (raw.hex(), raw.hex().upper())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from (_within(encode, raw, offset) for offset in range(3))


def _within(encode: Callable[[bytes], bytes], raw: bytes, offset: int) -> str:
    """What of `raw` is sure to be seen in a base64 text where it starts `offset` bytes after a multiple of three."""
    text = encode(bytes(offset) + raw).decode().rstrip("=")
    first = (0, 2, 3)[offset]
    shared = 1 if (offset + len(raw)) % 3 else 0
    return text[first : len(text) - shared]
