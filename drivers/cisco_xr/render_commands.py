# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits as configuration commands, in the order in which they may stand alone. Pure.

A commit is atomic, but a plan may need several: what is added comes before what is removed, a
group before the line that names it and after it when both go, and lists are bound last and
unbound first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drivers.cisco_xr.edits import Edit, rank
from drivers.cisco_xr.model import (
    BindKey,
    Box,
    ClosedKey,
    DownKey,
    Group,
    GroupKey,
    Items,
    Key,
    LineKey,
    ListKey,
    Peer,
    PeerKey,
    PolicyKey,
    Port,
    RouteKey,
    SetKey,
    Value,
)
from drivers.cisco_xr.names import DIRECT, ROUTE_WORD, closes, named_groups, noted, part_of

Path = tuple[str, ...]

GROUPS, LINES, ROUTES, BINDINGS, UNBINDINGS, LINES_GONE, POLICIES_GONE, GONE = range(8)
"""Phases of a plan."""


@dataclass(frozen=True)
class Step:
    """Commands at one place of the configuration.

    `path`: the submodes, () the top. `size`: members and objects touched. `structural`: it
    moves what packets or routes meet as a whole. `whole`: after it `key` is as the edit says.
    """

    phase: int
    path: Path
    commands: tuple[str, ...]
    key: Key
    after: Value | None
    size: int = 1
    structural: bool = False
    whole: bool = True


def steps(found: Iterable[Edit], box: Box, after: Items, limit: int) -> list[Step]:
    """All steps in order; `after`: what will stand; groups are cut at `limit` members."""
    all_edits = sorted(found, key=_place)
    overwritten = _overwritten(all_edits, box)
    gone = {
        (e.key.family, e.key.name)
        for e in all_edits
        if isinstance(e.key, ListKey) and e.after is None
    }
    made: list[Step] = []
    for edit in all_edits:
        key = edit.key
        if isinstance(key, GroupKey):
            made.extend(_group(key, edit, limit))
        elif isinstance(key, LineKey):
            if (key.family, key.acl) not in gone:
                made.extend(_line(key, edit, overwritten, box))
        else:
            made.extend(_other(edit, box, after))
    return sorted(made, key=lambda step: step.phase)


def _place(edit: Edit) -> tuple[object, ...]:
    """Lines as they stand in their list, all else as it is ordered."""
    key, number = edit.key, edit.before if edit.after is None else edit.after
    if isinstance(key, LineKey) and isinstance(number, int):
        return rank(key)[0], (key.family, key.acl, number, key.text, key.again)
    return rank(key)


# -- groups ----------------------------------------------------------------------------------


def _group(key: GroupKey, edit: Edit, limit: int) -> Iterator[Step]:
    head = f"object-group network ipv{key.family} {key.name}"
    before = edit.before if isinstance(edit.before, Group) else Group()
    after = edit.after
    if not isinstance(after, Group):
        yield Step(GONE, (), (f"no {head}",), key, None, max(1, len(before.members)))
        return
    more = [f"description {after.description}"] * (after.description != before.description)
    more += _ordered(after.members - before.members)
    less = [f"no {text}" for text in _ordered(before.members - after.members)]
    if before.description and not after.description:
        more[0] = "no description"
    parts = [(GROUPS, part) for part in _cut(more, limit)] + [(GONE, p) for p in _cut(less, limit)]
    for number, (phase, part) in enumerate(parts, 1):
        yield Step(phase, (head,), tuple(part), key, after, len(part), whole=number == len(parts))


def _ordered(members: Iterable[str]) -> list[str]:
    """By kind, length and text: the same in every process."""
    return sorted(members, key=lambda text: (text.split()[0] in ("range", "object-group"), text))


def _cut(lines: list[str], limit: int) -> Iterator[list[str]]:
    for start in range(0, len(lines), limit):
        yield lines[start : start + limit]


# -- lists -----------------------------------------------------------------------------------


def _overwritten(found: Iterable[Edit], box: Box) -> frozenset[tuple[int, str, int]]:
    """Lines of ours that go because another one takes their number."""
    new = {
        (e.key.family, e.key.acl, e.after)
        for e in found
        if isinstance(e.key, LineKey) and isinstance(e.after, int)
    }
    there = {
        (family, acl, line.number)
        for (family, acl), lines in box.acls.items()
        for line in lines
        if line.ours
    }
    return frozenset(place for place in new if place in there)


def _line(
    key: LineKey, edit: Edit, overwritten: frozenset[tuple[int, str, int]], box: Box
) -> Iterator[Step]:
    path = (f"ipv{key.family} access-list {key.acl}",)
    first = _first_in(key, box)
    stays = isinstance(edit.before, int) and (key.family, key.acl, edit.before) not in overwritten
    if isinstance(edit.after, int):
        commands = [f"{edit.after} {key.text}"]
        if (key.family, key.acl, edit.after) in overwritten:
            commands.insert(0, f"no {edit.after}")
        yield Step(LINES, path, tuple(commands), key, edit.after, structural=first, whole=not stays)
    if stays:
        yield Step(LINES_GONE, path, (f"no {edit.before}",), key, edit.after, structural=first)


def _first_in(key: LineKey, box: Box) -> bool:
    """Whether the list has none of our denies yet: a list of the operator's comes to have ours."""
    lines = box.acls.get((key.family, key.acl), ())
    return not any(line.ours and named_groups(line.text) for line in lines)


# -- all the rest ----------------------------------------------------------------------------


