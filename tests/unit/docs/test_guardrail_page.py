# SPDX-License-Identifier: GPL-2.0-or-later
"""The page about guardrails has every code with its reason, as the code says it, and a way out."""

from __future__ import annotations

import re

from enforcer.core import guardrails
from tests.unit.docs.pages import DOCS, table


def test_every_code_its_reason_and_a_way_out() -> None:
    lines = (guardrails.__doc__ or "").split("=" * 58)[2].splitlines()
    text = "\n".join(line for line in lines if not line.startswith("="))
    rows = re.findall(r"^([a-z-]+) +(.+(?:\n +.+)*)", text, re.MULTILINE)
    written = [(f"`{code}`", re.sub(r"\s+", " ", why)) for code, why in rows]
    shown = table(DOCS / "guardrails.md", "guardrails and what to do")
    assert len(written) > 30
    assert [row[:2] for row in shown] == written
    assert all(row[2] for row in shown)
