# SPDX-License-Identifier: GPL-2.0-or-later
"""From a drift to bounded batches in safe order, and the findings that a drift has. Pure.

There is no transaction: a batch leaves nothing worse at any of its lines, and what a lost
session leaves half done the next pass completes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers._router.names import OWNER
from drivers._router.target import Target, held, target
from drivers.cisco_ios.assumed import supposed
from drivers.cisco_ios.differences import findings as differences
from drivers.cisco_ios.edits import Edits, Work, edits
from drivers.cisco_ios.ground import Ground, Layout, ground
from drivers.cisco_ios.identify import Seen, always_known, seen
from drivers.cisco_ios.marks import told
from drivers.cisco_ios.model import OWN_ACL, Ace, Bind, Box, Fact, Frame, Member, Note, Period
from drivers.cisco_ios.render import Buckets, Wanted, facts, lists_of
from drivers.cisco_ios.standing import Known
from drivers.cisco_ios.steps import Stage, Step
from drivers.cisco_ios.timing import TOLERANCE, buckets
from drivers.cisco_ios.words import interface_name
from enforcer.core.drift import Delta, Drift, Finding, FindingKind
from enforcer.core.plan import ALL, Batch
from enforcer.core.rules import NO_END, Actual, Desired, Owner
from enforcer.errors import Unsupported

LINES = 200
"""Of a batch in which more than members is written."""
BULK_LINES = 5_000
"""Of a batch of members alone, which goes out by the chunk."""


@dataclass(frozen=True)
class Held:
    """What this driver keeps with a reading. `archive`: the box can roll back by itself.

    `clock`: seconds that the box's clock is ahead of ours; None: it was not asked.
    """

    box: Box
    archive: bool = True
    clock: float | None = None


@dataclass(frozen=True)
class Payload:
    """One batch: its lines, and what must be true, and false, once they are written.

    `last`: no other batch of the plan follows.
    """

    steps: tuple[Step, ...]
    add: frozenset[Fact]
    remove: frozenset[Fact]
    mark: Owner | None = None
    refresh: tuple[str, ...] = ()
    last: bool = True


@dataclass(frozen=True)
class Setup:
    """What is fixed for one device."""

    owner: Owner
    layout: Layout
    known: Known


@dataclass(frozen=True)
class Sight:
    """A box and what is on it."""

    held: Held
    ground: Ground
    seen: Seen


def held_of(actual: Actual) -> Held:
    """What this driver keeps with a reading. Raises ValueError for another driver's."""
    if not isinstance(actual.native, Held):
        raise ValueError(f"the state of {actual.device} was not read by the cisco_ios driver")
    return actual.native


def sight(setup: Setup, actual: Actual) -> Sight:
    """What is on the box of a reading, or on the one that an assumed state supposes."""
    if actual.native is not None:
        known = held_of(actual)
    else:
        known = Held(supposed(setup.layout, actual))
    setup.known.learn((*always_known(), *actual.addresses, *actual.interfaces))
    return Sight(known, ground(setup.layout, known.box), seen(known.box, setup.layout, setup.known))


# -- findings --------------------------------------------------------------------------------


