# SPDX-License-Identifier: GPL-2.0-or-later
"""Several deltas as one."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.raw import concatenate
from enforcer.core.rules import Rule


def together(deltas: Sequence[Delta]) -> Delta:
    """All of them, of which no two are about the same member."""
    if len(deltas) == 1:
        return deltas[0]
    addresses: dict[Rule, list[Change]] = {}
    interfaces: dict[Rule, list[InterfaceChange]] = {}
    for delta in deltas:
        for rule, change in delta.addresses.items():
            addresses.setdefault(rule, []).append(change)
        for rule, moved in delta.interfaces.items():
            interfaces.setdefault(rule, []).append(moved)
    return Delta(
        {
            rule: Change(concatenate([c.add for c in some]), concatenate([c.remove for c in some]))
            for rule, some in addresses.items()
        },
        {
            rule: InterfaceChange(
                tuple(m for c in some for m in c.add), tuple(m for c in some for m in c.remove)
            )
            for rule, some in interfaces.items()
        },
    )
