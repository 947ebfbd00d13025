# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that given members need on a router: structure, prefix-lists, routes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers._router.target import Target
from drivers.juniper_junos.holdings import SHUT, digests, filtered, grouped, routed
from drivers.juniper_junos.model import Box, Prefixes
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.shape import Shape, shape
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Actual, Desired, Rule


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


def layout(setup: Setup, box: Box, wanted: Target, empty: Iterable[Rule] = ()) -> Layout:
    """For `wanted`; the rules `empty` keep their structure although they have no members."""
    routes = routed(setup, box, wanted.addresses)
    by_rule = filtered(setup, routes, wanted.addresses)
    for rule in empty:
        by_rule.setdefault(rule, Ranges.none())
    lists: dict[str, Ranges] = {}
    rules: dict[str, Rule] = {}
    for rule in sorted(by_rule, key=lambda r: r.digest):
        parts = grouped(rule, by_rule[rule])
        lists |= parts
        rules |= dict.fromkeys(parts, rule)
    shut = wanted.interfaces.get(SHUT, frozenset())
    return Layout(
        shape(setup, box, tuple(dict.fromkeys(rules.values())), shut), lists, rules, routes
    )


def empty_rules(desired: Desired, box: Box, wanted: Target) -> list[Rule]:
    """Rules that are asked for and stand there without a member."""
    there = digests(box)
    asked = [r for r in desired.addresses if r not in wanted.addresses]
    return [rule for rule in asked if rule.digest in there]
