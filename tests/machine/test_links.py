"""What outside belongs to a task."""

from __future__ import annotations

import pytest

from onloop.errors import Exit, Refused
from onloop.machine.links import MOST_LINKS, Link, Linked, LinkKind, RecordLink
from onloop.records import replace
from support.scenario import claim, workflow
from support.steps import develop

PULL = Link(LinkKind.PULL_REQUEST, "github.com", "acme/shop", 7)


def test_a_link_is_recorded_once_and_a_new_url_takes_the_place_of_the_old() -> None:
    loop = workflow(develop()).given(claim())

    assert loop.when(RecordLink(PULL)) == (Linked(PULL),)
    linked = loop.given(RecordLink(PULL))
    assert linked.when(RecordLink(PULL)) == ()
    moved = linked.given(RecordLink(replace(PULL, url="https://github.com/acme/shop/pull/7")))
    assert moved.task.links == (replace(PULL, url="https://github.com/acme/shop/pull/7"),)


def test_forges_compare_names_without_their_case_and_tags_have_names() -> None:
    assert replace(PULL, repository="Acme/Shop").key == PULL.key == "pull_request github.com/acme/shop#7"
    assert Link(LinkKind.TAG, "github.com", "acme/shop", name="v1").key == "tag github.com/acme/shop#0 v1"
    assert replace(PULL, kind=LinkKind.ISSUE).key != PULL.key


def test_a_task_has_only_so_many_links() -> None:
    loop = workflow(develop())
    for number in range(MOST_LINKS):
        loop = loop.given(RecordLink(replace(PULL, number=number + 1)))

    with pytest.raises(Refused) as no:
        loop.when(RecordLink(replace(PULL, number=1_000)))
    assert no.value.exit is Exit.NOTHING
    assert loop.when(RecordLink(replace(PULL, url="https://x/7")))
