# SPDX-License-Identifier: GPL-2.0-or-later
"""Secret references: resolved where they are used, never shown."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.errors import ConfigurationInvalid
from enforcer.secrets import Secret, is_reference, read


def test_from_the_environment(tmp_path: Path) -> None:
    assert read("env:TOKEN", tmp_path, {"TOKEN": "s3cret"}).reveal() == "s3cret"


@pytest.mark.parametrize("content", ["s3cret", "s3cret\n", "s3cret\r\n"])
def test_from_a_file_relative_to_the_base(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_bytes(content.encode())
    assert read("file:token", tmp_path).reveal() == "s3cret"
    assert read(f"file:{tmp_path}/token", Path("/")).reveal() == "s3cret"


def test_only_the_last_line_ending_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("line 1\nline 2 \n\n")
    assert read("file:key", tmp_path).reveal() == "line 1\nline 2 \n"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:NOPE", "env:NOPE: the environment has no variable NOPE"),
        ("env:EMPTY", "env:EMPTY: the secret is empty"),
        ("file:nope", "file:nope: cannot read"),
        ("file:latin", "file:latin: .* is not UTF-8"),
        ("file:", "is not a secret reference"),
        ("vault:x/y", "'vault:…' is not a secret reference"),
    ],
)
def test_what_cannot_be_resolved_names_the_reference(
    tmp_path: Path, reference: str, says: str
) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(ConfigurationInvalid, match=says):
        read(reference, tmp_path, {"EMPTY": ""})


@given(st.text(alphabet="abc123!$/", min_size=8))
def test_a_secret_in_the_wrong_place_is_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        read(text, Path("/"))
    assert text not in str(raised.value)


def test_repr_never_shows_it() -> None:
    secret = Secret("hunter2")
    for shown in (repr(secret), str(secret), f"{secret}", repr([secret]), f"{secret!r:>20}"):
        assert "hunter2" not in shown


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert pickle.loads(pickle.dumps(Secret("a"))) == Secret("a")


@pytest.mark.parametrize("text", ["env:X", "file:x", "file:/etc/x"])
def test_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", "env", "sqlite:///x", "file:///x", "vault:x", "secret"])
def test_what_is_no_reference(text: str) -> None:
    assert not is_reference(text)
