"""All that may fit a project, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.proposals.other_projects import compiled_proposals, make_proposals, node_proposals
from onloop.proposals.project import Project
from onloop.proposals.proposal import Proposal, written
from onloop.proposals.python_project import is_python, python_proposals
from onloop.records import replace

MOST = 6
"""How many proposals are tried."""

_KNOWN = (
    "pyproject.toml, setup.py, setup.cfg, tox.ini, requirements.txt, package.json, Cargo.toml, go.mod, pom.xml, "
    "build.gradle, a Makefile with the target test"
)


def proposals_for(project: Project) -> tuple[Proposal, ...]:
    """What to try, the likeliest first and each once; empty where no file says how the project is tested."""
    found = tuple(_distinct(_all(project)))
    lfs = any("filter=lfs" in text for path, text in project.texts.items() if path.endswith(".gitattributes"))
    more: dict[str, tuple[object, str]] = {}
    if ".gitmodules" in project.paths:
        more["submodules"] = True, "the repository has submodules"
    if lfs:
        more["lfs"] = True, "the repository has files in Git LFS"
    return tuple(replace(proposal, settings={**proposal.settings, **more}) for proposal in found[:MOST])


def known_files() -> str:
    """The files by which a project is known, in words."""
    return _KNOWN


def _all(project: Project) -> Iterator[Proposal]:
    yield from node_proposals(project) if not is_python(project) else ()
    yield from python_proposals(project) if is_python(project) else ()
    yield from compiled_proposals(project)
    yield from node_proposals(project) if is_python(project) else ()
    yield from make_proposals(project)


def _distinct(proposals: Iterator[Proposal]) -> Iterator[Proposal]:
    seen = set[str]()
    for proposal in proposals:
        text = written(replace(proposal, name=""), "x")
        if text not in seen:
            seen.add(text)
            yield proposal
