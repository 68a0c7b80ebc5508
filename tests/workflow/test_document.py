"""YAML 1.2, strict: whatever could mean two things, or cannot be seen, is an error at its place."""

from __future__ import annotations

import pytest

from onloop.errors import WorkflowError
from onloop.workflow.document import read
from onloop.workflow.loader import load
from onloop.workflow.positioned_tree import Node, Position, Side, locate, plain
from support.effort import at_most

SOON_S = 5.0
BROKEN = "look at the indentation, quotes and brackets before it"
SPELL_OUT = "write the value out where it is needed"
LARGE = b"workflow: w\nsteps: [{id: a.b, role: x, brief: '" + b"x" * 1_153_434 + b"'}]\n"

REFUSED: dict[str, tuple[bytes, list[str]]] = {
    "more than a mebibyte": (
        LARGE,
        [
            "1:1: the file has 1153485 bytes, more than 1048576; keep long text in the repository, "
            "and name its path in the brief"
        ],
    ),
    "nothing": (b"", ["1:1: the file is empty; begin with workflow: NAME"]),
    "comments only": (b"# a\n\n# b\n", ["1:1: the file is empty; begin with workflow: NAME"]),
    "latin 1": (b"workflow: w\n# caf\xe9\n", ["2:6: byte 0xe9 is not UTF-8; save the file as UTF-8"]),
    "utf-16": ("workflow: w".encode("utf-16"), ["1:1: byte 0xff is not UTF-8; save the file as UTF-8"]),
    "an encoded surrogate": (b"a: \xed\xa0\x80", ["1:4: byte 0xed is not UTF-8; save the file as UTF-8"]),
    "a tab": (b"workflow: w\n\tsteps: []\n", ["2:1: a tab; use spaces, or \\t within double quotes"]),
    "an escape": (b"workflow: \x1b[2J\n", ["1:11: the character U+001B, which cannot be seen; remove it"]),
    "a lone carriage return": (b"a: 1\rb: 2\n", ["1:5: the character U+000D, which cannot be seen; remove it"]),
    "a C1 control": ("a: \x9b2J\n".encode(), ["1:4: the character U+009B, which cannot be seen; remove it"]),
    "text that runs backwards": (
        "a: 1\nb: x\u202eevil\n".encode(),
        ["2:5: the character U+202E, which cannot be seen; remove it"],
    ),
    "control characters on several lines": (
        b"a: \x00\x01\nb: \x7f\n",
        [
            "1:4: the character U+0000, which cannot be seen; remove it",
            "2:4: the character U+007F, which cannot be seen; remove it",
        ],
    ),
    "a directive": (
        b"# x\n\n%YAML 1.1\n---\na: 1\n",
        ["3:1: a % directive; remove it; every file is read as YAML 1.2"],
    ),
    "a second document": (
        b"workflow: w\n---\nworkflow: v\n",
        ["2:1: a second document begins; keep one workflow to a file"],
    ),
    "brackets that do not close": (
        b"steps:\n  - [x\nworkflow: w\n",
        [f"3:9: this is not YAML: expected ',' or ']', but got ':'; {BROKEN}"],
    ),
    "a colon in plain text": (
        b"workflow: a: b\n",
        [f"1:12: this is not YAML: mapping values are not allowed here; {BROKEN}"],
    ),
    "an escape that is none": (
        b'workflow: "\\q"\n',
        [f"1:13: this is not YAML: found unknown escape character 'q'; {BROKEN}"],
    ),
    "a character that is none": (
        b'workflow: "\\UFFFFFFFF"\n',
        ["1:1: from here on this is not YAML; write it more plainly"],
    ),
    "20000 brackets": (b"[" * 20_000, ["1:65: more than 64 levels of nesting; a workflow needs about ten"]),
    "65 levels of blocks": (
        b"".join(b" " * n + b"a:\n" for n in range(65)),
        ["65:65: more than 64 levels of nesting; a workflow needs about ten"],
    ),
    "more values than any workflow needs": (
        b"[" + b"1," * 100_000 + b"]",
        ["1:40000: more than 20000 values; split the workflow"],
    ),
}

AMBIGUOUS: dict[str, tuple[str, list[str]]] = {
    "a duplicate key": ("role: a\nrole: b", ["5:3: 'role' is here twice, first at 4:3; keep one"]),
    "an anchor": ("role: &r x", ["4:9: anchor '&r'; remove it; there are no aliases either"]),
    "an anchor and its alias": (
        "role: &r x\nbrief: *r",
        ["4:9: anchor '&r'; remove it; there are no aliases either", f"5:10: alias '*r'; {SPELL_OUT}"],
    ),
    "a merge key": (
        "role: x\n<<: {brief: x}",
        ["5:3: merge key '<<'; write the fields out where they are needed"],
    ),
    "a tag": ("role: !!str x", ["4:9: tag '!!str'; remove it; quotes make text, and nothing else is needed"]),
    "a tag that would run code": (
        "role: !!python/object/apply:os.system [x]",
        [
            "4:9: tag '!!python/object/apply:os.system'; remove it; quotes make text, and nothing else is needed",
        ],
    ),
    "a key that is a list": (
        "role: x\n? [a]\n: 1",
        ["5:5: a key that is a list or a mapping; use a plain word as the key"],
    ),
    "an escaped null byte": ('role: "a\\0b"', ["4:9: a text with the character U+0000 in it; leave it out"]),
    "an escaped surrogate": ('role: "\\ud800"', ["4:9: a text with the character U+D800 in it; leave it out"]),
    "an escaped direction": ('role: "\\u202e"', ["4:9: a text with the character U+202E in it; leave it out"]),
    "a fraction of many digits": (
        f"role: x\nrounds: 1.{'0' * 30}",
        ["5:11: a number of more than 30 digits; put it in quotes to make it text"],
    ),
    "a number that fits nowhere": (
        f"role: x\nrounds: {'9' * 5_000}",
        ["5:11: a number of more than 30 digits; put it in quotes to make it text"],
    ),
}

