# SPDX-License-Identifier: GPL-2.0-or-later
"""How the items of a box differ from those that are wanted, named as the box names them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drivers.cisco_xr.model import (
    BindKey,
    ClosedKey,
    DownKey,
    Group,
    GroupKey,
    Items,
    Key,
    LineKey,
    ListKey,
    PeerKey,
    PolicyKey,
    RouteKey,
    SetKey,
    Value,
)
from enforcer.core.drift import Finding, FindingKind


@dataclass(frozen=True)
class Edit:
    """One item that is to be another; `before` None: it is not there, `after` None: it goes."""

    key: Key
    before: Value | None
    after: Value | None

    @property
    def kind(self) -> FindingKind:
        """As a finding has it."""
        if self.before is None:
            return FindingKind.MISSING
        return FindingKind.EXTRA if self.after is None else FindingKind.ALTERED

    def finding(self) -> Finding:
        """The difference for people."""
        return Finding(self.kind, what(self.key), _detail(self))


def edits(before: Items, after: Items) -> list[Edit]:
    """Every difference, in a fixed order."""
    keys = sorted({*before, *after}, key=rank)
    found = (Edit(key, before.get(key), after.get(key)) for key in keys)
    return [edit for edit in found if edit.before != edit.after]


_ORDER: tuple[type[Key], ...] = (
    GroupKey,
    ListKey,
    LineKey,
    RouteKey,
    SetKey,
    PolicyKey,
    BindKey,
    PeerKey,
    DownKey,
    ClosedKey,
)


def rank(key: Key) -> tuple[int, tuple[object, ...]]:
    """A total order of all keys."""
    fields = tuple(getattr(key, name) for name in key.__dataclass_fields__)
    return _ORDER.index(type(key)), fields


def what(key: Key) -> str:
    """The box's own words for an item."""
    match key:
        case GroupKey(family, name):
            return f"object-group network ipv{family} {name}"
        case ListKey(family, name):
            return f"ipv{family} access-list {name}"
        case LineKey(family, acl, text, again):
            copy = f" (copy {again + 1})" if again else ""
            return f"ipv{family} access-list {acl}: {text}{copy}"
        case BindKey(interface, family, way):
            return f"ipv{family} access-group {way} on interface {interface}"
        case RouteKey(family, prefix):
            return f"router static ipv{family} {prefix} Null0"
        case SetKey(name):
            return f"prefix-set {name}"
        case PolicyKey(name):
            return f"route-policy {name}"
        case PeerKey(neighbor, family, way):
            return f"route-policy {way} of ipv{family} neighbor {neighbor}"
        case DownKey() | ClosedKey():
            return _shut(key)


def _shut(key: DownKey | ClosedKey) -> str:
    if isinstance(key, DownKey):
        return f"shutdown of interface {key.interface}"
    return f"shutdown of neighbor {key.neighbor}"


def _detail(edit: Edit) -> str:
    before, after = edit.before, edit.after
    if isinstance(edit.key, LineKey):
        if after == 0:
            return "there is no free sequence number before the first permit"
        if isinstance(before, int) and isinstance(after, int):
            return f"is line {before}, after a permit: belongs to line {after}"
    if isinstance(before, Group) and isinstance(after, Group):
        gone = sorted(after.members - before.members)[:3]
        more = sorted(before.members - after.members)[:3]
        said = [f"without {', '.join(gone)}"] * bool(gone) + [f"has {', '.join(more)}"] * bool(more)
        return "; ".join(said) or f"description is {before.description!r}"
    if isinstance(before, str) and isinstance(after, str) and before != after:
        return f"is {before}"
    return ""


def chosen(before: Items, base: Items, goal: Items, named: Iterable[str]) -> Items:
    """`before` with what must change: where `base` and `goal` differ, and what `named` names.

    `base` is what would stand for the members that are there, `goal` for those to be. Of a set
    of members that stands only those that move are touched: what else is wrong with it is
    somebody's to name.
    """
    told = frozenset(named)
    found = dict(before)
    for key in {*before, *base, *goal}:
        old, new = base.get(key), goal.get(key)
        if what(key) in told:
            value = new
        elif old == new:
            continue
        else:
            value = _moved(before.get(key), old, new)
        if value is None:
            found.pop(key, None)
        else:
            found[key] = value
    return found


def _moved(there: Value | None, old: Value | None, new: Value | None) -> Value | None:
    if isinstance(there, Group) and isinstance(old, Group) and isinstance(new, Group):
        members = (there.members - (old.members - new.members)) | (new.members - old.members)
        said = new.description if new.description != old.description else there.description
        return replace(there, members=members, description=said)
    if isinstance(there, frozenset) and isinstance(old, frozenset) and isinstance(new, frozenset):
        return (there - (old - new)) | (new - old)
    return new
