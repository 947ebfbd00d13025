# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs in one BIRD, and the change that ends it. Pure.

The goal is our file as it was read, with the delta's members, and with those parts made right that
the drift's findings name. Whatever else differs in it stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from drivers._router.target import Target, held, target
from drivers.bird.holdings import shut_by_us
from drivers.bird.hooks import restarts, unhooked
from drivers.bird.model import Box, Channel, ConfiguredBgp, IncludeFile, Items, Protocol
from drivers.bird.names import HEADER, MESSAGE, OWNER, SHUT, WAYS, digest_of, function_name
from drivers.bird.parse import shut_in
from drivers.bird.render import (
    commands,
    content,
    differences,
    layout,
    mark_text,
    state_of,
)
from drivers.bird.setup import Setup
from enforcer.core.drift import Delta, Drift, Finding, FindingKind
from enforcer.core.orders import order_id
from enforcer.core.plan import ALL, Batch, Plan, Region
from enforcer.core.rules import Actual, Desired, Key, Owner, Rule
from enforcer.core.sessions import CLOSED

_NAMED_ORDERS = 3


@dataclass(frozen=True, eq=False)
class Work:
    """One change. `content`: our whole file; `state`: the digest that it states. `close`: by
    protocol, the message to disable it with; `reopen`: those to enable. `anew`: BIRD does not have
    in force what our file says already. `restarts`: protocols that BIRD would restart for it.
    `refilters`: those whose routes of one way are rejected by other rules than before."""

    content: bytes
    state: str
    close: Mapping[str, str] = field(default_factory=dict)
    reopen: tuple[str, ...] = ()
    anew: bool = False
    restarts: tuple[str, ...] = ()
    refilters: frozenset[tuple[str, Key]] = frozenset()


def box_of(setup: Setup, actual: Actual) -> Box:
    """The box of a reading, or the one that an assumed state would have."""
    if isinstance(actual.native, Box):
        return actual.native
    if actual.native is not None:
        raise ValueError(f"the state of {actual.device} was not read by the BIRD driver")
    return _supposed(setup, actual)


def _supposed(setup: Setup, actual: Actual) -> Box:
    """Every neighbor has one protocol of its name, whose filters call our functions."""
    standing = held(actual)
    items = layout(setup.neighbors, standing)
    if actual.owner is not None:
        items[OWNER] = mark_text(actual.owner)
    down = standing.interfaces.get(CLOSED, frozenset())
    routed = [r.neighbor for r in standing.addresses if r.by_route]
    named = dict.fromkeys((*setup.neighbors, *routed, *sorted(down)))
    file = IncludeFile(items, state_of(items))
    calls = {n: {way: frozenset({function_name(n, way)}) for way in WAYS} for n in named}
    protocols = {
        n: (Protocol(_supposed_name(n), n, n not in down, n in down, MESSAGE, (4, 6)),)
        for n in named
    }
    configured = tuple(
        ConfiguredBgp(_supposed_name(n), n, {f: Channel(calls[n]) for f in (4, 6)}) for n in named
    )
    proven = frozenset(name for name in items if digest_of(name))
    return Box(file, file.state, proven, False, protocols, configured)


def _supposed_name(neighbor: str) -> str:
    return f"<protocol of {neighbor}>"


# -- findings --------------------------------------------------------------------------------


