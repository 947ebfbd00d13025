# SPDX-License-Identifier: GPL-2.0-or-later
"""What our lines have matched, as ``show access-lists`` counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from drivers.cisco_xr.asking import Asking
from drivers.cisco_xr.model import Box
from drivers.cisco_xr.names import digest_of, named_groups
from drivers.cisco_xr.parse_counters import matches
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Rule
from enforcer.driver_api import Counted


def counters(
    asking: Asking, box: Box, wanted: Mapping[Rule, Ranges], locations: tuple[str, ...], device: str
) -> dict[Rule, Counted]:
    """Sums by rule; a line counts for all members of its rule, so every number is shared."""
    found: Counter[str] = Counter()
    standing: set[str] = set()
    for (family, acl), lines in sorted(box.acls.items()):
        digests = {
            line.text: digest_of(named_groups(line.text)[0])
            for line in lines
            if line.ours and named_groups(line.text)
        }
        if not digests:
            continue
        standing |= set(digests.values())
        for command in _commands(family, acl, locations):
            answer = asking.ask(command)
            for text, packets in matches(device, family, acl, answer).items():
                if text in digests:
                    found[digests[text]] += packets
    return {
        rule: Counted(found[rule.digest], 0, shared=True)
        for rule in wanted
        if rule.digest in standing
    }


def _commands(family: int, acl: str, locations: tuple[str, ...]) -> Iterator[str]:
    if not locations:
        yield f"show access-lists ipv{family} {acl}"
    for location in locations:
        for way in ("ingress", "egress"):
            yield f"show access-lists ipv{family} {acl} hardware {way} location {location}"
