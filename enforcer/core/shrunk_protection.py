# SPDX-License-Identifier: GPL-2.0-or-later
"""Space that an inventory guards and the next one does not.

Orders may hit from then on what no order could hit before, or not without a confirmation or
an end: protected space (infrastructure and what the devices stand on too), shared space, pools.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from enforcer.core.intervals import merge, outside, rows_of
from enforcer.core.orders import Network
from enforcer.core.placement import FAMILIES
from enforcer.core.prefixes import format_network
from enforcer.core.topology import DynamicPool, SharedSpace, Topology

_SHOWN = 10

_Named = tuple[Network, str]
"""A prefix, and what it is for people."""


def shrunk(before: Topology, after: Topology) -> list[str]:
    """What `before` guards and `after` does not, one text for each: ``what prefix (of what)``.

    Space that is stated in other words, by longer or shorter prefixes, is not lost.
    """
    return [
        *_lost("protected", _protected(before), _protected(after)),
        *_lost("shared", _spaces(before.shared), _spaces(after.shared)),
        *_lost("pool", _spaces(before.pools), _spaces(after.pools)),
    ]


def shrunk_sentence(lost: Sequence[str]) -> str:
    """For people, with the way out; the first few of many."""
    shown = ", ".join(lost[:_SHOWN])
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return (
        f"less is guarded than before: {shown}{more}: orders may hit it from now on. Put it back"
        " in the inventory's files and reload; if it is meant, `enforcer inventory reload` once"
        " more ends the alarm"
    )


def _protected(topology: Topology) -> list[_Named]:
    return [(p.prefix, f"{p.reason}, {p.origin}") for p in topology.protected]


def _spaces(spaces: Iterable[SharedSpace | DynamicPool]) -> list[_Named]:
    return [(prefix, space.name) for space in spaces for prefix in space.prefixes]


def _lost(what: str, before: Sequence[_Named], after: Sequence[_Named]) -> Iterator[str]:
    for family in FAMILIES:
        had = [one for one in before if one[0].version == family]
        if not had:
            continue
        has = merge(rows_of(prefix for prefix, _ in after if prefix.version == family))
        gone = outside(rows_of(prefix for prefix, _ in had), has).source.tolist()
        for at in dict.fromkeys(gone):
            prefix, said = had[at]
            yield f"{what} {format_network(prefix)} ({said})"
