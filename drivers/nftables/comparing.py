# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs in the structure on a device from what is wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.nftables.edits import edits
from drivers.nftables.layout import Layout, next_layout
from drivers.nftables.model import Held
from drivers.nftables.names import TABLE
from drivers.nftables.planning import Setup, held_of, letters_of
from drivers.nftables.render import COMMON
from drivers.nftables.shut import SHUT, lost, stale
from enforcer.core.drift import Finding, FindingKind
from enforcer.core.rules import Actual, Desired, Rule


def findings(setup: Setup, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
    """Structural differences that are not merely members missing or extra.

    A rule of which the device has no trace is told by its missing members; a rule that is no
    longer wanted by its extra ones. Everything else that differs is told here.
    """
    held = held_of(actual)
    found = held.found
    if found.flags is None:
        return (Finding(FindingKind.MISSING, f"table inet {TABLE}"),)
    members = {*actual.addresses, *actual.interfaces}
    wanted = [r for r in (*desired.addresses, *desired.interfaces) if held.has(r)]
    leaving = [r for r in (*held.layouts, *held.interfaces) if r in members]
    rules: dict[Rule, Layout | None] = {rule: Layout() for rule in COMMON}
    rules |= {rule: held.layouts.get(rule) for rule in (*wanted, *leaving)}
    rules |= {rule: held.layouts[rule] for rule in COMMON if rule in held.layouts}
    told = [edit.finding() for edit in edits(found, setup.specification(rules))]
    if actual.owner != setup.owner:
        there = actual.owner is not None
        was = f"{actual.owner.controller} epoch {actual.owner.epoch}" if actual.owner else ""
        kind = FindingKind.ALTERED if there else FindingKind.MISSING
        told.append(Finding(kind, f"mark of table inet {TABLE}", was))
    told += _overfull(desired, held)
    told += _misrecorded(desired, held)
    return tuple(dict.fromkeys(told))


def _overfull(desired: Desired, held: Held) -> Iterator[Finding]:
    for rule, members in desired.addresses.items():
        current = held.layouts.get(rule)
        if current is None:
            continue
        if next_layout(rule, current, members, 0, letters_of(rule, held)) != current:
            what = f"layout of the sets of rule {rule.digest}"
            yield Finding(FindingKind.ALTERED, what, "a set holds too many members")


def _misrecorded(desired: Desired, held: Held) -> Iterator[Finding]:
    wanted = desired.interfaces.get(SHUT, ())
    for member in stale(held.record, wanted):
        yield Finding(FindingKind.EXTRA, f"record of interface {member.name}", "it is up again")
    names = {member.name for member in wanted}
    for member in lost(held.record):
        if member.name in names:
            what = f"record of interface {member.name}"
            yield Finding(FindingKind.MISSING, what, "it is down")
