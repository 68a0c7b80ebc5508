"""PURE: what secrets look like: keys and tokens by their shape, and values by the name before them.

Every pattern begins with something rare, and repeats single characters only, or bounded groups: no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from onloop.records import Record

Span = tuple[int, int]


def _is_mixed(value: str) -> bool:
    """Whether a value has a letter and a digit, as words of prose and names in code seldom have."""
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def _is_random(value: str) -> bool:
    """Whether a value looks drawn by lot: long and of three kinds of characters, or with signs that no name has."""
    has_both_cases = value != value.lower() and value != value.upper()
    return _is_mixed(value) and ((has_both_cases and len(value) >= 12) or any(char in "!@#%^*" for char in value))


def _is_value(value: str) -> bool:
    """Whether a bare value looks like no name in a program."""
    return _is_random(value) or (_is_mixed(value) and "_" not in value and "." not in value)


_NO_PASSWORD = re.compile(
    "accepted|boolean|changed|correct|disabled|empty|enabled|expired|hidden|incorrect|integer|invalid|masked|missing"
    "|number|object|optional|password|redacted|rejected|required|string|unknown|varchar|wrong|(?-i:[A-Z][a-z]+[A-Z]\\w*)",
    re.I,
)


def _is_password(value: str) -> bool:
    """Whether what a line says of a password is one, and not what it must be."""
    return _NO_PASSWORD.fullmatch(value.strip(".!?:")) is None


def _is_no_number(value: str) -> bool:
    return not value.isdigit()


_NAMES_THEMSELVES = frozenset({"password", "passphrase", "secret", "token"})
"""What a program calls such a thing, and nobody's secret that is worth one."""


def _is_said(quoted: str) -> bool:
    """Whether a value in quotes is one, and not a place for one or a mask."""
    value = quoted[1:-1]
    if value.startswith(("$", "<", "[redacted]")) or any(sign in value for sign in ("{", "%s", "%(", "…")):
        return False
    return value not in _NAMES_THEMSELVES and not ("_" in value and value.replace("_", "").isalpha())


@cache
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def _any(_: str) -> bool:
    return True


