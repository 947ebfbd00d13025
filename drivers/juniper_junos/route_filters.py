# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about routes as policy statements. Pure.

Of the route-filters of one term the longest that holds a route's prefix is judged alone, by its
match type (Junos routing policy guide, "How Route Filters Are Evaluated in Policy Match
Conditions"). That suits the entries of one rule: what lies around an exception is of its own
length, and nothing lies inside any other entry. So each rule has a statement of its own.
"""

from __future__ import annotations

from drivers._router.names import group_name
from drivers.juniper_junos.model import Lines
from drivers.juniper_junos.names import AS_PATHS, SENTINEL, STATEMENTS
from enforcer.core.intervals import Ranges
from enforcer.core.routes import BITS, RouteEntry, entries
from enforcer.core.rules import RouteMatch, Rule

FILTER = "term DROP from route-filter "
"""How every line begins that tells of a prefix."""
_END = ("term DROP then reject", "term REST then next policy")


def statement_name(rule: Rule) -> str:
    """The policy of a rule by route."""
    return group_name(rule, "S")


def policy(rule: Rule, ranges: Ranges, listed: str) -> dict[str, Lines]:
    """The items of a rule with the members `ranges`, which stand in the prefix-list `listed`.

    The statement drops those routes, and asks the next policy about all others.
    """
    path = f"{STATEMENTS} {statement_name(rule)}"
    if rule.routes is None and not rule.exempt:
        return {path: (f"term DROP from prefix-list-filter {listed} orlonger", *_END)}
    found = {f"{FILTER}{_said(entry)}" for entry in entries(rule, ranges)}
    # A term without a condition would drop everything.
    found.add(f"{FILTER}{SENTINEL[rule.family]} exact")
    regex = _regex(rule.routes)
    if not regex:
        return {path: (*sorted(found), *_END)}
    name = group_name(rule, "A")
    lines = sorted({*found, f"term DROP from as-path {name}"})
    return {path: (*lines, *_END), f"{AS_PATHS} {name}": (f'"{regex}"',)}


def _said(entry: RouteEntry) -> str:
    own, bits = entry.prefix.prefixlen, BITS[entry.prefix.version]
    shortest, longest = entry.shortest, entry.longest
    if shortest > own:
        return f"{entry.prefix} prefix-length-range /{shortest}-/{longest}"
    if longest == own:
        return f"{entry.prefix} exact"
    return f"{entry.prefix} orlonger" if longest == bits else f"{entry.prefix} upto /{longest}"


def _regex(routes: RouteMatch | None) -> str:
    """Of the whole path; of two names in one term either would do, so there is one."""
    if routes is None:
        return ""
    origin, passes = routes.origin, routes.passes
    if origin is None:
        return "" if passes is None else f".* {passes} .*"
    return f".* {origin}" if passes in (None, origin) else f".* {passes} .* {origin}"
