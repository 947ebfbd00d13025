# SPDX-License-Identifier: GPL-2.0-or-later
"""Matches of our entries, by rule. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from drivers.cisco_ios.marks import digests
from drivers.cisco_ios.model import Box
from drivers.cisco_ios.parse import shown_numbers
from drivers.cisco_ios.words import hits, normalised
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Rule
from enforcer.driver_api import Counted


def counted(box: Box, wanted: Mapping[Rule, Ranges], text: str, text6: str) -> dict[Rule, Counted]:
    """The matches of each rule in `wanted` that has entries on `box`.

    `text`, `text6`: ``show ip access-lists`` and ``show ipv6 access-list``. An IPv4 entry counts
    for all members of its rule; packets that a discard route drops are counted nowhere.
    """
    shown = {**shown_numbers(text, 4), **shown_numbers(text6, 6)}
    found: dict[str, int] = defaultdict(int)
    for key, acl in box.acls.items():
        matches = {normalised(line, acl.family): hits(line) for _, line in shown.get(key, [])}
        for line in acl.lines:
            for digest in digests(line):
                found[digest] += matches.get(line.text, 0)
    return {r: Counted(found[r.digest], 0, shared=True) for r in wanted if r.digest in found}
