"""PURE: how a project is tried: tests, what they must cover, and what they are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import Listing, is_brought
from onloop.insight.audit.seeking import MOST, RUNS, below, line_of, lines

TESTS = re.compile(
    r"(?:(?:.*/)?(?:test_[^/]+\.py|[^/]+_tests?\.(?:py|go|rb|exs|dart|cc|cpp|c|rs|php|[jt]s|sh)|tests?\.(?:py|[cm]?[jt]s)"
    r"|[^/]+[.-](?:test|spec|cy|e2e|test-d)\.[cm]?[jt]sx?|[^/]+_spec\.(?:rb|lua)|[^/]+\.(?:bats|feature)"
    r"|[^/]+(?:Test|Tests|IT|Spec|Specs)\.(?:java|kt|scala|cs|groovy|swift|php))"
    rf"|{below('tests?|__tests__|spec|t')}[^/]+\.(?:rs|sh|[cm]?[jt]sx?|py|c|cc|cpp|test|rb|t|pl|exp|lua))$"
)
FIXTURES = re.compile(
    r"(?:.*/)?(?:fixtures?|__fixtures__|testdata|test[-_]?data|test[-_]fixtures?|cassettes|__snapshots__|goldens?|__mocks__"
    rf"|vcr_cassettes)/.+|{below('tests?|spec|specs|__tests__|e2e')}(?:data|resources|assets|files|factories|support"
    r"|mocks?|snapshots?|stubs?|inputs?|modules|config)/.+|(?:.*/)?(?:conftest\.py|factories\.(?:rb|py)|[\w-]*fixtures?\.(?:py|[jt]s|go|rb))$",
    re.IGNORECASE,
)
THRESHOLDS = re.compile(
    r"(?:.*/)?(?:\.coveragerc|\.nycrc[^/]*|\.c8rc[^/]*|\.?codecov\.ya?ml|(?:jest|vitest|vite|karma)\.config[^/]*\.[cm]?[jt]s"
    r"|\.testcoverage\.ya?ml|tarpaulin\.toml|\.simplecov|mix\.exs|(?:spec|test|rails)_helper\.rb|simplecov[^/]*\.rb|\.covgate\.toml)$"
)

_FAILS = re.compile(
    r"fail[_-]under[\"']?\s{0,8}[=: ]\s{0,8}[\"']?(\d+(?:\.\d+)?)|check-?coverage[\"']?\s*[:=]\s*true"
    r"|check-coverage\s+--\w+|--check-coverage"
    r"|coverageThresholds?\b|\bthresholds?\s*:\s*\{|\bthresholds?\.\w+\s*=|minimum_coverage\b|minimum_line_coverage|\bcoverageRatio\b"
    r"|jacocoTestCoverageVerification|koverVerify|--fail-uncovered|--fail-under-\w+|threshold-total|COVERAGE_THRESHOLD"
    r"|fail_below_min:\s*true|refuse_coverage_drop|\bthreshold:\s*\d",
)
_CODECOV = re.compile(r"^\s+(?:target:\s*(?:[\"']?\d|auto)|threshold:\s*\d)")
_NEVER = re.compile(r"informational:\s*true")
_BUILDS = re.compile(r"(?:.*/)?(?:pom\.xml|build\.gradle(?:\.kts)?)$")
_JACOCO = re.compile(r"<minimum>|jacocoTestCoverageVerification|koverVerify|violationRules")
_ZERO = re.compile(r"fail[_-]under[\"']?\s{0,8}[=: ]\s{0,8}0(?:\.0+)?\s*$")
_RUN_FILES = re.compile(rf"(?:.*/)?package\.json$|{RUNS.pattern}")
_NO_TEST = re.compile(r"\"test\"\s*:\s*\"echo \\?\"?Error: no test specified")
_SNAPSHOT = re.compile(r"(.*/)?__snapshots__/([^/]+)\.(?:snap|ambr)$")


def tests(listing: Listing) -> Looked:
    """Tests; stale where the folder that is named for them is not there, or where what is called test is none."""
    paths = (path for path in listing.matching(TESTS) if not is_brought(path) and not FIXTURES.match(path))
    seen = tuple(SeenPlace(path, 0, "a test") for path in islice(paths, MOST))
    return Looked(seen, tuple(islice(chain(_dead_folders(listing), _no_test(listing)), MOST)) if seen else ())


def _dead_folders(listing: Listing) -> Iterator[SeenPlace]:
    for path, found in (("pyproject.toml", _pytest(listing)), ("pytest.ini", _ini(listing, "pytest.ini", "pytest"))):
        for name in found:
            if re.fullmatch(r"[\w./-]+", name) and name.strip("./") and not listing.has(name.removeprefix("./")):
                number = line_of(listing.texts.get(path, ""), "testpaths")
                yield SeenPlace(path, number, f"tests should be in {name!r}, which is not there")


def _pytest(listing: Listing) -> tuple[str, ...]:
    tools = listing.toml("pyproject.toml").get("tool")
    table = tools.get("pytest") if isinstance(tools, dict) else None
    options = table.get("ini_options") if isinstance(table, dict) else None
    found = options.get("testpaths") if isinstance(options, dict) else None
    if isinstance(found, str):
        return tuple(found.split())
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()


def _ini(listing: Listing, path: str, section: str) -> tuple[str, ...]:
    found = listing.ini(path).get(section, "testpaths", fallback="") or ""
    return tuple(found.split())


def _no_test(listing: Listing) -> Iterator[SeenPlace]:
    return lines(listing, re.compile(r"package\.json$"), _NO_TEST, "what is called test is none")


def thresholds(listing: Listing) -> Looked:
    """What share tests must cover; stale where it is nothing."""
    where = re.compile(rf"{_RUN_FILES.pattern}|{THRESHOLDS.pattern}")
    told = chain(lines(listing, where, _FAILS), lines(listing, _BUILDS, _JACOCO), _codecov(listing))
    seen = tuple(told)
    stale = tuple(lines(listing, where, _ZERO, "a share of nothing holds nothing"))
    return Looked(seen, stale if len(stale) == len(seen) else ())


def _codecov(listing: Listing) -> Iterator[SeenPlace]:
    """What codecov demands, unless it only tells."""
    pattern = re.compile(r"(?:.*/)?\.?codecov\.ya?ml$")
    for path in listing.matching(pattern):
        if not _NEVER.search(listing.texts.get(path, "")):
            yield from lines(listing, re.compile(re.escape(path) + "$"), _CODECOV)


def fixtures(listing: Listing) -> Looked:
    """What tests are given; stale where a snapshot is left of a test that is gone."""
    paths = (path for path in listing.matching(FIXTURES) if not is_brought(path))
    seen = tuple(SeenPlace(path, 0, "tests are given it") for path in islice(paths, MOST))
    return Looked(seen, tuple(islice(_left_over(listing), MOST)))


def _left_over(listing: Listing) -> Iterator[SeenPlace]:
    for path in listing.paths:
        found = _SNAPSHOT.match(path)
        if found is not None and not is_brought(path):
            folder, name = found[1] or "", found[2]
            if not any(f"{folder}{each}" in listing.files for each in (name, f"{name}.py")):
                yield SeenPlace(path, 0, f"the test {name!r} that it was made by is gone")
