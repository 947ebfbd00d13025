# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration sections whose lines are kept as typed, in the order in which a box shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Settings that are on unless a line says `no ...`: only their negation is shown.
ON_BY_DEFAULT = (
    "ip redirects", "ip unreachables", "ip proxy-arp", "ip address", "cdp enable", "keepalive",
    "mop enabled", "mop sysid",
    "service pad", "ip domain lookup", "ip domain-lookup", "auto-summary",
    "synchronization", "bgp default ipv4-unicast", "ip route-cache", "ipv6 redirects",
    "ipv6 unreachables", "bgp enforce-first-as", "ip source-route", "logging console",
)  # fmt: skip

# Settings that are shown either way.
SHOWN_EITHER_WAY = (
    "aaa new-model", "ip http server", "ip http secure-server", "negotiation auto",
)  # fmt: skip

# A line that replaces an earlier one with another value: what it shares with it.
_SINGLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"(hostname) ",
        r"(version) ",
        r"(description) ",
        r"(ip access-group) \S+ (in|out)$",
        r"(ipv6 traffic-filter) \S+ (in|out)$",
        r"(ip address) \S+ \S+$",
        r"(ip verify unicast source) ",
        r"(ipv6 verify unicast source) ",
        r"(bandwidth|delay|duplex|encapsulation|load-interval|maximum|mtu|path|speed) ",
        r"(neighbor \S+ prefix-list) \S+ (in|out)$",
        r"(neighbor \S+ route-map) \S+ (in|out)$",
        r"(neighbor \S+ filter-list) \S+ (in|out)$",
        r"(neighbor \S+ distribute-list) \S+ (in|out)$",
        r"(neighbor \S+ (?:remote-as|description|maximum-prefix|password|peer-group|update-source))"
        r" ",
        r"(bgp router-id) ",
        r"(service-policy) (input|output) ",
        r"(vrf forwarding) ",
    )
)
_INTERFACE_ORDER = tuple(
    re.compile(pattern)
    for pattern in (
        r"description ",
        r"(bandwidth|delay|mtu) ",
        r"encapsulation ",
        r"(ip )?vrf forwarding ",
        r"(no )?(ip address|ip unnumbered)(?!.* secondary$)",
        r"ip address .* secondary$",
        r"ip access-group \S+ in$",
        r"ip access-group \S+ out$",
        r"(no )?ip (?!verify)",
        r"ip verify ",
        r"shutdown$",
        r"(?!ipv6 |service-policy |no ipv6 )",
        r"ipv6 address ",
        r"(no )?ipv6 (?!traffic-filter|verify)",
        r"ipv6 traffic-filter \S+ in$",
        r"ipv6 traffic-filter \S+ out$",
        r"ipv6 verify ",
        r"service-policy ",
    )
)
_NEIGHBOR_ORDER = (
    "remote-as", "peer-group", "description", "shutdown", "password", "ebgp-multihop",
    "update-source", "activate", "send-community", "soft-reconfiguration",
    "distribute-list", "prefix-list", "route-map", "filter-list", "maximum-prefix",
)  # fmt: skip


@dataclass
class Section:
    """A line, and the lines inside it by their text, in the order entered."""

    text: str
    lines: dict[str, Section] = field(default_factory=dict)

    def enter(self, text: str) -> Section:
        """Add the line `text`; what it replaces goes, an equal one stays where it is."""
        if text in self.lines:
            return self.lines[text]
        self.lines.pop(f"no {text}", None)
        if text.startswith("ip address "):
            self.lines.pop("no ip address", None)
        key = _single(text)
        replaced = key and next((old for old in self.lines if _single(old) == key), None)
        added = Section(text)
        if replaced:
            self.lines = {
                (text if old == replaced else old): (added if old == replaced else section)
                for old, section in self.lines.items()
            }
        elif text not in ON_BY_DEFAULT:
            self.lines[text] = added
        return added

    def negate(self, text: str, *, literal: bool = False) -> bool:
        """`no text`: remove the line, or every line that begins with it.

        Args:
            text: the line behind `no`.
            literal: the line comes from a box's own configuration: keep `no text` as it is.

        Returns:
            False when there was nothing to remove.
        """
        found = [old for old in self.lines if old == text]
        found = found or [old for old in self.lines if old.startswith(f"{text} ")]
        for old in found:
            del self.lines[old]
        default = any(text == known or text.startswith(f"{known} ") for known in ON_BY_DEFAULT)
        known = text in ON_BY_DEFAULT or text in SHOWN_EITHER_WAY
        if known or (literal and not found and text != "shutdown"):
            self.lines[f"no {text}"] = Section(f"no {text}")
        elif text.startswith("ip address ") and not self.words("ip address "):
            self.lines["no ip address"] = Section("no ip address")
        return bool(found) or default

    def path(self, headers: tuple[str, ...]) -> Section:
        """The section inside, made where it does not exist."""
        section = self
        for header in headers:
            section = section.lines.setdefault(header, Section(header))
        return section

    def words(self, start: str) -> list[list[str]]:
        """The words of every line that begins with `start`."""
        return [text.split() for text in self.lines if text.startswith(start)]


def _single(text: str) -> tuple[str | None, ...] | None:
    for pattern in _SINGLE:
        found = pattern.match(text)
        if found:
            return found.groups()
    return None


def _interface_rank(text: str) -> int:
    return next(
        (rank for rank, pattern in enumerate(_INTERFACE_ORDER) if pattern.match(text)),
        len(_INTERFACE_ORDER),
    )


def interface_lines(section: Section) -> list[str]:
    """An interface's lines in the order in which a box shows them [GUESS on the fine order]."""
    return sorted(section.lines, key=_interface_rank)


def _router_order(lines: dict[str, Section]) -> list[Section]:
    neighbors: dict[str, int] = {}
    ranked = []
    for index, (text, section) in enumerate(lines.items()):
        words = text.split()
        nested = text.startswith("address-family")
        if words[0] == "neighbor" and len(words) > 2:
            place = neighbors.setdefault(words[1], len(neighbors))
            known = words[2] in _NEIGHBOR_ORDER
            rank = _NEIGHBOR_ORDER.index(words[2]) if known else len(_NEIGHBOR_ORDER)
            ranked.append(((1, place, rank, words[-1] == "out", index), section))
        else:
            ranked.append(((2 if nested else 0, 0, 0, False, index), section))
    return [section for _, section in sorted(ranked, key=lambda pair: pair[0])]


def section_lines(section: Section, indent: str = " ") -> Iterator[str]:
    """The lines inside a section as a box shows them, nested ones indented by one more."""
    router = section.text.startswith(("router ", "address-family"))
    inside = _router_order(section.lines) if router else list(section.lines.values())
    for line in inside:
        family = line.text.startswith("address-family")
        if family:
            yield f"{indent}!"
        yield from (f"{indent if part == 0 else ''}{text}" for part, text in
                    enumerate(line.text.split("\n")))  # fmt: skip
        yield from section_lines(line, indent + " ")
        if family:
            yield f"{indent}exit-address-family"
