# SPDX-License-Identifier: GPL-2.0-or-later
"""From a drift to what is typed, and the findings that a drift has. Pure.

New objects are made under names that nobody uses, then the neighbor is pointed at the new
route-map, then the old ones go: at no moment does a filter pass, or reject, anything else than
before or after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from drivers._router.names import OWNER
from drivers._router.target import Target, target
from drivers.frr.assumed import supposed
from drivers.frr.building import Building, Built
from drivers.frr.effect import passing
from drivers.frr.identify import Seen, own_route_map, seen, there, wrongs
from drivers.frr.known import Known
from drivers.frr.model import MAP, Binding, Config, Native, Object, binding_of
from drivers.frr.names import ours
from drivers.frr.render import bind_lines, owner_lines, path_text, shut_by_us, shut_line
from enforcer.core.drift import Delta, Drift, Finding, FindingKind
from enforcer.core.intervals import Ranges
from enforcer.core.naming import order_text
from enforcer.core.rules import Actual, Desired, Owner, Rule
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import Device
from enforcer.errors import Unsupported

MOST_ENTRIES = 100_000
"""Entries of one filter; ten to a sequence, of which a route-map has 65,535."""
Wanted = Mapping[Rule, Ranges]
Move = tuple[Binding, str, str]


@dataclass(frozen=True)
class Setup:
    """What is fixed for one device."""

    device: Device
    owner: Owner
    known: Known


@dataclass(frozen=True)
class Work:
    """What is to be done. `build` first and unseen, `moves` and `session` at once, then `remove`.

    `refresh`: whose routes are to be judged anew. `proofs`: what each filter that moves rejects.
    """

    config: Config
    mark: Owner | None = None
    built: tuple[Built, ...] = ()
    moves: tuple[Move, ...] = ()
    session: tuple[str, ...] = ()
    remove: tuple[Object, ...] = ()
    refresh: tuple[Binding, ...] = ()
    proofs: Mapping[Binding, Wanted] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        some = self.mark, self.built, self.moves, self.session, self.remove, self.refresh
        return any(some)


def native_of(setup: Setup, actual: Actual) -> Native:
    """What was read, or what an assumed state supposes. Raises ValueError for another driver's."""
    if actual.native is None:
        return Native(supposed(setup.device, setup.known, actual))
    if not isinstance(actual.native, Native):
        raise ValueError(f"the state of {actual.device} was not read by the frr driver")
    return actual.native


# -- findings --------------------------------------------------------------------------------


