# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that given members need on a router: structure, prefix-lists, routes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers._router.target import Target, held
from drivers.juniper_junos.holdings import SHUT, filtered, grouped, routed
from drivers.juniper_junos.model import Box, Prefixes
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.shape import Shape, Shut, shape
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Actual, Desired, Rule
from enforcer.core.sessions import CLOSED


@dataclass(frozen=True, eq=False)
class Known:
    """What this driver keeps with a reading."""

    box: Box


def box_of(actual: Actual) -> Box:
    """Raises ValueError for another driver's reading."""
    if not isinstance(actual.native, Known):
        raise ValueError(f"the state of {actual.device} was not read by the Junos driver")
    return actual.native.box


@dataclass(frozen=True, eq=False)
class Layout:
    """`lists`: by name the addresses that each must hold; `rules`: whose they are."""

    shape: Shape
    lists: Mapping[str, Ranges]
    rules: Mapping[str, Rule]
    routes: Mapping[int, Prefixes]


def layout(
    setup: Setup, box: Box, wanted: Target, kept: Mapping[str, Rule] = MappingProxyType({})
) -> Layout:
    """For `wanted`; the prefix-lists `kept` stay although they have no members.

    Only lists with members, and the terms that name those: an exception that meets no member
    costs nothing.
    """
    routes = routed(setup, box, wanted.addresses)
    lists: dict[str, Ranges] = dict.fromkeys(kept, Ranges.none())
    rules = dict(kept)
    for name, rule, ranges in _in_lists(filtered(setup, routes, wanted.addresses)):
        lists[name], rules[name] = ranges, rule
    ordered = dict(sorted(rules.items()))
    shut = Shut(
        wanted.interfaces.get(SHUT, frozenset()), wanted.interfaces.get(CLOSED, frozenset())
    )
    return Layout(shape(setup, box, ordered, lists, shut), lists, rules, routes)


def kept_lists(setup: Setup, desired: Desired, box: Box) -> dict[str, Rule]:
    """Prefix-lists that stand there, and that what is desired has members for.

    They may have none now: somebody removed them, and they come back.
    """
    wanted = held(desired).addresses
    rest = filtered(setup, routed(setup, box, wanted), wanted)
    return {name: rule for name, rule, _ in _in_lists(rest) if name in box.lists}


def _in_lists(wanted: Mapping[Rule, Ranges]) -> Iterator[tuple[str, Rule, Ranges]]:
    for rule, ranges in wanted.items():
        for name, part in grouped(rule, ranges).items():
            if len(part):
                yield name, rule, part
