# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs on a box, and the batches that end it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from drivers._router.known import KnownRules
from drivers._router.spared import links_of
from drivers._router.target import held, target
from drivers.cisco_xr.boxes import bare, box_of
from drivers.cisco_xr.edits import chosen, edits, what
from drivers.cisco_xr.identify import standing
from drivers.cisco_xr.model import (
    BindKey,
    Box,
    ClosedKey,
    DownKey,
    Group,
    GroupKey,
    Held,
    Items,
    Key,
    LineKey,
    Peer,
    Port,
    RouteKey,
    Setup,
    Value,
)
from drivers.cisco_xr.names import OWNER_KEY, mark_of
from drivers.cisco_xr.obstacles import Obstacle, crowded, obstacles
from drivers.cisco_xr.refresh import refreshes
from drivers.cisco_xr.render import lines_of, wanted
from drivers.cisco_xr.render_commands import Step, script, steps
from enforcer.core.drift import Delta, Drift, Finding
from enforcer.core.orders import order_id
from enforcer.core.plan import ALL, Batch, Plan, Region
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.rules import Key as RuleKey

LIMIT = 2_000
"""Members in one commit."""


@dataclass(frozen=True)
class Work:
    """One commit. `expect`: what the items it touches must be afterwards; None: gone.

    `refused`: what of the plan cannot be done at all, as sentences. `orders`: printed ids.
    `spared`: networks whose adjacencies go down on purpose. `refresh`: commands of exec mode that
    ask neighbors for their routes again, once it stands.
    """

    lines: tuple[str, ...]
    expect: tuple[tuple[Key, Value | None], ...] = ()
    orders: tuple[str, ...] = ()
    structural: bool = False
    refused: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    refresh: tuple[str, ...] = ()


def box_held(setup: Setup, actual: Actual) -> Box:
    """The box of a reading, or the one that an assumed state would have."""
    if isinstance(actual.native, Held):
        return actual.native.box
    if actual.native is not None:
        raise ValueError(f"the state of {actual.device} was not read by the IOS-XR driver")
    return _supposed(setup, actual)


def _supposed(setup: Setup, actual: Actual) -> Box:
    standing_members = held(actual)
    rules = standing_members.interfaces
    names = {n for r, some in rules.items() if r.key is RuleKey.INTERFACE for n in some}
    shut = {n for r, some in rules.items() if r.key is RuleKey.SESSION for n in some}
    loose = frozenset({4, 6}) if setup.loose else frozenset()
    ports = {name: Port(loose=loose) for name in (*setup.edges, *sorted(names))}
    routed = [r for r in standing_members.addresses if r.by_route]
    neighbors = {r.neighbor for r in routed} | shut | setup.neighbors
    peers = {neighbor: Peer(families=frozenset({4, 6})) for neighbor in sorted(neighbors)}
    empty = Box(ports=ports, peers=peers, asn="0")
    mark = actual.owner if actual.owner is not None else setup.owner
    items = wanted(setup, standing_members, empty, mark)
    items = (
        items if actual.owner is not None else {k: v for k, v in items.items() if k != OWNER_KEY}
    )
    return box_of(items, empty)


# -- findings --------------------------------------------------------------------------------


def findings(setup: Setup, actual: Actual, known: KnownRules) -> tuple[Finding, ...]:
    """What of the structure is not as it must be for the members that are there."""
    box = box_held(setup, actual)
    base = wanted(setup, held(actual), box, _mark_kept(setup, actual))
    told = [edit.finding() for edit in edits(standing(box), base)]
    if actual.native is None:
        return tuple(f for f in told if f.what == what(OWNER_KEY))
    told += [o.finding() for o in obstacles(setup, held(actual), box)]
    return tuple(dict.fromkeys(told))


