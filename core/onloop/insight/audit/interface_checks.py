"""PURE: what a project promises to others, and how it changes under way: contracts, flags, migrations, previews."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain, islice

from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import Listing, beside, is_brought, rows
from onloop.insight.audit.seeking import CI, MOST, PathEndings, below, files, lines

_I = re.IGNORECASE
_NAMELESS = re.compile(r"(?:^|/)specs?/(?![^/]*(?:open-?api|swagger|asyncapi))[^/]+\.ya?ml$", _I)
_TRIED = re.compile(r"(?:^|/)(?:tests?|__tests__|testdata|test-data|fixtures|examples?|samples?|e2e)/", _I)

CONTRACTS = re.compile(
    r"(?!\.github/)(?:(?>.*?(?:open-?api|swagger)/).*[^/]\.(?:ya?ml|json)|.*(?:(?:open-?api|swagger|asyncapi)[^/]*\.(?:ya?ml|json)"
    r"|\.proto|(?:^|/)schema[^/]*\.graphqls?|\.graphqls|\.schema\.json|[-_]schema\.json|/schemas?/[^/]+\.json"
    r"|(?:^|/)schema\.json|(?:^|/)specs?/[^/]+\.ya?ml|\.(?:avsc|thrift|smithy|wsdl|raml|tsp|xsd)))$",
    _I,
)
_STEPS = r"[\w-]*migrations?"
_VERSIONS = rf"(?:[\w-]*alembic|{_STEPS})/versions"
MIGRATIONS = re.compile(
    rf"(?:{below(f'{_STEPS}|drizzle')}[vV]?\d[\w.-]*\."
    r"(?:py|sql|[cm]?[jt]s|rb|php|go|cs|java|kt|rs|exs)"
    rf"|{below(_STEPS)}\d[^/]*/(?:migration|up|down)\.(?:sql|ts)|(?:.*/)?db/migrate/\d+_[^/]+\.rb"
    rf"|{below(_VERSIONS)}(?!__init__)[^/]+\.py|(?:.*/)?V\d[\w.]*__[^/]+\.(?:sql|java)"
    rf"|{below('db|liquibase')}changelog[^/]*\.(?:xml|ya?ml|sql))$",
    _I,
)
FLAGS = re.compile(
    r"(?:(?:.*/)?[^/]*feature[-_.]?(?:flags?|toggles?|gates?)[^/]*"
    r"\.(?:py|[cm]?[jt]sx?|rb|go|java|kt|cs|ya?ml|json|rs|php|exs?|toml)"
    rf"|{below('feature[-_]?(?:flags?|toggles?)')}[^/]+\.(?:py|[cm]?[jt]sx?|rb|go|java|kt|cs|ya?ml|json|rs|php|exs?)"
    r"|(?:.*/)?(?:[^/]+\.flagd\.json|waffle_flags[^/]*|launchdarkly[^/]*))$",
    _I,
)
PREVIEWS = re.compile(
    r"(?:.*/)?netlify\.toml$|\.codesandbox/ci\.json$|(?:.*/)?vercel\.json$|\.github/workflows/[^/]*(?:previews?|review[-_]?apps?|pkg-pr)[^/]*$"
    r"|\.github/workflows/(?:delete|destroy|clean-?up|tear-?down)[-_][^/]*(?:release|environment|namespace|deployment)[^/]*$",
    _I,
)
MANIFESTS = re.compile(
    r"(?:.*/)?(?:package\.json|pyproject\.toml|requirements[^/]*\.(?:txt|in)|setup\.(?:py|cfg)|Gemfile|go\.mod"
    r"|Cargo\.toml|composer\.json|pom\.xml|build\.gradle(?:\.kts)?|[^/]+\.csproj|mix\.exs|Directory\.Packages\.props)$"
)

_SDK = re.compile(
    r"launchdarkly|unleash-(?:client|proxy)|unleash-?client|@unleash/|open-?feature|growthbook|flagsmith|configcat"
    r"|splitio|statsig|django-(?:waffle|flags)|[\"']flipper|flipt|optimizely|togglz|ff4j|gofeatureflag"
    r"|FeatureManagement|laboratory-feature|[\"']rollout[\"']",
    _I,
)
_PREVIEWED = re.compile(
    r"pkg-pr-new|pr-preview-action|vercel-action|vercel (?:deploy|pull)|actions-netlify|netlify (?:deploy|/actions)"
    r"|action-hosting-deploy|pages-action|chromatic|uffizzi|okteto|fly-pr-review-apps|review[-_ ]apps?\b"
    r"|preview-(?:url|docs)|deploy[-_ ]preview|name: review/|pages deploy|versions upload",
    _I,
)
_REVIEW_APPS = re.compile(r"app\.json$|render\.yaml$")
_REVIEWED = re.compile(r"\"review\"\s*:|\"formation\"\s*:|\"buildpacks\"\s*:|previews?(?:Enabled)?:", _I)
_OTHERS = frozenset({"google", "github.com", "gogoproto", "validate", "buf"})
_PROTO_IMPORT = re.compile(r"import\s+(?:public\s+|weak\s+)?\"([^\"]+)\"\s*;")


def contracts(listing: Listing) -> Looked:
    """Contracts; stale where one is no JSON, is empty, or takes in a file that is not there."""
    paths = (path for path in listing.matching(CONTRACTS) if not (_TRIED.search(path) or is_brought(path)))
    seen = tuple(
        SeenPlace(path, 0, "it says what others may rely on")
        for path in islice((path for path in paths if _says_so(listing, path)), MOST)
    )
    endings = PathEndings(listing)
    stale = (place for each in seen for place in _wrong_contract(listing, each.path, endings))
    return Looked(seen, tuple(islice(stale, MOST)))


def _says_so(listing: Listing, path: str) -> bool:
    """Of a file whose name says nothing, whether its text does."""
    return (
        _NAMELESS.search(path) is None
        or re.search(r"^(?:openapi|swagger):", listing.texts.get(path, ""), re.M) is not None
    )


def _wrong_contract(listing: Listing, path: str, endings: PathEndings) -> Iterator[SeenPlace]:
    text = listing.texts.get(path)
    if text is None:
        return
    if not text.strip():
        yield SeenPlace(path, 0, "it is empty")
    elif path.endswith(".json") and (line := _bad_json(text)):
        yield SeenPlace(path, line, "it is no JSON")
    elif path.endswith(".proto"):
        for number, words in rows(text):
            found = _PROTO_IMPORT.match(words)
            if found is not None and not _is_known(listing, path, found[1], endings):
                yield SeenPlace(path, number, f"it takes in {found[1]!r}, which is not there")


def _bad_json(text: str) -> int:
    try:
        json.loads(text.removeprefix("﻿"))
    except json.JSONDecodeError as problem:
        return problem.lineno
    except (ValueError, RecursionError):
        return 1
    return 0


def _is_known(listing: Listing, path: str, wanted: str, endings: PathEndings) -> bool:
    """Whether an import is there, or is of somebody else's: what begins at no folder of ours."""
    top = wanted.partition("/")[0]
    if top in _OTHERS or ("/" in wanted and not endings.has(top)):
        return True
    return listing.has(beside(path, wanted)) or endings.has(wanted)


