# SPDX-License-Identifier: GPL-2.0-or-later
"""`ip prefix-list` and `ipv6 prefix-list`: entries, numbers, and what they accept.

First match wins and an implicit deny ends a list that has entries [DOC]; a list without entries,
or one that does not exist, accepts everything [DOC]. Automatic numbers go up by five [corpus].
Lengths obey `len < ge <= le`; anything else is refused in the router's words [live, 17.15].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from lab.emulators.cisco_ios.words import Incomplete, Refusal, Words

Prefix = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Entry:
    """One entry: `permit|deny PREFIX [ge N] [le N]`."""

    permit: bool
    prefix: Prefix
    ge: int | None = None
    le: int | None = None

    def __str__(self) -> str:
        text = f"{'permit' if self.permit else 'deny'} {str(self.prefix).upper()}"
        text += f" ge {self.ge}" if self.ge is not None else ""
        return text + (f" le {self.le}" if self.le is not None else "")

    def matches(self, route: Prefix) -> bool:
        """Whether the entry is the one that decides about `route`."""
        if route.version != self.prefix.version or route.prefixlen < self.prefix.prefixlen:
            return False
        if route.supernet(new_prefix=self.prefix.prefixlen) != self.prefix:
            return False
        exact = self.ge is None and self.le is None
        low = self.ge if self.ge is not None else self.prefix.prefixlen
        high = self.le if self.le is not None else route.max_prefixlen
        return route.prefixlen == self.prefix.prefixlen if exact else low <= route.prefixlen <= high


@dataclass
class PrefixList:
    """A list: entries by sequence number."""

    name: str
    version: int
    entries: dict[int, Entry] = field(default_factory=dict)
    description: str = ""

    def ordered(self) -> list[tuple[int, Entry]]:
        """Entries in the order of their numbers."""
        return sorted(self.entries.items())

    def add(self, number: int | None, entry: Entry) -> None:
        """Add `entry`; without a number at the end. The texts are [GUESS]."""
        if number is None:
            if entry in self.entries.values():
                return
            number = (max(self.entries, default=0) // 5 + 1) * 5
        present = self.entries.get(number)
        if present not in (None, entry):
            raise Refusal(f"%Insertion failed - prefix-list entry exists: {number} {present}")
        self.entries[number] = entry

    def lines(self) -> list[str]:
        """Its configuration lines."""
        command = f"{'ip' if self.version == 4 else 'ipv6'} prefix-list {self.name}"
        described = [f"{command} description {self.description}"] if self.description else []
        return described + [f"{command} seq {number} {entry}" for number, entry in self.ordered()]


def entry(words: Words, version: int) -> Entry:
    """Read `permit|deny PREFIX [ge N] [le N]`."""
    permit = words.expect("permit", "deny") == "permit"
    if not words:
        raise Incomplete
    typed = words.peek()
    try:
        prefix = ip_network(typed, strict=False)
    except ValueError:
        raise words.invalid() from None
    if "/" not in typed or prefix.version != version:
        raise words.invalid()
    words.take()
    ge = words.number(1, prefix.max_prefixlen) if words.accept("ge") else None
    le = words.number(0, prefix.max_prefixlen) if words.accept("le") else None
    words.end()
    if le == 0 and ge is None and not prefix.prefixlen:
        le = None  # `0.0.0.0/0 le 0` is taken and shown without its `le` [live, 17.15]
    low, high = prefix.prefixlen, le if le is not None else prefix.max_prefixlen
    if (ge is not None and not low < ge <= high) or (le is not None and le <= low):
        raise Refusal(f"% Invalid prefix range for {prefix}, make sure: len < ge-value <= le-value")
    return Entry(permit, prefix, ge, le)
