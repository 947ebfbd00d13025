# SPDX-License-Identifier: GPL-2.0-or-later
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.located import read_document


def test_plain_values_and_their_lines() -> None:
    document = read_document("a:\n  b: [1, x,\n      2.5]\nc: no\nd: 010\n'7': ~\ne: True\n", "f")
    assert document.content == {
        "a": {"b": [1, "x", 2.5]},
        "c": "no",
        "d": 10,
        "7": None,
        "e": True,
    }
    assert document.lines["a", "b"] == 2
    assert document.lines["a", "b", 2] == 3
    assert document.lines["d",] == 5
    assert document.problems == ()
    assert document.problem(("a", "b", 2, "x"), "m").line == 3


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: 1\nb: 2\na: 3\n", "f:3: a: given twice; first in line 1"),
        ("a:\n  b: 1\n  b: 1\n", "f:3: a.b: given twice; first in line 2"),
        ("a: &x [1]\nb: *x\n", "f:2: b: aliases"),
        ("a: &x {b: *x}\n", "f:1: a.b: aliases"),
        ("a: &x 1\nb: &x 2\nc: *x\n", "f:3: c: aliases"),
        ("a: &x 1\nb:\n- 2\n- *x\n", "f:2: b[1]: aliases"),
        ("a: !secret x\n", "f:1: a: the tag !secret is not supported"),
        ("a: !!set {x}\n", "f:1: a: the tag"),
        ("? [a, b]\n: 1\n", "f:1: a key must be a plain word"),
        ("a: 0x10\n", "f:1: a: '0x10' is not a plain number"),
        ("a: .inf\n", "f:1: a: '.inf' is not a plain number"),
        (f"a: {'9' * 5000}\n", "f:1: a: '999"),
        ("a: [1,\nb: 2\n", "f:"),
        ("a: 1\n---\nb: 2\n", "f:2: this is not YAML"),
        ("a: \x00\n", "f: this is not YAML"),
        ("a: *nowhere\n", "f:1: this is not YAML"),
        ("[" * 20_000, "f: this is not YAML: it is nested too deeply"),
    ],
)
def test_what_is_not_read(text: str, expected: str) -> None:
    (problem,) = read_document(text, "f").problems
    assert str(problem).startswith(expected)


@given(st.text(alphabet="ab: -[]{},&*!|>'\"#%@\n\t~01.<?=\\", max_size=40))
def test_it_never_raises(text: str) -> None:
    document = read_document(text, "f")
    assert document.content is None or document.lines[()] >= 1
