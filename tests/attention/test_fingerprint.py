"""When two failures are the same: what differs by chance does not matter, what differs in kind does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.attention.fingerprint import LONGEST_SIGNATURE, fingerprint, signature, wording


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot open /home/ana/billing/app.py", "cannot open /srv/checkouts/77/app.py"),
        ("src/billing/app.py:3:1: bad name 'x'", "lib/ledger.py:71: bad name 'x'"),
        ("a.ts(3,5): error TS2304: Cannot find 'x'.", "src/b.ts(9,1): error TS2304: Cannot find 'x'."),
        ("FileNotFoundError: '/tmp/pytest-of-ana/pytest-3/a.toml'", "FileNotFoundError: '/home/ben/x/a.toml'"),
        ("in /home/ana/v/lib/python3.11/site-packages/kv/a.py", "in /opt/v/lib/python3.12/site-packages/kv/a.py"),
        ("no kvlite==9.1", "no kvlite>=2"),
        ("Cannot find module '@acme/a' from 'src/x.test.js'", "Cannot find module '@acme/a' from 'lib/y.js'"),
        ("at 2026-11-29T21:50:58Z, request req_011CVabc9", "at 2025-01-02 03:04:05, request req_987654321"),
        ("refused by 127.0.0.1:40311", "refused by localhost:9"),
        ("commit deadbeef12 is bad", "commit 0123abc4567 is bad"),
        ("object at 0x7f31aa", "object at 0xDEADBEEF"),
        ("3 of 41 tests failed", "17 of 9 tests failed"),
        ("took 350 ms", "took 12s"),
        ("took 1.5 s, limit 2 minutes", "took 88 min, limit 7 seconds"),
        ("see https://ci.example.org/run/7?a=b now", "see https://ci.example.org/x now"),
        ("two  words\n\there", "two words here"),
        ("Python 3.11.4", "Python 3.12.1"),
    ],
)
def test_where_it_was_when_and_how_long_do_not_matter(one: str, other: str) -> None:
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
        ("Cannot find module '@acme/a'", "Cannot find module '@acme/b'"),
        ("conflict in src/billing/app.py", "conflict in lib/ledger.py"),
        ("error TS2304: it", "error TS2339: it"),
        ("F401 unused", "F811 unused"),
        ("API Error: 401 no", "API Error: 529 no"),
        ("ended with exit code 1", "ended with exit code 137"),
        ("cannot reach https://github.com/a/b", "cannot reach https://gitlab.com/a/b"),
        ("test_total: assert 3 == 4", "test_tax: assert 3 == 4"),
    ],
)
def test_names_codes_and_paths_matter(one: str, other: str) -> None:
    assert signature(one) != signature(other)


def test_a_signature_says_what_stood_there() -> None:
    told = "2 of 14 failed in /srv/a.py after 3 s at 0x7f, see https://x.org/1; cause: deadbeef01"

    assert signature(told) == "<n> of <n> failed in a.py after <time> at <hex>, see https://x.org; cause: <hex>"


@given(st.text(max_size=3_000))
def test_a_signature_is_short_one_line_and_stable(text: str) -> None:
    found = signature(text)

    assert len(found) <= LONGEST_SIGNATURE
    assert found == signature(text)
    assert not any(char in "\n\r\t" for char in found)


def test_a_long_text_is_known_by_its_beginning() -> None:
    assert signature("word " * 200) == ("word " * 200)[:LONGEST_SIGNATURE].strip()
    assert signature("word " * 200 + "end") == signature("word " * 200)


@pytest.mark.parametrize(
    "unit",
    [
        "a-",
        "/",
        "a/",
        "'/",
        "0x",
        "1.",
        "1 ",
        "a",
        "https://",
        "- ",
        "a1",
        "a.b/",
        "/opt/a",
        "a:1:",
        "1.",
        "::",
        "@",
        "a@b.",
        "==1,",
        "from '",
        "(from -r ",
    ],
)
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


def test_two_wordings_of_one_cause_differ_in_numbers_or_places_and_not_by_chance() -> None:
    one, other, again = "a.py:3: got 3 in 1.2 s", "b.py:9: got 4 in 7 s", "a.py:3: got 3 in 99 s"

    assert signature(one) == signature(other) == signature(again)
    assert wording(one) == wording(again) != wording(other)
