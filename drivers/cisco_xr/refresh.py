# SPDX-License-Identifier: GPL-2.0-or-later
"""Which neighbors are asked for their routes again after a commit. Pure.

That the box does so by itself is not relied on: a soft clear takes no session down.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.cisco_xr.model import Box, Key, PeerKey, PolicyKey, SetKey
from drivers.cisco_xr.names import named_groups


def refreshes(keys: Iterable[Key], *boxes: Box) -> tuple[str, ...]:
    """The commands for what `keys` changes; `boxes`: before and after."""
    changed = tuple(keys)
    peers = {(k.neighbor, k.family, k.way) for k in changed if isinstance(k, PeerKey)}
    names = {k.name for k in changed if isinstance(k, SetKey | PolicyKey)}
    for box in boxes:
        for neighbor, peer in box.peers.items():
            for (family, way), policy in peer.policies.items():
                said = " ".join(box.policies.get(policy, ()))
                if not names.isdisjoint((policy, *named_groups(said))):
                    peers.add((neighbor, family, way))
    return tuple(f"clear bgp ipv{f} unicast {n} soft {way}" for n, f, way in sorted(peers))
