# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that was not read, taken to hold given members as this driver would lay them out. Pure.

Rules get the handle 0: only a kernel gives handles.
"""

from __future__ import annotations

from dataclasses import replace

from drivers.nftables.layout import Layout, first_layout
from drivers.nftables.model import Found, Held, Spec
from drivers.nftables.netlink.definitions import RuleFacts
from drivers.nftables.planning import Setup
from drivers.nftables.render import COMMON
from drivers.nftables.shut import SHUT, Recorded
from enforcer.core.rules import Actual


def supposed(setup: Setup, actual: Actual) -> Actual:
    """`actual`, with the structure that its members would have where none was read."""
    if actual.native is not None:
        return actual
    layouts = {rule: Layout() for rule in COMMON}
    layouts |= {rule: first_layout(rule, members) for rule, members in actual.addresses.items()}
    interfaces = frozenset(actual.interfaces)
    spec = setup.specification({**layouts, **dict.fromkeys(interfaces)})
    record = {m.name: Recorded(m.order, m.end) for m in actual.interfaces.get(SHUT, ())}
    return replace(actual, native=Held(_as_if_found(spec), layouts, interfaces, record=record))


def _as_if_found(spec: Spec) -> Found:
    return Found(
        flags=0,
        chains={name: chain.facts for name, chain in spec.chains.items()},
        rules={
            name: tuple(RuleFacts(name, 0, rule.expressions) for rule in chain.rules)
            for name, chain in spec.chains.items()
        },
        sets={name: made.definition for name, made in spec.sets.items()},
        ranges={n: made.ranges for n, made in spec.sets.items() if made.ranges is not None},
        jumps={n: made.jumps for n, made in spec.sets.items() if made.jumps is not None},
    )