def _other(edit: Edit, box: Box, after: Items) -> Iterator[Step]:
    key, value = edit.key, edit.after
    match key:
        case ListKey(family, name) if value is None:
            command = f"no ipv{family} access-list {name}"
            yield Step(LINES_GONE, (), (command,), key, value, structural=True)
        case BindKey(interface, family, way):
            yield from _binding(
                key, edit, f"interface {interface}", f"ipv{family} access-group", way
            )
        case RouteKey():
            yield _route(key, edit, box, after)
        case SetKey(name):
            yield _set(key, edit, name)
        case PolicyKey(name):
            yield _policy(key, edit, name)
        case PeerKey():
            yield _peer(key, edit, box)
        case DownKey() | ClosedKey():
            yield _shut(key, edit, box)


def _binding(key: BindKey, edit: Edit, at: str, what: str, way: str) -> Iterator[Step]:
    if edit.after is not None:
        command = f"{what} {edit.after} {way}"
        yield Step(BINDINGS, (at,), (command,), key, edit.after, structural=True)
    else:
        command = f"no {what} {edit.before} {way}"
        yield Step(UNBINDINGS, (at,), (command,), key, None, structural=True)


def _route(key: RouteKey, edit: Edit, box: Box, after: Items) -> Step:
    family = f"address-family ipv{key.family} unicast"
    route = f"{key.prefix} Null0"
    if edit.after is not None:
        command = f"{route} tag {edit.after} description {ROUTE_WORD}"
        return Step(ROUTES, ("router static", family), (command,), key, edit.after)
    left = {k.family for k in after if isinstance(k, RouteKey)} | box.statics
    if key.family in left:
        return Step(GONE, ("router static", family), (f"no {route}",), key, None)
    # What we made under `router static` goes with our last route: it stood for nothing else.
    going = [k for k in box.routes if not left or k[0] == key.family]
    if (key.family, key.prefix) != min(going, default=(key.family, key.prefix)):
        return Step(GONE, (), (), key, None)
    if not left:
        return Step(GONE, (), ("no router static",), key, None)
    return Step(GONE, ("router static",), (f"no {family}",), key, None)


def _set(key: SetKey, edit: Edit, name: str) -> Step:
    if not isinstance(edit.after, frozenset):
        return Step(GONE, (), (f"no prefix-set {name}",), key, None)
    entries = sorted(edit.after)
    lines = [f" {entry}," for entry in entries[:-1]] + [f" {entry}" for entry in entries[-1:]]
    commands = (f"prefix-set {name}", *lines, "end-set")
    before = edit.before if isinstance(edit.before, frozenset) else frozenset()
    return Step(GROUPS, (), commands, key, edit.after, max(1, len(edit.after ^ before)))


def _policy(key: PolicyKey, edit: Edit, name: str) -> Step:
    if not isinstance(edit.after, tuple):
        return Step(POLICIES_GONE, (), (f"no route-policy {name}",), key, None)
    lines = [f" {line}" for line in edit.after]
    # Rewriting it moves every route of the neighbor at once.
    structural = edit.before is not None
    commands = (f"route-policy {name}", *lines, "end-policy")
    return Step(ROUTES, (), commands, key, edit.after, structural=structural)


def _peer(key: PeerKey, edit: Edit, box: Box) -> Step:
    path = (
        f"router bgp {box.asn}",
        f"neighbor {key.neighbor}",
        f"address-family ipv{key.family} unicast",
    )
    if edit.after is not None:
        command = f"route-policy {edit.after} {key.way}"
        return Step(BINDINGS, path, (command,), key, edit.after, structural=True)
    ours = str(edit.before)
    theirs = restored(ours, box)
    command = f"route-policy {theirs} {key.way}" if theirs else f"no route-policy {ours} {key.way}"
    return Step(UNBINDINGS, path, (command,), key, None, structural=True)


def restored(ours: str, box: Box) -> str:
    """The neighbor's own policy that `ours` stands before; "" none."""
    if part_of(ours) != DIRECT:
        return ""
    applied = [x for x in box.policies.get(ours, ()) if x.startswith("apply ")]
    return applied[0].partition(" ")[2] if applied else ""


def _shut(key: DownKey | ClosedKey, edit: Edit, box: Box) -> Step:
    """Of an interface or a session; nothing where it was down before us."""
    place: Path
    there: Port | Peer | None
    if isinstance(key, DownKey):
        name, there = key.interface, box.ports.get(key.interface)
        place = (f"interface {name}",)
    else:
        name, there = key.neighbor, box.peers.get(key.neighbor)
        place = (f"router bgp {box.asn}", f"neighbor {name}")
    phase = BINDINGS if edit.after is not None else UNBINDINGS
    if edit.after is not None:
        needed = there is None or not there.shut
    else:
        needed = not _was_down(isinstance(key, ClosedKey), name, box)
    if not needed:
        return Step(phase, (), (), key, edit.after)
    command = "shutdown" if edit.after is not None else "no shutdown"
    return Step(phase, place, (command,), key, edit.after, structural=True)


def _was_down(session: bool, name: str, box: Box) -> bool:
    keys = [GroupKey(*key) for key in box.groups]
    notes = (noted(k, box.groups[k.family, k.name]) for k in keys if closes(k) is session)
    return any(note == (name, True) for note in notes)


# -- text ------------------------------------------------------------------------------------


def script(found: Iterable[Step]) -> Iterator[str]:
    """The commands of some steps, indented by their submode, with the ``exit`` between them."""
    at: Path = ()
    for step in found:
        if not step.commands:
            continue
        shared = 0
        while at[shared : shared + 1] == step.path[shared : shared + 1] != ():
            shared += 1
        for depth in range(len(at), shared, -1):
            yield " " * depth + "exit"
        for depth in range(shared, len(step.path)):
            yield " " * depth + step.path[depth]
        at = step.path
        yield from (" " * len(at) + command for command in step.commands)
    for depth in range(len(at), 0, -1):
        yield " " * depth + "exit"
