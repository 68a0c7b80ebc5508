"""PURE: takes secrets out of text before it is stored: known values, and text that looks like a secret.

A text is searched as it is, without escape sequences, with lines joined, and decoded from URL, JSON, hex and base64
form. A secret found in any of these readings is masked at its place in the text.
"""

from __future__ import annotations

import base64
import html
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus

from onloop.records import Record, field
from onloop.secret_shapes import NAMED, TOKENS, Span, key_spans, spans

MASK = "[redacted]"
SHORTEST = 6
"""Values shorter than this are left alone: masking every `test` would hide more than it protects."""

_SHORTEST_LINE = 16
_LEAST_CONTINUED = 4
_OBEYED = re.compile(
    "\x1b\\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\\\)?|\x1b[ -~]?"
    "|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\xad\u200b-\u200f\u2060-\u2064\ufeff]"
)
_LINE_END = re.compile(_OBEYED.pattern + r"|[ \t]{0,4}\r?\n[ \t]{0,80}")
_BARE_END = re.compile(_OBEYED.pattern + r"|\r?\n")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED = re.compile(r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[/\"'\\]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_HEX = re.compile(r"[0-9A-Fa-f]{24,}")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class _Reading(Record):
    """One reading of a text: the character at `starts[i]` comes from `places[i]` of the original."""

    text: str
    starts: list[int] = field(default_factory=lambda: [0])
    places: list[int] = field(default_factory=lambda: [0])

    def place(self, at: int) -> int:
        """Where in the original the character at `at` begins."""
        piece = bisect_right(self.starts, at) - 1
        return self.places[piece] + at - self.starts[piece]

    def span(self, start: int, end: int) -> Span:
        """The part of the original behind that range; an escape of one character is taken whole."""
        piece = bisect_right(self.starts, end - 1) - 1
        stands_alone = self.starts[piece] == end - 1 and self.starts[piece + 1 : piece + 2] == [end]
        return self.place(start), self.places[piece + 1] if stands_alone else self.place(end - 1) + 1


def redacted(text: str, secrets: Sequence[str] = ()) -> str:
    """`text` with a mask in place of every secret.

    Secrets are the values of `secrets`, plain or as base64, hex, URL, JSON or HTML, and text that looks like a key, a
    token or a password assignment.
    """
    forms = _forms_of(tuple(secrets))
    if len(text) < SHORTEST:
        return text
    return _masked(text, _found(text, forms))


def _found(text: str, forms: Sequence[str]) -> list[Span]:
    """Every secret, in every reading of the text."""
    clean = _read(text, _OBEYED, lambda _: "") if _OBEYED.search(text) else _Reading(text)
    found = [*_known(clean, forms), *_plain(clean)]
    joined = clean
    if "\n" in text:
        joined = _read(text, _LINE_END, lambda _: "")
        found += _continued(text, joined)
        for pattern, seam in ((_BARE_END, ""), (_LINE_END, ""), (_LINE_END, " ")) if forms else ():
            found += _known(_read(text, pattern, _seamed(seam)), forms)
    if _PERCENT.search(text):
        found += _plain(_read(text, _PERCENT, lambda match: chr(int(match[0][1:], 16))))
    if _ESCAPED.search(text):
        found += _plain(_read(text, _ESCAPED, _unescaped))
    return [*found, *_in_base64(joined), *_in_hex(joined)]


def _seamed(seam: str) -> Callable[[re.Match[str]], str]:
    """The replacement for a line end is `seam`; an escape sequence is removed."""
    return lambda match: seam if "\n" in match[0] else ""


def _unescaped(match: re.Match[str]) -> str:
    said = match[0]
    return said[1:] if said[1] not in "ux" else chr(int(said[2:], 16))


def _read(text: str, pattern: re.Pattern[str], said: Callable[[re.Match[str]], str]) -> _Reading:
    """The text with each match replaced by nothing or by one character."""
    pieces, starts, places, length, last = [], [0], [0], 0, 0
    for match in pattern.finditer(text):
        piece, char = text[last : match.start()], said(match)
        last = match.end()
        pieces += [piece, char]
        length += len(piece) + len(char)
        if char:
            starts.append(length - 1)
            places.append(match.start())
        starts.append(length)
        places.append(last)
    return _Reading("".join((*pieces, text[last:])), starts, places)


def _plain(reading: _Reading) -> Iterator[Span]:
    """The parts of a reading that look like a secret."""
    for start, end in (*spans(reading.text, TOKENS), *key_spans(reading.text), *spans(reading.text, NAMED)):
        yield reading.span(start, end)


def _known(reading: _Reading, forms: Sequence[str]) -> Iterator[Span]:
    for form in forms:
        at = reading.text.find(form)
        while at >= 0:
            yield reading.span(at, at + len(form))
            at = reading.text.find(form, at + len(form))


def _continued(text: str, joined: _Reading) -> Iterator[Span]:
    """Tokens that continue on the next line; a token that is complete on its line is found elsewhere."""
    for shape in TOKENS:
        if not any(anchor in joined.text.lower() for anchor in shape.anchors):
            continue
        for start, end in shape.spans(joined.text):
            first, last = joined.span(start, end)
            while "\n" in text[first:last]:
                cut = text.rindex("\n", first, last)
                rest = text[cut + 1 : last].strip()
                if len(rest) >= _LEAST_CONTINUED and any(char.isdigit() for char in rest):
                    break
                if shape.pattern.fullmatch(_LINE_END.sub("", text[first:cut])) is None:
                    break
                last = cut
            yield first, last


def _in_base64(reading: _Reading) -> Iterator[Span]:
    """Secrets in decoded base64, at every possible start in a run of its characters."""
    for run in _BASE64.finditer(reading.text):
        content = run[0].encode("ascii").translate(_URL_SAFE)
        for offset in range(4):
            part = content[offset : offset + (len(content) - offset) // 4 * 4]
            part += _last_of(content[offset + len(part) :])
            told = base64.b64decode(part).decode("latin-1") if part else ""
            for start, end in _told(told):
                first = run.start() + offset + start * 4 // 3
                yield reading.span(first, min(run.end(), run.start() + offset + -(-end * 4 // 3)))


def _last_of(rest: bytes) -> bytes:
    """The characters after the last group of four, padded; a single character decodes to nothing."""
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _in_hex(reading: _Reading) -> Iterator[Span]:
    for run in _HEX.finditer(reading.text):
        for offset in range(2):
            part = run[0][offset : offset + (len(run[0]) - offset) // 2 * 2]
            for start, end in _told(bytes.fromhex(part).decode("latin-1")):
                yield reading.span(run.start() + offset + 2 * start, run.start() + offset + 2 * end)


def _told(text: str) -> Iterator[Span]:
    """The parts of decoded bytes that look like a secret; a named secret counts only if the bytes are text."""
    yield from spans(text, TOKENS)
    if text.isascii() and all(char.isprintable() or char in "\r\n\t" for char in text):
        yield from spans(text, NAMED)


def _masked(text: str, found: list[Span]) -> str:
    """The text with one mask for each run of spans; an existing mask stays."""
    pieces, last = [], 0
    for start, end in _merged(found):
        if text[start:end] in {MASK, MASK[:-1], MASK[1:], MASK[1:-1]}:
            continue
        pieces += [text[last:start], MASK]
        last = end
    return "".join((*pieces, text[last:])) if pieces else text


def _merged(found: list[Span]) -> Iterator[Span]:
    start, end = -1, -1
    for first, last in sorted(found):
        if first > end or end < 0:
            if end > start >= 0:
                yield start, end
            start, end = first, last
        else:
            end = max(end, last)
    if end > start >= 0:
        yield start, end


@lru_cache(maxsize=8)
def _forms_of(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Every spelling of the secrets, the longest first."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _forms(secret: str) -> Iterator[str]:
    """How a value may be written. One of several lines is also masked line by line: output is cut and indented."""
    value = secret.strip()
    if len(value) < SHORTEST:
        return
    yield value
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _SHORTEST_LINE)
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], html.escape(value))
    raw = value.encode("utf-8", "surrogatepass")
    yield from (quote(raw), quote(raw, safe=""), quote_plus(raw))
    yield from (raw.hex(), raw.hex().upper())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from (_within(encode, raw, offset) for offset in range(3))


def _within(encode: Callable[[bytes], bytes], raw: bytes, offset: int) -> str:
    """The base64 characters that depend only on `raw`, where it starts `offset` bytes after a multiple of three."""
    text = encode(bytes(offset) + raw).decode().rstrip("=")
    first = (0, 2, 3)[offset]
    shared = 1 if (offset + len(raw)) % 3 else 0
    return text[first : len(text) - shared]