class Shape(Record):
    """A pattern that is looked for where one of `anchors` (lower case) stands; the group `v`, or all, is the secret."""

    anchors: tuple[str, ...]
    text: str
    flags: int
    fits: Callable[[str], bool] = _any

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first looked for: most verbs look for none."""
        return _compiled(self.text, self.flags)

    def spans(self, text: str) -> Iterator[Span]:
        """Where it is in the text."""
        group = "v" if "v" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            if self.fits(match[group]):
                yield match.span(group)


def _token(anchor: str, pattern: str, fits: Callable[[str], bool] = _any) -> Shape:
    return Shape(tuple(anchor.split()), pattern, re.ASCII, fits)


_EDGE = r"(?<![A-Za-z0-9+/_-])"

TOKENS: tuple[Shape, ...] = (
    _token("onl_", r"onl_[a-z]{2,8}_[\w-]{20,200}"),
    _token("ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_(?:[A-Za-z0-9]{36}(?![A-Za-z0-9])|[A-Za-z0-9]{20,255})", _is_mixed),
    _token("github_pat_", r"github_pat_\w{20,255}"),
    _token("glpat- glptt- gldt- glrt- glsoat- glcbt-", r"gl(?:pat|ptt|dt|rt|soat|cbt)-[\w-]{20,255}"),
    _token("sk-", r"(?<![\w-])sk-[\w-]{20,255}", _is_mixed),
    _token("sk-", r"sk-(?:ant|proj|svcacct|admin|or)-[\w-]{20,255}", _is_mixed),
    _token("_live_ _test_", r"(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,255}"),
    _token("whsec_", r"whsec_[A-Za-z0-9+/]{20,255}={0,2}", _is_mixed),
    _token("akia asia", r"(?<![A-Za-z0-9+/])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _token("xox", r"xox[a-z]-[\w-]{10,255}", _is_mixed),
    _token("xapp-", r"xapp-\d-[\w-]{10,255}"),
    _token("hooks.slack.com/", r"hooks\.slack\.com/(?P<v>(?:services|workflows|triggers)/[\w/-]{10,255})"),
    _token("/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/(?P<v>\d{10,25}/[\w-]{30,255})"),
    _token("aiza", _EDGE + r"AIza[\w-]{35}(?![\w-])"),
    _token("ya29.", r"ya29\.[\w-]{20,500}"),
    _token("gocspx-", r"GOCSPX-[\w-]{20,100}"),
    _token("npm_", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    _token("pypi-", r"pypi-[\w-]{32,255}", _is_mixed),
    _token("sg.", r"SG\.[\w-]{16,64}\.[\w-]{16,100}"),
    _token("hf_", r"hf_[A-Za-z0-9]{30,100}(?![A-Za-z0-9_])"),
    _token("_v1_", r"do[opr]_v1_[a-f0-9]{32,128}"),
    _token("hvs. hvb. hvr.", r"hv[sbr]\.[\w-]{20,255}", _is_mixed),
    _token("dckr_pat_", r"dckr_pat_[\w-]{20,100}"),
    _token("shpat_ shpss_ shpca_ shppa_", r"shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}"),
    _token("lin_api_", r"lin_api_[A-Za-z0-9]{30,100}"),
    _token("glsa_", r"glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}"),
    _token("nrak-", r"NRAK-[A-Z0-9]{27}"),
    _token("dapi", r"(?<![A-Za-z0-9])dapi[a-f0-9]{32}(?![a-f0-9])"),
    _token("rubygems_", r"rubygems_[a-f0-9]{48}"),
    _token("atatt3", r"ATATT3[\w=-]{50,300}"),
    _token("age-secret-key-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _token("tskey-", r"tskey-[a-z]{2,12}-[\w-]{12,100}"),
    _token("sntrys_", r"sntrys_[\w=+/-]{20,300}"),
    _token("xkeysib-", r"xkeysib-[a-f0-9]{64}-\w{10,20}"),
    _token("pmak-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    _token("q~", r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?![\w~.-])"),
    _token(":aa", r"(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])"),
    _token("eyj", r"(?<![\w-])eyJ[\w-]{8,2000}\.[\w-]{8,8000}\.[\w-]{8,2000}"),
)
"""What is a secret wherever it stands. Live tokens of ours come first."""

_WORDS = (
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?"
    r"|(?:api|access|secret|private|encryption|signing|account|master)[_-]?key)"
)
_ANCHORS = ("passw", "passphrase", "pwd", "secret", "token", "credential", "key")
_UPPER = (
    r"(?<![A-Za-z0-9_])(?:[A-Z0-9]{1,30}_){0,8}(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|APIKEY|CREDENTIALS?)"
    r"(?:_(?:[0-9]{1,3}|PROD|DEV|STAGING|TEST|LIVE|OLD|NEW|VALUE))?"
)
_UPPER_KEY = r"(?<![A-Za-z0-9_])(?:[A-Z0-9]{1,30}_){1,8}KEY"
_BARE = r"[^\s\"'`&,;(){}\[\]<>$|\\]"
_HEADER = r"[^\s\"',\[{(<$]{6,4000}"
_END = r"(?=[\s\"'`&,;)}\]|\\]|\Z)"
_GAP = r"[ \t]{0,4}"
_START, _STOP = r"^[ \t-]{0,40}(?:export )?[\w.-]{0,60}", r"[ \t]{0,8}\r?$"


def _named(anchors: str, pattern: str, fits: Callable[[str], bool] = _any, flags: int = re.I) -> Shape:
    return Shape(tuple(anchors.split()), pattern, flags, fits)


def _word(pattern: str, fits: Callable[[str], bool] = _any) -> Shape:
    return Shape(_ANCHORS, pattern, re.I | re.M, fits)


NAMED: tuple[Shape, ...] = (
    _named(
        "authorization",
        r"authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:(?:bearer|basic|token)\s{1,4})?(?!(?:bearer|basic|token)\s)"
        r"(?P<v>" + _HEADER + ")",
    ),
    _named("bearer", r"\bbearer\s{1,4}(?P<v>[\w.~+/-]{16,4000}=*)", _is_mixed),
    _named(
        "-key -token cookie",
        r"\b(?:x-[a-z-]{0,30}(?:key|token)|private-token|(?:set-)?cookie):\s{0,4}(?P<v>" + _HEADER + ")",
    ),
    _named("=", rf"{_UPPER}=(?P<v>{_BARE}{{6,4000}}){_END}", _is_no_number, 0),
    _named("key", rf"{_UPPER_KEY}[\"']?{_GAP}[:=]{_GAP}[\"']?(?P<v>{_BARE}{{12,4000}}){_END}", _is_random, 0),
    _named("sig=", r"[?&;]sig=(?P<v>[A-Za-z0-9%+/=_-]{20,200})"),
    _named("accountkey accesskey", r"(?:Account|SharedAccess)Key=(?P<v>[A-Za-z0-9+/=]{20,200})"),
    _word(rf"[?&#]{_WORDS}=(?P<v>{_BARE}{{6,4000}})"),
    _word(rf"{_START}{_WORDS}=(?P<v>{_BARE}{{6,4000}}){_STOP}"),
    _word(rf"{_WORDS}={_GAP}(?P<v>{_BARE}{{6,4000}}){_END}", _is_value),
    _word(rf"{_WORDS}[\"']?{_GAP}[:=]{_GAP}(?P<v>{_BARE}{{8,4000}}){_END}", _is_random),
    _word(rf"{_START}{_WORDS}:[ \t]{{1,4}}(?P<v>{_BARE}{{6,4000}}){_STOP}", _is_value),
    _word(rf"{_START}(?:passw(?:or)?d|passphrase):[ \t]{{1,4}}(?P<v>{_BARE}{{6,4000}}){_STOP}", _is_password),
    _word(rf"{_WORDS}[\"']?\s{{0,4}}[:=]\s{{0,4}}(?P<v>\"[^\"\n]{{6,4000}}\"|'[^'\n]{{6,4000}}')", _is_said),
    _named(
        "password",
        r"\b(?:machine|login)\s{1,4}\S{1,200}\s{1,20}(?:login\s{1,4}\S{1,200}\s{1,20})?password\s{1,4}(?P<v>\S{4,500})",
    ),
    _named(
        "--pass --token --secret --api",
        r"--(?:password|passphrase|token|secret|api-key)[ =](?P<v>[^\s\"'<$\[{-][^\s\"']{5,500})",
        _is_mixed,
    ),
    _named("://", r"://[^/\s:@\"'<>]{0,100}:(?P<v>[^/\s@\"'<>{}$]{6,500})(?=@)"),
    _named("://", r"://(?P<v>[^/\s:@\"'<>{}$]{16,500})(?=@)", _is_mixed),
)
"""What is a secret by what stands before it; that stays."""

_KEY = r"-----{} [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----"
_BEGIN, _LAST = re.compile(_KEY.format("BEGIN")), re.compile(_KEY.format("END"))
_ARMOUR = re.compile(r"[A-Za-z0-9+/=]{20,200}")
_MOST_LINES = 400


def key_spans(text: str) -> Iterator[Span]:
    """Private keys in armour, also where the beginning or the end is cut off."""
    if "PRIVATE KEY" not in text:
        return
    done = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() >= done:
            last = _LAST.search(text, begin.end())
            done = last.end() if last else len(text)
            yield begin.start(), done
    for last in _LAST.finditer(text):
        start = _armour_before(text, last.start())
        if start < last.start():
            yield start, last.end()


def _armour_before(text: str, end: int) -> int:
    """Where the lines of base64 begin that end right before `end`."""
    start = end
    for _ in range(_MOST_LINES):
        line_end = start - 1
        if line_end < 0 or text[line_end] != "\n":
            return start
        line_start = text.rfind("\n", max(0, line_end - 250), line_end) + 1
        if _ARMOUR.fullmatch(text[line_start:line_end].rstrip("\r")) is None:
            return start
        start = line_start
    return start


TOKEN_ANCHORS = tuple(dict.fromkeys(anchor for shape in TOKENS for anchor in shape.anchors))


def spans(text: str, shapes: tuple[Shape, ...]) -> Iterator[Span]:
    """Where any of the shapes is."""
    lowered = text.lower()
    if shapes is TOKENS and not any(map(lowered.__contains__, TOKEN_ANCHORS)):
        return
    for shape in shapes:
        if any(anchor in lowered for anchor in shape.anchors):
            yield from shape.spans(text)
