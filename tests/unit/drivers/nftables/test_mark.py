# SPDX-License-Identifier: GPL-2.0-or-later
"""The mark on the table: what it says, and that nothing else is taken for one."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.netlink.columns import Elements
from drivers.nftables.parse import mark_text, read_mark
from enforcer.core.rules import Owner

LONGEST = 128
"""Bytes that nft takes for a comment (NFTNL_UDATA_COMMENT_MAXLEN)."""


def elements(*texts: str) -> Elements:
    keys = np.zeros((len(texts), 2), np.uint64)
    none = np.zeros(len(texts), np.int64)
    comment = np.arange(len(texts), dtype=np.int32)
    return Elements(keys, keys, none, none, comment, texts, keys)


def read(text: str) -> Owner | None:
    return read_mark(elements(text))


@given(
    controller=st.from_regex(r"[0-9A-F]{1,16}", fullmatch=True),
    epoch=st.integers(1, 10**12),
    position=st.integers(0, 10**12),
    digest=st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
)
def test_what_is_written_is_read(controller: str, epoch: int, position: int, digest: str) -> None:
    owner = Owner(controller, epoch, position, digest if position else "")
    text = mark_text(owner)
    found = read(text)
    assert found is not None and astuple(found) == astuple(owner)
    assert len(text) <= LONGEST


def test_a_mark_of_an_older_version_has_no_position() -> None:
    found = read("enforcer C0FFEE epoch 3")
    assert found is not None and astuple(found) == ("C0FFEE", 3, 0, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "enforcer C0FFEE",
        "enforcer C0FFEE epoch",
        "enforcer C0FFEE epoch three",
        "enforcer C0FFEE epoch 3 at",
        "enforcer C0FFEE epoch 3 at 7",
        "enforcer C0FFEE epoch 3 at 0 0badc0de",
        "enforcer C0FFEE epoch 3 at 7 0badc0d",
        "enforcer C0FFEE epoch 3 at 7 0badc0de and more",
        "somebody C0FFEE epoch 3",
    ],
)
def test_nothing_else_is_a_mark(text: str) -> None:
    assert read(text) is None


def test_two_marks_are_none() -> None:
    assert read_mark(elements("enforcer C0FFEE epoch 3", "enforcer C0FFEE epoch 4")) is None
    assert read_mark(None) is None
