# SPDX-License-Identifier: GPL-2.0-or-later
"""Which addresses of which rule somebody touched, where a few elements are all that was. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from drivers.nftables.batching import member_ref
from drivers.nftables.layout import Layout, place
from drivers.nftables.names import HOSTS, RANGES, parse_name
from drivers.nftables.netlink.decode import read_elements
from drivers.nftables.netlink.errors import MalformedReply, MovingRuleset
from drivers.nftables.netlink.events import Event
from enforcer.core.intervals import Ranges
from enforcer.core.rules import NO_END, Members, Rule

Known = Mapping[str, tuple[Rule, Layout]]
"""Rules by their digest, and how their members lie in sets."""


def touched(events: Iterable[Event], known: Known) -> dict[Rule, Ranges] | None:
    """By rule the addresses of all elements that `events` (of our table) are about.

    None: something else was touched too, or more than a few elements, or what cannot be told, or
    an element stands where none of ours would be looked for.
    """
    written: dict[str, list[bytes]] = {}
    for event in events:
        if event.kind not in ("newelem", "delelem") or not event.lists:
            return None
        # What was deleted and what was written may be halves of the same range.
        written.setdefault(f"{event.kind} {event.name}", []).extend(event.lists)
    found: dict[Rule, list[Ranges]] = {}
    for said, lists in written.items():
        part = _of_set(said.split()[1], lists, known)
        if part is None:
            return None
        found.setdefault(part[0], []).append(part[1])
    return {
        rule: Ranges(
            np.concatenate([p.first for p in parts]), np.concatenate([p.last for p in parts])
        )
        for rule, parts in found.items()
    }


def _of_set(name: str, lists: Iterable[bytes], known: Known) -> tuple[Rule, Ranges] | None:
    parsed = parse_name(name)
    if parsed is None or parsed.digest not in known or parsed.part not in (HOSTS, RANGES):
        return None
    rule, layout = known[parsed.digest]
    target = member_ref(rule, name)
    try:
        (elements,) = read_elements([b"".join(lists)], target.key_bytes, target.interval)
    except (MalformedReply, MovingRuleset):
        return None
    if elements.catch_all or not len(elements.first):
        return None
    found = Ranges(elements.first, elements.last)
    return (rule, found) if _belongs(rule, layout, name, found) else None


def _belongs(rule: Rule, layout: Layout, name: str, found: Ranges) -> bool:
    """Whether all of `found` are read back from the set `name`, and from no other."""
    whenever = np.full(len(found), NO_END)
    rows = Members(found.first, found.last, whenever, np.full(len(found), -1, np.int64))
    return all(placed.name == name for placed in place(rule, layout, rows))