def wanted_findings(setup: Setup, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
    """What of `desired` cannot be done on this box."""
    if actual.native is None:
        return ()
    box = box_held(setup, actual)
    goal = held(desired)
    found = (*obstacles(setup, goal, box), *crowded(lines_of(setup, goal, box)))
    return tuple(o.finding() for o in found)


def _mark_kept(setup: Setup, actual: Actual) -> Owner:
    there = actual.owner
    return there if there is not None and there == setup.owner else setup.owner


# -- plan ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Intent:
    """What is to be done: items before and after, and on what box."""

    device: str
    before: Items
    after: Items
    box: Box
    later: Box
    orders: tuple[str, ...]
    refused: tuple[Obstacle, ...]

    def forth(self) -> list[Step]:
        """The steps there."""
        return steps(edits(self.before, self.after), self.box, self.after, LIMIT)

    def back(self) -> list[Step]:
        """The steps back."""
        return steps(edits(self.after, self.before), self.later, self.before, LIMIT)


def plan(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Plan:
    """Batches for `drift`; what cannot be done is said in them, and the rest is written."""
    if not drift:
        return Plan()
    intent = intend(setup, desired, drift, actual)
    made = _batches(intent, drift.delta)
    return Plan(
        made,
        lambda: script(intent.forth()),
        lambda: script(intent.back()),
    )


def intend(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Intent:
    """What must be done about `drift`."""
    box = box_held(setup, actual)
    there, goal_members = held(actual), target(actual, drift.delta)
    kept = _mark_kept(setup, actual)
    base = wanted(setup, there, box, kept)
    mark = desired.mark if desired.mark is not None and _adds(drift.delta) else kept
    if actual.owner != setup.owner:
        mark = desired.mark or setup.owner
    goal = wanted(setup, goal_members, box, mark, prefer=base)
    named = {finding.what for finding in drift.findings}
    # A box without our mark gets it with whatever is written first.
    named |= (
        {what(OWNER_KEY)} if mark_of(box.groups.get((4, OWNER_KEY.name))) != setup.owner else set()
    )
    before = standing(box)
    after = chosen(before, base, goal, named)
    refused: tuple[Obstacle, ...] = ()
    if actual.native is not None:
        refused = (*obstacles(setup, goal_members, box), *crowded(goal))
    after = _with_room(before, after)
    later = box_of(after, bare(box))
    return Intent(actual.device, before, after, box, later, _orders(drift.delta), refused)


def _adds(delta: Delta) -> bool:
    rows = any(len(change.add) for change in delta.addresses.values())
    return rows or any(moved.add for moved in delta.interfaces.values())


def _with_room(before: Items, after: Items) -> Items:
    """Without the lines that have no number; what stands of them stays where it is."""
    found = {key: value for key, value in after.items() if not _crowded(key, value)}
    stays = (key for key, value in after.items() if _crowded(key, value) and key in before)
    return found | {key: before[key] for key in stays}


def _crowded(key: Key, value: Value) -> bool:
    return isinstance(key, LineKey) and value == 0


def _orders(delta: Delta) -> tuple[str, ...]:
    numbers = {
        number
        for change in delta.addresses.values()
        for number in set(change.add.order.tolist())
        if number > 0
    }
    numbers |= {m.order for moved in delta.interfaces.values() for m in moved.add if m.order > 0}
    return tuple(order_id(number) for number in sorted(numbers))


# -- batches ---------------------------------------------------------------------------------


def _batches(intent: Intent, delta: Delta) -> tuple[Batch, ...]:
    packs = list(_packs(intent.forth()))
    refused = tuple(o.sentence for o in intent.refused)
    if not packs:
        work = Work((), orders=intent.orders, refused=refused)
        return (Batch(work, 1, ALL, "nothing can be written", structural=False),)
    members_alone = len(packs) == 1 and all(_is_member(s, intent) for s in packs[0])
    region = Region(delta) if members_alone and not refused else ALL
    return tuple(_batch(pack, region, intent, refused) for pack in packs)


def _batch(pack: list[Step], region: Region, intent: Intent, refused: tuple[str, ...]) -> Batch:
    structural = any(step.structural for step in pack)
    expect: dict[Key, Value | None] = {s.key: s.after for s in pack if s.whole}
    work = Work(
        tuple(line.strip() for line in script(pack)),
        tuple((key, value) for key, value in expect.items() if _final(intent, key, value)),
        intent.orders,
        structural,
        refused,
        _spared(pack, intent.box),
        refreshes([step.key for step in pack], intent.box, intent.later),
    )
    size = sum(step.size for step in pack)
    return Batch(work, size, region, _summary(pack), structural)


def _spared(pack: list[Step], box: Box) -> tuple[str, ...]:
    """The links of interfaces, and the neighbors, that are down from this commit on."""
    gone = [s.key for s in pack if s.after is not None]
    down = [key.interface for key in gone if isinstance(key, DownKey)]
    links = links_of(down, {name: port.links for name, port in box.ports.items()})
    return (*links, *(key.neighbor for key in gone if isinstance(key, ClosedKey)))


def _final(intent: Intent, key: Key, value: Value | None) -> bool:
    return intent.after.get(key) == value


def _packs(found: Iterable[Step]) -> Iterator[list[Step]]:
    """As many commits as needed; all that binds is in one, since each such one has its proof."""
    pack: list[Step] = []
    size = 0
    for step in found:
        if pack and size + step.size > LIMIT and not step.structural:
            yield pack
            pack, size = [], 0
        pack.append(step)
        size += step.size
    if pack:
        yield pack


def _is_member(step: Step, intent: Intent) -> bool:
    """Whether a step moves members alone, of a rule that has its structure."""
    if step.key == OWNER_KEY or isinstance(step.key, RouteKey):
        return True
    both = isinstance(step.key, GroupKey) and isinstance(intent.before.get(step.key), Group)
    return both and step.after is not None


_WORDS: Mapping[type, str] = {LineKey: "lines", BindKey: "bindings", RouteKey: "routes"}


def _summary(pack: list[Step]) -> str:
    counts: dict[str, int] = {}
    for step in pack:
        word = _WORDS.get(type(step.key), "members and objects")
        counts[word] = counts.get(word, 0) + step.size
    return ", ".join(f"{number} {word}" for word, number in counts.items())