def findings(setup: Setup, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
    """Structural differences; members that differ are the core's business."""
    native = native_of(setup, actual)
    at = seen(native.config, setup.known)
    found = [finding for finding, _ in wrongs(native.config, at)]
    found += [finding for finding, _ in _leaks(native, at)]
    if actual.owner != setup.owner:
        was = f"{actual.owner.controller} epoch {actual.owner.epoch}" if actual.owner else ""
        kind = FindingKind.MISSING if actual.owner is None else FindingKind.ALTERED
        found.append(Finding(kind, f"route-map {OWNER}", was))
    for name in sorted(_neighbors(desired) - native.config.peers.keys()):
        detail = "not configured on the device: configure it, or correct the inventory"
        found.append(Finding(FindingKind.MISSING, f"neighbor {name}", detail))
    return tuple(dict.fromkeys(found))


def _neighbors(desired: Desired) -> set[str]:
    named = {m.name for some in desired.interfaces.values() for m in some}
    return named | {rule.neighbor for rule in desired.addresses if rule.by_route}


def _leaks(native: Native, at: Seen) -> Iterator[tuple[Finding, Binding]]:
    """Routes that pass although what stands rejects them: they were not judged anew since."""
    by_binding = _by_binding(held_ranges(at))
    for binding, routes in sorted(native.carried.items()):
        call = at.filters[binding].call if binding in at.filters else ""
        passed = passing(provable(binding, by_binding.get(binding, {}), call), routes)
        if passed:
            shown = ", ".join(str(route.prefix) for route in passed[:3])
            detail = f"{len(passed)} routes pass although they are ordered to be dropped: {shown}"
            yield Finding(FindingKind.ALTERED, binding.text, detail), binding


def provable(binding: Binding, rules: Wanted, call: str) -> Wanted:
    """The rules that the routes which pass can be held against.

    What bgpd shows is what the operator's route-map made of a route: where there is one, or the
    route is announced, its AS path may be another than the one that was judged.
    """
    if binding.way == "in" and not call:
        return rules
    return {rule: rows for rule, rows in rules.items() if not path_text(rule.routes)}


def held_ranges(at: Seen) -> dict[Rule, Ranges]:
    """What is held, as bare addresses."""
    return {rule: Ranges(rows.first, rows.last) for rule, rows in at.addresses.items()}


def _by_binding(rules: Mapping[Rule, Ranges]) -> dict[Binding, dict[Rule, Ranges]]:
    found: dict[Binding, dict[Rule, Ranges]] = {}
    for rule, rows in rules.items():
        if rule.by_route:
            found.setdefault(binding_of(rule), {})[rule] = rows
    return found


# -- work ------------------------------------------------------------------------------------


def work(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Work:
    """What must be done about `drift`.

    A neighbor's filter is written as a whole. Raises Unsupported where nothing can be done.
    """
    native = native_of(setup, actual)
    setup.known.learn((*actual.addresses, *actual.interfaces))
    config, at = native.config, seen(native.config, setup.known)
    named = {(f.kind, f.what) for f in drift.findings}
    about = [thing for f, thing in wrongs(config, at) if (f.kind, f.what) in named]
    refresh = tuple(b for f, b in _leaks(native, at) if (f.kind, f.what) in named)
    goal = target(actual, drift.delta)
    touched = {binding_of(rule) for rule in drift.delta.addresses if rule.by_route}
    touched |= {thing for thing in about if isinstance(thing, Binding)}
    made = _Made(setup, config, at, goal)
    for binding in sorted(touched):
        made.rebuild(binding)
    made.sessions(desired, drift.delta)
    extra = [thing for thing in about if isinstance(thing, Object)]
    done = made.work(_mark(setup, desired, drift, actual), extra, refresh)
    if not done and not (made.settled and not done.blocked and not drift.findings):
        said = [*done.blocked, *(f"{f.kind} {f.what}: {f.detail}" for f in drift.findings)]
        raise Unsupported(
            actual.device, f"nothing of what differs can be written: {'; '.join(said)}"
        )
    return done


def _mark(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Owner | None:
    if actual.owner != setup.owner:
        return desired.mark or setup.owner
    adds = any(len(change.add) for change in drift.delta.addresses.values())
    adds = adds or any(moved.add for moved in drift.delta.interfaces.values())
    return desired.mark if adds else None


class _Made:
    """Collects what must be done."""

    def __init__(self, setup: Setup, config: Config, at: Seen, goal: Target) -> None:
        self._config = config
        self._at = at
        self._goal = _by_binding(goal.addresses)
        self._known = setup.known
        self._building = Building(config, setup.known)
        self._built: list[Built] = []
        self._moves: list[Move] = []
        self._session: list[str] = []
        self._blocked: list[str] = []
        self.settled = False
        self._freed: set[Object] = set()
        self._needed: set[Object] = set()
        self._done: set[Binding] = set()

    def rebuild(self, binding: Binding) -> None:
        """The filter of one neighbor, made anew from what is to be held there."""
        wanted = self._goal.get(binding, {})
        old = self._at.filters.get(binding)
        attached = self._config.bound.get(binding, "")
        own = own_route_map(self._config, binding)
        if wanted and binding.neighbor not in self._config.peers:
            self._blocked.append(f"neighbor {binding.neighbor} is not configured on the device")
            return
        if own is None:
            self._blocked.append(
                f"{binding.text}: the operator's own route-map there is not known, for"
                f" {attached} is none of this neighbor: attach his (or none) by hand"
            )
            return
        reason = self._too_large(wanted)
        if reason:
            self._blocked.append(f"{binding.text}: {reason}")
            return
        self._done.add(binding)
        if old is not None:
            self._freed.update(old.objects)
        if wanted:
            policy = self._config.policy(binding, own)
            built = self._building.filter(binding, wanted, policy, old)
            self._needed |= built.needs
            self._built += [built] if built.entries or built.lists else []
            self._move(binding, attached, built.name)
        elif ours(attached):
            # What the peer-group has comes back by itself.
            self._move(binding, attached, own)

    def _move(self, binding: Binding, before: str, after: str) -> None:
        if before != after:
            self._moves.append((binding, before, after))

    def _too_large(self, wanted: Wanted) -> str:
        size = sum(len(self._known.rendered(rule, rows).all) for rule, rows in wanted.items())
        if size <= MOST_ENTRIES:
            return ""
        return (
            f"would be {size} entries, more than {MOST_ENTRIES}: order fewer prefixes, or the"
            " other way round (all but what is registered)"
        )

    def sessions(self, desired: Desired, delta: Delta) -> None:
        """Shut and open; one that the operator shut himself is his."""
        moved = delta.interfaces.get(CLOSED)
        if moved is None:
            return
        orders = {m.name: m.order for m in desired.interfaces.get(CLOSED, ())}
        came = {m.name for m in moved.add}
        for name in sorted(came):
            peer = self._config.peers.get(name)
            if peer is None:
                self._blocked.append(f"neighbor {name} is not configured on the device")
            elif peer.shut is not None:
                self.settled = True
            else:
                number = orders.get(name, 0)
                self._session.append(shut_line(name, order_text(number) if number > 0 else ""))
        for name in sorted({m.name for m in moved.remove} - came):
            peer = self._config.peers.get(name)
            if peer is not None and shut_by_us(peer):
                self._session.append(f" no neighbor {name} shutdown")

    def _provable(self, binding: Binding) -> Wanted:
        own = own_route_map(self._config, binding) or ""
        call = self._config.policy(binding, own).call
        return provable(binding, self._goal.get(binding, {}), call)

    def work(
        self, mark: Owner | None, extra: Iterable[Object], refresh: tuple[Binding, ...]
    ) -> Work:
        """All of it."""
        config = self._config
        for binding, filter_ in self._at.filters.items():
            if binding not in self._done:
                self._needed.update(filter_.objects)
        gone = ((self._freed & there(config)) | set(extra)) - self._needed
        gone.discard(Object(MAP, OWNER))
        moved = {binding for binding, _, _ in self._moves}
        return Work(
            config,
            mark,
            tuple(self._built),
            tuple(self._moves),
            tuple(self._session),
            tuple(sorted(gone, key=lambda thing: (thing.kind != MAP, thing))),
            tuple(binding for binding in refresh if binding not in moved),
            {b: self._provable(b) for b in (*moved, *refresh)},
            tuple(dict.fromkeys(self._blocked)),
        )


def mark_lines(work_: Work) -> Iterator[str]:
    """The mark, anew."""
    if work_.mark is not None:
        yield from owner_lines(work_.mark)


def swap_lines(work_: Work) -> Iterator[str]:
    """What takes effect at once."""
    lines = [*work_.session, *bind_lines(work_.moves)]
    if lines:
        yield work_.config.router
        yield from lines
        yield "exit"
