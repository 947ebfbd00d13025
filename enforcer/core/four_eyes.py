# SPDX-License-Identifier: GPL-2.0-or-later
"""What one person may not order alone: why a draft waits for a second one.

The rule is for those who were let in with rights (accounts and tokens); the shell, the
controller and feeds are not asked. A detector never proposes: see `machine`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Protocol

from enforcer.core.access import Rights
from enforcer.core.collateral import Hit
from enforcer.core.draft import Draft, Refusal, target_of
from enforcer.core.intervals import Ranges, merge, rows_of, size, subtract
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    BlockList,
    DropRoutes,
    Network,
    ShutdownSession,
    SuspendCustomer,
    order_id,
    order_number,
)
from enforcer.core.placement import FAMILIES, Ownership
from enforcer.core.prefixes import format_network
from enforcer.core.selection import networks_of
from enforcer.core.special_purpose import overlap
from enforcer.core.topology import Topology

NEEDS_APPROVAL = "needs-approval"
_BITS = {4: 32, 6: 128}
_ID = "P."


class Thresholds(Protocol):
    """What waits for a second person; see `FourEyesSettings`, which states it."""

    @property
    def enabled(self) -> bool:
        """Whether anything does."""
        ...

    @property
    def prefix4(self) -> int:
        """A target of so many addresses as a prefix of this length has; 0: never."""
        ...

    @property
    def prefix6(self) -> int:
        """The same for IPv6."""
        ...

    @property
    def customers(self) -> int:
        """So many who are hit; 0: never."""
        ...

    @property
    def open_ended(self) -> bool:
        """An order without an end."""
        ...

    @property
    def longest_days(self) -> float:
        """An order that lasts longer; 0: never."""
        ...

    @property
    def protected(self) -> bool:
        """A target that covers protected space, by confirmation."""
        ...

    @property
    def sessions(self) -> bool:
        """Shutting a BGP session or a port."""
        ...

    @property
    def routes(self) -> bool:
        """Losing routes, by confirmation."""
        ...


def reasons(
    draft: Draft,
    hit: Hit,
    rule: Thresholds,
    topology: Topology,
    owners: Ownership,
    content: ListContent | None = None,
) -> tuple[str, ...]:
    """Why `draft` waits for a second person, one sentence each; empty: it does not.

    `hit`: who is hit by it. `content`: of the list that it names, which is measured as a target.
    """
    if not rule.enabled:
        return ()
    return (
        *_wide(draft, rule, topology),
        *_listed(content, rule),
        *_many(draft, hit, rule, topology),
        *_open(draft, rule),
        *_protected(draft, rule, owners),
        *_sessions(draft, rule),
        *_routes(draft, rule),
    )


def machine(why: tuple[str, ...], rights: Rights | None) -> tuple[Refusal, ...]:
    """Code needs-approval: what a person would propose, a detector is refused.

    So is a token that belongs to nobody: whoever has it might be the second person as well.
    """
    if not why or rights is None or (rights.machine is None and not rights.nobodys):
        return ()
    who = "a person has to order it"
    if rights.machine is None:
        who += ", by a login or by a token that has an owner"
    said = f"{'; '.join(why)}: a second person must approve that, so {who}"
    return (Refusal(NEEDS_APPROVAL, said),)


def grown(added: Mapping[int, Ranges], rule: Thresholds) -> str | None:
    """Whether what came to a list, per family, is as wide as a target that waits: how wide."""
    return next(_as_wide(added, rule), None) if rule.enabled else None


def _listed(content: ListContent | None, rule: Thresholds) -> Iterator[str]:
    if content is not None:
        by_family = {family: content.ranges(family) for family in FAMILIES}
        yield from (f"the entries of the list are {said}" for said in _as_wide(by_family, rule))


def _as_wide(ranges: Mapping[int, Ranges], rule: Thresholds) -> Iterator[str]:
    for family, length in ((4, rule.prefix4), (6, rule.prefix6)):
        if length > 0 and size(merge(ranges[family])) >= 1 << (_BITS[family] - length):
            yield f"together as wide as an IPv{family} /{length}, or wider"


def _wide(draft: Draft, rule: Thresholds, topology: Topology) -> Iterator[str]:
    """Names stand for all their prefixes, and many small prefixes are as wide as one."""
    targets = _targets(draft, topology)
    for family, length in ((4, rule.prefix4), (6, rule.prefix6)):
        if length <= 0:
            continue
        stated = [n for n in targets if n.version == family]
        widest = min(stated, key=lambda n: n.prefixlen, default=None)
        if widest is None or (len(stated) == 1 and widest.prefixlen > length):
            continue
        if size(merge(rows_of(stated))) < 1 << (_BITS[family] - length):
            continue
        if widest.prefixlen <= length:
            yield f"the target {format_network(widest)} is as wide as a /{length}, or wider"
        else:
            yield f"the targets together are as wide as an IPv{family} /{length}, or wider"


def _targets(draft: Draft, topology: Topology) -> list[Network]:
    """What packets are looked up by; of BGP sessions nothing."""
    if isinstance(draft.demand, DropRoutes | ShutdownSession):
        return []
    return networks_of(target_of(draft.demand), topology)


def _many(draft: Draft, hit: Hit, rule: Thresholds, topology: Topology) -> Iterator[str]:
    if rule.customers <= 0:
        return
    if len(hit.names) >= rule.customers:
        yield f"{len(hit.names)} customers are hit, and {rule.customers} are many"
        return
    targets = _targets(draft, topology) if topology.shared else []
    for space in topology.shared:
        if not space.users and any(overlap(p, n) for p in space.prefixes for n in targets):
            yield f"addresses in {space.name} are shared, and nobody can say how many are hit"


def _open(draft: Draft, rule: Thresholds) -> Iterator[str]:
    if draft.end is None:
        if rule.open_ended:
            yield "it has no end"
    elif rule.longest_days > 0 and draft.end - draft.start > timedelta(days=rule.longest_days):
        yield f"it lasts longer than {rule.longest_days:g} days"


def _protected(draft: Draft, rule: Thresholds, owners: Ownership) -> Iterator[str]:
    if not rule.protected or not draft.confirm_wide or isinstance(draft.demand, BlockList):
        return
    stated = target_of(draft.demand).prefixes
    for family in FAMILIES:
        rows = rows_of(n for n in stated if n.version == family)
        if len(subtract(rows, owners.protected[family])[1]):
            yield "the target covers protected space, which is withheld"
            return


def _sessions(draft: Draft, rule: Thresholds) -> Iterator[str]:
    demand = draft.demand
    if not rule.sessions:
        return
    if isinstance(demand, ShutdownSession):
        yield "BGP sessions are shut down"
    elif isinstance(demand, SuspendCustomer) and demand.by == "session":
        yield f"the BGP sessions with {demand.customer} are shut down"
    elif isinstance(demand, SuspendCustomer) and demand.by == "shutdown":
        yield f"the ports of {demand.customer} are shut down"


def _routes(draft: Draft, rule: Thresholds) -> Iterator[str]:
    about = isinstance(draft.demand, DropRoutes | SuspendCustomer)
    if rule.routes and about and draft.confirm_routes:
        yield "routes that matter may be lost, which was confirmed"


def proposal_id(number: int) -> str:
    """The printed id: ``P.`` and the digits of an order's id, so that neither is the other."""
    return f"{_ID}{order_id(number)}"


def proposal_number(text: str) -> int | None:
    """The number behind a printed id, or None when `text` is not one; lenient as of orders."""
    stripped = text.strip()
    if stripped[: len(_ID)].upper() != _ID:
        return None
    return order_number(stripped[len(_ID) :])
