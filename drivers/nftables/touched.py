# SPDX-License-Identifier: GPL-2.0-or-later
"""Which addresses of which rule somebody touched, where a few elements are all that was. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from drivers.nftables.batching import member_ref
from drivers.nftables.names import HOSTS, RANGES, parse_name
from drivers.nftables.netlink.decode import read_elements
from drivers.nftables.netlink.errors import MalformedReply, MovingRuleset
from drivers.nftables.netlink.events import Event
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Rule


def touched(events: Iterable[Event], rules: Mapping[str, Rule]) -> dict[Rule, Ranges] | None:
    """By rule the addresses of all elements that `events` (of our table) are about.

    `rules` by their digest. None: something else was touched too, or more than a few elements,
    or what cannot be told.
    """
    written: dict[str, list[bytes]] = {}
    for event in events:
        if event.kind not in ("newelem", "delelem") or not event.lists:
            return None
        # What was deleted and what was written may be halves of the same range.
        written.setdefault(f"{event.kind} {event.name}", []).extend(event.lists)
    found: dict[Rule, list[Ranges]] = {}
    for said, lists in written.items():
        part = _of_set(said.split()[1], lists, rules)
        if part is None:
            return None
        found.setdefault(part[0], []).append(part[1])
    return {
        rule: Ranges(
            np.concatenate([p.first for p in parts]), np.concatenate([p.last for p in parts])
        )
        for rule, parts in found.items()
    }


def _of_set(
    name: str, lists: Iterable[bytes], rules: Mapping[str, Rule]
) -> tuple[Rule, Ranges] | None:
    parsed = parse_name(name)
    rule = rules.get(parsed.digest) if parsed is not None else None
    if parsed is None or rule is None or parsed.part not in (HOSTS, RANGES) or rule.by_interface:
        return None
    target = member_ref(rule, name)
    try:
        (elements,) = read_elements([b"".join(lists)], target.key_bytes, target.interval)
    except (MalformedReply, MovingRuleset):
        return None
    if elements.catch_all or not len(elements.first):
        return None
    return rule, Ranges(elements.first, elements.last)
