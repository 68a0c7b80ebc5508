"""The signature of a text that says why something failed: what differs in kind stays, what differs by chance goes.

What stays: quoted names, modules, symbols, paths under the repository, codes of compilers, statuses of HTTP, hosts.
What goes: where a checkout or a temporary folder lies, places in a file, numbers, durations, times, ids, versions.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_SIGNATURE = 400
_LONGEST_READ = 2_000
"""Agents write these texts, and the rules can take quadratic time, so only the first characters are read."""

_Rules = tuple[tuple[re.Pattern[str], str], ...]

_FILE = r"[\w.\-+@]{1,80}\.\w{1,8}"
"""The name of a file with an extension."""

_PART = r"[\w.\-+@]+"
_FREE = r"(?<![\w/.<>])"
"""Where a path can begin."""

_TEMPORARY = r"/(?:tmp|var/tmp|var/folders|private|dev/shm)"
_OF_SYSTEM = r"(?:usr|etc|var|opt|lib|bin|dev|proc)/"
_THIS_HOST = r"(?:localhost|127(?:\.\d+){3}|\[?::1\]?|0\.0\.0\.0)"
_REST = r"[^\s'\",;)]*"
_UNIT = r"(?:ms|s|sec|m|h|min|secs|seconds?|minutes?|hours?)"


def _rules(*pairs: tuple[str, str]) -> _Rules:
    return tuple((re.compile(pattern), word) for pattern, word in pairs)


_BY_CHANCE = _rules(
    (r"\x1b\[[\d;]*m|‹U\+[0-9A-F]+›", ""),
    (r"[‘’`´]", "'"),
    (r"[“”]", '"'),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
    (r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:::\w+)?", "<id>"),
    (r"\b(?:req|msg|ses|run|job)_\w{8,}", "<id>"),
    (r"\bsha\d{1,3}[:-][\w+/=]{12,}", "<id>"),
    (rf"\b(\w{{2,9}}://)(?:[^\s/@'\"]*@)?{_THIS_HOST}{_REST}", r"\1<here>"),
    (rf"\b(\w{{2,9}}://)(?:[^\s/@'\"]*@)?([\w-]+(?:\.[\w-]+)+){_REST}", r"\1\2"),
    (rf"\b(unix|npipe|fd):/{{2,3}}{_REST}", r"\1:<here>"),
    (r"\b[\w.]+@([\w-]+(?:\.[\w-]+)+):[\w./~-]+", r"\1"),
    (rf"(?<![\w.]){_THIS_HOST}(?::\d+)?(?![\w.])", "<here>"),
    (r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.])", "<host>"),
    (r"(?<![\w/.])(?:/[\w.\-+@]+){0,12}/(?:site-packages|dist-packages|node_modules)/", "<installed>/"),
    (rf"{_FREE}{_TEMPORARY}(?:/{_PART}){{0,12}}/({_FILE})", r"\1"),
    (rf"{_FREE}{_TEMPORARY}(?:/[\w.\-+@]*){{1,12}}", "<folder>"),
    (rf"{_FREE}/(?!{_OF_SYSTEM}){_PART}(?:/{_PART}){{0,16}}/({_FILE})(?![\w/])", r"\1"),
    (rf"{_FREE}/(?!{_OF_SYSTEM})(?:{_PART}/){{1,16}}[\w.\-+@]*(?![\w/])", "<folder>"),
    (r"\b0x[0-9a-fA-F]+\b", "<hex>"),
    (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b(?:\.{3})?", "<hex>"),
    (r"\b(?=[A-Za-z]*\d)(?=\w*\d[A-Za-z]*\d[A-Za-z]*\d)[A-Za-z0-9]{20,}\b", "<id>"),
    (r"\b(?:cc|tmp)(?=\w*[A-Z0-9_])\w{6,10}\.o\b", "<file>"),
    (rf"(?<![\w.])\d+(?:\.\d+)?\s?{_UNIT}\b", "<time>"),
)
"""What differs from run to run of the very same failure."""

_PATH = r"(?<![\w/.])(?:\.{1,2}/)?[\w./\-+@]{1,160}"

_IN_PLACE = _rules(
    (r"[;,.]? ?retrying (?:attempt )?\d+(?:/| of )\d+[^;]*", ""),
    (r"(?:[\w./\-]+:)?\(\.text[^)]{0,40}\):? ?", ""),
    (r"\bmake(?:\[\d+\])?: (\S+): No such file or directory", r"\1: not found"),
    (r"\bcommand not found", "not found"),
    (r"\bvet: |\b(?:docker|git|bash|sh): (?=[A-Z])", ""),
    (r"[,;]? ?\(?\brequest[ _-]id:? \S+", ""),
    (r"\bundeclared name:", "undefined:"),
    (r"\berror\[E043[23]\]: .*?(?='\w)", "unresolved "),
    (r" in this scope\b", ""),
    (r"\"[^\"]{0,200}\" (?=\(untyped)", "<value> "),
    (rf"{_PATH}(?::\d+(?::\d+)?:?|\(\d+,\d+\):?|:\[\d+(?:,\d+)?\]:?|: line \d+:)(?=\s+\S)", ""),
    (rf"{_PATH}\.(?:sh|py|js|rb|pl): \d+: ", ""),
    (r"\s+from '[^'\s]{1,200}'(?=\s|$)", ""),
    (r"\(from (?:versions: [^)]{0,400}|line \d+[^)]*|-r [^)]*)\)", ""),
    (r"\s+from (?:line )?\d+(?:: '\w+' redefined here)?(?=\s|$)|\s+from (?:line \d+)?: '\w+' redefined here", ""),
    (r"\bat line \d+(?:,? column \d+)?|\b(?:line|column|position) \d+", ""),
    (r"\b((?:on|for) project) [\w.:\-]+", r"\1 <name>"),
    (r"(?<=\w)(?:\[[\w,-]*\])?(?:===|==|>=|<=|~=|!=)\s?v?\d[\w.*+!-]*(?:,\s?[<>=!~]+\d[\w.*]*)*", ""),
    (r"(?<=[\w/])@[\^~]?\d[\w.\-+]*", ""),
    (r"(?<=:)\d+(?:\.\d+)+(?:-\w+)?(?=$|\W)", "<n>"),
    (r"(?:^|(?<=: ))\W{0,4}(?:(?:stream |fatal )?[Ee]rror|ERROR|fatal|FATAL): (?=\S)", ""),
)
"""Where in a file it stands, for which project, in which version, and that it is an error."""

_KEPT = re.compile(
    r"((?:\b(?:HTTP(?:/\d(?:\.\d)?)?|status(?: code)?:?|API Error:|Errno|error code:?) ?)\d{1,3}\b"
    r"|\b[1-5]\d\d (?:Unauthorized|Forbidden|Not Found|Too Many Requests|Bad Request|Internal Server Error|Bad Gateway)"
    r"|exit (?:code|status):? 1[2-4]\d\b)"
)
"""Numbers that say of which kind it is: a status, an errno, a signal."""

_NUMBER = re.compile(r"(?<![A-Za-z_\d])\d+(?:[.,]\d+)*")
_PLURAL = re.compile(r"(<n> (?:[a-z]{1,12} )?[a-z]{2,20}?)s\b")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=8_192)
def signature(text: str) -> str:
    """The signature of a text, at most 400 characters: the same for failures that one and the same mending ends."""
    text = _replaced(_replaced(text[:_LONGEST_READ], _BY_CHANCE), _IN_PLACE)
    parts = _KEPT.split(text)
    text = "".join(part if number % 2 else _NUMBER.sub("<n>", part) for number, part in enumerate(parts))
    return _SPACE.sub(" ", _PLURAL.sub(r"\1", text))[:LONGEST_SIGNATURE].strip()


@lru_cache(maxsize=8_192)
def wording(text: str) -> str:
    """The text without what differs from run to run; two wordings of one signature differ in places or numbers."""
    return _SPACE.sub(" ", _replaced(text[:_LONGEST_READ], _BY_CHANCE)).strip()


def _replaced(text: str, rules: _Rules) -> str:
    for pattern, word in rules:
        text = pattern.sub(word, text)
    return text
