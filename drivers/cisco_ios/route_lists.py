# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about routes as entries of prefix-lists, and back. Pure.

An entry matches prefixes inside one prefix by length: ``ge`` alone goes up to the longest, ``le``
alone begins at the prefix's own length, and neither is that length alone (Cisco IOS IP Routing:
BGP Command Reference, ip prefix-list).
"""

from __future__ import annotations

from ipaddress import ip_network

from drivers._router.target import prefixes
from enforcer.core.intervals import Ranges, merge, outside, rows_of
from enforcer.core.orders import Network
from enforcer.core.routes import BITS, RouteEntry, entries, lengths
from enforcer.core.rules import Rule


def entry_text(entry: RouteEntry) -> str:
    """The entry that drops what `entry` means."""
    own, bits = entry.prefix.prefixlen, BITS[entry.prefix.version]
    text = f"deny {entry.prefix}"
    if entry.shortest > own:
        text += f" ge {entry.shortest}"
        return text if entry.longest == bits else f"{text} le {entry.longest}"
    return text if entry.longest == own else f"{text} le {entry.longest}"


def list_last(family: int) -> str:
    """The entry that lets every other route on."""
    return "permit 0.0.0.0/0 le 32" if family == 4 else "permit ::/0 le 128"


def normal(text: str) -> str:
    """An entry as shown, in the words of `entry_text`: ``ge 25 le 32`` is ``ge 25``."""
    words = text.split()
    family = 6 if ":" in text else 4
    if "ge" in words and words[-2:] == ["le", str(BITS[family])]:
        words = words[:-2]
    return " ".join(words)


def entry_of(text: str) -> RouteEntry | None:
    """What a deny drops; None: it is no deny of that shape."""
    words = text.split()
    if len(words) < 2 or words[0] != "deny" or len(words) % 2:
        return None
    try:
        prefix: Network = ip_network(words[1])
        told = {words[at]: int(words[at + 1]) for at in range(2, len(words), 2)}
    except ValueError:
        return None
    own, bits = prefix.prefixlen, BITS[prefix.version]
    shortest = told.get("ge", own)
    longest = told.get("le", bits if "ge" in told else own)
    entry = RouteEntry(prefix, shortest, longest)
    return entry if entry_text(entry) == text else None


def texts(rule: Rule, rows: Ranges) -> tuple[frozenset[str], list[Network]]:
    """(the entries of a rule, the members of which none of them tells)."""
    found = entries(rule, rows)
    told = merge(rows_of(dict.fromkeys(entry.prefix for entry in found)))
    left = outside(rows, told).ranges if len(told) else rows
    return frozenset(map(entry_text, found)), prefixes(rule.family, left)


def member_of(rule: Rule, text: str) -> Network | None:
    """The member that an entry of `rule` tells of; None: the rule has no such entry."""
    entry = entry_of(text)
    if entry is None or entry.prefix.version != rule.family:
        return None
    shortest, longest = lengths(rule)
    own = entry.prefix.prefixlen
    whole = (entry.shortest, entry.longest) == (max(shortest, own), longest)
    # One that lies around an exception is of its own length.
    around = bool(rule.exempt) and entry.shortest == entry.longest == own
    return entry.prefix if whole or (around and shortest <= own <= longest) else None