def findings(setup: Setup, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
    """Structural differences that are not merely members missing or extra."""
    box = box_of(setup, actual)
    told: list[Finding] = []
    if actual.native is not None:
        right = layout(setup.neighbors, _consistent(box, desired, held(actual)))
        told = list(_structure(setup, box, right))
        told += _unfiltered(box, (*held(actual).rules(), *desired.rules()))
        told += _no_protocol(box, desired)
    was = actual.owner
    if was != setup.owner:
        said = f"{was.controller} epoch {was.epoch}" if was is not None else ""
        kind = FindingKind.ALTERED if was else FindingKind.MISSING
        told.append(Finding(kind, what(OWNER), said))
    return tuple(dict.fromkeys(told))


def _consistent(box: Box, desired: Desired, there: Target) -> Target:
    """What stands; of shut sessions those whose functions rightly reject everything.

    A session that came up again is a member that is missing, and its functions are right; those
    of one that is down otherwise are wrong only where it is to stay down.
    """
    down, stated = there.interfaces.get(CLOSED, frozenset()), shut_in(box.file)
    asked = frozenset(m.name for m in desired.interfaces.get(CLOSED, ()))
    closed = (down & stated) | (down & asked) | (stated & asked)
    others = {rule: names for rule, names in there.interfaces.items() if rule != CLOSED}
    return Target(there.addresses, others | ({CLOSED: closed} if closed else {}))


def what(name: str) -> str:
    """What a part of our file is called in a finding."""
    if name.startswith("line "):
        return f"{name} in the include file"
    return f"{'function' if name.startswith('enf_') else 'symbol'} {name}"


def _structure(setup: Setup, box: Box, right: Items) -> Iterator[Finding]:
    if box.running is None and box.proven == frozenset() and box.file.state:
        yield Finding(FindingKind.MISSING, f'include "{setup.include}"', "BIRD does not know it")
        return
    found = list(_items(box.file.items, right))
    yield from found
    state = state_of(box.file.items)
    if not found and not box.running == box.file.state == state:
        yield Finding(
            FindingKind.ALTERED,
            "running configuration",
            "is not what our include file says: it was edited, or another one was configured",
        )


def _items(there: Items, right: Items) -> Iterator[Finding]:
    for name in dict.fromkeys((*there, *right)):
        if name == OWNER:
            continue
        if name not in there:
            yield Finding(FindingKind.MISSING, what(name))
        elif name not in right:
            if name != SHUT:
                yield Finding(FindingKind.EXTRA, what(name))
        elif there[name] != right[name] and name != SHUT:
            yield Finding(FindingKind.ALTERED, what(name))


def _unfiltered(box: Box, rules: tuple[Rule, ...]) -> Iterator[Finding]:
    for rule in rules:
        if not rule.by_route:
            continue
        for name, why in unhooked(box, rule):
            yield Finding(FindingKind.MISSING, f"{name}: {why}")
        number = box.passing.get((rule.neighbor, rule.key), 0)
        if number:
            yield Finding(
                FindingKind.ALTERED,
                f"routes {rule.key} of neighbor {rule.neighbor}",
                f"{number} pass that are to be rejected",
            )


def _no_protocol(box: Box, desired: Desired) -> Iterator[Finding]:
    for member in desired.interfaces.get(CLOSED, ()):
        if member.name not in box.protocols:
            yield Finding(FindingKind.MISSING, f"protocol of neighbor {member.name}: there is none")


# -- plan ------------------------------------------------------------------------------------


def plan(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Plan:
    """One change of the file, and of the sessions, for `drift`."""
    if not drift:
        return Plan()
    box = box_of(setup, actual)
    now, then = held(actual), target(actual, drift.delta)
    items = _goal(setup, desired, drift, actual, now, then)
    goal = replace(box.file, items=items)
    close, reopen = _sessions(box, now, then, drift.delta)
    anew = any(digest_of(name) and name not in box.proven for name in items)
    again = () if actual.native is None else tuple(_restarted(box, items, close))
    unsure = box.running != state_of(box.file.items)
    unsure |= any(digest_of(name) and name not in box.proven for name in box.file.items)
    moved = frozenset(_refiltered(box, items, unsure))
    work = Work(content(goal), state_of(items), close, reopen, anew, again, moved)
    size = sum(len(c.add) + len(c.remove) for c in drift.delta.addresses.values())
    size += sum(len(c.add) + len(c.remove) for c in drift.delta.interfaces.values())
    structural = _structural(box.file.items, items)
    plain = not structural and not drift.findings and not drift.delta.interfaces
    watched = [r for r in drift.delta.addresses if next(unhooked(box, r), None) is not None]
    region = Region(drift.delta) if plain and drift.delta and not watched else ALL
    words = [f"{size} members"] if size else []
    words += ["structure"] if structural else []
    batch = Batch(work, size or 1, region, ", ".join(words), structural)
    return Plan(
        (batch,),
        lambda: _shown(box.file.items, items, close, reopen, setup.confirm),
        lambda: _shown(items, box.file.items, dict.fromkeys(reopen, MESSAGE), close, setup.confirm),
    )


def _shown(
    before: Items,
    after: Items,
    close: Mapping[str, str],
    reopen: Mapping[str, str] | tuple[str, ...],
    confirm: int,
) -> Iterator[str]:
    yield from differences(before, after)
    yield from commands(close, reopen, confirm)


def _goal(
    setup: Setup, desired: Desired, drift: Drift, actual: Actual, now: Target, then: Target
) -> Items:
    there = box_of(setup, actual).file.items
    was, after = layout(setup.neighbors, now), layout(setup.neighbors, then)
    named = {finding.what for finding in drift.findings}
    found = dict(there)
    for name in dict.fromkeys((*there, *was, *after)):
        if name == OWNER or (was.get(name) == after.get(name) and what(name) not in named):
            continue
        if name in after:
            found[name] = after[name]
        else:
            found.pop(name, None)
    if not there:
        found = dict(after)
    # Our own record of what is down is never anybody else's business.
    found.pop(SHUT, None)
    found |= {SHUT: after[SHUT]} if SHUT in after else {}
    mark = _mark(setup, desired, drift, actual)
    return found if mark is None else found | {OWNER: mark_text(mark)}


def _mark(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Owner | None:
    """The mark to write: it is missing or another's, or members are added."""
    if actual.owner != setup.owner:
        return desired.mark or setup.owner
    return desired.mark if _adds(drift.delta) else None


def _adds(delta: Delta) -> bool:
    rows = any(len(change.add) for change in delta.addresses.values())
    return rows or any(moved.add for moved in delta.interfaces.values())


def _structural(before: Items, after: Items) -> bool:
    """Whether more than members of rules that stand already, or the mark, is written."""
    for name in dict.fromkeys((*before, *after)):
        moved = before.get(name) != after.get(name)
        small = name in (OWNER, SHUT, HEADER) or (
            digest_of(name) and name in before and name in after
        )
        if moved and not small:
            return True
    return False


def _sessions(
    box: Box, now: Target, then: Target, delta: Delta
) -> tuple[dict[str, str], tuple[str, ...]]:
    """By protocol the message to disable it with; the protocols to enable."""
    wanted, there = (side.interfaces.get(CLOSED, frozenset()) for side in (then, now))
    orders = {m.name: m.order for c in delta.interfaces.values() for m in c.add}
    close = {
        one.name: _message(orders.get(neighbor, 0))
        for neighbor in sorted(wanted - there)
        for one in box.protocols.get(neighbor, ())
        if not one.down
    }
    reopen = [
        one.name
        for neighbor in sorted(there - wanted)
        for one in box.protocols.get(neighbor, ())
        if shut_by_us(one)
    ]
    return close, tuple(reopen)


def _refiltered(box: Box, after: Items, unsure: bool) -> Iterator[tuple[str, Key]]:
    """Protocols and ways whose function says something else; `unsure`: what is in force is not
    what our file says, so that all may."""
    for way in WAYS:
        for neighbor, some in box.protocols.items():
            if unsure or _moved(box.file.items, after, function_name(neighbor, way)):
                yield from ((one.name, way) for one in some)


def _moved(before: Items, after: Items, function: str) -> bool:
    """Whether a function changes, or a constant that it names."""
    texts = before.get(function, "") + after.get(function, "")
    names = [n for n in dict.fromkeys((*before, *after)) if digest_of(n) and n in texts]
    return any(before.get(n) != after.get(n) for n in (function, *names))


def _restarted(box: Box, after: Items, close: Mapping[str, str]) -> Iterator[str]:
    """The protocols whose routes are to be filtered anew, and that BIRD restarts for it."""
    for neighbor, some in box.protocols.items():
        if _moved(box.file.items, after, function_name(neighbor, Key.RECEIVED)):
            yield from (p.name for p in some if p.name not in close and restarts(box, p))


def _message(order: int) -> str:
    """What the neighbor is told (RFC 9003: at most 255 octets)."""
    said = f"order {order_id(order)}" if order > 0 else "an order"
    return f"{MESSAGE}shut down by {said}"
