"""The findings of analysers: read from SARIF 2.1.0.

A finding is told from others by its rule and its fingerprint, else its rule and path; never by its line, which moves
with every edit above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

import msgspec

from onloop.gates.reports.report_file import ReportRefused, content_of
from onloop.machine.base_result import MOST_FINDINGS, FindingCount
from onloop.machine.report_expectations import FindingLevel
from onloop.records import Record
from onloop.text import safe

MOST_RESULTS = 500_000
WHAT = "SARIF report"
VERSION = "2.1.0"
_LONGEST_WORDS = 200
_LEVELS = {"none", *FindingLevel}


class SarifFinding(Record):
    """One finding: `key` tells it from others, `is_suppressed` says that the code itself or a list excuses it."""

    key: str
    level: FindingLevel
    words: str
    is_suppressed: bool = False


class Findings(Record):
    """All findings of a report, in its order; `results` counts what is no finding as well."""

    found: tuple[SarifFinding, ...]
    results: int

    def at(self, level: FindingLevel) -> tuple[SarifFinding, ...]:
        """The findings of that level and graver ones."""
        return tuple(finding for finding in self.found if finding.level.rank >= level.rank)


class _Foreign(msgspec.Struct, rename="camel", gc=False):
    """Part of a SARIF document; fields that are not named here are not kept."""


class _Message(_Foreign):
    text: str = ""


class _Settings(_Foreign):
    level: str | None = None


class _RuleInfo(_Foreign):
    id: str = ""
    default_configuration: _Settings | None = None


class _Component(_Foreign):
    rules: list[_RuleInfo] = []


class _Tool(_Foreign):
    driver: _Component
    extensions: list[_Component] = []


class _ArtefactPlace(_Foreign):
    uri: str = ""
    index: int = -1


class _PhysicalPlace(_Foreign):
    artifact_location: _ArtefactPlace | None = None


class _SarifPlace(_Foreign):
    physical_location: _PhysicalPlace | None = None


class _KnownFile(_Foreign):
    location: _ArtefactPlace | None = None


class _Suppression(_Foreign):
    status: str = "accepted"


class _ToolRef(_Foreign):
    index: int = -1


class _RuleRef(_Foreign):
    id: str = ""
    index: int = -1
    tool_component: _ToolRef | None = None


class _Result(_Foreign):
    rule_id: str = ""
    rule_index: int = -1
    rule: _RuleRef | None = None
    level: str | None = None
    kind: str = "fail"
    message: _Message | None = None
    locations: list[_SarifPlace] = []
    fingerprints: dict[str, str] = {}
    partial_fingerprints: dict[str, str] = {}
    suppressions: list[_Suppression] | None = None
    baseline_state: str = ""


class _Invocation(_Foreign):
    execution_successful: bool = True


class _SarifRun(_Foreign):
    tool: _Tool
    results: list[_Result] | None = None
    artifacts: list[_KnownFile] | None = None
    invocations: list[_Invocation] | None = None


class _Sarif(_Foreign):
    version: str
    runs: list[_SarifRun]


def findings_of(report: Path, checkout: str) -> Findings | str:
    """The findings in a report, or what is wrong with it; paths are those below `checkout`, as its command saw it."""
    content = content_of(report, WHAT)
    if isinstance(content, str):
        return content
    try:
        document = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_Sarif)
        return _found(document, checkout)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return f"the {WHAT} is malformed: {safe(str(problem), _LONGEST_WORDS)}"
    except ReportRefused as refused:
        return f"the {WHAT} is refused: {refused}"


def counted(findings: tuple[SarifFinding, ...]) -> tuple[FindingCount, ...]:
    """How often each finding is there, sorted by its key."""
    return tuple(FindingCount(*each) for each in sorted(Counter(finding.key for finding in findings).items()))


def new_ones(findings: tuple[SarifFinding, ...], at_base: tuple[FindingCount, ...]) -> Iterator[SarifFinding]:
    """The findings that are there more often than on the base: of each kind, the last ones."""
    left = {count.key: count.times for count in at_base}
    for finding in findings:
        left[finding.key] = left.get(finding.key, 0) - 1
        if left[finding.key] < 0:
            yield finding


def _found(document: _Sarif, checkout: str) -> Findings:
    if document.version != VERSION:
        raise ReportRefused(f"its version is {safe(document.version, 20)!r}, not {VERSION}")
    if not document.runs:
        raise ReportRefused("no analyser ran")
    results = sum(len(run.results or ()) for run in document.runs)
    if results > MOST_RESULTS:
        raise ReportRefused(f"it has more than {MOST_RESULTS} results")
    found = tuple(finding for run in document.runs for finding in _ResultsOfRun(run, checkout).findings())
    if len({finding.key for finding in found}) > MOST_FINDINGS:
        raise ReportRefused(f"it has more than {MOST_FINDINGS} different findings")
    return Findings(found, results)


@dataclass(slots=True)
class _ResultsOfRun:
    """Reads the results of one run, with what it says of its rules, files and suppressions."""

    run: _SarifRun
    checkout: str
    by_id: dict[str, _RuleInfo] = field(default_factory=dict)

    def findings(self) -> Iterator[SarifFinding]:
        if self.run.results is None:
            raise ReportRefused("a run has no list of results, so the analyser did not look")
        if any(not invocation.execution_successful for invocation in self.run.invocations or ()):
            raise ReportRefused("the analyser says that it did not come to its end")
        for component in (*self.run.tool.extensions, self.run.tool.driver):
            self.by_id.update((rule.id, rule) for rule in component.rules)
        for result in self.run.results:
            level = self._level(result)
            if level != "none" and result.baseline_state != "absent":
                yield self._finding(result, FindingLevel(level))

    def _finding(self, result: _Result, level: FindingLevel) -> SarifFinding:
        known = self._rule(result)
        rule = result.rule_id or (result.rule.id if result.rule else "") or (known.id if known else "")
        path = self._path(result)
        prints = result.fingerprints or result.partial_fingerprints
        told = repr(sorted(prints.items())) if prints else path
        message = result.message.text if result.message else ""
        words = safe(f"{rule or 'a finding'} in {path or 'no file'}: {message}", _LONGEST_WORDS)
        excused = bool(result.suppressions) and all(each.status == "accepted" for each in result.suppressions or ())
        digest = sha256(f"{rule}\0{told}".encode("utf-8", "surrogatepass")).hexdigest()
        return SarifFinding(digest[:32], level, words, excused)

    def _level(self, result: _Result) -> str:
        if result.kind != "fail":
            return "none"
        rule = None if result.level else self._rule(result)
        default = rule.default_configuration.level if rule and rule.default_configuration else None
        level = result.level or default or FindingLevel.WARNING.value
        if level not in _LEVELS:
            raise ReportRefused(f"a result has the level {safe(level, 20)!r}")
        return level

    def _rule(self, result: _Result) -> _RuleInfo | None:
        """What the tool says of the result's rule, by its index, else by its id."""
        reference, tool = result.rule or _RuleRef(), self.run.tool
        part = reference.tool_component.index if reference.tool_component else -1
        component = tool.extensions[part] if 0 <= part < len(tool.extensions) else tool.driver
        index = result.rule_index if result.rule_index >= 0 else reference.index
        if 0 <= index < len(component.rules):
            return component.rules[index]
        return self.by_id.get(result.rule_id or reference.id)

    def _path(self, result: _Result) -> str:
        """The path of the result's first file, below the checkout."""
        physical = result.locations[0].physical_location if result.locations else None
        place = physical.artifact_location if physical else None
        known = self.run.artifacts or []
        if place is not None and not place.uri and 0 <= place.index < len(known):
            place = known[place.index].location
        path = unquote(place.uri.removeprefix("file://")) if place else ""
        return path.removeprefix(self.checkout.rstrip("/") + "/").removeprefix("./")
