"""Whatever stands in the place of a token, a proof, a manifest, a diff or a workflow is read or refused in words.

Some hundred of each in the suite; 20,000 of each under `-m soak`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.shop import Shop
from onloop.errors import OnloopError
from onloop.gates.intake.bundle import bundle_header
from onloop.gates.intake.manifest import manifest_from
from onloop.gateway.upkeep import RecogniseAgent
from onloop.identity import scram
from onloop.identity.passphrase import Challenge
from onloop.machine.store_state import StoreState
from onloop.store.memory import MemoryStore
from onloop.workflow.loader import load
from onloop_tui.model.sheet.change_lines import diff_lines

SCRAPS = st.sampled_from(
    (
        *("n,,n=", "ana", ",r=", "c=biws", ",p=", "s=", "i=131072", "onl_agt_", "0" * 40, "# v2 git bundle\n"),
        *("diff --git a/", "+++ b/", "@@ -1 +1 @@", "\n", "-", "+", "\x1b[2J", "[/", "\0", "\ud800"),
        *("workflow: ", "steps:\n", "  - id: "),
    )
)
TEXT = st.lists(SCRAPS | st.text(max_size=20), max_size=12).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
MANIFESTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("commit", "bundle", "artefacts", "left", "shallow", "name", "size"), JSON)
)
SHOP = Shop(MemoryStore())


def _token(text: str) -> object:
    return SHOP.gateway.perform(RecogniseAgent(text))


def _first_message(text: str) -> object:
    return Challenge.begin(StoreState(), text, b"blind")


def _final_message(text: str) -> object:
    return scram.final_from(text)


def _demand(text: str) -> object:
    return scram.demand_from(text, "nonce", scram.LEAST_COST)


def _workflow(text: str) -> object:
    return load(text.encode("utf-8", "surrogatepass"), "w.yaml")


def _bundle(text: str) -> object:
    return bundle_header(text.encode("utf-8", "surrogatepass"))


def _diff(text: str) -> object:
    lines = diff_lines(text, (), 80)
    assert all(ord(c) >= 32 for line in lines for span in line for c in span.text)
    return lines


READERS: tuple[Callable[[str], object], ...] = (
    _token,
    _first_message,
    _final_message,
    _demand,
    _workflow,
    _bundle,
    _diff,
)


def _try(reader: Callable[[str], object], examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(TEXT)
    def answered(text: str) -> None:
        with suppress(OnloopError):
            reader(text)

    answered()


@pytest.mark.parametrize("reader", READERS)
def test_any_text_in_its_place_is_read_or_refused_in_words(reader: Callable[[str], object]) -> None:
    _try(reader, 60)


@pytest.mark.soak
@pytest.mark.parametrize("reader", READERS)
def test_very_many_texts_in_its_place_are_read_or_refused_in_words(reader: Callable[[str], object]) -> None:
    _try(reader, 20_000)


@settings(max_examples=60, deadline=None)
@given(MANIFESTS)
def test_any_manifest_is_read_or_refused_in_words(said: dict[str, object]) -> None:
    with suppress(OnloopError):
        manifest_from(said)
