"""How many lines the tests ran: read from Cobertura XML, or from LCOV's tracefile.

Lines are counted; rates in attributes and sums (`LF`, `LH`) are ignored, because whoever writes the report could write
any. A line that several tests or classes report counts once, as run if one of them says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from onloop.gates.reports.report_file import ReportRefused, content_of
from onloop.records import Record

MOST_LINES = 3_000_000
DEEPEST = 64
LONGEST_PATH = 4_096
WHAT = "coverage report"
NO_COVERAGE = f"no {WHAT} was written"

_DATA = re.compile(rb"DA:(\d{1,9}),(-?\d{1,18})(?:,[^\r\n]{0,200})?")
_IGNORED = (b"TN:", b"FN:", b"FNA:", b"FNDA:", b"FNF:", b"FNH:", b"FNL:", b"BRDA:", b"BRF:", b"BRH:", b"LF:", b"LH:")
_IGNORED_TOO = (b"VER:", b"MCDC:", b"MRF:", b"MRH:", b"#")
_LINE_OF_CLASS = ("class", "lines", "line")


class LineCoverage(Record):
    """How many lines a report has, and how many of them were run."""

    lines: int
    run: int

    @property
    def hundredths(self) -> int:
        """The share of lines that were run, in hundredths of a per cent, rounded down."""
        return 10_000 * self.run // self.lines if self.lines else 0


def coverage_of(report: Path) -> LineCoverage | str:
    """The coverage in a report, or what is wrong with it."""
    content = content_of(report, WHAT)
    if isinstance(content, str):
        return content
    tally = _LineTally()
    try:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            _CoberturaReader(tally).parser().Parse(content, True)
        else:
            _read_lcov(content, tally)
    except (expat.ExpatError, LookupError, ValueError) as problem:  # the latter two: encodings unknown or broken
        return f"the {WHAT} is malformed: {problem}"
    except ReportRefused as refused:
        return f"the {WHAT} is refused: {refused}"
    found = tally.total()
    return found if found.lines else f"the {WHAT} has no lines"


@dataclass(slots=True)
class _LineTally:
    """The lines of each file, by number: whether one was run."""

    files: dict[str | bytes, dict[int, bool]] = field(default_factory=dict)
    lines: int = 0

    def add(self, path: str | bytes, number: int, *, was_run: bool) -> None:
        of_file = self.files.setdefault(path, {})
        if number not in of_file:
            self.lines += 1
            if self.lines > MOST_LINES:
                raise ReportRefused(f"it has more than {MOST_LINES} lines")
        of_file[number] = was_run or of_file.get(number, False)

    def total(self) -> LineCoverage:
        return LineCoverage(self.lines, sum(sum(of_file.values()) for of_file in self.files.values()))


@dataclass(slots=True)
class _CoberturaReader:
    """Reads `<class filename=…><lines><line number=… hits=…/>`; lines of methods are among those of their class."""

    tally: _LineTally
    path: list[str] = field(default_factory=list)
    file: str = ""

    def parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_own_document_type
        parser.EntityDeclHandler = _refuse_entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        return parser

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self.path and name != "coverage":
            raise ReportRefused(f"its root is <{name[:40]}>, not <coverage>")
        self.path.append(name)
        if len(self.path) > DEEPEST:
            raise ReportRefused(f"it is more than {DEEPEST} elements deep")
        if name == "class":
            self.file = _path(attributes.get("filename", ""))
        elif tuple(self.path[-3:]) == _LINE_OF_CLASS:
            number, hits = attributes.get("number", ""), attributes.get("hits", "")
            if not (number.isdecimal() and len(number) < 10 and hits.isdecimal() and len(hits) < 19):
                raise ReportRefused(f"a line has number {number[:20]!r} and hits {hits[:20]!r}")
            self.tally.add(self.file, int(number), was_run=int(hits) > 0)

    def _end(self, _: str) -> None:
        self.path.pop()


def _path(given: str) -> str:
    if not given or len(given) > LONGEST_PATH:
        raise ReportRefused("a class has no file name that can be read")
    return given


def _refuse_own_document_type(_name: str, _system: str | None, _public: str | None, has_internal: bool) -> None:
    if has_internal:
        raise ReportRefused("it declares a document type of its own, which could make entities expand without end")


def _refuse_entity(*_: object) -> None:
    raise ReportRefused("it declares an entity, which could expand without end")


def _read_lcov(content: bytes, tally: _LineTally) -> None:
    file: bytes | None = None
    for line in _lines(content):
        if line.startswith(b"SF:"):
            file = line[3:] if 3 < len(line) <= LONGEST_PATH else None
        elif data := _DATA.fullmatch(line):
            if file is None:
                raise ReportRefused("a line of code stands before the file it is of")
            tally.add(file, int(data[1]), was_run=int(data[2]) > 0)
        elif line == b"end_of_record":
            file = None
        elif line and not line.startswith((*_IGNORED, *_IGNORED_TOO)):
            words = line[:40].decode("utf-8", "backslashreplace")
            raise ReportRefused(f"it is neither Cobertura XML nor LCOV: {words!r}")


def _lines(content: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        yield content[start:end].rstrip(b"\r")
        start = end + 1
