"""When two failures are the same: what differs from repository to repository does not matter, words do."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.attention.fingerprint import LONGEST_SIGNATURE, fingerprint, signature


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot open /home/ana/billing/app.py", "cannot open /srv/checkouts/77/x.py"),
        ("in src/billing/app.py: bad", "in lib/ledger.py: bad"),
        ("error in ./a/b.c", "error in ../../q.c"),
        ("FileNotFoundError: '/tmp/a'", "FileNotFoundError: '/var/b/c'"),
        ("commit deadbeef12 is bad", "commit 0123abc4567 is bad"),
        ("object at 0x7f31aa", "object at 0xDEADBEEF"),
        ("3 of 41 tests failed", "17 of 9 tests failed"),
        ("took 350 ms", "took 12s"),
        ("took 1.5 s, limit 2 minutes", "took 88 min, limit 7 seconds"),
        ("see https://ci.example.org/run/7?a=b now", "see http://localhost:80/x now"),
        ("two  words\n\there", "two words here"),
        ("Python 3.11.4", "Python 3.12.1"),
    ],
)
def test_paths_numbers_hex_durations_and_addresses_do_not_matter(one: str, other: str) -> None:
    assert signature(one) == signature(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tests: 3 failed", "lint: 3 failed"),
        ("no module named kvlite", "no module named kvfat"),
        ("Which port?", "Which colour?"),
        ("AssertionError: a", "TypeError: a"),
        ("took 5 s", "failed 5"),
        ("read /a/b", "write /a/b"),
        ("test_add failed", "test_sub failed"),
        ("facade is broken", "decade is broken"),
    ],
)
def test_words_matter(one: str, other: str) -> None:
    assert signature(one) != signature(other)


def test_a_signature_says_what_stood_there() -> None:
    told = "2 of 14 failed in /srv/a.py after 3 s at 0x7f, see https://x.org/1; cause: deadbeef01"

    assert signature(told) == "<n> of <n> failed in <path> after <time> at <hex>, see <url> cause: <hex>"


@given(st.text(max_size=3_000))
def test_a_signature_is_short_one_line_and_stable(text: str) -> None:
    found = signature(text)

    assert len(found) <= LONGEST_SIGNATURE
    assert found == signature(text)
    assert not any(char.isdecimal() or char in "\n\r\t" for char in found)


def test_a_long_text_is_known_by_its_beginning() -> None:
    assert signature("word " * 100) == ("word " * 100)[:LONGEST_SIGNATURE]
    assert signature("word " * 100 + "end") == signature("word " * 100)


@pytest.mark.parametrize("unit", ["a-", "/", "a/", "'/", "0x", "1.", "1 ", "a", "https://", "- ", "a1"])
def test_text_written_to_be_slow_takes_no_time(unit: str) -> None:
    before = time.process_time()
    signature(unit * 50_000)

    assert time.process_time() - before < 1


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_equal_parts_give_the_same_name_and_others_another(one: list[str], other: list[str]) -> None:
    def plain(parts: list[str]) -> list[str]:
        return [part.replace("\x1f", "") for part in parts] or [""]

    assert (fingerprint(*plain(one)) == fingerprint(*plain(other))) == (plain(one) == plain(other))


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    by_sha256sum = "dbda257d"  # printf 'question\\x1f\\x1fdevelop.implement' | sha256sum

    assert fingerprint("question", "", "develop.implement") == by_sha256sum
