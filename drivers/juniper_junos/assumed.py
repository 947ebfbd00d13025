# SPDX-License-Identifier: GPL-2.0-or-later
"""A router that was not read, taken to hold given members as this driver would lay them out. Pure.

Its interfaces are taken to be configured as the inventory names them, without a filter of the
operator's: what stands on the real box, only a reading can tell.
"""

from __future__ import annotations

from dataclasses import replace

from drivers._router.target import held
from drivers.juniper_junos.holdings import texts_of
from drivers.juniper_junos.layout import Known, layout
from drivers.juniper_junos.model import Box
from drivers.juniper_junos.names import FAMILIES, SENTINEL, mark_name, split_interface
from drivers.juniper_junos.setup import Setup
from enforcer.core.rules import Actual

_RECORD = frozenset({SENTINEL[4]})


def supposed(setup: Setup, actual: Actual) -> Actual:
    """`actual`, with the structure that its members would have where none was read."""
    if actual.native is not None:
        return actual
    named = [split_interface(name) for name in setup.named]
    neighbors = {n: (f"protocols bgp group GROUP neighbor {n}",) for n in setup.neighbors}
    box = Box(
        families={(name, unit or "0"): frozenset(FAMILIES) for name, unit in named},
        neighbors=neighbors,
        sessions=neighbors,
    )
    right = layout(setup, box, held(actual))
    lists = dict.fromkeys(right.shape.records, _RECORD)
    for name, ranges in right.lists.items():
        family = right.rules[name].family
        lists[name] = texts_of(ranges, family) | {SENTINEL[family]}
    if actual.owner is not None:
        lists[mark_name(actual.owner)] = _RECORD
    box = replace(
        box,
        items=right.shape.items,
        places=right.shape.places,
        chains=right.shape.chains,
        lists=lists,
        routes=right.routes,
        down=frozenset(right.shape.down),
        closed=frozenset(right.shape.closed),
    )
    return replace(actual, native=Known(box))