def migrations(listing: Listing) -> Looked:
    """Migrations; stale where a way back leads from nowhere, or where the folder that is named is not there."""
    seen = tuple(files(listing, MIGRATIONS, "it changes what is stored, step by step"))
    return Looked(seen, tuple(islice(_wrong_migrations(listing), MOST)))


def _wrong_migrations(listing: Listing) -> Iterator[SeenPlace]:
    for path in listing.own(MIGRATIONS):
        if path.endswith(".down.sql") and f"{path.removesuffix('.down.sql')}.up.sql" not in listing.files:
            yield SeenPlace(path, 0, "it leads back from a step that is not there")
    for path in listing.texts:
        if path.rpartition("/")[2] == "alembic.ini":
            yield from _wrong_alembic(listing, path)


def _wrong_alembic(listing: Listing, path: str) -> Iterator[SeenPlace]:
    for number, line in rows(listing.texts[path]):
        found = re.match(r"script_location\s*=\s*(?:%\(here\)s/)?([\w./-]+)\s*$", line)
        if found is not None and not listing.has(beside(path, found[1])) and not listing.has(found[1]):
            yield SeenPlace(path, number, f"its steps should be in {found[1]!r}, which is not there")


def flags(listing: Listing) -> Looked:
    """Feature flags, as files or as a library for them; stale where the file of flags is no JSON, or is empty."""
    named = files(listing, FLAGS, "it declares feature flags")
    brought = (each for each in lines(listing, MANIFESTS, _SDK) if not _TRIED.search(each.path))
    seen = tuple(chain(named, brought))
    stale = (
        SeenPlace(each.path, line, "it is no JSON")
        for each in seen
        if each.path.endswith(".json")
        and (text := listing.texts.get(each.path)) is not None
        and (line := _bad_json(text))
    )
    return Looked(seen, tuple(stale))


def previews(listing: Listing) -> Looked:
    """What shows a change before it is merged; stale where it builds a folder that is not there."""
    by_name = files(listing, PREVIEWS, "a change is shown before it is merged")
    by_words = lines(listing, CI, _PREVIEWED)
    apps = lines(listing, _REVIEW_APPS, _REVIEWED)
    seen = tuple(chain(by_name, by_words, apps))
    stale = tuple(
        place for path in listing.texts if path.endswith("netlify.toml") for place in _wrong_site(listing, path)
    )
    return Looked(seen, stale)


def _wrong_site(listing: Listing, path: str) -> Iterator[SeenPlace]:
    for number, line in rows(listing.texts[path]):
        found = re.match(r"\s*base\s*=\s*[\"']/?([\w./-]+?)/?[\"']", line)
        if found is not None and not listing.has(found[1]) and not listing.has(beside(path, found[1])):
            yield SeenPlace(path, number, f"it is built in {found[1]!r}, which is not there")
