# SPDX-License-Identifier: GPL-2.0-or-later
"""``show access-lists``: how often each line matched. Pure."""

from __future__ import annotations

from collections import Counter

from drivers.cisco_xr.parse_ace import counted, normal, numbered
from enforcer.errors import ParseFailed


def matches(device: str, family: int, acl: str, text: str) -> Counter[str]:
    """Packets by line in our normal form; lines that were never met count 0.

    Raises ParseFailed where it is not this list, or a line of it is not understood.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or lines[0].split()[:3] != [f"ipv{family}", "access-list", acl]:
        said = lines[0].strip()[:80] if lines else "nothing"
        raise ParseFailed(device, f"show access-lists {acl}: {said!r} is not understood")
    found: Counter[str] = Counter()
    for line in lines[1:]:
        body, packets = counted(line)
        split = numbered(body)
        if split is None:
            raise ParseFailed(device, f"show access-lists {acl}: {line.strip()[:80]!r}")
        found[normal(split[1])] += packets
    return found
