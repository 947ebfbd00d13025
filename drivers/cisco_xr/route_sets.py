# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about routes as entries of prefix-sets and conditions of a route-policy, and back. Pure.

An entry matches prefixes inside one prefix by length, ``eq`` is one length, ``ge`` alone goes up
to the longest and ``le`` alone begins at the prefix's own length (Cisco IOS XR Routing Command
Reference, prefix-set).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from drivers._router.names import group_name
from drivers._router.target import prefixes
from drivers.cisco_xr.names import entry_text, sentinel_entry
from enforcer.core.intervals import Ranges, merge, outside, rows_of
from enforcer.core.orders import Network
from enforcer.core.routes import BITS, RouteEntry, entries, lengths
from enforcer.core.rules import Rule


def set_name(rule: Rule) -> str:
    """The prefix-set that tells what a rule rejects."""
    return group_name(rule, "S")


def record_name(rule: Rule) -> str:
    """The prefix-set of members that no route can be in; nothing names it."""
    return group_name(rule, "H")


def place_of(rule: Rule) -> Rule:
    """What all rules about the same routes of the same neighbor share; names their policy."""
    return Rule(rule.family, rule.key, neighbor=rule.neighbor)


def sets(rule: Rule, rows: Ranges) -> Iterator[tuple[str, frozenset[str]]]:
    """(name, entries) of the sets of a rule."""
    found = entries(rule, rows)
    yield set_name(rule), frozenset(map(said, found)) | {sentinel_entry(rule.family)}
    told = merge(rows_of(dict.fromkeys(entry.prefix for entry in found)))
    left = prefixes(rule.family, outside(rows, told).ranges if len(told) else rows)
    if left:
        untold = frozenset(map(entry_text, left))
        yield record_name(rule), untold | {sentinel_entry(rule.family)}


def said(entry: RouteEntry) -> str:
    """An entry as we write it."""
    own = entry.prefix.prefixlen
    if entry.shortest > own:
        return f"{entry.prefix} ge {entry.shortest} le {entry.longest}"
    return str(entry.prefix) if entry.longest == own else f"{entry.prefix} le {entry.longest}"


def meant(text: str) -> RouteEntry | None:
    """What an entry as shown matches; None: it is of another shape."""
    words = text.split()
    if len(words) % 2 == 0:
        return None
    try:
        prefix: Network = ip_network(words[0])
        told = {words[at]: int(words[at + 1]) for at in range(1, len(words), 2)}
    except ValueError:
        return None
    own, bits = prefix.prefixlen, BITS[prefix.version]
    if told.keys() == {"eq"}:
        told = {"ge": told["eq"], "le": told["eq"]}
    if not told.keys() <= {"ge", "le"}:
        return None
    shortest = told.get("ge", own)
    longest = told.get("le", bits if "ge" in told else own)
    if not own <= shortest <= longest <= bits:
        return None
    return RouteEntry(prefix, shortest, longest)


def normal(text: str) -> str:
    """An entry as shown, in our own words where it has them."""
    entry = meant(text)
    return text if entry is None else said(entry)


def member_of(rule: Rule, text: str) -> Network | None:
    """The member that an entry of `rule` tells of; None: the rule has no such entry."""
    entry = meant(text)
    if entry is None or entry.prefix.version != rule.family:
        return None
    shortest, longest = lengths(rule)
    own = entry.prefix.prefixlen
    whole = (entry.shortest, entry.longest) == (max(shortest, own), longest)
    # One that lies around an exception is of its own length.
    around = bool(rule.exempt) and entry.shortest == entry.longest == own
    return entry.prefix if whole or (around and shortest <= own <= longest) else None


def condition(rule: Rule) -> str:
    """When a route-policy drops a route because of `rule`."""
    found = [f"destination in {set_name(rule)}"]
    if rule.routes is not None and rule.routes.origin is not None:
        found.append(f"as-path originates-from '{rule.routes.origin}'")
    if rule.routes is not None and rule.routes.passes is not None:
        found.append(f"as-path passes-through '{rule.routes.passes}'")
    return " and ".join(found)
