# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan's commands, cut into commits of bounded size. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from drivers.juniper_junos.commands import Edits, MemberEdit
from drivers.juniper_junos.holdings import ranges_of
from drivers.juniper_junos.model import Box, Lines
from drivers.juniper_junos.names import RIB6, is_mark
from enforcer.core.drift import Change, Delta, effective
from enforcer.core.intervals import Ranges, inside, union
from enforcer.core.orders import order_id
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Members

COMMIT_MEMBERS = 2_000
"""Members in one commit: a box of the size of an MX takes some seconds for it."""
_NAMED_ORDERS = 4


@dataclass(frozen=True, eq=False, slots=True)
class Work:
    """One commit: its commands, whether it is structural, what is noted with it.

    `goal`: the router once the plan is done, which the `last` one of its commits makes true.
    `spared`: networks whose adjacencies go down on purpose.
    """

    lines: Lines
    structural: bool
    comment: str
    goal: Box
    last: bool = True
    spared: tuple[str, ...] = ()


def batches(
    made: Edits, goal: Box, delta: Delta, numbers: Sequence[int], spared: tuple[str, ...]
) -> tuple[Batch, ...]:
    """`made` as commits that lead to `goal`, each with what proves it."""
    return tuple(_batches(made, goal, effective(delta), _comment(numbers), spared))


def _batches(
    made: Edits, goal: Box, delta: Delta, comment: str, spared: tuple[str, ...]
) -> Iterator[Batch]:
    members = [*made.add, *made.remove]
    if len(members) <= COMMIT_MEMBERS:
        lines = (*made.build, *_lines(members), *made.drop)
        structural = is_structural((*made.build, *made.drop))
        small = bool(lines) and bool(delta) and not structural and not delta.interfaces
        region = Region(delta) if small else ALL
        work = Work(lines, structural, comment, goal, spared=spared)
        yield _batch(work, len(members), region)
        return
    packs = [members[at : at + COMMIT_MEMBERS] for at in range(0, len(members), COMMIT_MEMBERS)]
    for number, pack in enumerate(packs):
        build = made.build if number == 0 else []
        structural = is_structural(build)
        later = [m for other in packs[number + 1 :] for m in other]
        region = ALL if structural else Region(_proved(delta, pack, later))
        last = number == len(packs) - 1 and not made.drop
        lines = (*build, *_lines(pack))
        work = Work(lines, structural, comment, goal, last, spared if structural else ())
        yield _batch(work, len(pack), region)
    if made.drop:
        work = Work(tuple(made.drop), is_structural(made.drop), comment, goal)
        yield _batch(work, 0, ALL)


def _lines(members: Iterable[MemberEdit]) -> Iterator[str]:
    for member in members:
        yield from member.lines


def is_structural(lines: Iterable[str]) -> bool:
    """Whether commands do more than to renew the mark, or to tidy up behind routes."""
    for line in lines:
        words = line.split(" ")
        if line == f"delete {RIB6}":
            continue
        if words[1:3] != ["policy-options", "prefix-list"] or not is_mark(words[3]):
            return True
    return False


def _batch(work: Work, members: int, region: Region) -> Batch:
    words = [f"{members} members"] if members else []
    words += ["structure"] if work.structural else []
    return Batch(work, len(work.lines) or 1, region, ", ".join(words), work.structural)


def _comment(numbers: Sequence[int]) -> str:
    """What stands in the box's commit log: whose commit it is, and the first orders."""
    named = [order_id(n) for n in numbers[:_NAMED_ORDERS]]
    more = len(numbers) - len(named)
    return " ".join(["enforcer", *named, *([f"and {more} more"] if more else [])])


def _proved(delta: Delta, pack: Sequence[MemberEdit], later: Sequence[MemberEdit]) -> Delta:
    """What of `delta` stands once `pack` is committed; a removal with the last of its edits."""
    addresses = {}
    for rule, change in delta.addresses.items():
        digest, family = rule.digest, rule.family
        mine = [m for m in pack if _is_of(m, digest, family)]
        if not mine:
            continue
        came = ranges_of((m.prefix for m in mine if m.lines[-1].startswith("set ")), rule.family)
        left = any(_is_of(m, digest, family) for m in later)
        gone = Members.none() if left else change.remove
        add = change.add if not left else _within(change.add, came)
        if len(add) or len(gone):
            addresses[rule] = Change(add, gone)
    return Delta(addresses)


def _is_of(member: MemberEdit, digest: str, family: int) -> bool:
    if isinstance(member.where, int):
        return member.where == family
    return digest in member.where


def _within(rows: Members, region: Ranges) -> Members:
    pieces = inside(Ranges(rows.first, rows.last), union([region]))
    kept = rows.take(pieces.source)
    return Members(pieces.ranges.first, pieces.ranges.last, kept.end, kept.order)