def findings(setup: Setup, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
    """Structural differences; members that differ are the core's business."""
    at = sight(setup, actual)
    right = facts(_wanted(setup, held(actual), desired, at), setup.layout, at.ground)
    told_of = differences(right, at.seen.facts)
    found = dict.fromkeys(told_of.values())
    if actual.owner != setup.owner:
        there = actual.owner is not None
        was = f"{actual.owner.controller} epoch {actual.owner.epoch}" if actual.owner else ""
        kind = FindingKind.ALTERED if there else FindingKind.MISSING
        found[Finding(kind, f"object-group network {OWNER}", was)] = None
    for text in sorted(at.held.box.inactive):
        said = "the device does not apply it (inactive)"
        found[Finding(FindingKind.ALTERED, text, said)] = None
    if right:
        for name, why in at.ground.obstacles.items():
            found[Finding(FindingKind.MISSING, f"interface {name}", why)] = None
        for name in at.ground.absent:
            found[Finding(FindingKind.MISSING, f"interface {name}", "in the inventory alone")] = (
                None
            )
    return tuple(_explained(setup, at, told_of, found))


def _explained(
    setup: Setup, at: Sight, told_of: Mapping[Fact, Finding], found: Iterable[Finding]
) -> Iterator[Finding]:
    """Why something cannot be repaired stands with what is missing."""
    missing = frozenset(f for f in told_of if f not in at.seen.facts)
    why: dict[Finding, str] = {}
    if missing:
        lists = lists_of(setup.known.rules())
        work = Work(at.held.box, setup.layout, at.ground, missing, frozenset(), lists=lists)
        why = {told_of[fact]: text for fact, text in edits(work).blocked.items()}
    for finding in found:
        yield replace(finding, detail=why[finding]) if finding in why else finding


def _wanted(setup: Setup, box_holds: Target, desired: Desired, at: Sight) -> Wanted:
    buckets = _buckets(setup, desired) if setup.layout.timed else {}
    return Wanted(box_holds, buckets, _down(box_holds, at))


def _down(box_holds: Target, at: Sight) -> frozenset[str]:
    """Interfaces and sessions that are down, but not by us: they stay so when we leave."""
    named = {interface_name(n) for names in box_holds.interfaces.values() for n in names}
    noted = {f.interface for f in at.seen.facts if isinstance(f, Note)}
    down = {name for name, port in at.held.box.ports.items() if port.shutdown}
    down |= {address for address, shut in at.held.box.sessions.items() if shut}
    # What somebody brought up meanwhile is ours from now on.
    return frozenset(((named - noted) | at.seen.down) & down)


def _buckets(setup: Setup, desired: Desired) -> Buckets:
    return {rule: buckets(members) for rule, members in desired.addresses.items()}


# -- plans -----------------------------------------------------------------------------------


def changes(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> tuple[Sight, Edits]:
    """What must be done about `drift`, as lines.

    Raises Unsupported where nothing of it can be done: then the box would never get right, and
    somebody must know why.
    """
    at = sight(setup, actual)
    before = facts(_wanted(setup, held(actual), desired, at), setup.layout, at.ground)
    goal = target(actual, drift.delta)
    after = facts(_wanted(setup, goal, desired, at), setup.layout, at.ground)
    add, remove = _selected(before, after, at.seen.facts, drift.findings)
    add |= _rest_on(add, after, at.seen.facts)
    fresh = desired.mark or setup.owner
    mark = fresh if actual.owner != setup.owner else None
    if mark is None and _adds(drift.delta):
        mark = desired.mark
    orders = _orders(desired, add)
    lists = lists_of(setup.known.rules())
    work = Work(at.held.box, setup.layout, at.ground, add, remove, orders, mark, lists)
    found = edits(work)
    if not (found.add or found.remove) and (found.blocked or not found.steps):
        why = "; ".join(sorted(set(found.blocked.values()))) or _unrepairable(drift, at)
        raise Unsupported(actual.device, f"nothing of what differs can be written: {why}")
    return at, found


def _selected(
    before: frozenset[Fact],
    after: frozenset[Fact],
    there: frozenset[Fact],
    named: Sequence[Finding],
) -> tuple[frozenset[Fact], frozenset[Fact]]:
    """What the delta moves, and what the findings name; the rest is left as it is."""
    told_of = differences(before, there)
    names = {(finding.kind, finding.what) for finding in named}

    def may(fact: Fact) -> bool:
        finding = told_of.get(fact)
        return finding is None or (finding.kind, finding.what) in names

    add = frozenset(f for f in after - there if f not in before or may(f))
    remove = frozenset(f for f in there - after if f in before or may(f))
    return add, remove


def _rest_on(
    add: frozenset[Fact], after: frozenset[Fact], there: frozenset[Fact]
) -> frozenset[Fact]:
    """What must be there for `add` to be safe: no list without its last line, no line without
    its groups."""
    lists = {(f.family, f.acl) for f in add if isinstance(f, Ace | Frame | Bind)}
    groups = {word for f in add if isinstance(f, Ace) for word in f.text.split()}
    present = {f.group for f in there if isinstance(f, Member)}
    found: set[Fact] = set()
    for fact in after - there:
        match fact:
            case Frame() if (fact.family, fact.acl) in lists:
                found.add(fact)
            case Member() if fact.group in groups and fact.group not in present:
                found.add(fact)
            case Period() if fact.name in groups:
                found.add(fact)
    return frozenset(found)


def _adds(delta: Delta) -> bool:
    return any(len(c.add) for c in delta.addresses.values()) or any(
        m.add for m in delta.interfaces.values()
    )


def _orders(desired: Desired, add: Iterable[Fact]) -> dict[str, str]:
    digests = {f.digest for f in add if isinstance(f, Ace)}
    rules = {r.digest: r for r in desired.addresses}
    return {d: told(desired.addresses[rules[d]]) for d in digests if d in rules}


def _unrepairable(drift: Drift, at: Sight) -> str:
    said = [f"{f.kind} {f.what}: {f.detail}" for f in drift.findings]
    return "; ".join(said) or "the device holds it already in another way"


def refuse_clock(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> None:
    """Raise Unsupported where ends would be written to a box whose clock cannot be trusted."""
    if not setup.layout.timed or actual.native is None or not _adds(drift.delta):
        return
    ends = any(
        (desired.addresses[r].end != NO_END).any()
        for r in drift.delta.addresses
        if r in desired.addresses
    )
    ahead = held_of(actual).clock
    if not ends or (ahead is not None and abs(ahead) <= TOLERANCE):
        return
    said = "has a zone with summer time" if ahead is None else f"is {ahead:+.0f} s from ours"
    raise Unsupported(
        actual.device,
        f"its clock {said}, so that time-ranges would end orders at another time: configure NTP"
        " and `clock timezone UTC 0` on it, or say options.time_range: no",
    )


# -- batches ---------------------------------------------------------------------------------


def batches(found: Edits) -> tuple[Batch, ...]:
    """Lines cut into bounded pieces; each says what must be true after it."""
    packs = list(_packs(found.steps))
    made = []
    for at, pack in enumerate(packs):
        final = at == len(packs) - 1
        payload = Payload(
            tuple(pack),
            found.add if final else frozenset(),
            found.remove if final else frozenset(),
            found.mark if at == 0 else None,
            found.refresh if final else (),
            final,
        )
        structural = any(step.structural for step in pack)
        made.append(Batch(payload, len(pack), ALL, _summary(pack), structural))
    return tuple(made)


def _packs(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Groups go in a batch of their own: not in the same breath as the lines that named them."""
    pack: list[Step] = []
    apart = structural = False
    for step in steps:
        last = step.stage >= Stage.SHRINK
        limit = LINES if structural or step.structural else BULK_LINES
        if pack and (len(pack) >= limit or (last and not apart and _unlinks(pack))):
            yield pack
            pack, structural = [], False
        apart = apart or last
        structural = structural or step.structural
        pack.append(step)
    if pack:
        yield pack


def _unlinks(pack: Sequence[Step]) -> bool:
    return any(step.stage in (Stage.UNACE, Stage.UNLIST) for step in pack)


def _summary(pack: Sequence[Step]) -> str:
    gone = sum(step.line.startswith("no ") for step in pack)
    words = [f"{len(pack) - gone} lines entered", f"{gone} removed"]
    if any(step.structural for step in pack):
        words.insert(0, "structure")
    return ", ".join(words)


def shared_by(box: Box, found: Edits) -> Iterator[str]:
    """Every interface through which packets meet a list of the operator's that is changed."""
    touched = sorted({(f.family, f.acl) for f in found.add | found.remove if isinstance(f, Ace)})
    for family, name in touched:
        if name == OWN_ACL[family]:
            continue
        places = [
            f"{port.name} {direction}"
            for port in box.ports.values()
            for (kind, direction), bound in sorted(port.bound.items())
            if (kind, bound) == (family, name)
        ]
        yield f"! {name} is bound on {', '.join(places) or 'no interface'}"