MEANINGS: dict[str, object] = {
    "no": "no",
    "on": "on",
    "yes": "yes",
    "12:30:45": "12:30:45",
    "2026-01-01": "2026-01-01",
    "1_000": "1_000",
    "=": "=",
    "nan": "nan",
    "0x": "0x",
    "'3'": "3",
    '"true"': "true",
    "''": "",
    "true": True,
    "FALSE": False,
    "null": None,
    "~": None,
    "": None,
    "012": 12,
    "-7": -7,
    "0o17": 15,
    "0x1F": 31,
    "1.50": 1.5,
    ".5": 0.5,
    "1e3": 1000.0,
    "-.inf": float("-inf"),
}


def problems(source: bytes) -> list[str]:
    with pytest.raises(WorkflowError) as caught:
        load(source, "flow.yaml")
    return list(caught.value.problems)


def tree(source: bytes) -> Node:
    root = read(source).root
    assert root is not None
    return root


@pytest.mark.parametrize(("source", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_at_its_place_and_soon(source: bytes, said: list[str]) -> None:
    with at_most(SOON_S):
        assert problems(source) == [f"flow.yaml:{line}" for line in said]


@pytest.mark.parametrize(("fields", "said"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_could_mean_two_things_is_refused_at_its_place(fields: str, said: list[str]) -> None:
    lines = "".join(f"  {line}\n" for line in fields.split("\n"))
    source = f"workflow: w\nsteps:\n- id: a.b\n{lines}"
    assert problems(source.encode()) == [f"flow.yaml:{line}" for line in said]


def test_an_alias_bomb_never_grows() -> None:
    levels = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    document = read("\n".join(levels).encode())
    assert len(document.problems) == 12 + 11 * 9
    assert document.root is not None
    assert len(str(plain(document.root))) < 2_000


def test_a_value_that_could_not_be_read_is_complained_about_once() -> None:
    source = b"workflow: w\nsteps:\n  - {id: a.b, role: x, rounds: &n 3, max_visits: *n}\n"
    assert problems(source) == [
        "flow.yaml:3:32: anchor '&n'; remove it; there are no aliases either",
        f"flow.yaml:3:50: alias '*n'; {SPELL_OUT}",
    ]


@pytest.mark.parametrize(("text", "value"), MEANINGS.items())
def test_a_scalar_means_what_the_core_schema_says(text: str, value: object) -> None:
    found = plain(tree(f"- {text}\n".encode()))
    assert isinstance(found, list)
    assert found == [value]
    assert type(found[0]) is type(value)


def test_blocks_of_text_keep_their_lines_and_folds_do_not() -> None:
    assert plain(tree(b"a: |\n  x: 1\n  y\nb: >-\n  x\n  y\n")) == {"a": "x: 1\ny\n", "b": "x y"}


def test_64_levels_are_read() -> None:
    assert read(b"[" * 64 + b"]" * 64).problems == ()


def test_line_ends_of_windows_and_a_byte_order_mark_change_no_position() -> None:
    plainly = tree("a: 1\nb: [é, '𝄞', x]\n".encode())
    assert tree("\ufeffa: 1\r\nb: [é, '𝄞', x]\r\n".encode()) == plainly
    assert locate(plainly, ("b", 2)) == Position(2, 13)


def test_every_value_and_key_knows_its_place() -> None:
    root = tree(b"# comment\nsteps:\n  - id: a.b\n    gates:\n      - {id: t, timeout: 3s}\n    role:\nlast: x\n")
    places = {
        (): (2, 1),
        ("steps",): (3, 3),
        ("steps", 0): (3, 5),
        ("steps", 0, "id"): (3, 9),
        ("steps", 0, "gates"): (5, 7),
        ("steps", 0, "gates", 0): (5, 9),
        ("steps", 0, "gates", 0, "timeout"): (5, 26),
        ("last",): (7, 7),
    }
    assert {path: locate(root, path) for path in places} == {p: Position(*at) for p, at in places.items()}
    keys = {
        ("steps",): (2, 1),
        ("steps", 0): (3, 5),
        ("steps", 0, "gates"): (4, 5),
        ("steps", 0, "gates", 0, "timeout"): (5, 17),
    }
    assert {path: locate(root, path, Side.KEY) for path in keys} == {p: Position(*at) for p, at in keys.items()}


def test_an_absent_value_stands_where_its_key_does() -> None:
    assert locate(tree(b"a:\n  b:\n\n\nc: 1\n"), ("a", "b")) == Position(2, 3)


def test_a_path_that_leads_nowhere_is_located_where_it_ends() -> None:
    root = tree(b"a:\n  b: 1\n")
    assert locate(root, ("a", "x", 3)) == Position(2, 3)
    assert locate(root, (0,)) == Position(1, 1)
