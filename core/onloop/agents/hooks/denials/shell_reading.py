"""PURE: the simple commands in what an agent asks a shell to run, read as a shell reads them, in one pass.

It follows quotes, here-documents, substitutions and `sh -c`; it knows no variables and runs nothing. So it sees what
an agent does by habit or by mistake; whoever wants to hide a command from it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from onloop.records import MutableRecord, Record, field

DEEPEST = 8
"""How deep commands within commands are followed."""
LONGEST_SCRIPT = 64 * 1024
MOST_EFFORT = 50_000
"""How much of one call is read, at all depths together: tokens, words of commands, parts of paths, 64 letters each."""
_LETTERS = 64

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]+|\\\r?\n)
  | (?P<here><<-?[ \t]*(?P<mark>'[^'\n]*'|"[^"\n]*"|\\?[^\s;&|<>()'"\\]+))
  | (?P<redirect>\d*(?:&>>|&>|>>|>\||>&|>|<<<|<>|<&|<))
  | (?P<end>\n|;|&&|\|\||\||&|\(|\)|`|\$\()
  | (?P<single>\$?'[^']*'?)
  | (?P<double>"(?:[^"\\]|\\.)*"?)
  | (?P<escape>\\.?)
  | (?P<plain>[^\s'"\\;&|()<>`$]+|[$])
    """,
    re.VERBOSE | re.DOTALL,
)
_SET = re.compile(r"[A-Za-z_]\w*\+?=")
_ESCAPED = re.compile(r'\\([\\"$`\n])')
_WRITES = frozenset({">", ">>", ">|", "&>", "&>>", "<>", ">&"})
_KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "fi", "done"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash", "busybox"})
_WRAPPERS = frozenset(
    """
    env sudo doas command builtin exec nohup nice ionice timeout stdbuf setsid xargs parallel watch strace script
    """.split()  # noqa: SIM905 - a literal would take a line for each
)


class TooMuchToRead(Exception):
    """A script is longer, or has more in it, than is read."""


class ReadingEffort(MutableRecord):
    """What may still be read of one call: a gateway reads for many, and a short script can hold very much."""

    left: int = MOST_EFFORT

    def spend(self, amount: int) -> None:
        """Count something as read; TooMuchToRead where nothing is left."""
        self.left -= amount
        if self.left < 0:
            raise TooMuchToRead


class SimpleCommand(Record):
    """One command: its words, the program by its name alone first, and the files that the shell opens to write."""

    words: tuple[str, ...]
    writes: tuple[str, ...] = ()


class _ShellReading(MutableRecord):
    """What has been read of the command that is being read."""

    words: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    word: list[str] | None = None
    target: bool | None = None

    def add(self, text: str) -> None:
        if self.word is None:
            self.word = []
        self.word.append(text)

    def end_word(self) -> None:
        if self.word is None:
            return
        if self.target is None:
            self.words.append("".join(self.word))
        elif self.target:
            self.writes.append("".join(self.word))
        self.word = self.target = None


def commands_in(text: str, effort: ReadingEffort | None = None, depth: int = 0) -> Iterator[SimpleCommand]:
    """The commands of a script in order, those within others too; TooMuchToRead where there are too many."""
    if len(text) > LONGEST_SCRIPT:
        raise TooMuchToRead
    effort = ReadingEffort() if effort is None else effort
    effort.spend(len(text) // _LETTERS)
    now, at = _ShellReading(), 0
    while at < len(text):
        effort.spend(1)
        if text[at] == "#" and now.word is None:
            at = _line_end(text, at)
            continue
        token = _TOKEN.match(text, at)
        if token is None:  # what is no token of a shell is a letter like others
            now.add(text[at])
            at += 1
            continue
        at = token.end()
        if token.lastgroup == "end" or token["end"] is not None:
            now.end_word()
            yield from _carried_out(now, effort, depth)
            at = _after_here(text, at, now.marks) if token["end"] == "\n" else at
            now = _ShellReading(marks=now.marks)
        else:
            _take(now, token)
    now.end_word()
    yield from _carried_out(now, effort, depth)


def _take(now: _ShellReading, token: re.Match[str]) -> None:
    """Add a token to the command that is being read."""
    if token["space"] is not None:
        now.end_word()
    elif token["here"] is not None:
        now.end_word()
        now.marks.append(token["mark"].strip("'\"\\"))
    elif token["redirect"] is not None:
        now.end_word()
        now.target = token["redirect"].lstrip("0123456789") in _WRITES
    elif token["single"] is not None:
        now.add(token["single"].lstrip("$").strip("'"))
    elif token["double"] is not None:
        now.inner += _substituted(token["double"])
        now.add(_ESCAPED.sub(r"\1", token["double"][1:].removesuffix('"')))
    else:
        now.add((token["escape"] or "")[1:] or token["plain"] or "")


def _substituted(quoted: str) -> list[str]:
    """The commands that a text in double quotes has the shell run."""
    found = [part for number, part in enumerate(quoted.split("`")) if number % 2]
    at = quoted.find("$(")
    while at >= 0:
        end, open_ = at + 2, 1
        while end < len(quoted) and open_:
            open_ += (quoted[end] == "(") - (quoted[end] == ")")
            end += 1
        found.append(quoted[at + 2 : end - 1 if not open_ else end])
        at = quoted.find("$(", end)
    return found


def _after_here(text: str, at: int, marks: list[str]) -> int:
    """Where the text goes on after the here-documents that this line has begun; they are not commands."""
    while marks:
        mark = marks.pop(0)
        while at < len(text):
            end = _line_end(text, at)
            line, at = text[at:end].strip("\t\r"), end + 1
            if line == mark:
                break
    return at


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _carried_out(now: _ShellReading, effort: ReadingEffort, depth: int) -> Iterator[SimpleCommand]:
    """The command that was read, as its program gets it, and those that it contains."""
    effort.spend(len(now.words))
    begin = next((n for n, word in enumerate(now.words) if word not in _KEYWORDS and not _SET.match(word)), None)
    words = now.words[begin:] if begin is not None else []
    if depth < DEEPEST:
        for inner in now.inner:
            yield from commands_in(inner, effort, depth + 1)
        yield from _within(words, effort, depth + 1)
    named = (words[0].rpartition("/")[2], *words[1:]) if words else ()
    if named or now.writes:
        yield SimpleCommand(named, tuple(now.writes))


def _within(words: list[str], effort: ReadingEffort, depth: int) -> Iterator[SimpleCommand]:
    """The commands that a shell, `eval`, `find -exec` or a program that starts others is given."""
    program = words[0].rpartition("/")[2] if words else ""
    if program in _SHELLS:
        at = next((n for n, word in enumerate(words) if n and word.startswith("-") and word.endswith("c")), 0)
        if at and len(words) > at + 1:
            yield from commands_in(words[at + 1], effort, depth)
    elif program == "eval":
        yield from commands_in(" ".join(words[1:]), effort, depth)
    elif program in _WRAPPERS or program == "find":
        yield from _started(words, effort, depth)


def _started(words: list[str], effort: ReadingEffort, depth: int) -> Iterator[SimpleCommand]:
    """Every tail of the words as a command: which of them is an option's value is not known."""
    for at in range(1, min(len(words), 12)):
        if not words[at].startswith("-") and not _SET.match(words[at]):
            effort.spend(len(words) - at)
            tail = words[at:]
            yield SimpleCommand((tail[0].rpartition("/")[2], *tail[1:]))
            if tail[0].rpartition("/")[2] in _SHELLS | {"eval"} and depth < DEEPEST:
                yield from _within(tail, effort, depth + 1)
