# SPDX-License-Identifier: GPL-2.0-or-later
"""Where feeds come from: what is no file, and what of an address is not written down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from enforcer.control.feed_fetch import FeedFailed, shown_source
from enforcer.control.feed_fetcher import Fetcher


def test_what_is_no_file_or_too_long_is_refused(tmp_path: Path) -> None:
    fetch = Fetcher(most=10)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_text("x" * 11)
    (tmp_path / "right").write_text("x" * 10)
    for name, why in (
        ("pipe", "is no file"),
        (".", "is no file|cannot be read"),
        ("nowhere", "No such file"),
        ("long", "longer than 10 bytes"),
    ):
        with pytest.raises(FeedFailed, match=why):
            fetch(str(tmp_path / name))
    assert fetch(str(tmp_path / "right")).body == b"x" * 10


def test_secrets_in_an_address_are_not_written_down() -> None:
    assert shown_source("/etc/list?x") == "/etc/list?x"
    assert shown_source("https://lists.example/a.txt") == "https://lists.example/a.txt"
    shown = shown_source("https://me:secret@lists.example:8443/a.txt?key=hidden#part")
    assert shown == "https://lists.example:8443/a.txt?..."
